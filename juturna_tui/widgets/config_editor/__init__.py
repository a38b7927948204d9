"""The pipeline's JSON file in a pane: shown, edited, checked while one types.

`ConfigEditor` (`widget`) puts together `Source` (the text), a list of what is wrong or would change, and `Bar` (one
row: how things are, or a question). `Form` and `Lines` (`text`) see to it that every character of the file that nobody
typed over stays, line ends and byte order mark among them. Nothing here reads or writes a file. Lines and columns that
come from outside, as a `Problem`'s, count from 1; Textual's count from 0.
"""

from __future__ import annotations

from juturna_tui.widgets.config_editor.bar import Bar
from juturna_tui.widgets.config_editor.source import Source
from juturna_tui.widgets.config_editor.text import Form, Lines
from juturna_tui.widgets.config_editor.widget import ConfigEditor

__all__ = ["ConfigEditor", "Source", "Bar", "Form", "Lines"]
