"""Outcomes per directory: a name, a bar of what became of it, a rate."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from services.domain.text import one_line
from widgets.look import fonts, metrics, theme
from widgets.parts.bar import paint_bar
from widgets.parts.cell import Bar
from widgets.parts.label import tip
from widgets.parts.table_cell import OLD


class OutcomeBar(msgspec.Struct, frozen=True):
    """One row. `words` stand at the right, such as "98.6 %"; `tone` failed when that is too low."""

    name: str
    bar: Bar
    words: str
    tone: str = "secondary"


class OutcomeBars(QWidget):
    """Rows of 28 px, as many as given. `pressed` tells the name of the row that was clicked."""

    pressed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[OutcomeBar, ...] = ()
        self._old = False
        self._pointed = -1
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
            self.setAccessibleName("; ".join(f"{row.name} {row.words}" for row in fresh))
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
        if 0 <= row < len(self._rows):
            self.pressed.emit(self._rows[row].name)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = theme.current()
        row_height = metrics.px(metrics.ROW)
        edge, gap, numbers = metrics.px(16), metrics.px(12), metrics.px(48)
        names = self._names()
        metric = fonts.measure("body")
        painter.setFont(fonts.font("body"))
        for number, row in enumerate(self._rows):
            top = number * row_height
            if number and top + row_height > self.height():
                break  # no half rows
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
        painter.end()

    def _point(self, row: int) -> None:
        if row != self._pointed:
            self._pointed = row
            name = self._rows[row].name if 0 <= row < len(self._rows) else ""
            cut = fonts.measure("body").horizontalAdvance(one_line(name, 120)) > self._names()
            tip(self, name if cut else "")
            self.update()

    def _names(self) -> int:
        """Width of the names."""
        return min(metrics.px(150), self.width() // 3)
