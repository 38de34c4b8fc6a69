"""Which lines are shown and in which rows, kept up to date line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from app.models.order import Order
from app.models.sorting import Rule, Sorted, sort_at_once

Line = TypeVar("Line")


class Arrangement(Generic[Line]):
    """Rows of slots under one rule. A slot is a line's number; its line is passed in when it changes."""

    def __init__(self, rule: Rule[Line], found: Sorted) -> None:
        self.rule = rule
        self._values = found.values
        self._shown = found.shown
        self._order = Order.of_pieces(found.values, found.pieces, rule.descending)

    @classmethod
    def of(cls, lines: Sequence[Line | None], rule: Rule[Line]) -> Arrangement[Line]:
        """Sorted and filtered at once."""
        return cls(rule, sort_at_once(lines, rule))

    def __len__(self) -> int:
        return len(self._order)

    def grow(self, count: int) -> None:
        """There are `count` slots now; the new ones aren't shown."""
        more = count - len(self._values)
        self._values += [None] * more
        self._shown += bytes(more)

    def slot(self, row: int) -> int:
        """The slot in a row."""
        return self._order.slot(row)

    def shown(self, slot: int) -> bool:
        """True when it has a row."""
        return self._shown[slot] == 1

    def row(self, slot: int) -> int:
        """Its row, -1 when it has none."""
        return self._order.row(slot) if self._shown[slot] else -1

    def slots(self) -> list[int]:
        """All that are shown, from the top."""
        slots = list(self._order)
        return slots[::-1] if self.rule.descending else slots

    def accepts(self, line: Line | None) -> bool:
        """True for a line that is to be shown."""
        return line is not None and (self.rule.accepts is None or self.rule.accepts(line))

    def stays(self, slot: int, line: Line | None) -> bool:
        """True when the slot would keep its row with this line, or go on having none."""
        accepted = self.accepts(line)
        if not self._shown[slot]:
            return not accepted
        return accepted and line is not None and bool(self.rule.value_of(line) == self._values[slot])

    def target(self, slot: int, line: Line) -> int:
        """The row that the slot would have with this line."""
        held, shown = self._values[slot], self._shown[slot]
        if shown:
            self._order.discard(slot)
        self._values[slot] = self.rule.value_of(line)
        found = self._order.insert_row(slot)
        self._values[slot] = held
        if shown:
            self._order.add(slot)
        return found

    def turn(self, rule: Rule[Line]) -> None:
        """The same lines by the same values, but the other way round."""
        self.rule = rule
        self._order.descending = rule.descending

    def put(self, slot: int, line: Line | None) -> None:
        """Give the slot the row of this line, or none."""
        if self._shown[slot]:
            self._order.discard(slot)
            self._shown[slot] = 0
            # Not kept for the day on which all that is empty goes at once.
            self._values[slot] = None
        if line is not None and self.accepts(line):
            self._shown[slot] = 1
            self._values[slot] = self.rule.value_of(line)
            self._order.add(slot)

    def wear_off(self) -> bool:
        """Give back a part of the memory of an arrangement that nobody needs; False once all of it is."""
        del self._values[-4096:]
        return self._order.wear_off(4) or bool(self._values)

    def renumber(self, kept: Sequence[int], numbers: Mapping[int, int]) -> None:
        """Only the slots in `kept` (ascending) are left; each is now `numbers[slot]`. No row moves."""
        self._values = [self._values[slot] for slot in kept]
        self._shown = bytearray(self._shown[slot] for slot in kept)
        self._order.renumber(self._values, numbers)


def everything(_: Any) -> int:
    """The value of any line where none is asked for: lines stand in the order in which they came."""
    return 0
