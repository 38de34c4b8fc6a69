"""Sorting and filtering lines: at once, or in parts when there are so many that a window would stand still."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec

from app.models.order import PIECE

Line = TypeVar("Line")

AT_ONCE: Final = 150_000
"""So many lines are sorted in one go, within 50 ms; more in parts."""
PART: Final = 512
"""Lines between two looks at the clock."""


class Rule(msgspec.Struct, Generic[Line], frozen=True):
    """What is shown (None: everything), by which value, and whether turned round."""

    value_of: Callable[[Line], Any]
    accepts: Callable[[Line], bool] | None = None
    descending: bool = False
    pick: Callable[[Sequence[Line | None]], list[int]] | None = None
    """`accepts` asked of all lines at once: the slots that it says yes to, ascending. For speed only."""


class Sorted(msgspec.Struct, frozen=True):
    """By slot: the value where it is shown, and 1 there. `pieces`: the slots that are shown, in order, none empty."""

    values: list[Any]
    shown: bytearray
    pieces: list[list[int]]


def sort_at_once(lines: Sequence[Line | None], rule: Rule[Line]) -> Sorted:
    """None in `lines` is a slot without a line."""
    slots, value_of = picked(lines, rule), rule.value_of
    if len(slots) == len(lines):
        values: list[Any] = list(map(value_of, lines))  # type: ignore[arg-type]  # no slot is without a line
        shown = bytearray(b"\1") * len(lines)
    else:
        values, shown = [None] * len(lines), bytearray(len(lines))
        for slot in slots:
            values[slot], shown[slot] = value_of(lines[slot]), 1  # type: ignore[arg-type]  # picked ones are lines
    slots.sort(key=values.__getitem__)
    return Sorted(values, shown, list(_cut(slots)))


def picked(lines: Sequence[Line | None], rule: Rule[Line]) -> list[int]:
    """The slots whose line the rule shows, ascending."""
    accepts = rule.accepts
    if accepts is None:
        return [slot for slot, line in enumerate(lines) if line is not None]
    if rule.pick is not None:
        return rule.pick(lines)
    return [slot for slot, line in enumerate(lines) if line is not None and accepts(line)]


def _cut(slots: list[int]) -> Iterator[list[int]]:
    return (slots[at : at + PIECE] for at in range(0, len(slots), PIECE))


def sort_in_parts(lines: Sequence[Line | None], rule: Rule[Line]) -> Iterator[Sorted | None]:
    """The same in steps of a millisecond or so: None after each of them, the answer at the end.

    A sample says where the values lie; each line goes to its bucket, and each bucket is sorted alone.
    `lines` may change meanwhile: a line is looked at once, some time before the end.
    """
    accepts, value_of = rule.accepts, rule.value_of
    values: list[Any] = [None] * len(lines)
    shown = bytearray(len(lines))
    slots: list[int] = []
    for start in range(0, len(values), PART):
        for slot in range(start, min(start + PART, len(values))):
            line = lines[slot]
            if line is None:
                continue
            if accepts is None or accepts(line):
                values[slot], shown[slot] = value_of(line), 1
                slots.append(slot)
        yield None
    step = max(1, len(slots) // (8 * (len(slots) // PIECE + 1)))
    sample = sorted(values[slot] for slot in slots[::step])
    edges = list(dict.fromkeys(sample[8::8]))
    yield None
    # A value that many lines have fills a bucket of its own: nothing in it needs to be sorted.
    exact: dict[Any, list[int]] = {edge: [] for edge in edges}
    between: list[list[int]] = [[] for _ in range(len(edges) + 1)]
    for start in range(0, len(slots), PART):
        for slot in slots[start : start + PART]:
            value = values[slot]
            same = exact.get(value)
            (between[bisect_right(edges, value)] if same is None else same).append(slot)
        yield None
    pieces: list[list[int]] = []
    for number, bucket in enumerate(between):
        bucket.sort(key=values.__getitem__)
        yield None
        for run in (bucket, exact[edges[number]] if number < len(edges) else []):
            for piece in _cut(run):
                pieces.append(piece)
                if len(pieces) % 8 == 0:
                    yield None
            # Given back bit by bit: all of it at the end would take a tenth of a second.
            run.clear()
    while slots:
        del slots[-PIECE * 16 :]
        yield None
    yield Sorted(values, shown, pieces)
