"""A switch of a few words in one frame: exactly one is chosen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.look import fonts, metrics, theme


class Segments(QWidget):
    """`options` are (key, words); `chosen` tells the key when a person chooses another one."""

    chosen = Signal(str)

    def __init__(self, options: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._options = tuple(options)
        self._current = options[0][0]
        self.setFixedHeight(metrics.px(metrics.CONTROL))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(options[0][1])

    def current(self) -> str:
        """The key that is chosen."""
        return self._current

    def choose(self, key: str) -> None:
        """Choose without telling anybody."""
        if key != self._current:
            self._current = key
            self.setAccessibleName(dict(self._options)[key])
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(sum(self._width(words) for _, words in self._options) + 1, metrics.px(metrics.CONTROL))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        left = 0
        for key, words in self._options:
            left += self._width(words)
            if event.position().x() < left:
                self._press(key)
                return

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        keys = [key for key, _ in self._options]
        self._press(keys[max(0, min(len(keys) - 1, keys.index(self._current) + step))])

    def paintEvent(self, event: QPaintEvent) -> None:
        shown = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        path = QPainterPath()
        path.addRoundedRect(frame, 4, 4)
        painter.fillPath(path, shown.colour("surface.page"))
        painter.setClipPath(path)
        metric = fonts.measure("body", 500)
        painter.setFont(fonts.font("body", 500))
        edge = QPen(shown.colour("line.strong"), 1)
        left = 0
        for number, (key, words) in enumerate(self._options):
            width = self._width(words)
            on = key == self._current
            if on:
                painter.fillRect(left, 0, width, self.height(), shown.colour("surface.selected"))
            painter.setPen(shown.colour("text.primary" if on else "text.secondary"))
            x = left + (width - metric.horizontalAdvance(words)) / 2
            painter.drawText(QPointF(x, (self.height() - metric.height()) / 2 + metric.ascent()), words)
            if number:
                painter.setPen(edge)
                painter.drawLine(QPointF(left + 0.5, 0), QPointF(left + 0.5, self.height()))
            left += width
        painter.setClipping(False)
        painter.setPen(QPen(shown.colour("accent.focus"), 2) if self.hasFocus() else edge)
        painter.drawPath(path)
        painter.end()

    def _width(self, words: str) -> int:
        return fonts.measure("body", 500).horizontalAdvance(words) + metrics.px(20)

    def _press(self, key: str) -> None:
        if key != self._current and self.isEnabled():
            self.choose(key)
            self.chosen.emit(key)
