"""The figures on top of Overview: a number that one can press, with what it means.

row = StatRow(); row.pressed.connect(...)
row.show_stats([Stat("failed", "Failed", "29", "3 today", shape="failed"), ...])
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from widgets.look import fonts, glyphs, metrics, motion, theme
from widgets.parts.label import tip
from widgets.parts.surface import Surface


class Stat(msgspec.Struct, frozen=True):
    """One figure: its key, words, the number as text, a grey note, a status shape or ""."""

    key: str
    words: str
    value: str
    note: str = ""
    shape: str = ""
    tone: str = "primary"


class StatRow(Surface):
    """Figures side by side, 86 px high, with hairlines between. `pressed` tells the key."""

    pressed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("surface.page", "b", parent)
        self.setFixedHeight(metrics.px(87))
        self._tiles: dict[str, _Tile] = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 1)
        self._row.setSpacing(0)

    def show_stats(self, stats: Sequence[Stat]) -> None:
        """Show these figures; the keys should stay the same from call to call."""
        if list(self._tiles) != [stat.key for stat in stats]:
            for tile in self._tiles.values():
                self._row.removeWidget(tile)
                tile.deleteLater()
            self._tiles = {}
            for stat in stats:
                tile = self._tiles[stat.key] = _Tile(self)
                tile.clicked.connect(lambda _=False, key=stat.key: self.pressed.emit(key))
                self._row.addWidget(tile)
        for stat in stats:
            self._tiles[stat.key].show_stat(stat, last=stat is stats[-1])


class _Tile(QAbstractButton):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._stat = Stat("", "", "")
        self._last = False
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_stat(self, stat: Stat, last: bool) -> None:
        if (stat, last) != (self._stat, self._last):
            self._stat, self._last = stat, last
            self.setAccessibleName(f"{stat.words} {stat.value}, {stat.note}")
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(metrics.px(140), metrics.px(86))

    def minimumSizeHint(self) -> QSize:
        return QSize(metrics.px(80), metrics.px(86))

    def paintEvent(self, event: QPaintEvent) -> None:
        shown = theme.current()
        stat = self._stat
        painter = QPainter(self)
        under = "surface.hover" if self.underMouse() else "surface.page"
        painter.fillRect(self.rect(), shown.colour(under))
        left = metrics.px(16)
        words_left = left
        if stat.shape:
            size = metrics.px(metrics.GLYPH)
            glyphs.paint(painter, stat.shape, left, metrics.px(13), under, size, motion.clock.frame)
            words_left += size + metrics.px(6)
        space = self.width() - left - metrics.px(8)
        self._text(painter, stat.words, "small", None, "secondary", words_left, 12, 16, space - words_left + left)
        self._text(painter, stat.value, "figure", 600, stat.tone, left, 30, 28, space)
        self._text(painter, stat.note, "micro", None, "tertiary", left, 58, 16, space)
        cut = fonts.measure("micro").horizontalAdvance(stat.note) > space
        tip(self, stat.note if cut else "")
        if not self._last:
            painter.setPen(QPen(shown.colour("line.normal"), 0))
            painter.drawLine(self.width() - 1, 0, self.width() - 1, self.height())
        if self.hasFocus():
            painter.setPen(QPen(shown.colour("accent.focus"), 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        painter.end()

    def _text(
        self,
        painter: QPainter,
        text: str,
        role: fonts.Role,
        weight: int | None,
        tone: str,
        left: int,
        top: int,
        line: int,
        space: int,
    ) -> None:
        metric = fonts.measure(role, weight)
        painter.setFont(fonts.font(role, weight))
        painter.setPen(theme.current().tone(tone))
        baseline = metrics.px(top) + (metrics.px(line) - metric.height()) / 2 + metric.ascent()
        painter.drawText(QPointF(left, baseline), metric.elidedText(text, Qt.TextElideMode.ElideRight, space))
