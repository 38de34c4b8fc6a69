"""Lucide icons in the colours of the theme, beside the program's own mark."""

from __future__ import annotations

import atexit
from functools import cache
from typing import Final

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
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


def mark() -> QIcon:
    """The program's own mark, for its windows."""
    return QIcon(str(look.MARK))


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


atexit.register(_drawn.cache_clear)  # drawn things must go before Qt does
