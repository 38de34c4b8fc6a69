"""The way of a job through the pipeline, hop by hop, with the silent gaps named.

hops.show_hops([Hop("Paid", "13:44:02", "ok", "2 s"), Hop("Flow triggered", "13:44:46", "ok", "5 min 12", "silent")])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QHideEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from services.domain.text import one_line
from widgets.look import fonts, glyphs, metrics, motion, theme
from widgets.parts.label import tip

Way = Literal["done", "silent", "todo", "none"]


class Hop(msgspec.Struct, frozen=True):
    """One hop: its name, when (words), its shape, how long the way to the next took.

    `way`: done, silent (a gap that somebody has to look at), todo (not yet), none (the last hop).
    """

    name: str
    when: str
    shape: str
    took: str = ""
    way: Way = "done"
    moment: str = ""
    """The exact time, for the tool tip."""


class HopsView(QWidget):
    """Equal columns: shape, name, time; the connector carries how long it took."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hops: tuple[Hop, ...] = ()
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        motion.clock.ticked.connect(self._turn)

    def show_hops(self, hops: Sequence[Hop]) -> None:
        """Draw these hops, in their order."""
        fresh = tuple(hops)
        if fresh != self._hops:
            self._hops = fresh
            told = (
                f"{hop.name} {hop.when}" + (f", silent for {hop.took}" if hop.way == "silent" else "") for hop in hops
            )
            self.setAccessibleName("; ".join(told))
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(metrics.px(640), metrics.px(54))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        motion.clock.watch(self)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        motion.clock.leave(self)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        number = int(event.position().x() * len(self._hops) / max(1, self.width()))
        hop = self._hops[number] if 0 <= number < len(self._hops) else None
        tip(self, f"{hop.name}: {hop.moment or hop.when}" if hop is not None else "")

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._hops:
            return
        painter = QPainter(self)
        width = self.width() / len(self._hops)
        for number, hop in enumerate(self._hops):
            self._paint_hop(painter, hop, number * width, width)
        painter.end()

    def _paint_hop(self, painter: QPainter, hop: Hop, left: float, width: float) -> None:
        size = metrics.px(metrics.GLYPH)
        glyphs.paint(painter, hop.shape, left, 0, size=size, frame=motion.clock.frame)
        if hop.way != "none":
            self._paint_way(painter, hop, left + size + metrics.px(4), left + width - metrics.px(4))
        space = int(width) - metrics.px(4)
        self._text(painter, hop.name, "small", 500, "primary", left, 22, space)
        self._text(painter, hop.when, "micro", 400, "tertiary", left, 38, space)

    def _paint_way(self, painter: QPainter, hop: Hop, left: float, right: float) -> None:
        shown = theme.current()
        silent = hop.way == "silent"
        weight = 600 if silent else 400
        metric = fonts.measure("micro", weight)
        words = one_line(hop.took, 40)
        wide = metric.horizontalAdvance(words)
        middle = (left + right) / 2
        gap = wide / 2 + metrics.px(5) if words else 0.0
        y = metrics.px(7)
        if silent:
            pen = QPen(shown.colour("status.failed.mark"), 2)
            pen.setDashPattern([3, 2])
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        else:
            pen = QPen(shown.colour("line.strong"), 1)
            if hop.way == "todo":
                pen.setDashPattern([1, 3])
        painter.setPen(pen)
        if words:
            painter.drawLine(QPointF(middle - gap, y + 0.5), QPointF(left, y + 0.5))
            painter.drawLine(QPointF(middle + gap, y + 0.5), QPointF(right, y + 0.5))
            painter.setFont(fonts.font("micro", weight))
            painter.setPen(shown.tone("failed" if silent else "secondary"))
            painter.drawText(QPointF(middle - wide / 2, y - metric.height() / 2 + metric.ascent()), words)
        else:
            painter.drawLine(QPointF(left, y + 0.5), QPointF(right, y + 0.5))

    def _text(
        self, painter: QPainter, text: str, role: fonts.Role, weight: int, tone: str, left: float, top: int, space: int
    ) -> None:
        metric = fonts.measure(role, weight)
        painter.setFont(fonts.font(role, weight))
        painter.setPen(theme.current().tone(tone))
        baseline = metrics.px(top) + (metrics.px(16) - metric.height()) / 2 + metric.ascent()
        shown = metric.elidedText(one_line(text, 80), Qt.TextElideMode.ElideRight, space)
        painter.drawText(QPointF(left, baseline), shown)

    def _turn(self, frame: int) -> None:
        if self.isVisible() and any(hop.shape == "running" for hop in self._hops):
            self.update(0, 0, self.width(), metrics.px(metrics.GLYPH))
