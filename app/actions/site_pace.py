"""How fast runs follow each other: so many starts a second, and a rest for each site between two runs on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from app.replay.pace import TokenBucket


class RunPace(msgspec.Struct, frozen=True):
    """`at_once`: browsers. `rate`: starts a second, 0 for as fast as it goes. `site_seconds`: the rest of a site."""

    at_once: int = 2
    rate: float = 0.5
    site_seconds: float = 5.0


PACE: Final = RunPace()


class SitePace:
    """One for all runs that this console makes by itself."""

    def __init__(self, pace: RunPace) -> None:
        self._pace = pace
        self._bucket = TokenBucket(pace.rate)
        self._room = asyncio.Semaphore(pace.at_once)
        self._sites: dict[str, asyncio.Lock] = {}
        self._rested: dict[str, float] = {}
        """When a site may be run on again, by the loop's clock."""

    @asynccontextmanager
    async def turn(self, site: str) -> AsyncIterator[None]:
        """Wait until a run on this site may start; while it lasts no other on the same site does."""
        lock = self._sites.setdefault(site, asyncio.Lock())
        async with lock:
            await asyncio.sleep(self._rested.get(site, 0.0) - asyncio.get_running_loop().time())
            async with self._room:
                await self._bucket.take(1)
                try:
                    yield
                finally:
                    self.rest(site, self._pace.site_seconds)

    def rest(self, site: str, seconds: float) -> None:
        """Leave a site alone for so long from now, or for as long as was said before."""
        until = asyncio.get_running_loop().time() + seconds
        self._rested[site] = max(until, self._rested.get(site, 0.0))
