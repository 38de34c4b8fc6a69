"""Submissions per minute: submitted upward, failed downward from one zero line, on one scale.

Painted here, without a chart library: bars on a scale are all that staff need of it, and it is on the screen at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from widgets.look import fonts, metrics, theme

_MOST_LINES: Final = 4
_LEFT: Final = 36
_BOTTOM: Final = 22
_TOP: Final = 8
_RIGHT: Final = 8
_NARROWEST: Final = 4
"""Pixels that a bar and its gap take at least; more minutes than fit are added up."""


def nice_step(highest: float, lowest: float, most: int = _MOST_LINES) -> int:
    """The step of 1, 2, 5, 10, 20, ... that needs at most `most` lines besides zero."""
    step, factors, turn = 1, (2, 2.5, 2), 0
    while highest // step + lowest // step > most:
        step = round(step * factors[turn % 3])
        turn += 1
    return step


class Bars(msgspec.Struct, frozen=True):
    """What is drawn: one bar up and one down for each start (unix seconds)."""

    starts: list[float]
    up: list[int]
    down: list[int]


def binned(minutes: Sequence[float], submitted: Sequence[int], failed: Sequence[int], most: int) -> Bars:
    """At most `most` bars: neighbouring minutes added up, full bars at the end."""
    size = max(1, math.ceil(len(minutes) / max(1, most)))
    first = len(minutes) % size
    edges = [*([0] if first else []), *range(first, len(minutes), size)]
    spans = list(zip(edges, [*edges[1:], len(minutes)], strict=True))
    return Bars(
        [minutes[start] for start, _ in spans],
        [sum(submitted[start:end]) for start, end in spans],
        [sum(failed[start:end]) for start, end in spans],
    )


class ThroughputChart(QWidget):
    """Bars by minute; `label_of` makes the words of a time on the axis."""

    def __init__(self, label_of: Callable[[float], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label_of = label_of
        self._shown: tuple[tuple[float, ...], tuple[int, ...], tuple[int, ...]] | None = None
        self.setMinimumHeight(metrics.px(120))

    def show_minutes(self, minutes: Sequence[float], submitted: Sequence[int], failed: Sequence[int]) -> None:
        """Counts of each minute, oldest first; the last one still runs. `minutes` are unix seconds of the starts."""
        fresh = (tuple(minutes), tuple(submitted), tuple(failed))
        if fresh != self._shown:
            self._shown = fresh
            self.setAccessibleName(f"Submissions per minute: {sum(submitted)} submitted, {sum(failed)} failed")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._shown is None or not self._shown[0]:
            return
        painter = QPainter(self)
        field = self.rect().adjusted(metrics.px(_LEFT), metrics.px(_TOP), -metrics.px(_RIGHT), -metrics.px(_BOTTOM))
        bars = binned(*self._shown, most=field.width() // metrics.px(_NARROWEST))
        highest, lowest = max((*bars.up, 3)) * 1.05, max((*bars.down, 1)) * 1.1
        scale = field.height() / (highest + lowest)
        zero = field.top() + round(highest * scale)
        self._paint_scale(painter, field, zero, scale, highest, lowest)
        slot = field.width() / len(bars.starts)
        gap = max(1, round(slot * 0.15))
        for counts, way, colour in ((bars.up, -1, _solid("ok", 0.75)), (bars.down, 1, _solid("failed", 1.0))):
            rects = []
            for place, count in enumerate(counts):
                left = field.left() + round(place * slot)
                width = max(1, field.left() + round((place + 1) * slot) - left - gap)
                # A single one must be seen, however high the others are.
                height = max(2, round(count * scale)) if count else 0
                rects.append(QRect(left, zero - height if way < 0 else zero + 1, width, height))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawRects([rect for rect in rects[:-1] if rect.height()])
            # The last minute still runs.
            faint = QColor(colour)
            faint.setAlphaF(colour.alphaF() / 2)
            painter.fillRect(rects[-1], faint)
        painter.fillRect(field.left(), zero, field.width(), 1, theme.current().colour("line.strong"))
        self._paint_times(painter, field, bars.starts, slot)
        painter.end()

    def _paint_scale(
        self, painter: QPainter, field: QRect, zero: int, scale: float, highest: float, lowest: float
    ) -> None:
        shown = theme.current()
        step = nice_step(highest, lowest)
        metric = fonts.measure("micro")
        painter.setFont(fonts.font("micro"))
        for value in range(-int(lowest // step) * step, int(highest) + 1, step):
            y = zero - round(value * scale)
            if value:
                painter.setPen(QPen(shown.colour("line.faint"), 0))
                painter.drawLine(field.left(), y, field.right(), y)
            words = f"{abs(value):,}"
            painter.setPen(shown.colour("text.tertiary"))
            left = field.left() - metrics.px(8) - metric.horizontalAdvance(words)
            painter.drawText(QPointF(left, y - metric.height() / 2 + metric.ascent()), words)

    def _paint_times(self, painter: QPainter, field: QRect, starts: list[float], slot: float) -> None:
        painter.setPen(theme.current().colour("text.tertiary"))
        every = max(1, math.ceil(len(starts) / 6))
        wide = metrics.px(60)
        for place in range(len(starts) - 1, -1, -every):
            middle = field.left() + (place + 0.5) * slot
            left = min(middle - wide / 2, self.width() - wide)
            box = QRectF(left, field.bottom() + metrics.px(4), wide, metrics.px(_BOTTOM - 4))
            inside = Qt.AlignmentFlag.AlignRight if left < middle - wide / 2 else Qt.AlignmentFlag.AlignHCenter
            painter.drawText(box, inside | Qt.AlignmentFlag.AlignTop, self._label_of(starts[place]))


def _solid(status: str, alpha: float) -> QColor:
    colour = QColor(theme.current().colour(f"status.{status}.mark"))
    colour.setAlphaF(alpha)
    return colour
