"""The Operations drawer: one row per act, collapsed to a line that shows the newest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from widgets.look import metrics
from widgets.parts.bar import BarView
from widgets.parts.button import Button
from widgets.parts.cell import Bar
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import ElidedLabel, label, say, tip
from widgets.parts.surface import Surface

_MOST: Final = 6
_ACTS: Final = 152
"""Width of two buttons."""


class Operation(msgspec.Struct, frozen=True):
    """One act as the drawer shows it.

    `shape`: how it stands. `words`: "5 of 12", `more`: "1.0/s, 7 s left" or when it ended.
    `acts`: the words of its buttons. `tip`: all that is to say of it.
    """

    key: str
    name: str
    shape: str
    words: str = ""
    more: str = ""
    bar: Bar | None = None
    acts: tuple[str, ...] = ()
    tip: str = ""


class Drawer(Surface):
    """32 px closed, a row of 36 px for each of the newest acts when open.

    `pressed` tells an act's key and its button's words; `opened` asks for one of them with all that is known of it, or,
    with "", for all of them.
    """

    pressed = Signal(str, str)
    opened = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("surface.window", "t", parent)
        self.is_open = False
        self._operations: tuple[Operation, ...] = ()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 1, 0, 0)
        column.setSpacing(0)
        self._strip = QWidget()
        self._strip.setFixedHeight(metrics.px(metrics.DRAWER) - 1)
        self._strip.setCursor(Qt.CursorShape.PointingHandCursor)
        line = QHBoxLayout(self._strip)
        line.setContentsMargins(metrics.px(12), 0, metrics.px(8), 0)
        line.setSpacing(metrics.px(8))
        self._chevron = Button(icon="chevron-up", look="quiet", small=True, tip="Open the operations")
        self._chevron.clicked.connect(lambda: self.set_open(not self.is_open))
        self._summary = label("", "small", "tertiary")
        self._newest = GlyphLabel("", "", "small", "primary", under="surface.window")
        self._bar = BarView()
        self._bar.setFixedWidth(metrics.px(120))
        self._words = ElidedLabel("", "small", "secondary")
        line.addWidget(self._chevron)
        line.addWidget(label("Operations", "small", weight=500))
        line.addWidget(self._summary)
        line.addWidget(self._newest)
        line.addWidget(self._bar)
        line.addWidget(self._words, 1)
        self.all_button = Button("Show all", "link", small=True)
        self.all_button.clicked.connect(lambda: self.opened.emit(""))
        line.addWidget(self.all_button)
        self._rows = QWidget()
        self._list = QVBoxLayout(self._rows)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(0)
        self._rows.hide()
        column.addWidget(self._strip)
        column.addWidget(self._rows)
        self.show_operations((), "None yet")

    def show_operations(self, operations: Sequence[Operation], summary: str) -> None:
        """Newest first; `summary` such as "1 running, 2 done today"."""
        say(self._summary, summary)
        self.all_button.setVisible(bool(operations))
        operations = tuple(operations[:_MOST])
        newest = operations[0] if operations else None
        self._newest.setVisible(newest is not None)
        self._words.say(", ".join(part for part in (newest.words, newest.more) if part) if newest else "")
        self._bar.setVisible(newest is not None and newest.bar is not None)
        if newest is not None:
            self._newest.say(newest.name, newest.shape)
            if newest.bar is not None:
                self._bar.show_bar(newest.bar)
        if operations != self._operations:
            self._operations = operations
            self._build()

    def set_open(self, is_open: bool) -> None:
        """Show the rows, or only the line."""
        self.is_open = is_open and bool(self._operations)
        self._rows.setVisible(self.is_open)
        self._chevron.set_icon("chevron-down" if self.is_open else "chevron-up")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        if self._strip.geometry().contains(at):
            self.set_open(not self.is_open)
            return
        for number, operation in enumerate(self._operations):
            item = self._list.itemAt(number)
            row = item.widget() if item is not None else None
            if row is not None and row.rect().contains(row.mapFrom(self, at)):
                self.opened.emit(operation.key)

    def _build(self) -> None:
        while self._list.count():
            taken = self._list.takeAt(0)
            part = taken.widget() if taken is not None else None
            if part is not None:
                part.deleteLater()
        for operation in self._operations:
            self._list.addWidget(self._row(operation))
        if not self._operations:
            self.set_open(False)

    def _row(self, operation: Operation) -> QWidget:
        made = Surface("surface.page", "t", line="line.faint")
        made.setFixedHeight(metrics.px(metrics.DRAWER_ROW))
        made.setCursor(Qt.CursorShape.PointingHandCursor)
        row = QHBoxLayout(made)
        row.setContentsMargins(metrics.px(16), 0, metrics.px(8), 0)
        row.setSpacing(metrics.px(12))
        row.addWidget(GlyphLabel(operation.shape))
        row.addWidget(ElidedLabel(operation.name, "small", weight=500), 1)
        if operation.bar is not None:
            bar = BarView()
            bar.setFixedWidth(metrics.px(96))
            bar.show_bar(operation.bar)
            row.addWidget(bar)
        words = ElidedLabel(operation.words, "small", "secondary")
        if operation.tip:
            tip(words, operation.tip)
        row.addWidget(words, 1)
        more = ElidedLabel(operation.more, "small", "tertiary")
        more.setFixedWidth(metrics.px(128))
        row.addWidget(more)
        acts = QWidget()
        acts.setFixedWidth(metrics.px(_ACTS))
        inner = QHBoxLayout(acts)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(metrics.px(4))
        inner.addStretch(1)
        for name in operation.acts:
            act = Button(name, "quiet", small=True)
            act.clicked.connect(lambda _=False, name=name: self.pressed.emit(operation.key, name))
            inner.addWidget(act)
        row.addWidget(acts)
        return made
