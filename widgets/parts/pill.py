"""A status in a header: shape and word on the status' tint."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from services.domain.text import one_line
from widgets.look import fonts, glyphs, metrics, theme


class Pill(QWidget):
    """20 px high, or 18 with `small`; never in a table."""

    def __init__(self, shape: str, word: str, parent: QWidget | None = None, *, small: bool = False) -> None:
        super().__init__(parent)
        self._small = small
        self._shape, self._word = shape, ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_status(shape, word)

    def show_status(self, shape: str, word: str) -> None:
        """Change shape and word."""
        word = one_line(word, 80)
        if (shape, word) != (self._shape, self._word):
            self._shape, self._word = shape, word
            self.setAccessibleName(word)
            self.updateGeometry()
            self.update()

    @property
    def _role(self) -> fonts.Role:
        return "micro" if self._small else "small"

    def sizeHint(self) -> QSize:
        width = fonts.measure(self._role, 500).horizontalAdvance(self._word)
        return QSize(width + metrics.px(6 + 14 + 5 + 8), metrics.px(18 if self._small else 20))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        shown = theme.current()
        status = glyphs.colour_name(self._shape)
        if status == "accent":
            tint, words, mark = "accent.tint", "accent.text", "accent.text"
        else:
            tint, words, mark = (f"status.{status}.{part}" for part in ("tint", "text", "mark"))
        if status == "lost":
            words = mark = "status.lost.on_tint"
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shown.colour(tint))
        painter.drawRoundedRect(QRectF(self.rect()), self.height() / 2, self.height() / 2)
        size = metrics.px(metrics.GLYPH)
        glyphs.paint(painter, self._shape, metrics.px(6), (self.height() - size) / 2, tint, size, mark=mark)
        metric = fonts.measure(self._role, 500)
        painter.setFont(fonts.font(self._role, 500))
        painter.setPen(shown.colour(words))
        baseline = (self.height() - metric.height()) / 2 + metric.ascent()
        painter.drawText(QPointF(metrics.px(6 + 14 + 5), baseline), self._word)
        painter.end()
