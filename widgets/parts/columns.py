"""The columns of a table, fitted to the width there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

GAP: Final = 12
PADDING: Final = 16
_LEAST: Final = 48
"""What stays of a column that gives way where there is no room at all."""
CHECK: Final = 26
"""What the check boxes take before the first column."""


class Column(msgspec.Struct, frozen=True):
    """One column.

    `width`: pixels at 100 %, the least one when it stretches. `stretch`: its share of the width that is left.
    `right`: numbers. `drops`: 0 stays; 1 goes first when it gets narrow, then 2, and so on.
    `sorts`: a click on the head orders by it. `middle`: elide in the middle (ids).
    """

    title: str
    width: int = 80
    stretch: float = 0.0
    right: bool = False
    drops: int = 0
    sorts: bool = True
    middle: bool = False


def fit(columns: Sequence[Column], space: int, checks: bool, zoom: float = 1.0) -> list[int]:
    """Widths in pixels without gaps, 0 for a column that has to go. The first column always stays; where even
    those that stay don't fit, the ones that stretch give way."""
    widths = [column.width * zoom for column in columns]
    shown = list(range(len(columns)))
    order = sorted((column.drops, index) for index, column in enumerate(columns) if column.drops and index)
    edge = (2 * PADDING + (CHECK if checks else 0)) * zoom

    def need() -> float:
        return sum(widths[index] for index in shown) + GAP * zoom * (len(shown) - 1) + edge

    for _, index in order:
        if need() <= space:
            break
        shown.remove(index)
    rest = space - need()
    shares = sum(columns[index].stretch for index in shown)
    fitted = [0] * len(columns)
    for index in shown:
        share = rest * columns[index].stretch / shares if shares else 0.0
        fitted[index] = max(int(widths[index] + share), int(min(widths[index], _LEAST * zoom)))
    return fitted
