"""Draws one cell of a table's row."""

from __future__ import annotations

import atexit
from functools import lru_cache
from typing import Final

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QFont, QPainter, QStaticText

from services.domain.text import one_line
from widgets.look import fonts, glyphs, icons, metrics, theme
from widgets.parts.bar import paint_bar
from widgets.parts.cell import Cell
from widgets.parts.columns import Column

OLD: Final = 0.55
"""How strong the shapes of what is old still are."""
_LONGEST: Final = 400
"""Characters that are looked at of a text from outside: more than the widest column shows."""
_NUMBERS: Final = 62
"""The room for `n/m` behind a bar, as in 1,000/1,000."""


def paint_cell(painter: QPainter, cell: Cell, rect: QRect, column: Column, *, under: str, old: bool) -> None:
    """Paint a cell into `rect`; `under` is the token of what lies behind it, `old` greys it."""
    left, right = rect.left(), rect.right() + 1
    top, room = rect.top(), rect.height()
    if old:
        painter.setOpacity(OLD)
    if cell.bar is not None:
        numbers = metrics.px(_NUMBERS)
        height = metrics.px(4)
        width = max(metrics.px(24), right - left - numbers - metrics.px(8))
        paint_bar(painter, left, centred(top, room, height), width, height, cell.bar)
        left = right - numbers
    if cell.shape:
        size = metrics.px(metrics.GLYPH)
        if cell.shape != "running":
            glyphs.paint(painter, cell.shape, left, centred(top, room, size), under, size)
        left += size + metrics.px(6)
    if cell.icon:
        size = metrics.px(16)
        icons.paint(painter, cell.icon, left, centred(top, room, size), _icon_token(cell.tone), size)
        left += size + metrics.px(6)
    if old:
        painter.setOpacity(1.0)
    if not cell.text:
        return
    role: fonts.Role = "mono" if cell.mono else "body"
    static, width = _static(cell.text[:_LONGEST], role, cell.weight, right - left, column.middle, metrics.px(100))
    if column.right or cell.bar is not None:
        left = right - width
    painter.setFont(_font(role, cell.weight, metrics.px(100)))
    painter.setPen(theme.current().tone("tertiary" if old else cell.tone))
    painter.drawStaticText(QPointF(left, top + (room - 1 - fonts.measure(role, cell.weight).height()) / 2), static)


def centred(top: int, room: int, size: int) -> int:
    """The top of what stands in the middle of a row; rounded in the row itself, so that it is the same in each row."""
    return top + round((room - 1 - size) / 2)


def _icon_token(tone: str) -> str:
    return theme.TONES.get(tone) or f"status.{tone}.mark"


@lru_cache(maxsize=64)
def _font(role: fonts.Role, weight: int, zoom: int) -> QFont:
    return fonts.font(role, weight)


@lru_cache(maxsize=1024)
def _static(text: str, role: fonts.Role, weight: int, space: int, middle: bool, zoom: int) -> tuple[QStaticText, int]:
    text = one_line(text)
    metric = fonts.measure(role, weight)
    how = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
    fitted = text if metric.horizontalAdvance(text) <= space else metric.elidedText(text, how, max(0, space))
    static = QStaticText(fitted)
    static.setTextFormat(Qt.TextFormat.PlainText)
    static.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
    static.prepare(font=fonts.font(role, weight))
    return static, metric.horizontalAdvance(fitted)


# Drawn things must go before Qt does.
atexit.register(_static.cache_clear)
atexit.register(_font.cache_clear)
