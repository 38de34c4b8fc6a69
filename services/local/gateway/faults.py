"""Fault switches: what a hosted project does to its clients on a bad day, on request and from a seed."""

from __future__ import annotations

import asyncio
import dataclasses
import random
from collections.abc import Callable
from functools import partial
from typing import Annotated, Final

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from services.local.gateway.feed import Listener
from services.local.gateway.wal import RowChange

_CUT: Final = ("/rest/", "/auth/", "/realtime/")
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=600)]


class Switches(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """All off by default. Shares are of row changes, by chance from `seed`."""

    drop: Share = 0.0
    """Lost without a word."""
    repeat: Share = 0.0
    """Sent twice."""
    cut: Share = 0.0
    """Sent without the large values, with Error 413."""
    refuse: Share = 0.0
    """Sent without the row, with Error 401."""
    shuffle: bool = False
    """The tables of one delivery come in any order; each table's own changes stay in theirs."""
    confirm_after: Seconds = 0.0
    """How much later subscriptions are confirmed; they hear changes meanwhile."""
    slow_reads: Seconds = 0.0
    """How long a read waits at most before the database is asked, by chance."""
    stale_reads: Seconds = 0.0
    """How long an answer lies around at most before it is sent, by chance."""
    out_of_reach: bool = False
    """Requests and sockets stay open and get no answer, as when a network is cut; only the switches still hear."""
    seed: int = 0


class Faults:
    """Stands between the log and the channels, and around reads. `switch` replaces all switches."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._switches = Switches()
        self._chance = random.Random(0)  # noqa: S311
        self._deaf = 0
        self._within_reach = asyncio.Event()
        self._within_reach.set()

    @property
    def switches(self) -> Switches:
        """What holds now."""
        return self._switches

    def switch(self, order: bytes) -> None:
        """Hold what this JSON object says. Raises msgspec.DecodeError, which names the field."""
        self._switches = msgspec.json.decode(order, type=Switches)
        self._chance = random.Random(self._switches.seed)  # noqa: S311
        if self._switches.out_of_reach:
            self._within_reach.clear()
        else:
            self._within_reach.set()

    def resubscribe(self, seconds: float) -> None:
        """Lose all changes of the next `seconds`, then confirm all channels anew: nothing else tells of the gap."""
        self._deaf += 1
        asyncio.get_running_loop().call_later(seconds, self._subscribed)

    # The side of the log

    def stream_started(self) -> None:
        """See `Listener`."""
        self._listener.stream_started()

    def waiting(self) -> list[Callable[[], None]]:
        """See `Listener`."""
        if self._deaf:
            return []
        later = self._switches.confirm_after
        confirmations = self._listener.waiting()
        if not later:
            return confirmations
        loop = asyncio.get_running_loop()
        return [partial(_call_later, loop, later, confirm) for confirm in confirmations]

    async def deliver(self, changes: list[RowChange]) -> None:
        """See `Listener`."""
        await self._listener.deliver([] if self._deaf else self._spoilt(changes))

    # The side of the wire

    async def reached(self) -> None:
        """Return as soon as a client can be heard and hears."""
        await self._within_reach.wait()

    @web.middleware
    async def cut(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let nothing in and no answer out while all is out of reach; a client that gave up was never heard."""
        if not request.path.startswith(_CUT):
            return await handler(request)
        await self.reached()
        if request.transport is None or request.transport.is_closing():
            raise web.HTTPRequestTimeout
        answer = await handler(request)
        await self.reached()
        return answer

    # The side of reads

    def around(self, read: Handler) -> Handler:
        """`read`, with the delays that are switched on."""

        async def delayed(request: web.Request) -> web.StreamResponse:
            await self._wait(self._switches.slow_reads)
            answer = await read(request)
            await self._wait(self._switches.stale_reads)
            return answer

        return delayed

    def _subscribed(self) -> None:
        self._deaf -= 1
        self._listener.stream_started()

    async def _wait(self, most: float) -> None:
        if most:
            await asyncio.sleep(self._chance.random() * most)

    def _spoilt(self, changes: list[RowChange]) -> list[RowChange]:
        switches = self._switches
        sent: list[RowChange] = []
        for change in changes:
            if self._happens(switches.drop):
                continue
            if self._happens(switches.cut):
                change = dataclasses.replace(change, fault="413")
            elif self._happens(switches.refuse):
                change = dataclasses.replace(change, fault="401")
            sent += [change] * (2 if self._happens(switches.repeat) else 1)
        if switches.shuffle:
            # A stable sort by a place that chance gives each table.
            places = {change.relation.table: self._chance.random() for change in sent}
            sent.sort(key=lambda change: places[change.relation.table])
        return sent

    def _happens(self, share: float) -> bool:
        return share > 0 and self._chance.random() < share


def _call_later(loop: asyncio.AbstractEventLoop, seconds: float, call: Callable[[], None]) -> None:
    loop.call_later(seconds, call)
