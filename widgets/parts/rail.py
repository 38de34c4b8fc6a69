"""The rail at the left: the pages that exist, open with words or closed with icons."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from widgets.look import fonts, icons, metrics, theme
from widgets.parts.label import tip
from widgets.parts.surface import Surface


class RailEntry(msgspec.Struct, frozen=True):
    """One page: its name in code, its words, a Lucide icon, its key. `foot`: at the lower end."""

    name: str
    words: str
    icon: str
    key: str = ""
    foot: bool = False


class Rail(Surface):
    """`chosen` tells the name of the page that a person pressed; a click on the brand opens or closes the rail."""

    chosen = Signal(str)
    opened = Signal(bool)

    def __init__(self, entries: Sequence[RailEntry], parent: QWidget | None = None, *, brand: str = "") -> None:
        super().__init__("surface.window", "r", parent)
        self.is_open = True
        self._brand = _Brand(brand, self)
        self._brand.clicked.connect(lambda: self.set_open(not self.is_open))
        self._buttons = {entry.name: _Entry(entry, self) for entry in entries}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, metrics.px(8), 1, metrics.px(8))
        column.setSpacing(0)
        column.addWidget(self._brand)
        column.addSpacing(metrics.px(8))
        for entry in entries:
            if not entry.foot:
                column.addWidget(self._buttons[entry.name])
        column.addStretch(1)
        for entry in entries:
            if entry.foot:
                column.addWidget(self._buttons[entry.name])
        for name, part in self._buttons.items():
            part.clicked.connect(lambda _=False, name=name: self.chosen.emit(name))
        self.set_open(True)

    def set_current(self, name: str) -> None:
        """Mark a page as the one that is shown."""
        for key, part in self._buttons.items():
            part.setChecked(key == name)

    def set_badge(self, name: str, count: int, *, hot: bool = True) -> None:
        """A number beside a page's words (a dot when closed); 0 takes it away. `hot`: something is wrong."""
        if name in self._buttons:
            self._buttons[name].set_badge(count, hot)

    def set_open(self, is_open: bool) -> None:
        """168 px with words, or 56 px with icons; it is told to be wanted so."""
        self.show_open(is_open)
        self.opened.emit(is_open)

    def show_open(self, is_open: bool) -> None:
        """The same for want of room: nobody is told."""
        self.is_open = is_open
        self.setFixedWidth(metrics.px(metrics.RAIL_OPEN if is_open else metrics.RAIL_CLOSED))
        self._brand.set_open(is_open)
        for part in self._buttons.values():
            part.set_open(is_open)


class _Brand(QAbstractButton):
    def __init__(self, words: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._words = words
        self._open = True
        self.setFixedHeight(metrics.px(28))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Open or close the rail")

    def set_open(self, is_open: bool) -> None:
        self._open = is_open
        tip(self, "Close the rail" if is_open else "Open the rail")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        size = metrics.px(16)
        left = metrics.px(18) if self._open else (self.width() - size) // 2
        icons.paint(painter, "zap", left, (self.height() - size) / 2, "text.primary", size)
        if self._open:
            metric = fonts.measure("body", 600)
            font = fonts.font("body", 600)
            font.unsetFeature(QFont.Tag("tnum"))  # it would set the hyphen as wide as a figure
            painter.setFont(font)
            painter.setPen(theme.current().colour("text.primary"))
            baseline = (self.height() - metric.height()) / 2 + metric.ascent()
            painter.drawText(QPointF(left + size + metrics.px(8), baseline), self._words)
        painter.end()


class _Entry(QAbstractButton):
    def __init__(self, entry: RailEntry, parent: QWidget) -> None:
        super().__init__(parent)
        self._entry = entry
        self._open = True
        self._badge = ""
        self._hot = False
        self._by_keyboard = False
        self.setCheckable(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(entry.words)

    def set_open(self, is_open: bool) -> None:
        self._open = is_open
        self.setFixedHeight(metrics.px(30 if is_open else 34))
        key = f"  {self._entry.key}" if self._entry.key else ""
        tip(self, key.strip() if is_open else self._entry.words + key)
        self.update()

    def set_badge(self, count: int, hot: bool) -> None:
        badge = f"{count:,}" if count > 0 else ""
        if (badge, hot) != (self._badge, self._hot):
            self._badge, self._hot = badge, hot
            self.setAccessibleName(f"{self._entry.words} {badge}".strip())
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(metrics.px(metrics.RAIL_OPEN), metrics.px(30))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        shown = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        margin = metrics.px(8 if self._open else 10)
        box = QRectF(self.rect()).adjusted(margin, 1, -margin, -1)
        on = self.isChecked()
        if on or self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(shown.colour("surface.selected" if on else "surface.hover"))
            painter.drawRoundedRect(box, 4, 4)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(shown.colour("accent.focus"), 2))
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 4, 4)
        size = metrics.px(16)
        left = box.left() + metrics.px(10) if self._open else (self.width() - size) / 2
        icons.paint(
            painter,
            self._entry.icon,
            left,
            (self.height() - size) / 2,
            "accent.text" if on else "text.secondary",
            size,
        )
        if self._open:
            self._paint_words(painter, box, left + size + metrics.px(10), on)
        elif self._badge:
            dot = metrics.px(6)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(shown.colour("status.failed.mark" if self._hot else "status.waiting.mark"))
            painter.drawEllipse(QRectF(box.right() - metrics.px(4) - dot, box.top() + metrics.px(4), dot, dot))
        painter.end()

    def _paint_words(self, painter: QPainter, box: QRectF, left: float, on: bool) -> None:
        shown = theme.current()
        weight = 500 if on else 400
        metric = fonts.measure("body", weight)
        painter.setFont(fonts.font("body", weight))
        painter.setPen(shown.colour("text.primary" if on else "text.secondary"))
        baseline = (self.height() - metric.height()) / 2 + metric.ascent()
        painter.drawText(QPointF(left, baseline), self._entry.words)
        if self._badge:
            metric = fonts.measure("micro", 600 if self._hot else 400)
            painter.setFont(fonts.font("micro", 600 if self._hot else 400))
            painter.setPen(shown.tone("failed" if self._hot else "tertiary"))
            right = box.right() - metrics.px(10) - metric.horizontalAdvance(self._badge)
            painter.drawText(QPointF(right, (self.height() - metric.height()) / 2 + metric.ascent()), self._badge)
