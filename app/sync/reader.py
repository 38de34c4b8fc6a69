"""Reads of the tables, one at a time for each table, and what came of the newest one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Literal

from app.store.link import TableState
from app.store.merge import KEYS, key_of
from app.store.store import Store
from app.sync.inbox import Inbox, slices
from app.sync.timings import ORDERS, TABLES, Timings
from services.domain.errors import ConsoleError, NotInstalled, NotPermitted, NotReachable
from services.domain.times import parse_instant
from services.ports.facts import Reads, Table

Kind = Literal["", "not_permitted", "not_installed", "not_reachable", "refused"]


def kind_of(error: ConsoleError) -> Kind:
    """The kind of a failure, as `TableState` names it."""
    if isinstance(error, NotReachable):
        return "not_reachable"
    if isinstance(error, NotPermitted):
        return "not_permitted"
    return "not_installed" if isinstance(error, NotInstalled) else "refused"


class Reader:
    """Brings rows into the store under the inbox's rules. A failed read leaves what is held as it is."""

    def __init__(self, reads: Reads, store: Store, inbox: Inbox, timings: Timings) -> None:
        self._reads = reads
        self._store = store
        self._inbox = inbox
        self._timings = timings
        self._locks = {table: asyncio.Lock() for table in TABLES}

    async def everything(self) -> dict[Table, Kind]:
        """Read all tables in full; how each one went."""
        async with asyncio.TaskGroup() as group:
            running = {table: group.create_task(self.full(table)) for table in TABLES}
        return {table: task.result() for table, task in running.items()}

    async def full(self, table: Table) -> Kind:
        """Read one table in full, or the newest events of queue_history; how it went."""
        async with self._locks[table]:
            as_of = self._store.now()
            number = self._inbox.begin_read(table)
            # What was in doubt before is answered by this read: it is there, or the sweep doubts it again.
            doubted = self._inbox.take_dirty(table, len(self._inbox.dirty.get(table, ())))
            try:
                complete = await self._pages(table, number)
            except ConsoleError as error:
                for key in doubted:
                    self._inbox.doubt(table, key)
                return self._failed(table, error)
            finally:
                self._inbox.end_read(table)
            self._store.set_state(table, TableState(as_of=as_of, complete=complete))
            return ""

    async def points(self, table: Table) -> Kind:
        """Read the rows in doubt again by their keys, one batch."""
        async with self._locks[table]:
            keys = self._inbox.take_dirty(table, self._timings.batch)
            if not keys:
                return ""
            number = self._inbox.begin_read(table)
            try:
                rows = await self._reads.by_ids(table, keys)
                self._inbox.read_rows(table, rows, number)
                self._inbox.read_absent(table, set(keys) - {key_of(table, row) for row in rows}, number)
            except NotReachable:
                for key in keys:
                    self._inbox.doubt(table, key)
                return "not_reachable"
            except ConsoleError as error:
                return self._failed(table, error)
            finally:
                self._inbox.end_read(table)
            return ""

    async def of_job(self, job_id: str) -> None:
        """Read all events of one job, however old. Raises what the port raises."""
        async with self._locks["queue_history"]:
            number = self._inbox.begin_read("queue_history")
            try:
                await self._pages("queue_history", number, equals={"job_id": job_id})
            finally:
                self._inbox.end_read("queue_history")

    async def _pages(self, table: Table, number: int, equals: Mapping[str, str] | None = None) -> bool:
        """True when everything was read, and then what was not among it is in doubt."""
        order, descending = ORDERS.get(table, (KEYS[table], False))
        limit = self._timings.history if table == "queue_history" and equals is None else None
        seen: set[str] = set()
        after: tuple[str, str] | None = None
        while True:
            size = self._timings.page if limit is None else min(self._timings.page, limit - len(seen))
            rows = await self._reads.page(
                table, order=order, descending=descending, limit=size, after=after, equals=equals
            )
            for part in slices(rows):
                self._inbox.read_rows(table, part, number)
                await asyncio.sleep(0)
            seen.update(key_of(table, row) for row in rows)
            if len(rows) < size:
                break
            if limit is not None and len(seen) >= limit:
                self._store.jobs.history_from = parse_instant(rows[-1].get(order))
                return False
            after = (str(rows[-1].get(order)), key_of(table, rows[-1]))
            number = self._inbox.next_read()
        if equals is None:
            if table == "queue_history":
                self._store.jobs.history_from = None
            self._inbox.sweep(table, seen)
        return True

    def _failed(self, table: Table, error: ConsoleError) -> Kind:
        kind = kind_of(error)
        held = self._store.state(table)
        self._store.set_state(
            table, TableState(held.as_of, kind=kind, problem=str(error), hint=error.hint, complete=held.complete)
        )
        return kind


def dirty_tables(inbox: Inbox) -> Iterable[tuple[Table, int]]:
    """The tables with rows in doubt, and how many."""
    return [(table, len(inbox.dirty[table])) for table in TABLES if inbox.dirty.get(table)]
