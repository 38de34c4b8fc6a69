"""The lives of the feed, one after the other, and what the link says of each."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable

from app.store.store import Store
from app.sync.inbox import Inbox
from app.sync.reader import Kind, Reader
from app.sync.tables import TABLES, Depth
from app.sync.timings import Timings
from services.domain.errors import ConsoleError, NotPermitted, SignedOut
from services.ports.facts import Feed, LinkSignal, Reads, Table

_log = logging.getLogger(__name__)


class Supervisor:
    """Run `run()` as one task.

    An epoch is one life of the feed, from joining to loss. Each one reads what it missed only after the server
    confirmed that changes flow: what is read before can be older than the first change. No confirmation means
    polling meanwhile. Epochs follow each other without end; the pauses between them grow, with full jitter.
    """

    def __init__(
        self, reads: Reads, feed: Feed, store: Store, inbox: Inbox, reader: Reader, timings: Timings,
        chance: Callable[[], float],
    ) -> None:  # fmt: skip
        self._reads = reads
        self._feed = feed
        self._store = store
        self._inbox = inbox
        self._reader = reader
        self._timings = timings
        self._chance = chance
        self._epoch = 0
        self._attempt = 0
        self._confirmed = False
        self._lost = False
        self._resumed = False
        self._why = ""
        self._signalled = asyncio.Event()
        self._next_poll = 0.0
        self._polls = 0

    async def run(self) -> None:
        """Keep the feed alive until cancelled; it is closed on the way out."""
        try:
            while True:
                try:
                    await self._live_once()
                except Exception:
                    _log.exception("an epoch of the feed ended in an error")
                    self._why = "an error of the console's own, see its log"
                await self._close()
                await self._between()
        finally:
            await self._close()

    def lose(self, why: str) -> None:
        """This epoch is over: something may have been missed."""
        self._why = why
        self._lost = True
        self._say_lost()
        self._signalled.set()

    async def resume(self) -> None:
        """The machine slept, or its clock was set: all that was known of the link is void."""
        self._resumed = True
        self.lose("this computer slept, or its clock was set")
        await self.answers()

    async def answers(self) -> bool:
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

    def judge(self, kinds: dict[Table, Kind]) -> bool:
        """True when the reads went as well as they can; else the link says what is wrong."""
        store = self._store
        if "not_reachable" in kinds.values():
            if not store.link.live:
                store.set_link("offline", store.state(_first(kinds, "not_reachable")).problem)
            return False
        if "signed_out" in kinds.values():
            store.set_link("signed_out", store.state(_first(kinds, "signed_out")).problem)
            return False
        if kinds["jobs"] == "not_permitted":
            store.set_link("not_permitted", store.state("jobs").problem)
            return False
        return True

    async def _live_once(self) -> None:
        """One epoch: returns when the feed is lost or could not be had."""
        self._epoch += 1
        self._confirmed = self._lost = False
        self._signalled.clear()
        if self._store.link.phase == "starting":
            self._store.set_link("joining")
            await self.answers()
        if not await self._open() or not await self._confirmation():
            return
        self._store.set_link("catching_up")
        while not self.judge(await self._reader.everything(Depth.ALL_KEYS)):
            if await self._lost_within(self._timings.poll):
                return
        if self._lost:
            return
        self._store.set_link("live")
        began = self._now()
        lost = False
        while not lost:
            lost = await self._lost_within(None)
        if self._now() - began >= self._timings.steady:
            self._attempt = 0

    async def _open(self) -> bool:
        wanted = [table for table in TABLES if self._store.state(table).kind != "not_installed"]
        try:
            async with asyncio.timeout(self._timings.open):
                await self._feed.open(wanted, self._inbox.arrive, functools.partial(self._signal, self._epoch))
            return True
        except TimeoutError:
            self._why = "the feed did not open in time"
        except ConsoleError as error:
            self._why = str(error)
            if isinstance(error, NotPermitted):
                self._store.set_link("signed_out" if isinstance(error, SignedOut) else "not_permitted", self._why)
        return False

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
        while self._now() < until and not self._resumed:
            await asyncio.sleep(min(timings.come_back, until - self._now()))
            answers = await self.answers()
            if answers and self._store.link.phase == "offline":
                self._store.set_link("reconnecting", "the server is back")
                break
            if answers and self._now() >= self._next_poll:
                await self._poll()
        self._resumed = False

    async def _poll(self) -> None:
        self._polls += 1
        deep = self._polls % self._timings.sweeps == 0
        if self.judge(await self._reader.everything(Depth.ALL_KEYS if deep else Depth.GAP)):
            self._store.set_link("polling", self._why)
        self._next_poll = self._now() + self._timings.poll

    def _signal(self, epoch: int, signal: LinkSignal) -> None:
        if epoch != self._epoch:
            return
        if signal.kind == "confirmed" and not self._confirmed:
            self._confirmed = True
            self._signalled.set()
        else:
            self.lose(signal.why or "the server subscribed anew: something may be missing")

    def _say_lost(self) -> None:
        if self._store.link.phase in ("live", "catching_up", "joining"):
            self._store.set_link("reconnecting", self._why)

    async def _signal_within(self, seconds: float | None) -> None:
        """Return at the next signal of this epoch, or after `seconds`."""
        loop = asyncio.get_running_loop()
        bell = loop.call_later(seconds, self._signalled.set) if seconds is not None else None
        try:
            await self._signalled.wait()
        finally:
            if bell is not None:
                bell.cancel()
        self._signalled.clear()

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

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _first(kinds: dict[Table, Kind], kind: Kind) -> Table:
    return next(table for table, found in kinds.items() if found == kind)
