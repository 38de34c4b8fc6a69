"""Draws the rows of a table from ready cells."""

from __future__ import annotations

import atexit
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, Qt
from PySide6.QtGui import QPainter, QPen, QStaticText
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from services.domain.text import one_line
from widgets.look import fonts, glyphs, icons, metrics, motion, theme
from widgets.parts import check_box
from widgets.parts.bar import paint_bar
from widgets.parts.cell import Cell

if TYPE_CHECKING:
    from widgets.parts.table import Table

_LONGEST: Final = 400
"""Characters that are looked at of a text from outside: more than the widest column shows."""
_NUMBERS: Final = 62
"""The room for `n/m` behind a bar, as in 1,000/1,000."""


class TableDelegate(QStyledItemDelegate):
    """Background, hairline, cell, ring of the row that has the keyboard."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self._table = table

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        table = self._table
        shown = theme.current()
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        row, column = index.row(), index.column()
        selected = bool(state & QStyle.StateFlag.State_Selected)
        under = table.surface_of(row, selected)
        painter.fillRect(rect, shown.colour(under))
        flash = table.flash_of(row)
        if flash and not selected:
            colour = shown.colour("surface.flash")
            painter.setOpacity(flash)
            painter.fillRect(rect, colour)
            painter.setOpacity(1.0)
        cell = index.data(table.cell_role)
        if isinstance(cell, Cell):
            self._paint_cell(painter, cell, table.content(column, rect), column, under)
        if column == 0 and table.checks and (selected or table.pointed == row or table.ring == row):
            check_box.paint(painter, rect.left() + metrics.px(16), rect.center().y(), 1.0 if selected else 0.0)
        painter.setPen(QPen(shown.colour("line.faint"), 0))
        painter.drawLine(rect.left(), rect.bottom(), rect.right(), rect.bottom())
        if table.ring == row:
            self._paint_ring(painter, rect, column)

    def _paint_cell(self, painter: QPainter, cell: Cell, rect: QRect, column: int, under: str) -> None:
        table = self._table
        left, right = rect.left(), rect.right() + 1
        middle = rect.top() + (rect.height() - 1) / 2
        if table.old:
            painter.setOpacity(0.55)
        if cell.bar is not None:
            numbers = metrics.px(_NUMBERS)
            height = metrics.px(4)
            width = max(metrics.px(24), right - left - numbers - metrics.px(8))
            paint_bar(painter, left, round(middle - height / 2), width, height, cell.bar)
            left = right - numbers
        if cell.shape:
            size = metrics.px(metrics.GLYPH)
            frame = motion.clock.frame if cell.shape == "running" else 0
            glyphs.paint(painter, cell.shape, left, middle - size / 2, under, size, frame)
            left += size + metrics.px(6)
        if cell.icon:
            size = metrics.px(16)
            icons.paint(painter, cell.icon, left, middle - size / 2, _icon_token(cell.tone), size)
            left += size + metrics.px(6)
        painter.setOpacity(1.0)
        if not cell.text:
            return
        spec = table.columns[column]
        role: fonts.Role = "mono" if cell.mono else "body"
        space = right - left
        static, width = _static(cell.text[:_LONGEST], role, cell.weight, space, spec.middle, metrics.px(100))
        if spec.right or cell.bar is not None:
            left = right - width
        painter.setFont(fonts.font(role, cell.weight))
        painter.setPen(theme.current().tone("tertiary" if table.old else cell.tone))
        painter.drawStaticText(QPointF(left, middle - fonts.measure(role, cell.weight).height() / 2), static)

    def _paint_ring(self, painter: QPainter, rect: QRect, column: int) -> None:
        painter.setPen(QPen(theme.current().colour("accent.focus"), 0))
        painter.drawLine(rect.topLeft(), rect.topRight())
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        if column == 0:
            painter.drawLine(rect.topLeft(), rect.bottomLeft())
        if column == self._table.last_column():
            painter.drawLine(rect.topRight(), rect.bottomRight())


def _icon_token(tone: str) -> str:
    return theme.TONES.get(tone) or f"status.{tone}.mark"


@lru_cache(maxsize=8192)
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


atexit.register(_static.cache_clear)  # drawn things must go before Qt does
