# Every target works on a fresh machine that has make and Python >= 3.11 and nothing else: .venv is made from the
# lock file when it is not there, and brought up to date when the lock file or pyproject.toml has changed.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PYTHON ?=
BIN := .venv/bin
LOCKED := $(shell cat requirements/dev.txt pyproject.toml | cksum | cut -d ' ' -f 1)
READY := .venv/.ready-$(LOCKED)
UV := uv==0.13.9
PYTEST_ARGS ?=

.PHONY: help
help:  ## this list
	@sed -n 's/^\([a-z]*\): .*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

$(READY):
	@scripts/make_venv "$(PYTHON)"
	@rm -f .venv/.ready-* && touch $@

.PHONY: venv
venv: $(READY) ## only make .venv

.PHONY: demo
demo: $(READY) ## run the guide's pipeline with a receiver of its own and show live numbers
	@$(BIN)/python scripts/demo.py

.PHONY: test
test: lint types contracts protocheck keyscheck $(READY) ## everything that CI checks
	$(BIN)/python -m pytest --ignore tests/tui --numprocesses 2 $(PYTEST_ARGS)
	$(BIN)/python -m pytest tests/tui --numprocesses 3 $(PYTEST_ARGS)  # they wait for screens most of the time

.PHONY: lint
lint: $(READY) ## ruff: rules and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

.PHONY: types
types: $(READY) ## mypy, strict
	$(BIN)/mypy

.PHONY: contracts
contracts: $(READY) ## import-linter: which module may import which
	$(BIN)/lint-imports --no-cache

.PHONY: proto
proto: $(READY) ## regenerate the code of protos/*.proto
	$(BIN)/python protos/generate.py

.PHONY: protocheck
protocheck: $(READY) ## fail when the generated code is not that of protos/*.proto
	$(BIN)/python protos/generate.py --check

.PHONY: keys
keys: $(READY) ## remake docs/keys.md from the bindings of the workbench
	$(BIN)/python scripts/keys.py

.PHONY: keyscheck
keyscheck: $(READY) ## fail when docs/keys.md is not what the bindings say
	$(BIN)/python scripts/keys.py --check

.PHONY: bench
bench: $(READY) ## side by side with juturna==2.1.1 from PyPI
	$(BIN)/python -m bench

.PHONY: soak
soak: $(READY) ## ten minutes at full speed, with a remote that is killed every 20 s
	$(BIN)/python -m tests.soak

.PHONY: interop
interop: $(READY) ## Juturna's own test suite against our facade, and both wire ends against Juturna's
	$(BIN)/python scripts/interop.py

.PHONY: lock
lock: ## remake the lock files, with the newest versions that pyproject.toml admits
	@scripts/make_locks "$(UV)" "$(PYTHON)"

.PHONY: clean
clean: ## remove what make and the tests have left behind, .venv included
	rm -rf .venv .venv-lock .venv-juturna .interop .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist build pipe
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
