"""How fast a batch may go: so many messages a second, and first a few."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

RAMP: Final = (1, 2, 5, 20)
"""So many at first; after each of these the line waits for what became of them."""


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a batch goes.

    `rate`: messages a second, 0 for as fast as it goes. `ramp`: sizes of the first steps. `worst`: share of failures
    above which the line stops. `result_seconds`: how long a step waits for its business results; without one by
    then it counts as failed. `lanes`: batches of ten that are under way at a time.
    """

    rate: float = 1.0
    ramp: tuple[int, ...] = RAMP
    worst: float = 0.2
    result_seconds: float = 900.0
    poll_seconds: float = 1.0
    lanes: int = 6
    claim_seconds: int = 60


class TokenBucket:
    """Lets `rate` messages pass a second, at most a second's worth at once. One bucket for all lanes of a batch."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._most = max(1.0, rate)
        self._tokens = 1.0
        self._at: float | None = None
        self._turn = asyncio.Lock()

    async def take(self, most: int) -> int:
        """Wait until one may pass; how many may, from 1 to `most`."""
        if self._rate <= 0:
            return most
        async with self._turn:
            self._fill()
            if self._tokens < 1:
                await asyncio.sleep((1 - self._tokens) / self._rate)
                self._fill()
            taken = max(1, min(most, int(self._tokens)))
            self._tokens -= taken
            return taken

    def give_back(self, count: int) -> None:
        """So many that were taken did not pass."""
        self._tokens = min(self._most, self._tokens + count)

    def _fill(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._at is not None:
            self._tokens = min(self._most, self._tokens + (now - self._at) * self._rate)
        self._at = now
