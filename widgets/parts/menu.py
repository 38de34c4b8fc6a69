"""A button that opens a menu of acts; what is off says why.

more = MenuButton([MenuEntry("pause", "Pause"), MenuEntry("cancel", "Cancel…")], icon="ellipsis", tip="More")
more.chosen.connect(...)          # with the key of the entry
more.set_entry_off("pause", "The job is paused.")
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from services.domain.text import one_line
from widgets.look import fonts
from widgets.parts.button import Button, Look
from widgets.parts.label import tip_text


class MenuEntry(msgspec.Struct, frozen=True):
    """One act of the menu."""

    key: str
    words: str


class MenuButton(Button):
    """Enabled while one of its entries is; with none left it gives the reason of the first."""

    chosen = Signal(str)

    def __init__(
        self,
        entries: Sequence[MenuEntry],
        words: str = "",
        look: Look = "quiet",
        *,
        icon: str = "",
        small: bool = False,
        tip: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(words, look, icon=icon, small=small, tip=tip, parent=parent)
        self._tip = tip
        self._why: dict[str, str] = {}
        self._menu = QMenu(self)
        self._menu.setFont(fonts.font("body"))
        self._menu.setToolTipsVisible(True)
        self._actions: dict[str, QAction] = {}
        for entry in entries:
            action = self._menu.addAction(entry.words.replace("&", "&&"))
            action.triggered.connect(lambda _=False, key=entry.key: self.chosen.emit(key))
            self._actions[entry.key] = action
        self.clicked.connect(self._open)

    def set_entry_off(self, key: str, why: str) -> None:
        """Switch an entry off with the reason; "" switches it on."""
        self._why[key] = why
        action = self._actions[key]
        action.setEnabled(not why)
        action.setToolTip(tip_text(one_line(why)))
        reasons = [self._why.get(name, "") for name in self._actions]
        self.setEnabled(not all(reasons))
        self.setToolTip(tip_text(one_line(reasons[0] if all(reasons) else self._tip)))

    def choose(self, key: str) -> None:
        """What a click on an entry does."""
        self._actions[key].trigger()

    def _open(self) -> None:
        # A menu that runs a loop of its own would lose wake-ups of running tasks.
        self._menu.popup(self.mapToGlobal(QPoint(0, self.height())))
