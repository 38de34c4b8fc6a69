"""Check boxes: that of table rows, drawn by hand, and one with words."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QWidget

from services.domain.text import one_line
from widgets.look import fonts, icons, metrics, theme


class CheckBox(QCheckBox):
    """A box with words beside it."""

    def __init__(self, words: str, parent: QWidget | None = None) -> None:
        super().__init__(one_line(words, 120), parent)
        self.setFont(fonts.font("body"))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.isChecked():
            painter = QPainter(self)
            size = metrics.px(10)
            # The frame that the style sheet gives: 14 px and a border of 1.
            ink = "accent.on_fill" if self.isEnabled() else "text.disabled"
            icons.paint(painter, "check", metrics.px(3), (self.height() - size) // 2, ink, size, "3")
            painter.end()


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
