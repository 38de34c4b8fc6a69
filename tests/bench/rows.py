"""One measurement beside its peer, judged by its goal."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Final, Literal, TypedDict

Bound = Literal["<=", ">=", "reported"]
SIGNIFICANT: Final = 6
"""Digits kept of a figure."""


class Row(TypedDict):
    """One measurement: `ratio` is ours/peer, `spread` the half-width over the runs, both in `unit`s of ours.

    The goal is met when `ratio` `bound` `goal`: "<=" where less is better, ">=" where more is. What is only
    "reported" has no goal to miss.
    """

    group: str
    name: str
    ours: float
    peer: float
    peer_name: str
    unit: str
    ratio: float
    bound: Bound
    goal: float
    met: bool
    runs: int
    spread: float


def row(
    group: str,
    name: str,
    *,
    ours: Sequence[float],
    peer: Sequence[float],
    peer_name: str,
    unit: str,
    bound: Bound,
    goal: float = 0.0,
) -> Row:
    """Judge by the medians of `ours` and `peer`, one figure per run each.

    For a limit in `unit`s, the peer is [limit], the bound "<=" and the goal 1.
    """
    our_median, peer_median = statistics.median(ours), statistics.median(peer)
    ratio = our_median / peer_median
    return Row(
        group=group,
        name=name,
        ours=_short(our_median),
        peer=_short(peer_median),
        peer_name=peer_name,
        unit=unit,
        ratio=_short(ratio),
        bound=bound,
        goal=goal,
        met=bound == "reported" or (ratio <= goal if bound == "<=" else ratio >= goal),
        runs=len(ours),
        spread=_short((max(ours) - min(ours)) / 2),
    )


def _short(figure: float) -> float:
    return float(f"{figure:.{SIGNIFICANT}g}")
