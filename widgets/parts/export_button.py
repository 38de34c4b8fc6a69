"""The button of a list that writes it to a file.

button = ExportButton(); button.chosen.connect(...)   # "csv" or "json"
button.set_why("There is nothing to export.")         # "" when it may be pressed
"""

from __future__ import annotations

from typing import Final

from PySide6.QtWidgets import QWidget

from widgets.parts.menu import MenuButton, MenuEntry

ENTRIES: Final = (MenuEntry("csv", "Export as CSV"), MenuEntry("json", "Export as JSON"))


PLAN: Final = ("Export plan", "Write what would happen to a file, without doing it")
"""Words and tip of one that stands on a sheet."""


class ExportButton(MenuButton):
    """An icon, or `words`, that opens the two ways."""

    def __init__(self, words: str = "", tip: str = "Export what is listed", *, parent: QWidget | None = None) -> None:
        super().__init__(ENTRIES, words, icon="" if words else "download", tip=tip, parent=parent)

    def set_why(self, why: str) -> None:
        """Why nothing can be exported, "" when it can."""
        for entry in ENTRIES:
            self.set_entry_off(entry.key, why)
