"""Tabs with counts: words, a number, and a line under the one that is shown.

tabs = TabRow([Tab("all", "All"), Tab("failed", "Failed", shape="failed")])
tabs.chosen.connect(...)             # the key, by a person
tabs.set_counts({"all": 1284, "failed": 29})
tabs.choose("failed")                # without the signal
tabs.add_right(widget)               # as-of, chips, legends
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from PySide6.QtCore import QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from widgets.look import fonts, glyphs, metrics, theme


class Tab(msgspec.Struct, frozen=True):
    """One tab: its key, its words, a status shape before them or ""."""

    key: str
    words: str
    shape: str = ""


class TabRow(QWidget):
    """A 36 px row: tabs on the left, whatever a page adds on the right, one hairline below."""

    chosen = Signal(str)

    def __init__(self, tabs: Sequence[Tab], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(metrics.px(metrics.BAR))
        self._tabs = _Tabs(tabs, self)
        self._tabs.chosen.connect(self.chosen)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(metrics.px(8), 0, metrics.px(16), 0)
        self._row.setSpacing(metrics.px(8))
        self._row.addWidget(self._tabs)
        self._row.addStretch(1)

    def current(self) -> str:
        """The key of the tab that is shown."""
        return self._tabs.current

    def choose(self, key: str) -> None:
        """Show a tab as the current one, without telling anybody."""
        self._tabs.set_current(key)

    def set_counts(self, counts: Mapping[str, int | None]) -> None:
        """The numbers beside the words; a key that is missing or None shows no number."""
        self._tabs.set_counts(counts)

    def add_right(self, part: QWidget) -> None:
        """Put a widget at the right end."""
        self._row.addWidget(part)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.current().colour("surface.page"))
        painter.setPen(QPen(theme.current().colour("line.normal"), 0))
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)
        painter.end()


class _Tabs(QWidget):
    chosen = Signal(str)

    def __init__(self, tabs: Sequence[Tab], parent: QWidget) -> None:
        super().__init__(parent)
        self._all = tuple(tabs)
        self._counts: dict[str, str] = {}
        self.current = tabs[0].key if tabs else ""
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setFixedHeight(metrics.px(metrics.BAR))
        self._say()

    def set_current(self, key: str) -> None:
        if key != self.current:
            self.current = key
            self._say()
            self.update()

    def set_counts(self, counts: Mapping[str, int | None]) -> None:
        fresh = {key: f"{count:,}" for key, count in counts.items() if count is not None}
        if fresh != self._counts:
            self._counts = fresh
            self._say()
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(sum(self._width(tab) for tab in self._all), metrics.px(metrics.BAR))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for tab, rect in self._places():
            if rect.contains(event.position().toPoint()):
                self._choose(tab.key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}
        step = steps.get(Qt.Key(event.key()))
        if step is None or not self._all:
            super().keyPressEvent(event)
            return
        keys = [tab.key for tab in self._all]
        self._choose(keys[(keys.index(self.current) + step) % len(keys)])

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = theme.current()
        for tab, rect in self._places():
            on = tab.key == self.current
            left = rect.left() + metrics.px(8)
            if tab.shape:
                size = metrics.px(metrics.GLYPH)
                glyphs.paint(painter, tab.shape, left, (rect.height() - size) / 2, size=size)
                left += size + metrics.px(6)
            weight = 500 if on else 400
            painter.setPen(shown.colour("text.primary" if on else "text.secondary"))
            self._text(painter, tab.words, left, weight)
            left += fonts.measure("body", 500).horizontalAdvance(tab.words)
            count = self._counts.get(tab.key)
            if count is not None:
                painter.setPen(shown.colour("text.primary"))
                self._text(painter, count, left + metrics.px(6), 600)
            if on:
                inset = metrics.px(8)
                line = QRect(rect.left() + inset, rect.height() - 2, rect.width() - 2 * inset, 2)
                painter.fillRect(line, shown.colour("accent.text"))
                if self.hasFocus():
                    painter.setPen(QPen(shown.colour("accent.focus"), 1))
                    painter.drawRoundedRect(rect.adjusted(2, 5, -3, -6), 4, 4)
        painter.end()

    def _text(self, painter: QPainter, text: str, left: int, weight: int) -> None:
        metric = fonts.measure("body", weight)
        painter.setFont(fonts.font("body", weight))
        painter.drawText(QPointF(left, (self.height() - metric.height()) / 2 + metric.ascent()), text)

    def _width(self, tab: Tab) -> int:
        width = metrics.px(16) + fonts.measure("body", 500).horizontalAdvance(tab.words)
        if tab.shape:
            width += metrics.px(metrics.GLYPH + 6)
        count = self._counts.get(tab.key)
        if count is not None:
            width += metrics.px(6) + fonts.measure("body", 600).horizontalAdvance(count)
        return width

    def _places(self) -> list[tuple[Tab, QRect]]:
        left = 0
        placed: list[tuple[Tab, QRect]] = []
        for tab in self._all:
            width = self._width(tab)
            placed.append((tab, QRect(left, 0, width, self.height())))
            left += width
        return placed

    def _choose(self, key: str) -> None:
        if key != self.current:
            self.set_current(key)
            self.chosen.emit(key)

    def _say(self) -> None:
        words = next((tab.words for tab in self._all if tab.key == self.current), "")
        self.setAccessibleName(f"{words} {self._counts.get(self.current, '')}".strip())
