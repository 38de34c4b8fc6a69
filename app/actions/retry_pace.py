"""How fast retries of many jobs go: so many a second, a few first, and no further when those fail again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from app.replay.evidence import StoreEvidence
from app.replay.pace import Options, TokenBucket
from app.store.store import Store

PACE: Final = Options()
STOPPED: Final = "Too many of the jobs that were retried first have failed again. The rest was not begun."


class RetryPace:
    """One act on many jobs. `on_wait` is told how many jobs' results are waited for; `goes_on`: nobody stopped it."""

    def __init__(
        self,
        store: Store,
        options: Options,
        *,
        on_wait: Callable[[int], Awaitable[None]],
        goes_on: Callable[[], bool],
    ) -> None:
        self._evidence = StoreEvidence(store)
        self._options = options
        self._bucket = TokenBucket(options.rate)
        self._on_wait = on_wait
        self._goes_on = goes_on
        self._steps = list(options.ramp)
        self._room = self._steps.pop(0) if self._steps else -1
        """So many more before the next wait; -1 for all that are left."""
        self._at = 0.0
        self._asked: dict[str, float] = {}
        """Jobs of this step whose result isn't known, and when each was retried."""
        self._good = self._bad = 0

    async def next(self) -> str:
        """Wait until one more job may be retried; why none may be any more, "" when it may."""
        if self._room == 0:
            await self._results()
            if self._bad > self._options.worst * (self._good + self._bad):
                return STOPPED
            self._room = self._steps.pop(0) if self._steps else -1
        await self._bucket.take(1)
        self._at = time.time()
        return ""

    def begun(self, job_id: str, *, ok: bool) -> None:
        """The job that was let through is retried, or (`ok` False) could not be."""
        if self._room > 0:
            self._room -= 1
            if ok:
                self._asked[job_id] = self._at
            else:
                self._bad += 1

    async def _results(self) -> None:
        until = asyncio.get_running_loop().time() + self._options.result_seconds
        told = 0
        while self._asked and self._goes_on():
            late = asyncio.get_running_loop().time() >= until
            for job_id, at in list(self._asked.items()):
                came_to = self._evidence.retried(job_id, at)
                if came_to or late:
                    del self._asked[job_id]
                    self._good += came_to == "ok"
                    self._bad += came_to != "ok"
            if self._asked:
                if told != len(self._asked):
                    told = len(self._asked)
                    await self._on_wait(told)
                await asyncio.sleep(self._options.poll_seconds)
