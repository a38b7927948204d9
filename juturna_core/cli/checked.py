"""Load a pipeline file and check it as every command does: all problems on stderr, nothing started."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from juturna_core.catalog import Catalog
    from juturna_core.config import PipelineConfig
    from juturna_core.errors import Problem


def problems_of(
    path: str, *, overrides: Sequence[str] = (), plugin_dirs: Sequence[str] = ()
) -> tuple[PipelineConfig | None, Catalog | None, list[Problem]]:
    """The configuration and its catalog (None where the file cannot be read as one), and all problems."""
    from juturna_core.catalog import Catalog
    from juturna_core.check import check
    from juturna_core.config import PipelineConfig, override
    from juturna_core.errors import ConfigError
    from juturna_core.source_map import SourceMap

    try:
        loaded = PipelineConfig.load(path)
        config = loaded.config
        for assignment in overrides:
            config = override(config, assignment)
    except ConfigError as error:
        return None, None, list(error.problems)
    catalog = Catalog.for_config(config, Path(path).resolve().parent, Path.cwd())
    if plugin_dirs:
        dirs = [*catalog.plugin_dirs, *existing(plugin_dirs)]
        catalog = Catalog(dirs, unfound=catalog.unfound)
    problems = [*loaded.problems, *check(config, catalog, SourceMap(loaded.text, path))]
    return config, catalog, problems


def existing(folders: Sequence[str]) -> list[Path]:
    """Plugin folders that a command line names. Raises JuturnaError for one that is not there."""
    from juturna_core.errors import JuturnaError

    for folder in folders:
        if not Path(folder).is_dir():
            raise JuturnaError(f"the plugin folder {folder} is not there")
    return [Path(folder) for folder in folders]
