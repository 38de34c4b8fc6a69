"""Outcomes per directory: a name, a bar of what became of it, a rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from services.domain.text import one_line
from widgets.look import fonts, metrics, theme
from widgets.parts.bar import paint_bar
from widgets.parts.cell import Bar
from widgets.parts.focus_ring import SILENT
from widgets.parts.label import tip
from widgets.parts.table_cell import OLD

_STEPS: Final = {int(Qt.Key.Key_Up): -1, int(Qt.Key.Key_Down): 1}


class OutcomeBar(msgspec.Struct, frozen=True):
    """One row. `words` stand at the right, such as "98.6 %"; `tone` failed when that is too low."""

    name: str
    bar: Bar
    words: str
    tone: str = "secondary"


class OutcomeBars(QWidget):
    """Rows of 28 px, as many as given. `pressed` tells the name of the row that was clicked, or chosen with
    Up, Down and Enter."""

    pressed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[OutcomeBar, ...] = ()
        self._old = False
        self._pointed = -1
        self._at = ""
        """The name of the row that the keyboard is at; other rows may come before it."""
        self._ringed = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Outcomes per directory")
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_rows(self, rows: Sequence[OutcomeBar], *, old: bool = False) -> None:
        """Draw these rows, in their order. `old`: greyed, for they are older than they should be."""
        fresh = tuple(rows)
        if fresh != self._rows or old is not self._old:
            self._old = old
            if len(fresh) != len(self._rows):
                self.updateGeometry()
            self._rows = fresh
            self.setAccessibleDescription("; ".join(f"{row.name} {row.words}" for row in fresh))
            self._tell()
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(metrics.px(280), metrics.px(metrics.ROW) * len(self._rows))

    def minimumSizeHint(self) -> QSize:
        return QSize(metrics.px(200), metrics.px(metrics.ROW))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(int(event.position().y()) // metrics.px(metrics.ROW))

    def leaveEvent(self, event: QEvent) -> None:
        self._point(-1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        row = int(event.position().y()) // metrics.px(metrics.ROW)
        if event.button() == Qt.MouseButton.LeftButton and 0 <= row < self._shown_count():
            self.pressed.emit(self._rows[row].name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, at, last = event.key(), self._row_at(), self._shown_count() - 1
        if last < 0 or key not in (*_STEPS, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
        elif (step := _STEPS.get(key)) is None:
            self.pressed.emit(self._rows[at].name)
        else:
            self._at = self._rows[max(0, min(at + step, last))].name
            self._show_ring(True)

    def focusInEvent(self, event: QFocusEvent) -> None:
        if self._rows:
            self._at = self._rows[self._row_at()].name
        self._show_ring(event.reason() not in SILENT)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._show_ring(False)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = theme.current()
        row_height = metrics.px(metrics.ROW)
        edge, gap, numbers = metrics.px(16), metrics.px(12), metrics.px(48)
        names = self._names()
        metric = fonts.measure("body")
        painter.setFont(fonts.font("body"))
        for number, row in enumerate(self._rows[: self._shown_count()]):
            top = number * row_height
            if number == self._pointed:
                painter.fillRect(0, top, self.width(), row_height, shown.colour("surface.hover"))
            baseline = top + (row_height - metric.height()) / 2 + metric.ascent()
            name = metric.elidedText(one_line(row.name, 120), Qt.TextElideMode.ElideRight, names)
            painter.setPen(shown.tone("tertiary" if self._old else "primary"))
            painter.drawText(QPointF(edge, baseline), name)
            left = edge + names + gap
            width = max(metrics.px(24), self.width() - left - gap - numbers - edge)
            painter.setOpacity(OLD if self._old else 1.0)
            paint_bar(painter, left, top + (row_height - metrics.px(8)) // 2, width, metrics.px(8), row.bar)
            painter.setOpacity(1.0)
            painter.setPen(shown.tone("tertiary" if self._old else row.tone))
            right = self.width() - edge - metric.horizontalAdvance(row.words)
            painter.drawText(QPointF(right, baseline), row.words)
        if self._ringed and self._rows:
            painter.setPen(QPen(shown.colour("accent.focus"), 1))
            painter.drawRect(0, self._row_at() * row_height, self.width() - 1, row_height - 1)
        painter.end()

    def _point(self, row: int) -> None:
        if row != self._pointed:
            self._pointed = row
            self._tell()
            self.update()

    def _tell(self) -> None:
        """The whole name of the row under the mouse, where it is cut."""
        name = self._rows[self._pointed].name if 0 <= self._pointed < self._shown_count() else ""
        cut = fonts.measure("body").horizontalAdvance(one_line(name, 120)) > self._names()
        tip(self, name if cut else "")

    def _show_ring(self, shown: bool) -> None:
        self._ringed = shown
        self.update()

    def _shown_count(self) -> int:
        """How many rows are drawn: whole ones, and the first in any case."""
        return min(len(self._rows), max(1, self.height() // metrics.px(metrics.ROW)))

    def _row_at(self) -> int:
        """Of the drawn rows the one that the keyboard is at; the first, when its directory isn't among them."""
        drawn = self._rows[: self._shown_count()]
        return next((number for number, row in enumerate(drawn) if row.name == self._at), 0)

    def _names(self) -> int:
        """Width of the names."""
        return min(metrics.px(150), self.width() // 3)
