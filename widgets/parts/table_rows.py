"""Draws the rows of a table from ready cells.

Whole rows at once: asking Qt for each cell takes ten times as long.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PySide6.QtCore import QPointF, QRect, Qt, QTimer
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen, QPixmap, QRegion, QStaticText

from services.domain.text import one_line
from widgets.look import fonts, glyphs, icons, metrics, motion, theme
from widgets.parts import check_box
from widgets.parts.bar import paint_bar
from widgets.parts.cell import Cell
from widgets.parts.row_pictures import RowPictures

if TYPE_CHECKING:
    from widgets.parts.table import Table

_LONGEST: Final = 400
"""Characters that are looked at of a text from outside: more than the widest column shows."""
_NUMBERS: Final = 62
"""The room for `n/m` behind a bar, as in 1,000/1,000."""
_OLD: Final = 0.55
_FEW: Final = 4
"""So many cells of a row are drawn over its last picture; more, and all of it is drawn."""
FRESH: Final = 6
"""So many changed rows are drawn in one turn of the loop; the others show their last picture until the next."""


class _Look(NamedTuple):
    """How a row looks besides its cells: surface, strength of the flash, box (None: no box), ring of the keyboard."""

    under: str
    flash: float
    old: bool
    checked: float | None
    ring: bool


class RowPainter:
    """Background, flash, cells, hairline, and the ring of the row that has the keyboard."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._columns: list[tuple[int, QRect, QRect]] = []
        """Each shown column with its section and the part of it for words, both as in a row at the very top."""
        self._turning: dict[tuple[int, int], _Look] = {}
        """The row and the left edge of each running shape on the screen, and how its row looks."""
        self._to_turn = QRegion()
        self._pictures = RowPictures()
        self._drawn: dict[Hashable, tuple[Any, ...]] = {}
        """The key of the picture that each line showed last, whichever row it had; the longest unseen first."""
        self.late: list[int] = []
        """Rows that show their last picture still, the longest first."""
        self._late_due = False

    def measure(self) -> None:
        """The columns have other widths."""
        table, height = self._table, metrics.px(metrics.ROW)
        self._columns = []
        self.forget()
        for column in range(len(table.columns)):
            if not table.isColumnHidden(column):
                section = QRect(table.columnViewportPosition(column), 0, table.columnWidth(column), height)
                self._columns.append((column, section, table.content(column, section)))

    def to_turn(self) -> QRegion:
        """Where running shapes are, which will be another picture when they are painted next."""
        seen = self._table.seen_rows()
        self._turning = {place: look for place, look in self._turning.items() if place[0] in seen}
        self._to_turn = QRegion()
        for row, left in self._turning:
            self._to_turn += self._place(row, left)
        return self._to_turn

    def paint(self, event: QPaintEvent) -> None:
        """Draw every cell that the event touches."""
        table = self._table
        painter = QPainter(table.viewport())
        region, wide, height = event.region(), table.viewport().width(), metrics.px(metrics.ROW)
        bounds = event.rect()
        only_turns = (region - self._to_turn).isEmpty()
        self._to_turn = QRegion()
        if only_turns:
            for (row, left), look in self._turning.items():
                place = self._place(row, left)
                if region.intersects(place):
                    self._paint_ground(painter, place, look)
                    self._paint_turning(painter, place, look)
            return
        offset = table.verticalOffset()
        first = max(0, (bounds.top() + offset) // height)
        last = min(table.row_count() - 1, (bounds.bottom() + offset) // height)
        below = (last + 1) * height - offset
        if below <= bounds.bottom():
            painter.fillRect(QRect(0, max(0, below), wide, bounds.bottom() + 1), theme.current().colour("surface.page"))
        flashes = table.flashes()
        # In one piece, its bounds say enough; asking about each cell takes as long as a third of drawing it.
        pieces = region.rectCount() > 1
        # Rows that take other places, or of which only the turning shape is another, look as before: a picture of
        # each is drawn anew only when its cells are others. Between two pixels of the screen it would be blurred.
        ratio = table.devicePixelRatioF()
        pictured = ratio.is_integer()
        if pictured:
            self._pictures.suit((wide, height, ratio, theme.current()), last - first + 1)
        in_full = not pieces and bounds.width() >= wide
        steady_row = getattr(table.model(), "steady_row", None)
        key_at: Callable[[int], Hashable] = getattr(table.model(), "key_at", int)
        fresh, late = 0, []
        # Those that had to wait are first now, or rows that change all the time would keep them waiting.
        waiting = [row for row in self.late if first <= row <= last]
        for row in (*waiting, *(row for row in range(first, last + 1) if row not in waiting)):
            whole = QRect(0, row * height - offset, wide, height)
            if pieces and not region.intersects(whole):
                continue
            selected = table.is_selected(row)
            look = _Look(
                under=table.surface_of(row, selected),
                flash=0.0 if selected else flashes.get(row, 0.0),
                old=table.is_old(row),
                checked=1.0 if selected else 0.0 if row in (table.pointed, table.ring) else None,
                ring=table.ring == row,
            )
            kept = steady_row(row) if steady_row is not None else None
            if pictured and (in_full or kept is not None):
                cells = [
                    (column, content, table.cell(row, column) if kept is None else kept[column])
                    for column, _, content in self._columns
                ]
                key = (look, *(cell for _, _, cell in cells))
                line = key_at(row)
                picture, before = self._pictures.get(key), self._drawn.pop(line, ())
                if picture is None and fresh >= FRESH:
                    # What never was on the screen can't wait, nor may it show what another line was.
                    picture = self._pictures.get(before)
                    if picture is not None:
                        late.append(row)
                        key, look = before, before[0]
                        cells = [(*part[:2], cell) for part, cell in zip(cells, key[1:], strict=True)]
                if picture is None:
                    picture = self._pictured(before, key, QRect(0, 0, wide, height), look, cells)
                    fresh += 1
                self._drawn[line] = key
                painter.drawPixmap(0, whole.top(), picture)
            else:
                cells = [
                    (column, content, table.cell(row, column) if kept is None else kept[column])
                    for column, section, content in self._columns
                    if not (section.right() < bounds.left() or section.left() > bounds.right())
                    and (not pieces or region.intersects(section.translated(0, whole.top())))
                ]
                self._paint_row(painter, whole, look, cells)
                self._drawn.pop(key_at(row), None)
            if row in waiting and ((table.viewport().visibleRegion() & whole) - region).isEmpty():
                self.late.remove(row)
            for _, content, cell in cells:
                self._turning.pop((row, content.left()), None)
                if isinstance(cell, Cell) and cell.shape == "running":
                    self._turning[row, content.left()] = look
                    self._paint_turning(painter, self._place(row, content.left()), look)
        painter.end()
        while len(self._drawn) > len(self._pictures):
            del self._drawn[next(iter(self._drawn))]
        self.late += [row for row in late if row not in self.late]
        if self.late and not self._late_due:
            self._late_due = True
            QTimer.singleShot(0, table, self._draw_late)

    def _draw_late(self) -> None:
        self._late_due = False
        seen = self._table.seen_rows()
        self.late = [row for row in self.late if row in seen]
        for row in self.late:
            self._table.update_row(row)

    def forget(self) -> None:
        """Give back the memory of what was drawn."""
        self._pictures.clear()
        self._drawn.clear()
        self._turning.clear()
        self.late.clear()

    def _pictured(
        self, before: tuple[Any, ...], key: tuple[Any, ...], whole: QRect, look: _Look,
        cells: Sequence[tuple[int, QRect, object]],
    ) -> QPixmap:  # fmt: skip
        """The picture of `before`, which the line showed last, with a few other cells, or one that is all new."""
        other = list(range(len(cells)))
        if before[:1] == key[:1] and len(before) == len(key):
            other = [at for at, cell in enumerate(key[1:]) if cell != before[at + 1]]
        # Beside the words of the first column is the check box.
        few = len(other) <= _FEW and not (self._table.checks and 0 in other)
        last = self._pictures.turn(before, key) if few else None
        picture = last or self._pictures.add(key)
        with QPainter(picture) as alone:
            if last is not None:
                alone.setClipRegion(self._sections([cells[at][0] for at in other]))
                cells = [cells[at] for at in other]
            self._paint_row(alone, whole, look, cells)
        return picture

    def _sections(self, columns: Sequence[int]) -> QRegion:
        """The places of some columns, as in a row at the very top."""
        region = QRegion()
        for column, section, _ in self._columns:
            if column in columns:
                region += section
        return region

    def _paint_row(
        self, painter: QPainter, whole: QRect, look: _Look, cells: Sequence[tuple[int, QRect, object]]
    ) -> None:  # fmt: skip
        """A row in the place `whole`, without the shapes that turn."""
        shown = theme.current()
        self._paint_ground(painter, whole, look)
        for column, content, cell in cells:
            if isinstance(cell, Cell):
                self._paint_cell(painter, cell, content.translated(0, whole.top()), column, look)
        if self._table.checks and look.checked is not None:
            check_box.paint(painter, metrics.px(16), whole.center().y(), look.checked)
        painter.setPen(QPen(shown.colour("line.faint"), 0))
        painter.drawLine(0, whole.bottom(), whole.width(), whole.bottom())
        if look.ring:
            painter.setPen(QPen(shown.colour("accent.focus"), 0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(whole.adjusted(0, 0, -1, -1))

    def _paint_ground(self, painter: QPainter, rect: QRect, look: _Look) -> None:
        """What lies behind the cells."""
        shown = theme.current()
        painter.fillRect(rect, shown.colour("surface.page"))
        if look.under != "surface.page":
            painter.fillRect(rect, shown.colour(look.under))
        if look.flash:
            painter.setOpacity(look.flash)
            painter.fillRect(rect, shown.colour("surface.flash"))
            painter.setOpacity(1.0)

    def _place(self, row: int, left: int) -> QRect:
        """The square of a running shape."""
        size, height = metrics.px(metrics.GLYPH), metrics.px(metrics.ROW)
        top = row * height - self._table.verticalOffset()
        return QRect(left, _middle(top, height, size), size, size)

    def _paint_turning(self, painter: QPainter, place: QRect, look: _Look) -> None:
        """The shape of what runs, as it stands in its turn now."""
        painter.setOpacity(_OLD if look.old else 1.0)
        glyphs.paint(painter, "running", place.left(), place.top(), look.under, place.width(), motion.clock.frame)
        painter.setOpacity(1.0)

    def _paint_cell(self, painter: QPainter, cell: Cell, rect: QRect, column: int, look: _Look) -> None:
        left, right = rect.left(), rect.right() + 1
        top, room = rect.top(), rect.height()
        if look.old:
            painter.setOpacity(_OLD)
        if cell.bar is not None:
            numbers = metrics.px(_NUMBERS)
            height = metrics.px(4)
            width = max(metrics.px(24), right - left - numbers - metrics.px(8))
            paint_bar(painter, left, _middle(top, room, height), width, height, cell.bar)
            left = right - numbers
        if cell.shape:
            size = metrics.px(metrics.GLYPH)
            if cell.shape != "running":
                glyphs.paint(painter, cell.shape, left, _middle(top, room, size), look.under, size)
            left += size + metrics.px(6)
        if cell.icon:
            size = metrics.px(16)
            icons.paint(painter, cell.icon, left, _middle(top, room, size), _icon_token(cell.tone), size)
            left += size + metrics.px(6)
        if look.old:
            painter.setOpacity(1.0)
        if not cell.text:
            return
        spec = self._table.columns[column]
        role: fonts.Role = "mono" if cell.mono else "body"
        static, width = _static(cell.text[:_LONGEST], role, cell.weight, right - left, spec.middle, metrics.px(100))
        if spec.right or cell.bar is not None:
            left = right - width
        painter.setFont(_font(role, cell.weight, metrics.px(100)))
        painter.setPen(theme.current().tone("tertiary" if look.old else cell.tone))
        painter.drawStaticText(QPointF(left, top + (room - 1 - fonts.measure(role, cell.weight).height()) / 2), static)


def _middle(top: int, room: int, size: int) -> int:
    """The top of what stands in the middle of a row; rounded in the row itself, so that it is the same in each row."""
    return top + round((room - 1 - size) / 2)


def _icon_token(tone: str) -> str:
    return theme.TONES.get(tone) or f"status.{tone}.mark"


@lru_cache(maxsize=64)
def _font(role: fonts.Role, weight: int, zoom: int) -> QFont:
    return fonts.font(role, weight)


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


# Drawn things must go before Qt does.
atexit.register(_static.cache_clear)
atexit.register(_font.cache_clear)
