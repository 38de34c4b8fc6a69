"""A simulated server: rows, transactions, reads with latency, and a feed that may do what the real one may."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.store.merge import KEYS, RECORDS
from app.sync.tables import APPEND_ONLY
from services.domain.errors import ConsoleError, NotInstalled, NotReachable
from services.domain.times import to_iso
from services.ports.facts import Change, LinkSignal, Table

Row = dict[str, Any]
EPOCH = 1_800_000_000.0
"""What the server's clock says when the loop's says 0."""
_LATE = 60.0
"""Seconds by which the second copy of a repeated change comes late, at most."""
_VERSIONED = ("jobs", "directory_submissions", "job_results")
_RECORDED = ("jobs", "job_results", "queue_history")
"""Whole rows of these come as records."""
_CURSOR = {
    "queue_history": "created_at",
    "staff_actions": "created_at",
    "outbox": "created_at",
    "worker_heartbeats": "last_heartbeat",
}


def server_clock() -> float:
    """Unix seconds of a server whose clock goes with the loop."""
    return EPOCH + asyncio.get_running_loop().time()


class Transaction:
    """Writes that nobody sees before `FakeServer.commit`. Their time is that of the start."""

    def __init__(self, stamp: str) -> None:
        self.stamp = stamp
        self.writes: list[tuple[str, str, Row | None]] = []

    def write(self, table: str, key: str, **columns: Any) -> None:
        """Insert or update."""
        self.writes.append((table, key, columns))

    def delete(self, table: str, key: str) -> None:
        """Remove, if it is there."""
        self.writes.append((table, key, None))


class FakeServer:
    """Implements `Reads` and `Feed`. Rates are probabilities for each change; delays are seconds, at most."""

    def __init__(self, seed: int = 0) -> None:
        self.tables: dict[str, dict[str, Row]] = {table: {} for table in KEYS}
        self.errors: dict[str, ConsoleError] = {}
        """Table -> the error that each read of it raises."""
        self.missing: dict[str, str] = {}
        """Table -> a column that this project lacks."""
        self.unpublished: set[str] = set()
        """Tables of which the feed tells nothing."""
        self.lose = self.repeat = self.cut = self.refuse = self.delay = 0.0
        self.read_delay = 0.0
        self.unreachable = self.feed_unreachable = self.frozen = False
        self.signed_out: ConsoleError | None = None
        """What the next openings of the feed raise."""
        self.confirms = True
        self.confirm_delay = 0.0
        self.reads = 0
        self.asked: Counter[str] = Counter()
        """How often each table was read."""
        self.most_at_once = 0
        """The largest number of reads of one table that were under way together."""
        self.opened = self.tried = 0
        self.committed: dict[tuple[str, str], float] = {}
        """(table, key) -> when its row was written last, by the loop's clock."""
        self._random = random.Random(seed)
        self._tick = 0
        self._session = 0
        self._flowing = False
        self._tables: frozenset[str] = frozenset()
        self._under_way: Counter[str] = Counter()
        self._on_change: Callable[[Change], None] = lambda change: None
        self._on_signal: Callable[[LinkSignal], None] = lambda signal: None

    # What happens on the server

    def begin(self) -> Transaction:
        """A transaction that starts now."""
        self._tick += 1
        return Transaction(to_iso(server_clock() + self._tick / 1e6))

    def commit(self, transaction: Transaction) -> None:
        """Make its writes visible and send them, as triggers would have left them: version and updated_at move."""
        for table, key, columns in transaction.writes:
            if columns is None:
                if self.tables[table].pop(key, None) is not None:
                    self._emit(Change(table, "DELETE", {KEYS[table]: key}))
                continue
            held = self.tables[table].get(key)
            row: Row = {**(held or {}), KEYS[table]: key, **columns}
            row.setdefault("created_at", transaction.stamp)
            row[_CURSOR.get(table, "updated_at")] = row["created_at"] if table in APPEND_ONLY else transaction.stamp
            if table in _VERSIONED:
                row["version"] = (held["version"] if held else 0) + 1
            self.tables[table][key] = row
            self.committed[table, key] = asyncio.get_running_loop().time()
            self._emit(Change(table, "UPDATE" if held else "INSERT", dict(row)))

    def write(self, table: str, key: str, **columns: Any) -> Row:
        """Insert or update one row."""
        transaction = self.begin()
        transaction.write(table, key, **columns)
        self.commit(transaction)
        return self.tables[table][key]

    def delete(self, table: str, key: str) -> None:
        """Remove a row if it is there."""
        transaction = self.begin()
        transaction.delete(table, key)
        self.commit(transaction)

    def kill_feed(self, why: str = "socket closed") -> None:
        """The feed breaks, and says so."""
        if self._session:
            self._flowing = False
            self._on_signal(LinkSignal("lost", why))

    def resubscribe(self, gap: float = 0.0) -> None:
        """The server subscribes anew by itself: only a second confirmation tells."""
        if self._flowing:
            self._flowing = False
            asyncio.get_running_loop().call_later(gap, self._confirm, self._session)

    # Reads

    async def page(
        self,
        table: Table,
        *,
        order: str,
        descending: bool = False,
        limit: int = 1000,
        after: tuple[str, str] | None = None,
        equals: Mapping[str, str] | None = None,
        since: str | None = None,
        columns: Sequence[str] = (),
    ) -> list[Row]:
        key = KEYS[table]
        rows = await self._read(table, order, *columns)
        rows = [row for row in rows if all(str(row.get(name)) == value for name, value in (equals or {}).items())]

        def place(row: Row) -> tuple[str, str]:
            return (str(row.get(order)), str(row[key]))

        rows.sort(key=place, reverse=descending)
        if since is not None:
            rows = [row for row in rows if str(row.get(order)) >= since]
        if after is not None:
            rows = [row for row in rows if (place(row) < after if descending else place(row) > after)]
        return [{name: row.get(name) for name in columns} if columns else row for row in rows[:limit]]

    async def by_ids(self, table: Table, ids: Sequence[str]) -> list[Row]:
        wanted = set(ids)
        return [row for row in await self._read(table) if row[KEYS[table]] in wanted]

    async def server_offset(self) -> float:
        await self._thawed()
        if self.unreachable:
            raise NotReachable("The database does not answer.")
        return 0.0

    # Feed

    async def open(
        self, tables: Sequence[Table], on_change: Callable[[Change], None], on_signal: Callable[[LinkSignal], None]
    ) -> None:
        self.tried += 1
        await self._thawed()
        if self.unreachable or self.feed_unreachable:
            raise NotReachable("The feed does not answer.")
        if self.signed_out is not None:
            raise self.signed_out
        self.opened += 1
        self._session = self.opened
        self._tables = frozenset(tables)
        self._on_change, self._on_signal = on_change, on_signal
        if self.confirms:
            asyncio.get_running_loop().call_later(self.confirm_delay, self._confirm, self._session)

    async def close(self) -> None:
        self._session = 0
        self._flowing = False

    def _confirm(self, session: int) -> None:
        if session == self._session:
            self._flowing = True
            self._on_signal(LinkSignal("confirmed"))

    async def _read(self, table: str, *columns: str) -> list[Row]:
        """The rows as they were at some moment between question and answer."""
        self.reads += 1
        self.asked[table] += 1
        self._under_way[table] += 1
        self.most_at_once = max(self.most_at_once, self._under_way[table])
        try:
            await self._thawed()
            await asyncio.sleep(self._random.random() * self.read_delay)
            if self.unreachable:
                raise NotReachable("The database does not answer.")
            if table in self.errors:
                raise self.errors[table]
            if self.missing.get(table) in columns:
                raise NotInstalled(f"There is no column {self.missing[table]} here.")
            lacks = self.missing.get(table)
            rows = [dict(row) for row in self.tables[table].values()]
            for row in rows:
                row.pop(lacks or "", None)
            await asyncio.sleep(self._random.random() * self.read_delay)
            return rows
        finally:
            self._under_way[table] -= 1

    async def _thawed(self) -> None:
        """A frozen server keeps who asks waiting; after ten seconds they give up."""
        for _ in range(100):
            if not self.frozen:
                return
            await asyncio.sleep(0.1)
        raise NotReachable("It took too long.")

    def _emit(self, change: Change) -> None:
        table = change.table
        if not self._flowing or table not in self._tables or table in self.unpublished or self._happens(self.lose):
            return
        if change.kind != "DELETE" and self._happens(self.refuse):
            change = Change(table, change.kind, {}, complete=False)
        elif change.kind != "DELETE" and self._happens(self.cut):
            kept = dict(list(change.row.items())[:2]) | {KEYS[table]: change.row[KEYS[table]]}
            change = Change(table, change.kind, kept, complete=False)
        later = self._random.random() * self.delay
        loop = asyncio.get_running_loop()
        loop.call_later(later, self._deliver, self._session, change)
        if self._happens(self.repeat):
            loop.call_later(later + self._random.random() * _LATE, self._deliver, self._session, change)

    def _happens(self, rate: float) -> bool:
        return rate > 0 and self._random.random() < rate

    def _deliver(self, session: int, change: Change) -> None:
        if session != self._session or not self._flowing:
            return
        if change.table in _RECORDED and change.complete and change.kind != "DELETE":
            record = RECORDS[change.table].from_row(change.row)
            change = Change(change.table, change.kind, {}, record=record)
        self._on_change(change)
