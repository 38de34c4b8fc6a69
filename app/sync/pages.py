"""One read of one table, page by page: what is asked for at each depth, and what becomes of the answer."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from app.store.merge import KEYS, key_of
from app.store.store import Store
from app.sync.inbox import Inbox, slices
from app.sync.tables import APPEND_ONLY, CURSORS, NEWEST_FIRST, Depth
from app.sync.timings import Timings
from services.domain.errors import NotInstalled
from services.domain.times import parse_instant, to_iso
from services.ports.facts import Reads, Table


class Pages:
    """Reads one table at a time; the caller sees to it that reads of one table don't overlap.

    A row's cursor column may be older than the read that first sees it: a transaction writes its start and
    commits later, and workers' clocks differ. So each read begins `overlap` seconds before the newest row seen.
    """

    def __init__(self, reads: Reads, store: Store, inbox: Inbox, timings: Timings) -> None:
        self._reads = reads
        self._store = store
        self._inbox = inbox
        self._timings = timings
        self._newest: dict[Table, float] = {}
        self._versioned: set[Table] = set()
        self._without_cursor: set[Table] = set()
        self._acts_from: float | None = None

    async def read(self, table: Table, depth: Depth) -> int:
        """Read at this depth, or deeper where it must; how many rows were other than held. Raises ConsoleError."""
        if table not in CURSORS or table in self._without_cursor or table not in self._newest:
            depth = Depth.ALL_ROWS
        number = self._inbox.begin_read(table)
        try:
            if depth is Depth.ALL_ROWS:
                return await self._all_rows(table, number)
            if depth is Depth.RECENT and self.comparable(table):
                return await self._compare(table, number, since=self._since(table))
            found = await self._changed_rows(table, number)
            if depth is Depth.ALL_KEYS:
                found += await self._all_keys(table)
            return found
        except _NoCursor:
            self._without_cursor.add(table)
            return await self._all_rows(table, self._inbox.next_read())
        finally:
            self._inbox.end_read(table)

    async def of_job(self, job_id: str) -> None:
        """Read all events of one job, however old. Raises ConsoleError."""
        number = self._inbox.begin_read("queue_history")
        try:
            async with aclosing(self._paged("queue_history", "id", number, equals={"job_id": job_id})) as pages:
                async for rows, at in pages:
                    self._inbox.read_rows("queue_history", rows, at)
            self._store.jobs.mark_whole(job_id)
        finally:
            self._inbox.end_read("queue_history")

    async def older_events(self, count: int) -> bool:
        """Read `count` events before those held; whether there may be more. Raises ConsoleError."""
        jobs = self._store.jobs
        if jobs.history_from is None:
            return False
        held = self._store.activity.events
        oldest = held[bisect_left(held, jobs.history_from, key=lambda event: event.created_at or 0.0)]
        number = self._inbox.begin_read("queue_history")
        try:
            rows = await self._reads.page(
                "queue_history", order="created_at", descending=True, limit=count,
                after=(to_iso(jobs.history_from), oldest.id),
            )  # fmt: skip
            await self._apply("queue_history", rows, number)
        finally:
            self._inbox.end_read("queue_history")
        jobs.history_from = parse_instant(rows[-1].get("created_at")) if len(rows) == count else None
        return jobs.history_from is not None

    def comparable(self, table: Table) -> bool:
        """Whether keys and versions alone tell which rows are other than held."""
        return table in self._versioned or table in APPEND_ONLY

    def held_from(self, table: Table) -> float | None:
        """Rows before this instant, unix seconds, were not read; None where all were."""
        if table == "queue_history":
            return self._store.jobs.history_from
        return self._acts_from if table == "staff_actions" else None

    def _since(self, table: Table) -> float:
        """Where a read of what changed begins, unix seconds."""
        since = max(0.0, self._newest[table] - self._timings.overlap)
        held_from = self.held_from(table)
        return since if held_from is None else max(since, held_from)

    async def _all_rows(self, table: Table, number: int) -> int:
        # What was in doubt before is answered by this read: it is there, or the sweep doubts it again.
        doubted = self._inbox.take_dirty(table, len(self._inbox.dirty.get(table, ())))
        try:
            return await self._everything(table, number)
        except BaseException:
            for key in doubted:
                self._inbox.doubt(table, key)
            raise

    async def _everything(self, table: Table, number: int) -> int:
        cursor = CURSORS.get(table) if table not in self._without_cursor else None
        limit = self._timings.history if table in APPEND_ONLY else None
        began = self._store.now()
        seen: set[str] = set()
        found, last, newest = 0, None, 0.0
        reading = self._paged(table, cursor or KEYS[table], number, descending=table in NEWEST_FIRST, limit=limit)
        try:
            async with aclosing(reading) as pages:
                async for rows, at in pages:
                    if cursor:
                        newest = max(newest, _newest(rows, cursor))
                    found += await self._apply(table, rows, at)
                    seen.update(key_of(table, row) for row in rows)
                    last = rows[-1]
        except (NotInstalled, _NoCursor):
            if cursor is None:
                raise
            # The column is missing in this project, or empty in some row; or the table is, which the key will tell.
            self._without_cursor.add(table)
            return await self._everything(table, self._inbox.next_read())
        if last is not None and isinstance(last.get("version"), int):
            self._versioned.add(table)
        # A clock that is ahead must not move the start of the next read into the future.
        self._newest[table] = min(newest, began)
        if limit is not None:
            cut = last if len(seen) >= limit else None
            self._cut(table, parse_instant(cut.get("created_at")) if cut else None)
        return found + self._inbox.sweep(table, self._held(table) - seen)

    async def _changed_rows(self, table: Table, number: int) -> int:
        cursor = CURSORS[table]
        began = self._store.now()
        found, newest = 0, self._newest[table]
        async with aclosing(self._paged(table, cursor, number, since=self._since(table))) as pages:
            async for rows, at in pages:
                found += await self._apply(table, rows, at)
                newest = max(newest, _newest(rows, cursor))
        self._newest[table] = min(newest, began)
        return found

    async def _all_keys(self, table: Table) -> int:
        """Keys (and versions) of everything in the window, so that what is gone or differs is read again."""
        held_from = self.held_from(table)
        seen: set[str] = set()
        found = await self._compare(table, self._inbox.next_read(), since=held_from, seen=seen)
        return found + self._inbox.sweep(table, self._held(table) - seen)

    async def _compare(self, table: Table, number: int, *, since: float | None, seen: set[str] | None = None) -> int:
        """Doubt the rows that are missing here or of another version; how many."""
        key, cursor = KEYS[table], CURSORS[table]
        versioned = table in self._versioned
        order = key if since is None else cursor
        columns = [key, *([cursor] if since is not None else []), *(["version"] if versioned else [])]
        began = self._store.now()
        found, newest = 0, self._newest[table]
        async with aclosing(self._paged(table, order, number, since=since, columns=columns)) as pages:
            async for rows, _ in pages:
                for row in rows:
                    name = key_of(table, row)
                    held = self._store.get(table, name)
                    if held is None or (versioned and held.version != row.get("version")):
                        self._inbox.doubt(table, name)
                        found += 1
                    if seen is not None:
                        seen.add(name)
                if since is not None:
                    newest = max(newest, _newest(rows, cursor))
                await asyncio.sleep(0)
        self._newest[table] = min(newest, began)
        return found

    async def _apply(self, table: Table, rows: Sequence[Mapping[str, Any]], number: int) -> int:
        found = 0
        for part in slices(rows):
            found += self._inbox.read_rows(table, part, number)
            await asyncio.sleep(0)
        return found

    def _cut(self, table: Table, held_from: float | None) -> None:
        if table == "queue_history":
            self._store.jobs.history_from = held_from
        else:
            self._acts_from = held_from

    def _held(self, table: Table) -> set[str]:
        """Keys held of what a read of everything covers: of what grows without end, only the newest part."""
        rows = self._store.rows(table)
        held_from = self.held_from(table)
        if held_from is None:
            return set(rows)
        return {key for key, row in rows.items() if (row.created_at or 0.0) >= held_from}

    async def _paged(
        self,
        table: Table,
        order: str,
        number: int,
        *,
        descending: bool = False,
        limit: int | None = None,
        since: float | None = None,
        columns: Sequence[str] = (),
        equals: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[tuple[list[dict[str, Any]], int], None]:
        """Pages that are not empty, each with the number of the read that it answers."""
        after: tuple[str, str] | None = None
        taken = 0
        while True:
            size = self._timings.page if limit is None else min(self._timings.page, limit - taken)
            rows = await self._reads.page(
                table, order=order, descending=descending, limit=size, after=after, equals=equals,
                since=None if since is None or after is not None else to_iso(since), columns=columns,
            )  # fmt: skip
            if rows:
                yield rows, number
            taken += len(rows)
            if len(rows) < size or taken == limit:
                return
            after = (str(rows[-1].get(order)), key_of(table, rows[-1]))
            number = self._inbox.next_read()


class _NoCursor(Exception):
    """A row whose cursor column is empty: it would be in no page that comes after another."""


def _newest(rows: Sequence[Mapping[str, Any]], cursor: str) -> float:
    """The newest instant of these rows, unix seconds. Raises _NoCursor."""
    instants = [parse_instant(row.get(cursor)) for row in rows]
    if None in instants:
        raise _NoCursor
    return max(instant for instant in instants if instant is not None)
