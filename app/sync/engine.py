"""Keeps the store true to the server: first the feed, then the reads, then both; and again after every gap.

The feed may lose, repeat and cut changes without a word. So what is true comes from reads, and a change
is a reason to look again that may be shown early.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable

from app.store.store import Store
from app.sync.inbox import Inbox
from app.sync.reader import Reader, dirty_tables
from app.sync.supervisor import Supervisor
from app.sync.tables import Depth
from app.sync.timings import Timings
from app.sync.wake import watch_clock
from services.ports.facts import Feed, Reads

_log = logging.getLogger(__name__)


class Engine:
    """Run `run()` as one task for as long as the console is signed in; cancel it to stop."""

    def __init__(
        self,
        reads: Reads,
        feed: Feed,
        store: Store,
        timings: Timings | None = None,
        *,
        chance: Callable[[], float] = random.random,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._timings = timings or Timings()
        self._inbox = Inbox(store)
        self._reader = Reader(reads, store, self._inbox, self._timings)
        self._supervisor = Supervisor(reads, feed, store, self._inbox, self._reader, self._timings, chance)
        self._chance = chance
        self._wall = wall

    async def run(self) -> None:
        """Sync until cancelled; the feed is closed on the way out."""
        timings, supervisor = self._timings, self._supervisor
        async with asyncio.TaskGroup() as group:
            group.create_task(supervisor.run())
            group.create_task(watch_clock(self._wall, timings.late, supervisor.resume))
            group.create_task(self._pump())
            group.create_task(self._every(timings.flush, self._flush))
            group.create_task(self._every(timings.poll, self._poll_the_unannounced))
            group.create_task(self._every(timings.recent, self._compare_recent))
            group.create_task(self._every(timings.reconcile, self._reconcile))
            group.create_task(self._every(timings.probe, self._probe))
            group.create_task(self._every(timings.tick, self._tick))
            group.create_task(self._tidy())

    async def refresh(self) -> None:
        """Read everything again now, beside whatever goes on."""
        self._supervisor.judge(await self._reader.everything(Depth.ALL_ROWS))

    async def load_job(self, job_id: str) -> None:
        """Bring in all events of one job, those beyond the newest ones too. Raises what the port raises."""
        await self._reader.of_job(job_id)

    async def load_older(self, count: int = 1000) -> bool:
        """Bring in the events before the oldest held; True while there may be more. Raises what the port raises."""
        return await self._reader.older_events(count)

    @property
    def settled(self) -> bool:
        """True when nothing waits to be applied or read again."""
        return not self._inbox and not self._inbox.dirty and not self._store.jobs.pending

    async def _pump(self) -> None:
        """Apply what arrived: at most a frame's budget at a time, and then the screen has its turn."""
        while True:
            await self._inbox.arrived.wait()
            if self._inbox.overflowed:
                self._inbox.overflowed = False
                self._supervisor.lose("more changes came than could be taken in")
            self._inbox.apply(self._timings.budget)
            # Behind a flood there is no waiting for the next frame, only a turn for the others.
            await asyncio.sleep(0 if self._inbox else self._timings.frame)

    async def _flush(self) -> None:
        """Read the rows in doubt again; too many of one table means the whole table."""
        await self._inbox.doubted.wait()
        if self._store.link.phase == "offline":
            return
        for table, count in dirty_tables(self._inbox):
            if count > self._timings.overflow:
                await self._reader.table(table, Depth.ALL_ROWS)
            else:
                await self._reader.points(table)

    async def _poll_the_unannounced(self) -> None:
        """Read the tables that the feed doesn't tell of."""
        if self._store.link.live:
            for table in sorted(self._reader.unannounced):
                await self._reader.table(table, Depth.RECENT)

    async def _compare_recent(self) -> None:
        """Look for changes that were lost without a sign, at times of its own for each console."""
        await asyncio.sleep(self._timings.recent * 0.5 * self._chance())
        if self._store.link.live and not self._supervisor.judge(await self._reader.everything(Depth.RECENT)):
            self._supervisor.lose("the database does not answer")

    async def _reconcile(self) -> None:
        """Compare everything: the only cure for what was lost without a sign and is no longer recent."""
        if self._store.link.live and not self._supervisor.judge(await self._reader.reconcile()):
            self._supervisor.lose("the database does not answer")

    async def _probe(self) -> None:
        """No answer twice in a row means that the link is gone, whatever the feed says."""
        answers = self._supervisor.answers
        if self._store.link.live and not await answers() and not await answers():
            self._supervisor.lose("the database does not answer")

    async def _tick(self) -> None:
        self._store.tick()

    async def _tidy(self) -> None:
        """Hold what came in less room. Behind a flood too, which brings more than there is room for."""
        pause = self._timings.tidy
        while True:
            await asyncio.sleep(pause)
            pause = self._timings.tidy * (1 if self._store.tidy() else 10)

    async def _every(self, seconds: float, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await step()
            except Exception:
                # One bad step must not end sync for the day.
                _log.exception("a step of sync failed")
