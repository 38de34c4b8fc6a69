"""A check box with words, drawn as those of the tables."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QWidget

from services.domain.text import one_line
from widgets.look import fonts, metrics, theme
from widgets.parts import check_box


class Tick(QCheckBox):
    """`toggled` and `isChecked` as any QCheckBox has them."""

    def __init__(self, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = one_line(words, 200)
        self.setAccessibleName(self._words)

    def sizeHint(self) -> QSize:
        width = fonts.measure("body").horizontalAdvance(self._words)
        return QSize(width + metrics.px(14 + 8 + 2), metrics.px(20))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = theme.current()
        check_box.paint(painter, 1, self.height() // 2, 1.0 if self.isChecked() else 0.0)
        metric = fonts.measure("body")
        painter.setFont(fonts.font("body"))
        painter.setPen(shown.colour("text.primary" if self.isEnabled() else "text.disabled"))
        baseline = (self.height() - metric.height()) / 2 + metric.ascent()
        painter.drawText(QPointF(metrics.px(14 + 8), baseline), self._words)
        if self.hasFocus():
            size = metrics.px(14)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(shown.colour("accent.focus"), 1))
            painter.drawRoundedRect(QRectF(-0.5, (self.height() - size) / 2 - 1.5, size + 3, size + 3), 4, 4)
        painter.end()
