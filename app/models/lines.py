"""A table of lines that change while staff look at them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

Line = TypeVar("Line")
Index = QModelIndex | QPersistentModelIndex

CELL_ROLE: Final = int(Qt.ItemDataRole.UserRole) + 1
"""What the delegate draws: whatever the column's function made of the line."""
LINE_ROLE: Final = int(Qt.ItemDataRole.UserRole) + 2
"""The line itself."""

_NO_PARENT: Final = QModelIndex()


class LinesModel(QAbstractTableModel, Generic[Line]):
    """Lines by key in a view order of its own: sorted and filtered here, without a proxy.

    `cells` has one function per column that makes the cell of a line, `sort_keys` one per
    column that makes its sort key (None: not sortable). Changes are told to Qt per cell,
    row or move, so that selection and scroll position survive.
    """

    def __init__(
        self,
        key: Callable[[Line], str],
        cells: Sequence[Callable[[Line], object]],
        sort_keys: Sequence[Callable[[Line], Any] | None],
        words: Callable[[Line], str],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._key = key
        self._cells = cells
        self._sort_keys = sort_keys
        self._words = words
        self._all: dict[str, Line] = {}
        self._view: list[Line] = []
        self._places: list[tuple[Any, str]] = []
        self._filter: Callable[[Line], bool] | None = None
        self._column = -1
        self._descending = False

    # What Qt asks

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._view)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._cells)

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        if role == CELL_ROLE:
            return self._cells[index.column()](self._view[index.row()])
        if role == LINE_ROLE:
            return self._view[index.row()]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._words(self._view[index.row()])
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order by a column; -1 keeps the order in which lines came."""
        self._column = column if 0 <= column < len(self._sort_keys) and self._sort_keys[column] else -1
        self._descending = order == Qt.SortOrder.DescendingOrder
        self._rearrange()

    # What pages ask

    def line(self, row: int) -> Line:
        """The line shown in `row`."""
        return self._view[row]

    def by_key(self, key: str) -> Line | None:
        """The line with this key, shown or filtered out."""
        return self._all.get(key)

    def row_of(self, key: str) -> int:
        """The row that shows `key`, or -1."""
        line = self._all.get(key)
        return -1 if line is None else self._row_at(line)

    def all_keys(self) -> list[str]:
        """Keys of all lines, filtered out ones included."""
        return list(self._all)

    def total(self) -> int:
        """How many lines there are, filtered out ones included."""
        return len(self._all)

    def set_filter(self, accepts: Callable[[Line], bool] | None) -> None:
        """Show only the lines that `accepts` says yes to; None shows all."""
        self._filter = accepts
        self._rearrange()

    # What facts do

    def reset(self, lines: Iterable[Line]) -> None:
        """Replace everything; selection and scroll are lost, so only for another subject."""
        self.beginResetModel()
        self._all = {self._key(line): line for line in lines}
        self._arrange()
        self.endResetModel()

    def apply(self, changed: Mapping[str, Line | None]) -> None:
        """New state of some lines; None removes one."""
        if len(changed) > 200 and len(changed) > len(self._all) // 4:
            self._apply_many(changed)
            return
        for key, line in changed.items():
            self._apply_one(key, line)

    def _apply_one(self, key: str, line: Line | None) -> None:
        old = self._all.get(key)
        row = -1 if old is None else self._row_at(old)
        if line is None:
            self._all.pop(key, None)
        else:
            self._all[key] = line
        shown = line is not None and (self._filter is None or self._filter(line))
        if row >= 0 and (line is None or not shown):
            self._remove(row)
        elif row < 0 and shown and line is not None:
            self._insert(line)
        elif row >= 0 and line is not None:
            self._replace(row, line)

    def _replace(self, row: int, line: Line) -> None:
        place = self._place(line)
        if place != self._places[row]:
            target = bisect_left(self._places, place)
            if target not in (row, row + 1):
                self.beginMoveRows(QModelIndex(), row, row, QModelIndex(), target)
                self._view.pop(row)
                self._places.pop(row)
                row = target - 1 if target > row else target
                self._view.insert(row, line)
                self._places.insert(row, place)
                self.endMoveRows()
        old = self._view[row]
        self._view[row] = line
        self._places[row] = place
        for column, cell in enumerate(self._cells):
            if old is line or cell(old) != cell(line):
                index = self.index(row, column)
                self.dataChanged.emit(index, index, [CELL_ROLE])

    def _insert(self, line: Line) -> None:
        place = self._place(line)
        row = bisect_left(self._places, place)
        self.beginInsertRows(QModelIndex(), row, row)
        self._view.insert(row, line)
        self._places.insert(row, place)
        self.endInsertRows()

    def _remove(self, row: int) -> None:
        self.beginRemoveRows(QModelIndex(), row, row)
        del self._view[row], self._places[row]
        self.endRemoveRows()

    def _apply_many(self, changed: Mapping[str, Line | None]) -> None:
        for key, line in changed.items():
            if line is None:
                self._all.pop(key, None)
            else:
                self._all[key] = line
        self._rearrange()

    def _rearrange(self) -> None:
        self.layoutAboutToBeChanged.emit()
        old = self.persistentIndexList()
        keys = [self._key(self._view[index.row()]) for index in old]
        self._arrange()
        rows = {self._key(line): row for row, line in enumerate(self._view)} if old else {}
        fresh = [
            self.index(rows[key], index.column()) if key in rows else QModelIndex()
            for key, index in zip(keys, old, strict=True)
        ]
        self.changePersistentIndexList(old, fresh)
        self.layoutChanged.emit()

    def _arrange(self) -> None:
        shown = [line for line in self._all.values() if self._filter is None or self._filter(line)]
        pairs = sorted(((self._place(line), line) for line in shown), key=lambda pair: pair[0])
        self._places = [place for place, _ in pairs]
        self._view = [line for _, line in pairs]

    def _place(self, line: Line) -> tuple[Any, str]:
        sort_key = self._sort_keys[self._column] if self._column >= 0 else None
        value: Any = 0 if sort_key is None else sort_key(line)
        return (_Reversed(value) if self._descending else value, self._key(line))

    def _row_at(self, line: Line) -> int:
        place = self._place(line)
        row = bisect_left(self._places, place)
        return row if row < len(self._places) and self._places[row] == place else -1


class _Reversed:
    """A sort key turned round."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: _Reversed) -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reversed) and bool(other.value == self.value)

    def __hash__(self) -> int:
        return hash(self.value)
