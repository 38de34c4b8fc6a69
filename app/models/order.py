"""Which slot stands in which row: slots by their sort values, in pieces short enough to change quickly."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

PIECE: Final = 1000


class Order:
    """Slots (whole numbers) ordered by `values[slot]`, then by slot; `descending` turns it round.

    The value of a slot must not change while it is in here: take it out, change it, put it in again.
    """

    def __init__(self, values: Sequence[Any], descending: bool = False) -> None:
        self.descending = descending
        self._values = values
        self._pieces: list[list[int]] = []
        self._keys: list[list[Any] | None] = []
        """The values of each piece's slots, once somebody looked into it: asking for them one by one takes long."""
        self._heads: list[int] = []
        self._head_keys: list[Any] = []
        self._starts: list[int] = []
        self._count = 0

    @classmethod
    def of_pieces(cls, values: Sequence[Any], pieces: list[list[int]], descending: bool = False) -> Order:
        """From slots that are in order already, cut into pieces of at most PIECE, none empty. Keeps the list."""
        made = cls(values, descending)
        made._pieces = pieces
        made._keys = [None] * len(pieces)
        made._heads = [piece[0] for piece in pieces]
        made._head_keys = [values[head] for head in made._heads]
        made._count = sum(map(len, pieces))
        return made

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        """Every slot by its value, whichever way round the rows stand."""
        for piece in self._pieces:
            yield from piece

    def slot(self, row: int) -> int:
        """The slot that stands in a row. Raises IndexError for a row that isn't there."""
        if not 0 <= row < self._count:
            raise IndexError(row)
        place = self._count - 1 - row if self.descending else row
        starts = self._starts_now()
        number = bisect_right(starts, place) - 1
        return self._pieces[number][place - starts[number]]

    def row(self, slot: int) -> int:
        """The row of a slot, -1 when it isn't in here."""
        number, at = self._find(slot)
        if number < 0 or at >= len(self._pieces[number]) or self._pieces[number][at] != slot:
            return -1
        place = self._starts_now()[number] + at
        return self._count - 1 - place if self.descending else place

    def insert_row(self, slot: int) -> int:
        """The row that a slot would take."""
        number, at = self._find(slot)
        place = self._starts_now()[number] + at if number >= 0 else 0
        return self._count - place if self.descending else place

    def add(self, slot: int) -> None:
        """Put a slot in; it must not be in here."""
        self._starts = []
        self._count += 1
        number, at = self._find(slot)
        value = self._values[slot]
        if number < 0:
            self._pieces.insert(0, [slot])
            self._keys.insert(0, [value])
            self._heads.insert(0, slot)
            self._head_keys.insert(0, value)
            return
        piece, keys = self._pieces[number], self._keys_of(number)
        piece.insert(at, slot)
        keys.insert(at, value)
        if at == 0:
            self._heads[number], self._head_keys[number] = slot, value
        if len(piece) > 2 * PIECE:
            self._pieces[number : number + 1] = [piece[:PIECE], piece[PIECE:]]
            self._keys[number : number + 1] = [keys[:PIECE], keys[PIECE:]]
            self._heads.insert(number + 1, piece[PIECE])
            self._head_keys.insert(number + 1, keys[PIECE])

    def discard(self, slot: int) -> bool:
        """Take a slot out; False when it isn't in here."""
        number, at = self._find(slot)
        if number < 0 or at >= len(self._pieces[number]) or self._pieces[number][at] != slot:
            return False
        self._starts = []
        self._count -= 1
        piece, keys = self._pieces[number], self._keys_of(number)
        del piece[at], keys[at]
        if not piece:
            del self._pieces[number], self._keys[number], self._heads[number], self._head_keys[number]
        elif at == 0:
            self._heads[number], self._head_keys[number] = piece[0], keys[0]
        return True

    def wear_off(self, pieces: int) -> bool:
        """Forget some pieces of an order that nobody needs; False once it is empty."""
        del self._pieces[-pieces:], self._keys[-pieces:]
        return bool(self._pieces)

    def renumber(self, values: Sequence[Any], numbers: Mapping[int, int]) -> None:
        """Slots got new numbers, in the same order; rows stay."""
        self._values = values
        self._pieces = [[numbers[slot] for slot in piece] for piece in self._pieces]
        self._heads = [piece[0] for piece in self._pieces]

    def _find(self, slot: int) -> tuple[int, int]:
        """Piece and place where the slot is or would go; piece -1 when there is none before or at it."""
        if not self._heads:
            return -1, 0
        value, heads = self._values[slot], self._head_keys
        low = bisect_left(heads, value)
        number = max(0, bisect_right(self._heads, slot, low, bisect_right(heads, value, low)) - 1)
        keys = self._keys_of(number)
        low = bisect_left(keys, value)
        return number, bisect_left(self._pieces[number], slot, low, bisect_right(keys, value, low))

    def _keys_of(self, number: int) -> list[Any]:
        keys = self._keys[number]
        if keys is None:
            keys = self._keys[number] = [self._values[slot] for slot in self._pieces[number]]
        return keys

    def _starts_now(self) -> list[int]:
        if not self._starts:
            self._starts = [0, *accumulate(map(len, self._pieces))][:-1] if self._pieces else [0]
        return self._starts
