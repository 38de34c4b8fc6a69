"""Draws the rows of a table from ready cells.

Whole rows at once: asking Qt for each cell takes ten times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

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


class _Face:
    """What a row shows. Hashed once: there are very many cells in it, and pictures are found by it."""

    __slots__ = ("_hash", "cells", "look")

    def __init__(self, look: _Look, cells: Sequence[object]) -> None:
        """`cells` by column, those of columns that aren't shown included."""
        self.look, self.cells = look, tuple(cells)
        self._hash = hash((look, self.cells))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Face) and self.look == other.look and self.cells == other.cells


class _Row(NamedTuple):
    """One row as it is to be painted."""

    row: int
    top: int
    line: Hashable
    """The key of its line."""
    face: _Face
    whole: bool
    """All of it is there and may be kept as a picture; else only the cells that are to be painted now."""


class RowPainter:
    """Background, flash, cells, hairline, and the ring of the row that has the keyboard."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._columns: list[tuple[int, QRect, QRect]] = []
        """Each shown column with its section and the part of it for words, both as in a row at the very top."""
        self._turning: dict[int, tuple[_Look, list[int]]] = {}
        """Rows on the screen with running shapes: how the row looks, and their left edges."""
        self._to_turn = QRegion()
        self._pictures = RowPictures()
        self._drawn: dict[Hashable, _Face] = {}
        """What each line showed last, whichever row it had; the longest unseen first."""
        self._screen: dict[int, _Face] = {}
        """What stands in each row on the screen."""
        self._screen_is = (0, 0)
        """How far it was scrolled, and how many rows there were to see."""
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
        self._turning = {row: found for row, found in self._turning.items() if row in seen}
        self._to_turn = QRegion()
        for row, (_, lefts) in self._turning.items():
            for left in lefts:
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
            self._turn_on(painter, list(self._turning), region)
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
            place = QRect(0, one.top, wide, height)
            if one.row in waiting and ((table.viewport().visibleRegion() & place) - region).isEmpty():
                self.late.remove(one.row)
        self._paint_rows(painter, rows)
        painter.end()
        while len(self._drawn) > len(self._pictures):
            del self._drawn[next(iter(self._drawn))]
        if self.late:
            self._go_on()

    def _rows(self, order: Iterable[int], bounds: QRect, pieces: QRegion | None) -> list[_Row]:
        """What the rows in `order` show, those left out that `pieces` (None: all of `bounds`) doesn't touch."""
        table, offset = self._table, self._table.verticalOffset()
        wide, height = table.viewport().width(), metrics.px(metrics.ROW)
        # Rows that take other places, or of which only the turning shape is another, look as before: a picture of
        # each is drawn anew only when its cells are others. Between two pixels of the screen it would be blurred.
        ratio = table.devicePixelRatioF()
        pictured = ratio.is_integer()
        if pictured:
            room = len(table.seen_rows()) * (2 if self.ahead else 1)
            self._pictures.suit((wide, height, ratio, theme.current()), room)
        else:
            self._pictures.clear()  # of a screen where the window was before
        in_full = pieces is None and bounds.width() >= wide
        flashes = table.flashes()
        steady_row = getattr(table.model(), "steady_row", None)
        key_at: Callable[[int], Hashable] = getattr(table.model(), "key_at", int)
        rows = []
        for row in order:
            top = row * height - offset
            if pieces is not None and not pieces.intersects(QRect(0, top, wide, height)):
                continue
            selected = table.is_selected(row)
            look = _Look(
                table.surface_of(row, selected),
                0.0 if selected else flashes.get(row, 0.0),
                table.is_old(row),
                1.0 if selected else 0.0 if row in (table.pointed, table.ring) else None,
                table.ring == row,
            )
            kept = steady_row(row) if steady_row is not None else None
            whole = pictured and (in_full or kept is not None)
            cells = kept
            if cells is None:
                touched = self._columns if whole else self._touched(bounds, pieces, top)
                shown = {column for column, _, _ in touched}
                cells = [table.cell(row, at) if at in shown else None for at in range(len(table.columns))]
            line = key_at(row)
            rows.append(_Row(row, top, line, self._face(line, look, cells), whole))
        return rows

    def _face(self, line: Hashable, look: _Look, cells: Sequence[object]) -> _Face:
        """That which the line showed last, where it shows the same."""
        last = self._drawn.get(line)
        if last is not None and last.look == look and (last.cells is cells or last.cells == cells):
            return last
        return _Face(look, cells)

    def _touched(self, bounds: QRect, pieces: QRegion | None, top: int) -> list[tuple[int, QRect, QRect]]:
        """The columns that are to be painted of a row."""
        return [
            part
            for part in self._columns
            if not (part[1].right() < bounds.left() or part[1].left() > bounds.right())
            and (pieces is None or pieces.intersects(part[1].translated(0, top)))
        ]

    def _stays(self, rows: Sequence[_Row], offset: int) -> bool:
        """Whether the last screen stays for some turns more: too many rows to draw in one turn never were on it."""
        screen = offset, len(self._table.seen_rows())
        if screen != self._screen_is:
            # Whoever scrolls wants to see it; and what a shorter list leaves free must not stand below old rows.
            self._screen.clear()
            self._screen_is = screen
        stayed = self.ahead
        can = self._turns_ahead < AHEAD and all(self._screen.get(one.row) in self._pictures for one in rows)
        self.ahead = can and (stayed or len(self._never_seen(rows)) > FRESH)
        if self.ahead:
            self._go_on()
        else:
            self._turns_ahead = 0
            if stayed:
                # What Qt asks for now may be a part only; the rest is that of before.
                self._table.viewport().update()
        return self.ahead

    def _never_seen(self, rows: Sequence[_Row]) -> list[_Row]:
        """Those that need a picture and have no earlier one to show meanwhile."""
        pictures = self._pictures
        return [
            one for one in rows if one.whole and one.face not in pictures and self._drawn.get(one.line) not in pictures
        ]

    def _paint_last(self, painter: QPainter, rows: Sequence[_Row]) -> None:
        """The rows as they were on the last screen."""
        for one in rows:
            picture = self._pictures.get(self._screen[one.row])
            assert picture is not None
            painter.drawPixmap(0, one.top, picture)
        self._turn_on(painter, [one.row for one in rows])

    def _paint_rows(self, painter: QPainter, rows: Sequence[_Row]) -> None:
        """The rows as they are, but for changed ones that must wait for their turn."""
        wide, height = self._table.viewport().width(), metrics.px(metrics.ROW)
        fresh, turning = 0, []
        for one in rows:
            # Asked for now, those that were drawn ahead outlast the pictures that are added.
            self._pictures.get(one.face)
        for row, top, line, now, whole in rows:
            face, before = now, self._drawn.pop(line, None)
            if whole:
                picture = self._pictures.get(face)
                if picture is None and fresh >= FRESH:
                    # What never was on the screen can't wait, nor may it show what another line was.
                    picture = self._pictures.get(before)
                    if picture is not None and before is not None:
                        self.late += [row] if row not in self.late else []
                        face = before
                if picture is None:
                    picture = self._pictured(before, face)
                    fresh += 1
                self._drawn[line] = self._screen[row] = face
                painter.drawPixmap(0, top, picture)
            else:
                self._paint_row(painter, QRect(0, top, wide, height), face, self._columns)
                self._screen.pop(row, None)
            # Where only some cells are painted, the shapes in the others are as before.
            others = () if whole else self._turning.get(row, (None, ()))[1]
            lefts = [
                content.left()
                for column, _, content in self._columns
                if ((cell := face.cells[column]) is None and content.left() in others)
                or (isinstance(cell, Cell) and cell.shape == "running")
            ]
            if lefts:
                self._turning[row] = face.look, lefts
                turning.append(row)
            else:
                self._turning.pop(row, None)
        self._turn_on(painter, turning)

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
            self._pictured(None, one.face)
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

    def _pictured(self, before: _Face | None, face: _Face) -> QPixmap:
        """The picture of `before`, which the line showed last, with a few other cells, or one that is all new."""
        columns = self._columns
        if before is not None and before.look == face.look:
            columns = [part for part in columns if face.cells[part[0]] != before.cells[part[0]]]
        # Beside the words of the first column is the check box.
        few = len(columns) <= _FEW and not (self._table.checks and columns and columns[0][0] == 0)
        last = self._pictures.turn(before, face) if few else None
        picture = last or self._pictures.add(face)
        with QPainter(picture) as alone:
            if last is not None:
                clip = QRegion()
                for _, section, _ in columns:
                    clip += section
                alone.setClipRegion(clip)
            whole = QRect(0, 0, self._table.viewport().width(), metrics.px(metrics.ROW))
            self._paint_row(alone, whole, face, self._columns if last is None else columns)
        return picture

    def _paint_row(
        self, painter: QPainter, whole: QRect, face: _Face, columns: Sequence[tuple[int, QRect, QRect]]
    ) -> None:  # fmt: skip
        """Some columns of a row in the place `whole`, without the shapes that turn."""
        shown, look = theme.current(), face.look
        self._paint_ground(painter, whole, look)
        for column, _, content in columns:
            cell = face.cells[column]
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

    def _turn_on(self, painter: QPainter, rows: Iterable[int], region: QRegion | None = None) -> None:
        """The running shapes of these rows as they stand in their turn now; `region`: only those in it,
        over whatever is there."""
        size = metrics.px(metrics.GLYPH)
        for row in rows:
            look, lefts = self._turning.get(row, (None, ()))
            if look is None:
                continue
            for left in lefts:
                place = self._place(row, left)
                if region is not None:
                    if not region.intersects(place):
                        continue
                    self._paint_ground(painter, place, look)
                painter.setOpacity(OLD if look.old else 1.0)
                glyphs.paint(painter, "running", left, place.top(), look.under, size, motion.clock.frame)
                painter.setOpacity(1.0)
