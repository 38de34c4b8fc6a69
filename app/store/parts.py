"""The parts of the local stack, as its supervisor tells of them."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec


class PartLine(msgspec.Struct, frozen=True):
    """How one part stands, since when (unix seconds), and how often it was started again since the console opened."""

    name: str
    state: str
    since: float
    restarts: int = 0
    why: str = ""


class Parts:
    """`version` grows with each change."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.lines: dict[str, PartLine] = {}
        self.version = 0

    def note(self, name: str, state: str, why: str) -> None:
        """A part is in this state; heard twice, it counts once."""
        before = self.lines.get(name)
        if before is not None and (before.state, before.why) == (state, why):
            return
        same = before is not None and before.state == state
        since = before.since if before is not None and same else self._clock()
        restarts = (before.restarts if before is not None else 0) + (state == "restarting" and not same)
        self.lines[name] = PartLine(name, state, since, restarts, why)
        self.version += 1
