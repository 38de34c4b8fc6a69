"""The check box of table rows, drawn by hand."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from widgets.look import icons, metrics, theme


def paint(painter: QPainter, left: int, middle: int, share: float) -> None:
    """Draw the box with its left edge and vertical middle; `share` 0 is empty, 1 ticked, between is a dash."""
    shown = theme.current()
    size = metrics.px(14)
    top = middle - size // 2
    box = QRectF(left + 0.5, top + 0.5, size - 1, size - 1)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    token = "accent.fill" if share else "line.control"
    painter.setPen(QPen(shown.colour(token), 1))
    painter.setBrush(shown.colour("accent.fill") if share else shown.colour("surface.page"))
    painter.drawRoundedRect(box, 3, 3)
    painter.restore()
    if share >= 1:
        inset = metrics.px(2)
        icons.paint(painter, "check", left + inset, top + inset, "accent.on_fill", metrics.px(10), "3")
    elif share:
        painter.save()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.fillRect(left + 3, middle - 1, size - 6, 2, shown.colour("accent.on_fill"))
        painter.restore()
