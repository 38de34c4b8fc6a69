"""Lucide icons in the colours of the theme."""

from __future__ import annotations

import atexit
from functools import cache
from typing import Final

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from resources import look
from widgets.look import theme

_STROKE: Final = "1.6"


def pixmap(
    name: str, colour: str = "text.secondary", size: int = 16, dpr: float = 1.0, stroke: str = _STROKE
) -> QPixmap:
    """An icon of `size` pixels in the colour `colour` (a token); `stroke` on Lucide's grid of 24."""
    return _drawn(name, theme.current().hex(colour), size, dpr, stroke)


def paint(painter: QPainter, name: str, x: float, y: float, colour: str, size: int = 16, stroke: str = _STROKE) -> None:
    """Draw an icon at a place, sharp on the painter's device."""
    device = painter.device()
    dpr = device.devicePixelRatioF() if device is not None else 1.0
    painter.drawPixmap(round(x), round(y), pixmap(name, colour, size, dpr, stroke))


def icon(name: str, colour: str = "text.secondary", off: str = "text.disabled") -> QIcon:
    """An icon for buttons that follows the theme; `off` is the colour while disabled."""
    return QIcon(_Engine(name, colour, off))


@cache
def _drawn(name: str, colour: str, size: int, dpr: float, stroke: str) -> QPixmap:
    text = look.icon_file(name).read_text(encoding="utf-8")
    text = text.replace("currentColor", colour).replace('stroke-width="2"', f'stroke-width="{stroke}"')
    renderer = QSvgRenderer(QByteArray(text.encode()))
    drawn = QPixmap(round(size * dpr), round(size * dpr))
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    renderer.render(painter, QRectF(0, 0, drawn.width(), drawn.height()))
    painter.end()
    drawn.setDevicePixelRatio(dpr)
    return drawn


class _Engine(QIconEngine):
    def __init__(self, name: str, token: str, off: str) -> None:
        super().__init__()
        self._name = name
        self._token = token
        self._off = off

    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._token, self._off)

    def _of(self, size: int, mode: QIcon.Mode, dpr: float) -> QPixmap:
        return pixmap(self._name, self._off if mode == QIcon.Mode.Disabled else self._token, size, dpr)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        device = painter.device()
        dpr = device.devicePixelRatioF() if device is not None else 1.0
        painter.drawPixmap(rect, self._of(min(rect.width(), rect.height()), mode, dpr))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self._of(min(size.width(), size.height()), mode, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        return self._of(round(min(size.width(), size.height()) / scale), mode, scale)


atexit.register(_drawn.cache_clear)  # drawn things must go before Qt does
