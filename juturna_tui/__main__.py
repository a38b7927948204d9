"""`juturna-tui` and `python -m juturna_tui`: says what there is until the workbench comes."""

import sys


def main() -> int:
    """Name the command that does run a pipeline today; exit code 2, since nothing was done."""
    print(
        "juturna-tui: the workbench comes next and is not in this version; "
        "to run a pipeline without a screen: juturna run FILE",
        file=sys.stderr,
    )
    return 2


if __name__ == "__main__":
    sys.exit(main())
