"""A table of lines that change while staff look at them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from msgspec.structs import replace
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from app.models.arrangement import Arrangement, everything
from app.models.cells import Cells
from app.models.held_back import HeldBack
from app.models.long_sort import LongSort
from app.models.new_layout import new_layout
from app.models.sorting import AT_ONCE, Rule, Sorted

Line = TypeVar("Line")
Index = QModelIndex | QPersistentModelIndex

CELL_ROLE: Final = int(Qt.ItemDataRole.UserRole) + 1
"""What the table draws: whatever the column's function made of the line."""
LINE_ROLE: Final = int(Qt.ItemDataRole.UserRole) + 2
"""The line itself."""
FEW_MOVES: Final = 8
"""So many rows that come, go or move are told to Qt one by one; more as one new layout."""
MOVES: Final = 256
"""So many that were held back move with one change, the others with the next ones: moving takes time."""
MANY_MOVES: Final = 4000
"""So many take longer to move than to sort anew."""
FEW_LEFT: Final = 50_000
"""So many lines are renumbered in one go, within 50 ms, however many were there before."""

_NO_PARENT: Final = QModelIndex()


class LinesModel(QAbstractTableModel, Generic[Line]):
    """Lines by key in a view order of its own: sorted and filtered here, without a proxy.

    `cells` has one function per column that makes the cell of a line, `sort_keys` one per column that makes its
    sort key (None: not sortable); keys of one column must be hashable and of one kind. Equal keys stand in the
    order in which their lines came. Changes are told to Qt so that selection and scroll position survive.
    """

    waiting_changed = Signal()
    """`waiting` is another: rows that come, go or move are held back, or were let in."""

    sorting_changed = Signal()
    """`sorting` is another."""

    def __init__(
        self,
        key: Callable[[Line], str],
        cells: Sequence[Callable[[Line], object]],
        sort_keys: Sequence[Callable[[Line], Any] | None],
        words: Callable[[Line], str],
        parent: QObject | None = None,
        *,
        steady: Callable[[], object] | None = None,
    ) -> None:
        """`steady`: see `Cells`; not for cells that show anything but their line and the time."""
        super().__init__(parent)
        self._key = key
        self._cells = cells
        self._shown_cells: Cells[Line] = Cells(cells, steady)
        self._sort_keys = sort_keys
        self._words = words
        self._slots: dict[str, int] = {}
        self._lines: list[Line | None] = []
        self._rule: Rule[Line] = Rule(everything)
        self._rows = Arrangement.of(self._lines, self._rule)
        self._window: tuple[int, int] | None = None
        self._frozen = False
        self._held = HeldBack()
        self._long: LongSort[Line] = LongSort(self._sorted, self)
        self._touched: set[int] = set()  # since a long sort began

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._cells)

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        if role == CELL_ROLE:
            return self.cell(index.row(), index.column())
        if role == LINE_ROLE:
            return self.line(index.row())
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._words(self.line(index.row()))
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order by a column; -1 keeps the order in which lines came."""
        value_of = self._sort_keys[column] if 0 <= column < len(self._sort_keys) else None
        fresh = replace(self._rule, value_of=value_of or everything, descending=order == Qt.SortOrder.DescendingOrder)
        if fresh.value_of is self._rule.value_of and not self._long.sorting and not self._held:
            self._rule = fresh
            with new_layout(self, lambda: self._rows):
                self._rows.turn(fresh)
        else:
            self._rearrange(fresh)

    def cell(self, row: int, column: int) -> object:
        """What a cell shows; None when its function can't say, which is logged once for each column."""
        return self._shown_cells.one(self.line(row), column)

    def steady_row(self, row: int) -> tuple[Any, ...] | None:
        """All cells of a row at once, None where they can't be kept."""
        return self._shown_cells.steady_row(self.line(row))

    def line(self, row: int) -> Line:
        """The line shown in `row`."""
        line = self._lines[self._rows.slot(row)]
        assert line is not None
        return line

    def key_at(self, row: int) -> str:
        """Its key."""
        return self._key(self.line(row))

    def by_key(self, key: str) -> Line | None:
        """The line with this key, shown or filtered out."""
        slot = self._slots.get(key)
        return None if slot is None or slot in self._held.gone else self._lines[slot]

    def row_of(self, key: str) -> int:
        """The row that shows `key`, or -1."""
        slot = self._slots.get(key)
        return -1 if slot is None else self._rows.row(slot)

    def all_keys(self) -> list[str]:
        """Keys of all lines, filtered out ones included."""
        return list(self._slots)

    def shown_keys(self) -> list[str]:
        """Keys of the lines that pass the filter, from the top, those that no longer exist left out."""
        slots = (slot for slot in self._rows.slots() if slot not in self._held.gone)
        return [self._key(line) for slot in slots if (line := self._lines[slot]) is not None]

    def total(self) -> int:
        """How many lines there are, filtered out ones included."""
        return len(self._slots)

    def is_gone(self, row: int) -> bool:
        """True for a row that no longer exists and is only kept because the order is frozen."""
        return bool(self._held.gone) and self._rows.slot(row) in self._held.gone

    @property
    def busy(self) -> bool:
        """True while very many lines are sorted in parts, and while what that leaves behind is cleared away."""
        return self._long.busy

    @property
    def sorting(self) -> bool:
        """True while the rows are still those of before the last sort or filter."""
        return self._long.sorting

    def waiting(self) -> tuple[int, int]:
        """Rows that are new, and rows that have another place or should go, held back while frozen."""
        shown = sum(map(self._rows.shown, self._held.slots))
        return len(self._held.slots) - shown, shown

    def watch(self, first: int, last: int) -> None:
        """Only these rows are on the screen: cells that change elsewhere need not be told."""
        self._window = (first, last)

    def freeze(self, frozen: bool) -> None:
        """Keep every row where it is, whatever comes; thaw lets in what was held back. Values go on changing."""
        self._frozen = frozen
        if not frozen:
            self.let_in()

    def thaw(self) -> None:
        """Let in what was held back together with the next changes, at most `MOVES` of its rows with each."""
        self._frozen = False

    @property
    def holds_back(self) -> bool:
        """Whether rows wait to be let in."""
        return bool(self._held)

    def let_in(self) -> None:
        """Show what was held back, frozen or not."""
        if self._held:
            self._move(self._with_held([], len(self._held.slots)))
            self.waiting_changed.emit()

    def set_filter(
        self,
        accepts: Callable[[Line], bool] | None,
        pick: Callable[[Sequence[Line | None]], list[int]] | None = None,
    ) -> None:
        """Show only the lines that `accepts` says yes to; None shows all.
        `pick` gives the same answer for many lines in one call, as the ascending places of those accepted.
        """
        self._rearrange(replace(self._rule, accepts=accepts, pick=pick))

    def reset(self, lines: Iterable[Line]) -> None:
        """Replace everything; selection and scroll are lost, so only for another subject."""
        self.beginResetModel()
        self._stop_sorting()
        self._lines = list(lines)
        self._slots = {self._key(line): slot for slot, line in enumerate(self._lines) if line is not None}
        self._held = HeldBack()
        small = len(self._lines) <= AT_ONCE
        self._rows = Arrangement.of(self._lines if small else [], self._rule)
        self._rows.grow(len(self._lines))
        self.endResetModel()
        if not small:
            self._rearrange(self._rule)

    def apply(self, changed: Mapping[str, Line | None]) -> None:
        """New state of some lines; None removes one."""
        if len(changed) > 200 and len(changed) > len(self._slots) // 4 and not self._frozen:
            slots = ((self._slot_for(key, line), line) for key, line in changed.items())
            self._take_all((slot, line) for slot, line in slots if slot >= 0)
            return
        window = self._window_slots()
        moves: list[tuple[int, Line | None]] = []
        waited = self.holds_back
        for key, line in changed.items():
            slot = self._slot_for(key, line)
            if slot < 0:
                continue
            if self._rows.stays(slot, line):
                self._stay(slot, line, window)
            elif self._frozen:
                self._hold(slot, line, window)
            else:
                moves.append((slot, line))
        waited = waited or self.holds_back
        self._move(moves if self._frozen else self._with_held(moves, MOVES))
        if waited:
            self.waiting_changed.emit()
        live = len(self._slots)
        if 2 * live + 1000 < len(self._lines) and live <= FEW_LEFT and not (self._long.sorting or self._held.gone):
            self._close_ranks()

    def _with_held(self, moves: list[tuple[int, Line | None]], most: int) -> list[tuple[int, Line | None]]:
        """`moves`, and at most so many of those that were held back."""
        self._let_go([slot for slot, _ in moves])
        held = self._held.some(most)
        moves += [(slot, None if slot in self._held.gone else self._lines[slot]) for slot in held]
        self._let_go(held)
        return moves

    def _let_go(self, slots: Sequence[int]) -> None:
        """These get their new lines now, which a sort that goes on may have looked at before."""
        self._held.let_go(slots)
        if self._long.sorting:
            self._touched.update(slots)

    def _slot_for(self, key: str, line: Line | None) -> int:
        slot = self._slots.get(key)
        if slot is not None or line is None:
            return -1 if slot is None else slot
        slot = self._slots[key] = len(self._lines)
        self._lines.append(line)
        self._rows.grow(slot + 1)
        return slot

    def _stay(self, slot: int, line: Line | None, window: dict[int, int] | None) -> None:
        self._let_go((slot,))
        if line is None:
            self._forget(slot)
        else:
            self._replace(slot, line, window)

    def _hold(self, slot: int, line: Line | None, window: dict[int, int] | None) -> None:
        self._held.hold(slot, gone=line is None)
        if self._long.sorting:
            self._touched.add(slot)
        if line is not None:
            self._replace(slot, line, window)

    def _replace(self, slot: int, line: Line, window: dict[int, int] | None) -> None:
        """A new line in the row that the slot has."""
        old, self._lines[slot] = self._lines[slot], line
        row = self._rows.row(slot) if window is None else window.get(slot, -1)
        if row < 0:
            return
        for column in self._shown_cells.other(old, line):
            index = self.index(row, column)
            self.dataChanged.emit(index, index, [CELL_ROLE])

    def _forget(self, slot: int) -> None:
        line, self._lines[slot] = self._lines[slot], None
        if line is not None:
            del self._slots[self._key(line)]

    def _window_slots(self) -> dict[int, int] | None:
        """The rows on the screen by slot; None when nobody said which they are."""
        if self._window is None:
            return None
        first, last = self._window
        return {self._rows.slot(row): row for row in range(max(0, first), min(last + 1, len(self._rows)))}

    def _move(self, moves: list[tuple[int, Line | None]]) -> None:
        """Give slots their new lines and rows."""
        if len(moves) <= FEW_MOVES:
            for slot, line in moves:
                self._move_one(slot, line)
        elif len(moves) > MANY_MOVES:
            self._take_all(moves)
        else:
            with new_layout(self, lambda: self._rows):
                for slot, line in moves:
                    self._put(slot, line)

    def _move_one(self, slot: int, line: Line | None) -> None:
        nowhere = QModelIndex()
        row = self._rows.row(slot)
        if line is None or not self._rows.accepts(line):
            if row >= 0:
                self.beginRemoveRows(nowhere, row, row)
            self._put(slot, line)
            if row >= 0:
                self.endRemoveRows()
            return
        target = self._rows.target(slot, line)
        if row < 0:
            self.beginInsertRows(nowhere, target, target)
            self._put(slot, line)
            self.endInsertRows()
            return
        if target != row:
            self.beginMoveRows(nowhere, row, row, nowhere, target + (target > row))
            self._rows.put(slot, line)
            self.endMoveRows()
        else:
            self._rows.put(slot, line)
        self._replace(slot, line, None)

    def _put(self, slot: int, line: Line | None) -> None:
        """Change line and row without a word to Qt."""
        self._rows.put(slot, line)
        if line is None:
            self._forget(slot)
        else:
            self._lines[slot] = line

    def _take_all(self, moves: Iterable[tuple[int, Line | None]]) -> None:
        """Take new lines, and sort and filter all of them anew."""
        for slot, line in moves:
            if line is None:
                self._held.gone.add(slot)
            else:
                self._held.gone.discard(slot)
                self._lines[slot] = line
        self._rearrange(self._rule)

    def _rearrange(self, rule: Rule[Line]) -> None:
        """Sort and filter anew, at once or in parts."""
        self._rule = rule
        self._touched = set()
        if len(self._lines) > AT_ONCE:
            self._long.start(self._lines, rule)
            self.sorting_changed.emit()
            return
        self._stop_sorting()
        for slot in self._held.gone:
            self._forget(slot)
        self._show(Arrangement.of(self._lines, rule))

    def _stop_sorting(self) -> None:
        if self._long.sorting:
            self._long.stop()
            self.sorting_changed.emit()

    def _sorted(self, found: Sorted) -> None:
        """A long sort has ended: what changed meanwhile is put in its place."""
        rows = Arrangement(self._rule, found)
        rows.grow(len(self._lines))
        for slot in self._touched | self._held.gone:
            if slot in self._held.gone:
                self._forget(slot)
            rows.put(slot, self._lines[slot])
        self._long.wear_off(self._rows)
        self._show(rows)
        self.sorting_changed.emit()

    def _show(self, rows: Arrangement[Line]) -> None:
        waited = self.holds_back
        with new_layout(self, lambda: self._rows):
            self._rows, self._held = rows, HeldBack()
        if waited:
            self.waiting_changed.emit()

    def _close_ranks(self) -> None:
        """Renumber the slots without the empty ones; no row moves. Not for very many lines: it is done in one go."""
        kept = sorted(self._slots.values())
        numbers = {slot: number for number, slot in enumerate(kept)}
        self._rows.renumber(kept, numbers)
        self._lines = [self._lines[slot] for slot in kept]
        self._slots = {key: numbers[slot] for key, slot in self._slots.items()}
        self._held.renumber(numbers)
