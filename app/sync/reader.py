"""Reads of the tables, one at a time for each table, and what came of the newest one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Literal

import msgspec

from app.store.link import TableState
from app.store.merge import key_of
from app.store.store import Store
from app.sync.inbox import Inbox, slices
from app.sync.pages import Pages
from app.sync.tables import TABLES, Depth
from app.sync.timings import Timings
from services.domain.errors import ConsoleError, NotInstalled, NotPermitted, NotReachable, SignedOut
from services.ports.facts import Reads, Table

Kind = Literal["", "signed_out", "not_permitted", "not_installed", "not_reachable", "refused"]
"""How a read went: "" well."""


def kind_of(error: ConsoleError) -> Kind:
    """The kind of a failure."""
    kinds: tuple[tuple[type[ConsoleError], Kind], ...] = (
        (NotReachable, "not_reachable"),
        (SignedOut, "signed_out"),
        (NotPermitted, "not_permitted"),
        (NotInstalled, "not_installed"),
    )
    return next((kind for each, kind in kinds if isinstance(error, each)), "refused")


class _Queued:
    """A read that waits for its turn; who asks meanwhile shares it, at the greater depth."""

    def __init__(self, depth: Depth) -> None:
        self.depth = depth
        self.done: asyncio.Future[Kind] = asyncio.get_running_loop().create_future()


class Reader:
    """Brings rows into the store under the inbox's rules. A failed read leaves what is held as it is.

    At most one read of a table is under way, and at most one more waits behind it.
    """

    def __init__(self, reads: Reads, store: Store, inbox: Inbox, timings: Timings) -> None:
        self._reads = reads
        self._store = store
        self._inbox = inbox
        self._timings = timings
        self._pages = Pages(reads, store, inbox, timings)
        self._locks = {table: asyncio.Lock() for table in TABLES}
        self._queued: dict[Table, _Queued] = {}
        self._heard: dict[Table, int] = {}
        self.unannounced: set[Table] = set()
        """Tables whose rows change without the feed's saying so: they aren't part of the publication."""

    async def everything(self, depth: Depth) -> dict[Table, Kind]:
        """Read all tables; how each one went."""
        async with asyncio.TaskGroup() as group:
            running = {table: group.create_task(self.table(table, depth)) for table in TABLES}
        return {table: task.result() for table, task in running.items()}

    async def reconcile(self) -> dict[Table, Kind]:
        """Compare all tables in full, by keys and versions where these tell; how each one went."""
        async with asyncio.TaskGroup() as group:
            running = {
                table: group.create_task(
                    self.table(table, Depth.ALL_KEYS if self._pages.comparable(table) else Depth.ALL_ROWS)
                )
                for table in TABLES
            }
        return {table: task.result() for table, task in running.items()}

    async def table(self, table: Table, depth: Depth) -> Kind:
        """Read one table; how it went."""
        while (queued := self._queued.get(table)) is not None:
            queued.depth = max(queued.depth, depth)
            try:
                return await asyncio.shield(queued.done)
            except asyncio.CancelledError:
                mine = asyncio.current_task()
                if not queued.done.cancelled() or (mine is not None and mine.cancelling()):
                    raise
        queued = self._queued[table] = _Queued(depth)
        try:
            async with self._locks[table]:
                del self._queued[table]
                kind = await self._read(table, queued.depth)
        except BaseException:
            if self._queued.get(table) is queued:
                del self._queued[table]
            queued.done.cancel()
            raise
        queued.done.set_result(kind)
        return kind

    async def points(self, table: Table) -> Kind:
        """Read the rows that are in doubt now again by their keys, batch by batch.

        All of them in one turn: behind a slow server each turn waits for a whole comparison of the table, which
        brings new ones.
        """
        async with self._locks[table]:
            left = len(self._inbox.dirty.get(table, ()))
            kind: Kind = ""
            while left > 0 and not kind:
                keys = self._inbox.take_dirty(table, min(left, self._timings.batch))
                left -= self._timings.batch
                kind = await self._batch(table, keys)
            return kind

    async def _batch(self, table: Table, keys: list[str]) -> Kind:
        number = self._inbox.begin_read(table)
        try:
            rows = await self._reads.by_ids(table, keys)
            self._inbox.read_rows(table, rows, number)
            self._inbox.read_absent(table, set(keys) - {key_of(table, row) for row in rows}, number)
        except BaseException as error:
            kind = kind_of(error) if isinstance(error, ConsoleError) else "refused"
            if kind not in ("not_permitted", "not_installed"):  # there, asking again would answer nothing
                for key in keys:
                    self._inbox.doubt(table, key)
            if not isinstance(error, ConsoleError):
                raise
            return kind if kind == "not_reachable" else await self._failed(table, error)
        finally:
            self._inbox.end_read(table)
        return ""

    async def of_job(self, job_id: str) -> None:
        """Read all events of one job, however old. Raises what the port raises."""
        async with self._locks["queue_history"]:
            await self._pages.of_job(job_id)

    async def older_events(self, count: int) -> bool:
        """Read `count` events before those held; whether there may be more. Raises what the port raises."""
        async with self._locks["queue_history"]:
            more = await self._pages.older_events(count)
            held = self._store.state("queue_history")
            self._store.set_state("queue_history", msgspec.structs.replace(held, complete=not more))
            return more

    async def _read(self, table: Table, depth: Depth) -> Kind:
        as_of = self._store.now()
        kept = self._store.state(table).kept
        try:
            found = await self._pages.read(table, depth)
        except ConsoleError as error:
            return await self._failed(table, error)
        heard = self._inbox.arrivals(table)
        if heard != self._heard.get(table):
            self.unannounced.discard(table)
        elif found and depth is Depth.RECENT:
            self.unannounced.add(table)
        self._heard[table] = heard
        if kept and table == "queue_history":
            await self._drop(table, self._loose_ends())
        complete = self._pages.held_from(table) is None
        self._store.set_state(table, TableState(as_of, complete=complete, polled=table in self.unannounced))
        return ""

    async def _failed(self, table: Table, error: ConsoleError) -> Kind:
        kind = kind_of(error)
        held = self._store.state(table)
        shown = "not_permitted" if kind == "signed_out" else kind
        if held.kept and shown in ("not_permitted", "not_installed"):
            # What an earlier start could read, this sign-in may not.
            await self._drop(table, list(self._store.rows(table)))
            held = TableState()
        self._store.set_state(
            table,
            TableState(
                held.as_of, kind=shown, problem=str(error), hint=error.hint, complete=held.complete, kept=held.kept
            ),
        )
        return kind

    def _loose_ends(self) -> list[str]:
        """Events of an earlier start from before the oldest that was read: what came between is not held."""
        held_from = self._store.jobs.history_from
        if held_from is None:
            return []
        rows = self._store.rows("queue_history")
        return [key for key, event in rows.items() if (event.created_at or 0.0) < held_from]

    async def _drop(self, table: Table, keys: list[str]) -> None:
        for part in slices(keys):
            for key in part:
                self._store.remove(table, key)
            await asyncio.sleep(0)


def dirty_tables(inbox: Inbox) -> Iterable[tuple[Table, int]]:
    """The tables with rows in doubt, and how many."""
    return [(table, len(inbox.dirty[table])) for table in TABLES if inbox.dirty.get(table)]
