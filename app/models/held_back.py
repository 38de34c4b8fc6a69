"""Rows that wait while everything stands still: those that should come, go or take another place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice


class HeldBack:
    """Slots (numbers of lines) whose row is not what it should be."""

    def __init__(self) -> None:
        self.slots: set[int] = set()
        self.gone: set[int] = set()
        """Those of them whose line no longer exists."""

    def __bool__(self) -> bool:
        return bool(self.slots)

    def hold(self, slot: int, *, gone: bool) -> None:
        """This one waits from now on."""
        self.slots.add(slot)
        if gone:
            self.gone.add(slot)
        else:
            self.gone.discard(slot)

    def let_go(self, slots: Iterable[int]) -> None:
        """These no longer wait, if they did."""
        for slot in slots:
            self.slots.discard(slot)
            self.gone.discard(slot)

    def some(self, most: int) -> list[int]:
        """At most so many of them."""
        return list(islice(self.slots, most))

    def renumber(self, numbers: Mapping[int, int]) -> None:
        """Each slot is now `numbers[slot]`; none may be gone."""
        self.slots = {numbers[slot] for slot in self.slots}
