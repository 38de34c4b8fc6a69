"""The counts of both queues as they were last told, with their history of the last hour."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final, Literal

import msgspec

from services.domain.errors import ConsoleError, NotInstalled, NotPermitted
from services.ports.wishes import QueueFigures, Queues

Which = Literal["main", "dlq"]
Kind = Literal["", "denied", "absent", "away"]

EVERY: Final = 30.0
"""Seconds between two points of the history."""
POINTS: Final = 120
STALE_SECONDS: Final = 30.0
"""Older counts are not believed to be those of now."""


class QueueNow(msgspec.Struct, frozen=True):
    """One queue. `figures` are the last that were told, at `as_of`; `problem`: why the newest question had no answer.

    `kind`: it may not be asked, it isn't there or not set, or nobody answers.
    """

    figures: QueueFigures | None = None
    as_of: float | None = None
    problem: str = ""
    hint: str = ""
    kind: Kind = ""

    def stale(self, now: float) -> bool:
        """Whether what is known is too old."""
        return self.as_of is not None and (bool(self.kind) or now - self.as_of > STALE_SECONDS)


class QueueWatch:
    """Asks for counts, and keeps the answers. Messages are never received by it."""

    def __init__(self, queues: Queues, *, clock: Callable[[], float] = time.time) -> None:
        self._queues = queues
        self._clock = clock
        self._points: dict[Which, deque[tuple[int, int]]] = {"main": deque(maxlen=POINTS), "dlq": deque(maxlen=POINTS)}
        self.now: dict[Which, QueueNow] = {"main": QueueNow(), "dlq": QueueNow()}

    async def figures(self, which: Which) -> QueueFigures:
        """The counts of a queue now. Raises ConsoleError, which is kept too."""
        try:
            found = await self._queues.figures(which)
        except ConsoleError as error:
            kind: Kind = "denied" if isinstance(error, NotPermitted) else "away"
            kind = "absent" if isinstance(error, NotInstalled) else kind
            self.now[which] = msgspec.structs.replace(
                self.now[which], problem=str(error), hint=error.hint, kind=kind
            )  # fmt: skip
            raise
        self.take(which, found, self._clock())
        return found

    def take(self, which: Which, found: QueueFigures, at: float) -> None:
        """Keep counts that somebody was told, not before `at` (unix seconds); newer ones stay."""
        if (self.now[which].as_of or 0.0) > at:
            return
        self.now[which] = QueueNow(found, at)
        points, place = self._points[which], int(at // EVERY)
        if points and points[-1][0] >= place:
            points.pop()
        points.append((place, found.visible + found.in_flight + found.delayed))

    def history(self, which: Which) -> list[tuple[float, int]]:
        """(seconds before now, messages) of the last hour at most, the oldest first."""
        now = self._clock() // EVERY
        return [((now - place) * EVERY, count) for place, count in self._points[which] if 0 <= now - place < POINTS]
