"""Buttons: primary (one a page), normal, quiet, danger, link; 28 px or small 24 px.

Button("Retry failed", icon="rotate-ccw", key="⇧R", small=True)
Button(icon="x", look="quiet", tip="Close")        # a square one with an icon only
"""

from __future__ import annotations

from typing import Final, Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFocusEvent, QFontMetrics, QMoveEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QStyle, QStyleOptionButton, QWidget

from services.domain.text import one_line
from widgets.look import fonts, icons, metrics, theme
from widgets.parts.focus_ring import SILENT, FocusRing
from widgets.parts.label import tip as set_tip

Look = Literal["normal", "primary", "quiet", "danger", "link"]

_WORDS: Final[dict[Look, str]] = {
    "normal": "text.primary",
    "primary": "accent.on_fill",
    "quiet": "text.secondary",
    "danger": "danger.on_fill",
    "link": "accent.text",
}


class Button(QPushButton):
    """A button with words, an icon before them, and the key that presses it."""

    def __init__(
        self,
        words: str = "",
        look: Look = "normal",
        *,
        icon: str = "",
        key: str = "",
        small: bool = False,
        tip: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._look: Look = look
        self._icon = icon
        self._key = key
        self._small = small
        self._ring: FocusRing | None = None
        self._words = ""
        self.setProperty("look", look)
        self.setProperty("compact", "true" if small else "false")
        self.setFont(fonts.font(self._role, 500))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(metrics.px(metrics.CONTROL_SMALL if small else metrics.CONTROL))
        self.setAutoDefault(False)
        # A click leaves the focus in the list, where the keys belong.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.say(words)
        if tip:
            set_tip(self, tip)
            if not words:
                self.setAccessibleName(tip)

    @property
    def _role(self) -> fonts.Role:
        return "small" if self._small else "body"

    def words(self) -> str:
        """What the button says."""
        return self._words

    def say(self, words: str) -> None:
        """Change the words."""
        words = one_line(words, 120)
        if words != self._words:
            self._words = words
            self.setAccessibleName(words)
            self.updateGeometry()
            self.update()

    def set_icon(self, icon: str) -> None:
        """Change the icon."""
        self._icon = icon
        self.update()

    def set_off(self, why: str) -> None:
        """Switch the button off with the reason as its tool tip; "" switches it on."""
        self.setEnabled(not why)
        set_tip(self, why)

    def sizeHint(self) -> QSize:
        height = metrics.px(metrics.CONTROL_SMALL if self._small else metrics.CONTROL)
        if not self._words:
            return QSize(height, height)
        padding = {"link": 2}.get(self._look, 8 if self._small else 10)
        return QSize(self._content_width() + 2 * metrics.px(padding + 1), height)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() not in SILENT and self.parentWidget() is not None:
            self._ring = FocusRing(self)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if self._ring is not None:
            self._ring.deleteLater()
            self._ring = None

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        if self._ring is not None:
            self._ring.follow()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._ring is not None:
            self._ring.follow()

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.state &= ~QStyle.StateFlag.State_HasFocus  # the ring is drawn outside
        painter = QPainter(self)
        self.style().drawControl(QStyle.ControlElement.CE_PushButtonBevel, option, painter, self)
        colour = _WORDS[self._look] if self.isEnabled() else "text.disabled"
        if self._look == "quiet" and self.underMouse() and self.isEnabled():
            colour = "text.primary"
        size = self._icon_size()
        left = (self.width() - self._content_width()) / 2
        if self._icon:
            icons.paint(painter, self._icon, left, (self.height() - size) / 2, colour, size)
            left += size + metrics.px(6)
        metric = fonts.measure(self._role, 500)
        painter.setFont(self.font())
        painter.setPen(theme.current().colour(colour))
        if self._words:
            painter.drawText(QPointF(left, (self.height() - metric.height()) / 2 + metric.ascent()), self._words)
            left += metric.horizontalAdvance(self._words) + metrics.px(6)
        if self._key:
            self._paint_key(painter, left, colour)
        painter.end()

    def _paint_key(self, painter: QPainter, left: float, colour: str) -> None:
        metric = fonts.measure("micro")
        height = metrics.px(18)
        box = QRectF(round(left) + 0.5, (self.height() - height) / 2 + 0.5, self._key_width(metric) - 1, height - 1)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.current().colour("line.normal"), 1))
        if self._look in ("primary", "danger"):
            painter.setOpacity(0.6)
            painter.setPen(QPen(theme.current().colour(colour), 1))
        painter.drawRoundedRect(box, 3, 3)
        painter.setOpacity(1.0)
        on_fill = self._look in ("primary", "danger") or not self.isEnabled()
        painter.setPen(theme.current().colour(colour if on_fill else "text.tertiary"))
        painter.setFont(fonts.font("micro"))
        x = box.center().x() - metric.horizontalAdvance(self._key) / 2
        painter.drawText(QPointF(x, box.center().y() - metric.height() / 2 + metric.ascent()), self._key)

    def _key_width(self, metric: QFontMetrics) -> int:
        return max(metrics.px(18), metric.horizontalAdvance(self._key) + metrics.px(8))

    def _icon_size(self) -> int:
        return metrics.px(14 if self._small else 16)

    def _content_width(self) -> int:
        width = fonts.measure(self._role, 500).horizontalAdvance(self._words)
        if self._icon:
            width += self._icon_size() + (metrics.px(6) if self._words else 0)
        if self._key:
            width += metrics.px(6) + self._key_width(fonts.measure("micro"))
        return width
