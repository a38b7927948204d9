"""The workbench: a terminal screen on a running pipeline. Not built yet; see `juturna_tui.__main__`."""
