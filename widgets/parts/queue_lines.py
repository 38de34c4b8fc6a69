"""Queues below each other: a name, how many messages wait, their last hour as a line, and what else is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from services.domain.text import one_line
from widgets.look import fonts, metrics, theme
from widgets.look.fonts import Role

ROW: Final = 44
"""Pixels of a queue."""


class QueueLine(msgspec.Struct, frozen=True):
    """One queue. `points`: (seconds before now, messages), the oldest first; `span`: seconds from edge to edge.

    `tone` of the number and the line; `right` and `below_right` beside the line, `below` under the name.
    """

    key: str
    name: str
    value: str
    tone: str
    below: str = ""
    right: str = ""
    below_right: str = ""
    points: tuple[tuple[float, int], ...] = ()
    span: float = 3600.0


class QueueLines(QWidget):
    """`pressed` tells the key of the queue that was clicked."""

    pressed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: tuple[QueueLine, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_queues(self, lines: Sequence[QueueLine]) -> None:
        """Draw these, in their order."""
        fresh = tuple(lines)
        if fresh != self._lines:
            if len(fresh) != len(self._lines):
                self.updateGeometry()
            self._lines = fresh
            self.setAccessibleName("; ".join(" ".join(words_of(line)) for line in fresh))
            self.update()

    def words(self) -> list[list[str]]:
        """What is written, queue by queue."""
        return [words_of(line) for line in self._lines]

    def sizeHint(self) -> QSize:
        return QSize(metrics.px(360), metrics.px(ROW) * max(1, len(self._lines)))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint().boundedTo(QSize(metrics.px(240), metrics.px(ROW) * 4))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        row = int(event.position().y()) // metrics.px(ROW)
        if 0 <= row < len(self._lines):
            self.pressed.emit(self._lines[row].key)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for number, line in enumerate(self._lines):
            self._paint(painter, line, number * metrics.px(ROW), last=line is self._lines[-1])
        painter.end()

    def _paint(self, painter: QPainter, line: QueueLine, top: int, *, last: bool) -> None:
        shown = theme.current()
        edge, gap = metrics.px(16), metrics.px(12)
        left, number = metrics.px(150), metrics.px(40)
        upper, lower = top + metrics.px(18), top + metrics.px(35)
        side = min(metrics.px(96), self.width() // 4)
        self._say(painter, line.name, edge, upper, left - edge, "body", shown.colour("text.primary"))
        self._say(painter, line.below, edge, lower, left - edge + number, "small", shown.colour("text.tertiary"))
        self._say(painter, line.value, left, upper, number, "body", shown.tone(line.tone), weight=600)
        right = self.width() - edge
        self._say(painter, line.right, right - side, upper, side, "body", shown.colour("text.secondary"), right=True)
        self._say(painter, line.below_right, right - side, lower, side, "small", shown.colour("text.tertiary"),
                  right=True)  # fmt: skip
        chart = (left + number + gap, right - side - gap)
        if chart[1] - chart[0] > metrics.px(32):
            paint_points(painter, line, chart, top + metrics.px(8), top + metrics.px(ROW - 10))
        if not last:
            painter.setPen(QPen(shown.colour("line.faint"), 1))
            painter.drawLine(edge, top + metrics.px(ROW) - 1, self.width() - edge, top + metrics.px(ROW) - 1)

    def _say(
        self, painter: QPainter, words: str, left: int, baseline: int, width: int, style: Role, colour: QColor,
        *, weight: int = 400, right: bool = False,
    ) -> None:  # fmt: skip
        metric = fonts.measure(style, weight)
        painter.setFont(fonts.font(style, weight))
        painter.setPen(colour)
        text = metric.elidedText(one_line(words, 160), Qt.TextElideMode.ElideRight, width)
        painter.drawText(QPointF(left + width - metric.horizontalAdvance(text) if right else left, baseline), text)


def words_of(line: QueueLine) -> list[str]:
    """What is written of one queue."""
    return [words for words in (line.name, line.value, line.below, line.right, line.below_right) if words]


def paint_points(painter: QPainter, line: QueueLine, across: tuple[int, int], top: int, bottom: int) -> None:
    """Draw the last hour of a queue between these edges, right up to now."""
    shown = theme.current()
    painter.setPen(QPen(shown.colour("line.faint"), 1))
    painter.drawLine(across[0], bottom, across[1], bottom)
    if not line.points:
        return
    most = max(1, *(count for _, count in line.points))
    width, height = across[1] - across[0], bottom - top
    curve = QPolygonF(
        [
            QPointF(across[1] - min(1.0, age / line.span) * width, bottom - count / most * height)
            for age, count in line.points
        ]
    )
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(shown.tone(line.tone), 1))
    if len(line.points) > 1:
        painter.drawPolyline(curve)
    else:
        painter.drawEllipse(curve.first(), 1.5, 1.5)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
