"""Building something large in several turns of the loop, so that the window stays alive meanwhile.

A generator yields wherever the window may have its turn, and returns what it has built.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

_T = TypeVar("_T")


def at_once(building: Generator[None, None, _T]) -> _T:
    """What it builds, in one turn."""
    while True:
        try:
            next(building)
        except StopIteration as end:
            built: _T = end.value
            return built
