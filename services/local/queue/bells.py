"""Bells that wake the receivers who wait for a queue."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter


class Bells:
    """One bell per queue name. A ring between looking and waiting is not missed, because rings are counted."""

    def __init__(self) -> None:
        self._rings: Counter[str] = Counter()
        self._changed = asyncio.Condition()
        self.closed = False

    def rings(self, queue: str) -> int:
        """How often the bell rang: read before looking, hand to `wait`."""
        return self._rings[queue]

    async def ring(self, queue: str) -> None:
        """Wake everybody who waits for `queue`."""
        async with self._changed:
            self._rings[queue] += 1
            self._changed.notify_all()

    async def close(self) -> None:
        """Wake everybody for good: the endpoint is about to end."""
        async with self._changed:
            self.closed = True
            self._changed.notify_all()

    async def wait(self, queue: str, rings: int, seconds: float) -> None:
        """Until the bell rang more often than `rings`, the endpoint closes, or `seconds` have passed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: self.closed or self._rings[queue] != rings)
