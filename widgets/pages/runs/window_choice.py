"""Whether the next run shows its browser's window on this desk; remembered for the next start."""

from __future__ import annotations

from typing import Final

from PySide6.QtWidgets import QWidget

from app.actions.browser_fetch import BrowserActs
from app.actions.preferences import Preferences
from widgets.parts.check_box import CheckBox
from widgets.parts.label import tip

_WORDS: Final = (
    "The run opens a browser on this screen. While it waits for a person, you can click and type there; closing it "
    "ends the run."
)


class WindowChoice(CheckBox):
    """`wanted` for the next run; `frame` shows whether it can be had here."""

    def __init__(self, preferences: Preferences, browsers: BrowserActs, parent: QWidget | None = None) -> None:
        super().__init__("Show the browser window", parent)
        self._browsers = browsers
        self._seen = -1
        self.setChecked(preferences.shows_browser)
        self.clicked.connect(preferences.set_shows_browser)
        self.frame()

    def wanted(self) -> bool:
        """Whether the next run is to show it."""
        return self.isEnabled() and self.isChecked()

    def frame(self) -> None:
        """Show whether it can be had, and else why not."""
        if self._browsers.version != self._seen:
            self._seen = self._browsers.version
            self.setEnabled(not self._browsers.no_window)
            tip(self, self._browsers.no_window or _WORDS)
