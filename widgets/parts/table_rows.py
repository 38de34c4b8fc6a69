"""Draws the rows of a table from ready cells.

Whole rows at once: asking Qt for each cell takes ten times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PySide6.QtCore import QRect, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPixmap, QRegion

from widgets.look import glyphs, metrics, motion, theme
from widgets.parts import check_box
from widgets.parts.cell import Cell
from widgets.parts.row_pictures import RowPictures
from widgets.parts.table_cell import OLD, centred, paint_cell

if TYPE_CHECKING:
    from widgets.parts.table import Table

_FEW: Final = 4
"""So many cells of a row are drawn over its last picture; more, and all of it is drawn."""
FRESH: Final = 6
"""So many changed rows are drawn in one turn of the loop; the others show their last picture until the next."""
AHEAD: Final = 8
"""For so many turns the last screen stays, while rows that never were on it are drawn ahead."""


class _Look(NamedTuple):
    """How a row looks besides its cells: surface, strength of the flash, box (None: no box), ring of the keyboard."""

    under: str
    flash: float
    old: bool
    checked: float | None
    ring: bool


class _Row(NamedTuple):
    """One row as it is to be painted."""

    row: int
    line: Hashable
    """The key of its line."""
    look: _Look
    cells: Sequence[tuple[int, QRect, object]]
    """Column, the place of its words as in a row at the very top, and what the cell shows."""
    key: tuple[Any, ...]
    """What a picture of it depends on; () where it has none."""


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
        self._screen: dict[int, tuple[Any, ...]] = {}
        """The key of the picture that stands in each row on the screen."""
        self._screen_offset = 0
        self.late: list[int] = []
        """Rows that show their last picture still, the longest first."""
        self.ahead = False
        """The last screen stays: that of before some change."""
        self._turns_ahead = 0
        self._due = False

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
            for row, left in self._turning:
                if region.intersects(self._place(row, left)):
                    self._turn_on(painter, row, left)
            return
        offset = table.verticalOffset()
        first = max(0, (bounds.top() + offset) // height)
        last = min(table.row_count() - 1, (bounds.bottom() + offset) // height)
        below = (last + 1) * height - offset
        if below <= bounds.bottom():
            painter.fillRect(QRect(0, max(0, below), wide, bounds.bottom() + 1), theme.current().colour("surface.page"))
        # In one piece, its bounds say enough; asking about each cell takes as long as a third of drawing it.
        pieces = region if region.rectCount() > 1 else None
        # Those that had to wait are first now, or rows that change all the time would keep them waiting.
        waiting = [row for row in self.late if first <= row <= last]
        order = (*waiting, *(row for row in range(first, last + 1) if row not in waiting))
        rows = self._rows(order, bounds, pieces)
        if self._stays(rows, offset):
            self._paint_last(painter, rows)
            return
        for one in rows:
            if one.row in waiting and ((table.viewport().visibleRegion() & self._whole(one.row)) - region).isEmpty():
                self.late.remove(one.row)
        self._paint_rows(painter, rows)
        painter.end()
        while len(self._drawn) > len(self._pictures):
            del self._drawn[next(iter(self._drawn))]
        if self.late:
            self._go_on()

    def _whole(self, row: int) -> QRect:
        """The place of a row."""
        height = metrics.px(metrics.ROW)
        return QRect(0, row * height - self._table.verticalOffset(), self._table.viewport().width(), height)

    def _rows(self, order: Iterable[int], bounds: QRect, pieces: QRegion | None) -> list[_Row]:
        """What the rows in `order` show, those left out that `pieces` (None: all of `bounds`) doesn't touch."""
        table, wide = self._table, self._table.viewport().width()
        # Rows that take other places, or of which only the turning shape is another, look as before: a picture of
        # each is drawn anew only when its cells are others. Between two pixels of the screen it would be blurred.
        ratio = table.devicePixelRatioF()
        pictured = ratio.is_integer()
        if pictured:
            room = len(table.seen_rows()) * (2 if self.ahead else 1)
            self._pictures.suit((wide, metrics.px(metrics.ROW), ratio, theme.current()), room)
        in_full = pieces is None and bounds.width() >= wide
        flashes = table.flashes()
        steady_row = getattr(table.model(), "steady_row", None)
        key_at: Callable[[int], Hashable] = getattr(table.model(), "key_at", int)
        rows = []
        for row in order:
            whole = self._whole(row)
            if pieces is not None and not pieces.intersects(whole):
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
            has_picture = pictured and (in_full or kept is not None)
            cells = [
                (column, content, table.cell(row, column) if kept is None else kept[column])
                for column, section, content in self._columns
                if has_picture
                or (
                    not (section.right() < bounds.left() or section.left() > bounds.right())
                    and (pieces is None or pieces.intersects(section.translated(0, whole.top())))
                )
            ]
            key = (look, *(cell for _, _, cell in cells)) if has_picture else ()
            rows.append(_Row(row, key_at(row), look, cells, key))
        return rows

    def _stays(self, rows: Sequence[_Row], offset: int) -> bool:
        """Whether the last screen stays for some turns more: too many rows to draw in one turn never were on it."""
        if offset != self._screen_offset:
            # Whoever scrolls wants to see it.
            self._screen.clear()
            self._screen_offset = offset
        can = self._turns_ahead < AHEAD and all(self._screen.get(one.row) in self._pictures for one in rows)
        self.ahead = can and (self.ahead or len(self._never_seen(rows)) > FRESH)
        if self.ahead:
            self._go_on()
        else:
            self._turns_ahead = 0
        return self.ahead

    def _never_seen(self, rows: Sequence[_Row]) -> list[_Row]:
        """Those that need a picture and have no earlier one to show meanwhile."""
        pictures = self._pictures
        return [
            one for one in rows if one.key and one.key not in pictures and self._drawn.get(one.line) not in pictures
        ]

    def _paint_last(self, painter: QPainter, rows: Sequence[_Row]) -> None:
        """The rows as they were on the last screen."""
        for one in rows:
            picture = self._pictures.get(self._screen[one.row])
            assert picture is not None
            painter.drawPixmap(0, self._whole(one.row).top(), picture)
        numbers = {one.row for one in rows}
        for row, left in self._turning:
            if row in numbers:
                self._turn_on(painter, row, left)

    def _paint_rows(self, painter: QPainter, rows: Sequence[_Row]) -> None:
        """The rows as they are, but for changed ones that must wait for their turn."""
        fresh, late = 0, []
        for one in rows:
            whole = self._whole(one.row)
            if one.key:
                picture, before = self._pictures.get(one.key), self._drawn.pop(one.line, ())
                if picture is None and fresh >= FRESH:
                    # What never was on the screen can't wait, nor may it show what another line was.
                    picture = self._pictures.get(before)
                    if picture is not None:
                        late.append(one.row)
                        cells = [(*part[:2], cell) for part, cell in zip(one.cells, before[1:], strict=True)]
                        one = one._replace(key=before, look=before[0], cells=cells)
                if picture is None:
                    picture = self._pictured(before, one)
                    fresh += 1
                self._drawn[one.line] = self._screen[one.row] = one.key
                painter.drawPixmap(0, whole.top(), picture)
            else:
                self._paint_row(painter, whole, one.look, one.cells)
                self._drawn.pop(one.line, None)
                self._screen.pop(one.row, None)
            for _, content, cell in one.cells:
                self._turning.pop((one.row, content.left()), None)
                if isinstance(cell, Cell) and cell.shape == "running":
                    self._turning[one.row, content.left()] = one.look
                    self._paint_turning(painter, self._place(one.row, content.left()), one.look)
        self.late += [row for row in late if row not in self.late]

    def _go_on(self) -> None:
        """In the next turn."""
        if not self._due:
            self._due = True
            QTimer.singleShot(0, self._table, self._next_turn)

    def _next_turn(self) -> None:
        self._due = False
        seen = self._table.seen_rows()
        self.late = [row for row in self.late if row in seen]
        if self.ahead:
            self._draw_ahead(seen)
        else:
            for row in self.late:
                self._table.update_row(row)

    def _draw_ahead(self, seen: Iterable[int]) -> None:
        """Draw some rows that aren't on the screen yet; all of them are there at once, when few are left."""
        missing = self._never_seen(self._rows(seen, self._table.viewport().rect(), None))
        for one in missing[:FRESH]:
            self._pictured((), one)
        self._turns_ahead += 1
        if len(missing) > 2 * FRESH and self._turns_ahead < AHEAD:
            self._go_on()
        else:
            self.ahead = False
            self._table.viewport().update()

    def forget(self) -> None:
        """Give back the memory of what was drawn."""
        self._pictures.clear()
        self._drawn.clear()
        self._screen.clear()
        self._turning.clear()
        self.late.clear()
        self.ahead = False

    def _pictured(self, before: tuple[Any, ...], row: _Row) -> QPixmap:
        """The picture of `before`, which the line showed last, with a few other cells, or one that is all new."""
        key, cells = row.key, row.cells
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
            whole = QRect(0, 0, self._table.viewport().width(), metrics.px(metrics.ROW))
            self._paint_row(alone, whole, row.look, cells)
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
                place = content.translated(0, whole.top())
                paint_cell(painter, cell, place, self._table.columns[column], under=look.under, old=look.old)
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
        return QRect(left, centred(top, height, size), size, size)

    def _turn_on(self, painter: QPainter, row: int, left: int) -> None:
        """A running shape that is on the screen, turned on."""
        place, look = self._place(row, left), self._turning[row, left]
        self._paint_ground(painter, place, look)
        self._paint_turning(painter, place, look)

    def _paint_turning(self, painter: QPainter, place: QRect, look: _Look) -> None:
        """The shape of what runs, as it stands in its turn now."""
        painter.setOpacity(OLD if look.old else 1.0)
        glyphs.paint(painter, "running", place.left(), place.top(), look.under, place.width(), motion.clock.frame)
        painter.setOpacity(1.0)
