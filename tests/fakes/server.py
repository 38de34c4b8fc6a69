"""A simulated server: rows, reads with latency, and a feed that may lose, repeat, cut, reorder and break."""

from __future__ import annotations

import asyncio
import copy
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.store.merge import KEYS
from services.domain.errors import ConsoleError, NotReachable
from services.ports.facts import Change, LinkSignal, Table

Row = dict[str, Any]
_VERSIONED = ("jobs", "directory_submissions", "job_results")


class FakeServer:
    """Implements `Reads` and `Feed`. Rates are probabilities for each change; delays are seconds, at most."""

    def __init__(self, seed: int = 0) -> None:
        self.tables: dict[str, dict[str, Row]] = {table: {} for table in KEYS}
        self.errors: dict[str, ConsoleError] = {}
        """Table -> the error that each read of it raises."""
        self.lose = self.repeat = self.cut = self.delay = 0.0
        self.read_delay = 0.0
        self.unreachable = self.feed_unreachable = self.frozen = False
        self.confirms = True
        self.confirm_delay = 0.0
        self.reads = 0
        self.opened = self.tried = 0
        self._random = random.Random(seed)
        self._tick = 0
        self._session = 0
        self._flowing = False
        self._tables: frozenset[str] = frozenset()
        self._on_change: Callable[[Change], None] = lambda change: None
        self._on_signal: Callable[[LinkSignal], None] = lambda signal: None

    # What happens on the server

    def write(self, table: str, key: str, **columns: Any) -> Row:
        """Insert or update a row, as a trigger would: version and updated_at move."""
        self._tick += 1
        rows = self.tables[table]
        held = rows.get(key)
        row: Row = {**(held or {}), KEYS[table]: key, **columns}
        stamp = f"2026-11-23T10:{self._tick // 60 % 60:02}:{self._tick % 60:02}.{self._tick % 1_000_000:06}+00:00"
        row.setdefault("created_at", stamp)
        if table != "queue_history":
            row["updated_at"] = stamp
        if table in _VERSIONED:
            row["version"] = (held["version"] if held else 0) + 1
        rows[key] = row
        self._emit(Change(table, "UPDATE" if held else "INSERT", copy.deepcopy(row)))
        return row

    def delete(self, table: str, key: str) -> None:
        """Remove a row if it is there."""
        if self.tables[table].pop(key, None) is not None:
            self._emit(Change(table, "DELETE", {KEYS[table]: key}))

    def kill_feed(self, why: str = "socket closed") -> None:
        """The feed breaks, and says so."""
        if self._session:
            self._flowing = False
            self._on_signal(LinkSignal("lost", why))

    def resubscribe(self) -> None:
        """The server subscribes anew by itself: only a second confirmation tells."""
        if self._flowing:
            self._on_signal(LinkSignal("confirmed"))

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
    ) -> list[Row]:
        key = KEYS[table]
        rows = [row for row in await self._read(table) if all(str(row.get(k)) == v for k, v in (equals or {}).items())]

        def place(row: Row) -> tuple[str, str]:
            return (str(row.get(order)), str(row[key]))

        rows.sort(key=place, reverse=descending)
        if after is not None:
            rows = [row for row in rows if (place(row) < after if descending else place(row) > after)]
        return rows[:limit]

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

    async def _read(self, table: str) -> list[Row]:
        """The rows as they were at some moment between question and answer."""
        self.reads += 1
        await self._thawed()
        await asyncio.sleep(self._random.random() * self.read_delay)
        if self.unreachable:
            raise NotReachable("The database does not answer.")
        if table in self.errors:
            raise self.errors[table]
        rows = copy.deepcopy(list(self.tables[table].values()))
        await asyncio.sleep(self._random.random() * self.read_delay)
        return rows

    async def _thawed(self) -> None:
        """A frozen server keeps who asks waiting; after ten seconds they give up."""
        for _ in range(100):
            if not self.frozen:
                return
            await asyncio.sleep(0.1)
        raise NotReachable("It took too long.")

    def _emit(self, change: Change) -> None:
        if not self._flowing or change.table not in self._tables or self._random.random() < self.lose:
            return
        if change.kind != "DELETE" and self._random.random() < self.cut:
            kept = dict(list(change.row.items())[:2]) | {KEYS[change.table]: change.row[KEYS[change.table]]}
            change = Change(change.table, change.kind, kept, complete=False)
        for _ in range(2 if self._random.random() < self.repeat else 1):
            asyncio.get_running_loop().call_later(
                self._random.random() * self.delay, self._deliver, self._session, change
            )

    def _deliver(self, session: int, change: Change) -> None:
        if session == self._session and self._flowing:
            self._on_change(change)
