"""A status shape with words beside it, as in legends, badges and the status bar."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QMouseEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from services.domain.text import one_line
from widgets.look import fonts, glyphs, icons, metrics, motion, theme
from widgets.parts.label import tip


class GlyphLabel(QWidget):
    """Shape or icon, then words. `tone` as in `Theme.tone`; `pressed` tells of a click."""

    pressed = Signal()

    def __init__(
        self,
        shape: str = "",
        words: str = "",
        role: fonts.Role = "small",
        tone: str = "secondary",
        weight: int = 400,
        *,
        icon: str = "",
        under: str = "surface.page",
        elides: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """`shape`: a status shape, `icon`: a Lucide icon instead of it, `under`: what it lies on, `elides`: it
        takes what room there is, and words that don't fit end in an ellipsis, whole in the tool tip."""
        super().__init__(parent)
        self._shape, self._words, self._tone = shape, "", tone
        self._role: fonts.Role = role
        self._weight = weight
        self._icon = icon
        self._under = under
        self._elides = elides
        wide = QSizePolicy.Policy.Maximum if elides else QSizePolicy.Policy.Fixed
        self.setSizePolicy(wide, QSizePolicy.Policy.Fixed)
        self.say(words)
        motion.clock.ticked.connect(self._turn)

    def words(self) -> str:
        """What it says."""
        return self._words

    def say(self, words: str, shape: str | None = None, tone: str | None = None) -> None:
        """Change the words, and shape or tone if given."""
        fresh = (one_line(words, 200), self._shape if shape is None else shape, tone or self._tone)
        if fresh != (self._words, self._shape, self._tone):
            self._words, self._shape, self._tone = fresh
            self.setAccessibleName(self._words)
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        metric = fonts.measure(self._role, self._weight)
        width = metric.horizontalAdvance(self._words)
        if self._shape or self._icon:
            width += metrics.px(metrics.GLYPH) + (metrics.px(6) if self._words else 0)
        return QSize(width + 1, max(metrics.px(16), metric.height()))

    def minimumSizeHint(self) -> QSize:
        hint = self.sizeHint()
        return QSize(metrics.px(48), hint.height()) if self._elides else hint

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.rect().contains(event.position().toPoint()):
            self.pressed.emit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        motion.clock.watch(self)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        motion.clock.leave(self)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        size = metrics.px(metrics.GLYPH)
        left = 0
        if self._icon:
            icons.paint(painter, self._icon, 0, (self.height() - size) / 2, "text.secondary", size)
            left = size + metrics.px(6)
        elif self._shape:
            top = (self.height() - size) / 2
            glyphs.paint(painter, self._shape, 0, top, self._under, size, motion.clock.frame)
            left = size + metrics.px(6)
        metric = fonts.measure(self._role, self._weight)
        painter.setFont(fonts.font(self._role, self._weight))
        painter.setPen(theme.current().tone(self._tone))
        words = self._words
        if self._elides:
            words = metric.elidedText(words, Qt.TextElideMode.ElideRight, self.width() - left)
            tip(self, "" if words == self._words else self._words)
        painter.drawText(QPointF(left, (self.height() - metric.height()) / 2 + metric.ascent()), words)
        painter.end()

    def _turn(self, frame: int) -> None:
        if self._shape == "running" and self.isVisible():
            self.update(0, 0, metrics.px(metrics.GLYPH) + 1, self.height())
