"""The status shapes, drawn once per size and surface."""

from __future__ import annotations

import atexit
import json
from functools import cache
from typing import Final

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from resources import look
from widgets.look import theme

FRAMES: Final = 12
"""How many pictures one turn of the running shape has."""


@cache
def _shapes() -> dict[str, tuple[str, str]]:
    told = json.loads(look.GLYPHS.read_text(encoding="utf-8"))["glyphs"]
    return {name: (entry["colour"], entry["svg"]) for name, entry in told.items()}


def names() -> tuple[str, ...]:
    """Every shape that can be drawn."""
    return tuple(_shapes())


def mark_token(shape: str) -> str:
    """The token of the colour in which a shape is drawn."""
    colour = _shapes()[shape][0]
    return colour if "." in colour else f"status.{colour}.mark"


def colour_name(shape: str) -> str:
    """The status whose colours a shape wears, `accent` for one that is yours to press."""
    colour = _shapes()[shape][0]
    return "accent" if "." in colour else colour


def pixmap(
    shape: str,
    size: int = 14,
    under: str = "surface.page",
    dpr: float = 1.0,
    frame: int = 0,
    mark: str | None = None,
) -> QPixmap:
    """A shape of `size` pixels on the surface `under` (tokens); `frame` turns the running one.

    `mark` is the token to draw in, by default the shape's own. KeyError for a shape that does not exist.
    """
    shown = theme.current()
    hexes = shown.hex(mark or mark_token(shape)), shown.hex(under)
    return _drawn(shape, *hexes, size, dpr, frame % FRAMES if shape == "running" else 0)


def paint(
    painter: QPainter,
    shape: str,
    x: float,
    y: float,
    under: str = "surface.page",
    size: int = 14,
    frame: int = 0,
    mark: str | None = None,
) -> None:
    """Draw a shape at a place, sharp on the painter's device."""
    device = painter.device()
    dpr = device.devicePixelRatioF() if device is not None else 1.0
    painter.drawPixmap(round(x), round(y), pixmap(shape, size, under, dpr, frame, mark))


@cache
def _drawn(shape: str, mark: str, under: str, size: int, dpr: float, frame: int) -> QPixmap:
    body = _shapes()[shape][1].replace("{mark}", mark).replace("{under}", under)
    if frame:
        body = f'<g transform="rotate({360 * frame / FRAMES} 7 7)">{body}</g>'
    text = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 14 14">{body}</svg>'
    drawn = QPixmap(round(size * dpr), round(size * dpr))
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    QSvgRenderer(QByteArray(text.encode())).render(painter, QRectF(0, 0, drawn.width(), drawn.height()))
    painter.end()
    drawn.setDevicePixelRatio(dpr)
    return drawn


atexit.register(_drawn.cache_clear)  # drawn things must go before Qt does
