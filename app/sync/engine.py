"""Keeps the store true to the server: first the feed, then the reads, then both; and again after every gap.

The feed may lose, repeat and cut changes without a word. So what is true comes from reads, and a change
is a reason to look again that may be shown early.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import random
import time
from collections.abc import Awaitable, Callable

from app.store.store import Store
from app.sync.inbox import Inbox
from app.sync.reader import Kind, Reader, dirty_tables
from app.sync.timings import TABLES, Timings
from services.domain.errors import ConsoleError, NotPermitted
from services.ports.facts import Feed, LinkSignal, Reads, Table

_log = logging.getLogger(__name__)


class Engine:
    """Run `run()` as one task for as long as the console is signed in; cancel it to stop.

    An epoch is one life of the feed, from joining to loss. Each epoch starts with a full read that is
    sent only after the server confirmed that changes flow; no confirmation means polling meanwhile.
    """

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
        self._reads = reads
        self._feed = feed
        self._store = store
        self._timings = timings or Timings()
        self._inbox = Inbox(store)
        self._reader = Reader(reads, store, self._inbox, self._timings)
        self._chance = chance
        self._wall = wall
        self._epoch = 0
        self._attempt = 0
        self._confirmed = False
        self._lost = False
        self._why = ""
        self._resumed = False
        self._signalled = asyncio.Event()
        self._next_poll = 0.0

    async def run(self) -> None:
        """Sync until cancelled; the feed is closed on the way out."""
        timings = self._timings
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump())
                group.create_task(self._watch_clock())
                group.create_task(self._every(timings.flush, self._flush))
                group.create_task(self._every(timings.reconcile, self._reconcile))
                group.create_task(self._every(timings.probe, self._probe))
                group.create_task(self._every(timings.tick, self._tick))
                group.create_task(self._supervise())
        finally:
            await self._close()

    async def refresh(self) -> None:
        """Read everything again now, beside whatever goes on."""
        self._judge(await self._reader.everything())

    async def load_job(self, job_id: str) -> None:
        """Bring in all events of one job, those beyond the newest ones too. Raises what the port raises."""
        await self._reader.of_job(job_id)

    @property
    def settled(self) -> bool:
        """True when nothing waits to be applied or read again."""
        return not self._inbox and not self._inbox.dirty and not self._store.jobs.pending

    async def _supervise(self) -> None:
        while True:
            try:
                await self._live_once()
            except Exception:
                _log.exception("an epoch of the feed ended in an error")
                self._why = "an error of the console's own, see its log"
            await self._close()
            await self._between()

    async def _live_once(self) -> None:
        """One epoch: returns when the feed is lost or could not be had."""
        timings = self._timings
        self._epoch += 1
        self._confirmed = self._lost = False
        self._signalled.clear()
        if self._store.link.phase == "starting":
            self._store.set_link("joining")
            await self._answers()
        wanted = [table for table in TABLES if self._store.state(table).kind != "not_installed"]
        try:
            async with asyncio.timeout(timings.open):
                await self._feed.open(wanted, self._inbox.arrive, functools.partial(self._signal, self._epoch))
        except TimeoutError:
            self._why = "the feed did not open in time"
            return
        except ConsoleError as error:
            self._why = str(error)
            if isinstance(error, NotPermitted):
                self._store.set_link("not_permitted", self._why)
            return
        if not await self._confirmation():
            return
        self._store.set_link("catching_up")
        while not self._judge(await self._reader.everything()):
            if await self._lost_within(timings.poll):
                return
        if self._lost:
            return
        self._store.set_link("live")
        began = self._now()
        while not await self._lost_within(None):
            pass
        if self._now() - began >= timings.steady:
            self._attempt = 0

    async def _confirmation(self) -> bool:
        """Wait until the server says that changes flow; poll when that takes long. False: give this epoch up."""
        await self._signal_within(self._timings.confirm)
        until = self._now() + self._timings.give_up
        while not self._confirmed and not self._lost and self._now() < until:
            self._why = "the server did not confirm the feed"
            await self._poll()
            await self._signal_within(self._timings.poll)
        return self._confirmed and not self._lost

    async def _between(self) -> None:
        """The pause before the next epoch: full jitter, doubling, with polls while it lasts.

        It is over at once when the machine woke up, or when a server that was gone is back.
        """
        timings = self._timings
        self._attempt += 1
        most = min(timings.backoff_most, timings.backoff_first * 2 ** min(self._attempt - 1, 16))
        until = self._now() + most * self._chance()
        self._say_lost()
        self._next_poll = self._now() + timings.poll
        gone = False
        while self._now() < until and not self._resumed:
            await asyncio.sleep(min(timings.come_back, until - self._now()))
            answers = await self._answers()
            if answers and gone:
                self._store.set_link("reconnecting", "the server is back")
                break
            gone = not answers
            if answers and self._now() >= self._next_poll:
                await self._poll()
        self._resumed = False

    async def _poll(self) -> None:
        if self._judge(await self._reader.everything()):
            self._store.set_link("polling", self._why)
        self._next_poll = self._now() + self._timings.poll

    def _judge(self, kinds: dict[Table, Kind]) -> bool:
        """True when the reads went as well as they can; else the link says what is wrong."""
        if "not_reachable" in kinds.values():
            if self._store.link.phase != "live":
                self._store.set_link("offline", self._store.state(_first(kinds, "not_reachable")).problem)
            return False
        if kinds["jobs"] == "not_permitted":
            self._store.set_link("not_permitted", self._store.state("jobs").problem)
            return False
        return True

    def _signal(self, epoch: int, signal: LinkSignal) -> None:
        if epoch != self._epoch:
            return
        if signal.kind == "confirmed" and not self._confirmed:
            self._confirmed = True
            self._signalled.set()
        else:
            self._lose(signal.why or "the server subscribed anew: something may be missing")

    def _lose(self, why: str) -> None:
        self._why = why
        self._lost = True
        self._say_lost()
        self._signalled.set()

    def _say_lost(self) -> None:
        if self._store.link.phase in ("live", "catching_up", "joining"):
            self._store.set_link("reconnecting", self._why)

    async def _signal_within(self, seconds: float | None) -> None:
        """Return at the next signal of this epoch, or after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._signalled.wait()
                self._signalled.clear()
        except TimeoutError:
            return

    async def _lost_within(self, seconds: float | None) -> bool:
        if not self._lost:
            await self._signal_within(seconds)
        return self._lost

    async def _close(self) -> None:
        self._epoch += 1
        try:
            await self._feed.close()
        except ConsoleError as error:
            _log.warning("the feed did not close well: %s", error)

    async def _pump(self) -> None:
        """Apply what arrived, a frame's budget at a time."""
        while True:
            await asyncio.sleep(self._timings.frame)
            self._inbox.apply(self._timings.budget)

    async def _watch_clock(self) -> None:
        """A tick that is very late, or a clock that moved against the ticks, means that the machine slept."""
        wall, steady = self._wall(), self._now()
        while True:
            await asyncio.sleep(1.0)
            passed, ticked = self._wall() - wall, self._now() - steady
            wall, steady = self._wall(), self._now()
            if ticked > 1.0 + self._timings.late or abs(passed - ticked) > self._timings.late:
                self._resumed = True
                self._lose("this machine slept, or its clock was set")
                await self._answers()

    async def _flush(self) -> None:
        """Read the rows in doubt again; too many of one table means the whole table."""
        if self._store.link.phase == "offline":
            return
        for table, count in dirty_tables(self._inbox):
            if count > self._timings.overflow:
                await self._reader.full(table)
            else:
                await self._reader.points(table)

    async def _reconcile(self) -> None:
        """Read everything again: the only cure for changes that were lost without a sign."""
        if self._store.link.live and not self._judge(await self._reader.everything()):
            self._lose("the database does not answer")

    async def _probe(self) -> None:
        """No answer twice in a row means that the link is gone, whatever the feed says."""
        if self._store.link.live and not await self._answers() and not await self._answers():
            self._lose("the database does not answer")

    async def _answers(self) -> bool:
        """Whether the server answers; if so, its clock is known."""
        try:
            async with asyncio.timeout(self._timings.answer):
                self._store.set_offset(await self._reads.server_offset())
            return True
        except TimeoutError:
            why = "the server does not answer"
        except ConsoleError as error:
            why = str(error)
        if not self._store.link.live:
            self._store.set_link("offline", why)
        return False

    async def _tick(self) -> None:
        self._store.jobs.tick()

    async def _every(self, seconds: float, step: Callable[[], Awaitable[None]], *, at_once: bool = False) -> None:
        if not at_once:
            await asyncio.sleep(seconds)
        while True:
            try:
                await step()
            except Exception:
                # One bad step must not end sync for the day.
                _log.exception("a step of sync failed")
            await asyncio.sleep(seconds)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _first(kinds: dict[Table, Kind], kind: Kind) -> Table:
    return next(table for table, found in kinds.items() if found == kind)
