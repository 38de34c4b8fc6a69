"""What the columns of a table show of its lines."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

_log = logging.getLogger(__name__)
Line = TypeVar("Line")

_MOST: Final = 256
"""Lines whose cells are kept: more than a screen shows."""


class Cells(Generic[Line]):
    """`made` has one function per column. `steady`, where it is given, is called for something that is another
    whenever cells of an unchanged line may be: meanwhile, they are made once.
    """

    def __init__(self, made: Sequence[Callable[[Line], object]], steady: Callable[[], object] | None = None) -> None:
        self._made = made
        self._steady = steady
        self._as_of: object = None
        self._kept: dict[int, tuple[Line, tuple[object, ...]]] = {}
        """By the identity of the line, which is kept too: so no other can have it."""
        self._broken: set[int] = set()

    def one(self, line: Line, column: int) -> object:
        """A cell; None when its function can't say, which is logged once for each column."""
        try:
            return self._made[column](line)
        except Exception:
            if column not in self._broken:
                self._broken.add(column)
                _log.exception("column %d can't show %r", column, line)
            return None

    def other(self, old: Line | None, line: Line) -> list[int]:
        """The columns that show something else than they did of the line before; all where that isn't known."""
        columns = range(len(self._made))
        if old is None or old is line:
            return list(columns)
        before, after = self.steady_row(old), self.steady_row(line)
        if before is None or after is None:
            return [at for at in columns if self.one(old, at) != self.one(line, at)]
        return [at for at in columns if before[at] != after[at]]

    def steady_row(self, line: Line) -> tuple[Any, ...] | None:
        """Every cell of a line, as they were made before if nothing can have changed; None where that isn't known."""
        if self._steady is None:
            return None
        as_of = self._steady()
        if as_of != self._as_of or len(self._kept) >= _MOST:
            self._kept.clear()
            self._as_of = as_of
        kept = self._kept.get(id(line))
        if kept is None:
            kept = self._kept[id(line)] = (line, tuple([self.one(line, at) for at in range(len(self._made))]))
        return kept[1]
