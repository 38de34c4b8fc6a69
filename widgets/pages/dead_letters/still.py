"""Rows that stay where they are while the pointer or the keyboard is in their list; the chip lets in what came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.models.table_model import LinesModel
from widgets.parts.button import Button
from widgets.parts.table import Table


class Still(QObject):
    """One list. `changed`: what is held back is another. `ready`: whether there is something to look at yet."""

    changed = Signal()

    def __init__(self, table: Table, model: LinesModel[Any], ready: Callable[[], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._table = table
        self._model = model
        self._ready = ready
        self.held = False
        """Nothing takes another place now."""
        table.engaged.connect(lambda _: self.settle())
        model.waiting_changed.connect(self.changed)

    def settle(self) -> None:
        """Hold the rows, or let them go, by where the person is now."""
        held = self._table.is_engaged and self._ready()
        if held != self.held:
            self.held = held
            self._model.freeze(held)
            self.changed.emit()

    def words(self) -> str:
        """What is held back: 3 new, 2 moved; "" for nothing."""
        if not self.held:
            return ""
        fresh, moved = self._model.waiting()
        return f"{fresh:,} new" if fresh else f"{moved:,} moved" if moved else ""

    def let_in(self) -> None:
        """Show it."""
        self._model.let_in()
        self.changed.emit()


class Chip(Button):
    """Tells what a list holds back; pressed, it is let in."""

    def __init__(self) -> None:
        super().__init__("", icon="chevron-up", small=True, tip="Show what came while the list stood still")
        self._still: Still | None = None
        self.clicked.connect(self._press)
        self.hide()

    def show_of(self, still: Still) -> None:
        """Tell of this list from now on."""
        self._still = still
        words = still.words()
        self.setVisible(bool(words))
        if words:
            self.say(words)

    def _press(self) -> None:
        if self._still is not None:
            self._still.let_in()
