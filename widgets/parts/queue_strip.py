"""Queues beside each other on one line: name, how many wait, what else is known, their last hour as a small line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from services.domain.text import one_line
from widgets.look import fonts, metrics, theme
from widgets.parts.queue_lines import QueueLine, paint_points, words_of

_CHART: Final = 72
_GAP: Final = 8
_BETWEEN: Final = 28


class QueueStrip(QWidget):
    """As high as a bar. Where there is too little room the lines go first, then the words behind the number."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: tuple[QueueLine, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(metrics.px(metrics.BAR) - 1)

    def show_queues(self, lines: Sequence[QueueLine]) -> None:
        """Draw these, in their order."""
        fresh = tuple(lines)
        if fresh != self._lines:
            self._lines = fresh
            self.setAccessibleName("; ".join(" ".join(words_of(line)) for line in fresh))
            self.updateGeometry()
            self.update()

    def words(self) -> list[list[str]]:
        """What is written, queue by queue."""
        return [words_of(line) for line in self._lines]

    def sizeHint(self) -> QSize:
        return QSize(self._wide(chart=True, more=True), self.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(self._wide(chart=False, more=False), self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        chart = self.width() >= self._wide(chart=True, more=True)
        more = chart or self.width() >= self._wide(chart=False, more=True)
        left = 0
        for line in self._lines:
            left = self._paint(painter, line, left, chart=chart, more=more) + metrics.px(_BETWEEN)
        painter.end()

    def _paint(self, painter: QPainter, line: QueueLine, left: int, *, chart: bool, more: bool) -> int:
        shown = theme.current()
        parts = [
            (one_line(line.name, 40), "secondary", 400), (line.value, line.tone, 600),
            *([(_rest(line), "tertiary", 400)] if more else []),
        ]  # fmt: skip
        for words, tone, weight in parts:
            metric = fonts.measure("small", weight)
            painter.setFont(fonts.font("small", weight))
            painter.setPen(shown.tone(tone))
            baseline = (self.height() - metric.height()) / 2 + metric.ascent()
            painter.drawText(QPointF(left, baseline), words)
            left += round(metric.horizontalAdvance(words)) + metrics.px(_GAP)
        if not chart or not line.points:
            return left - metrics.px(_GAP)
        paint_points(painter, line, (left, left + metrics.px(_CHART)), metrics.px(9), self.height() - metrics.px(9))
        return left + metrics.px(_CHART)

    def _wide(self, *, chart: bool, more: bool) -> int:
        wide = metrics.px(_BETWEEN) * max(0, len(self._lines) - 1)
        for line in self._lines:
            words = [(line.name, 400), (line.value, 600), *([(_rest(line), 400)] if more else [])]
            wide += sum(round(fonts.measure("small", weight).horizontalAdvance(text)) for text, weight in words)
            wide += metrics.px(_GAP) * (len(words) - 1)
            wide += metrics.px(_GAP + _CHART) if chart and line.points else 0
        return wide + 2


def _rest(line: QueueLine) -> str:
    return one_line(", ".join(words for words in (line.below, line.right, line.below_right) if words), 160)
