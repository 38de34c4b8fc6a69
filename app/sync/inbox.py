"""Which of two reports of a row wins: the one rule book for changes and reads."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from app.store.merge import RECORDS, key_of
from app.store.store import Store
from app.sync.tables import APPEND_ONLY
from services.domain.records import HistoryEvent, Job
from services.domain.result import Result
from services.ports.facts import Change

_log = logging.getLogger(__name__)
_GONE_LIMIT: Final = 50_000
_OF_JOBS: Final = ("jobs", "directory_submissions", "job_results")
_MANY: Final = 2_000
"""So many keys in doubt aren't looked through one by one."""
MOST_WAITING: Final = 100_000
"""Changes that may wait: about ten seconds at the most that this machine takes in."""


class Inbox:
    """Changes wait here until the frame's budget takes them; reads come in through `read_row` and `read_absent`.

    One counter orders everything: it grows with every change that arrives and every read that is sent.
    What a read says of a row doesn't count when a change of that row arrived after the read was sent;
    the row is then in doubt (`dirty`) and is read again by its key. Reads of one table must not overlap.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.perf_counter) -> None:
        self.dirty: dict[str, dict[str, None]] = {}
        self.arrived = asyncio.Event()
        """Set while changes wait."""
        self.doubted = asyncio.Event()
        """Set while rows are in doubt."""
        self.overflowed = False
        """Set when changes were thrown away because there were too many; whoever reads all again unsets it."""
        self._store = store
        self._clock = clock
        self._count = 0
        self._waiting: deque[Change] = deque()
        self._asked: dict[str, set[str]] = {table: set() for table in RECORDS}
        self._arrived: dict[str, dict[str, int]] = {}
        self._arrivals: dict[str, int] = dict.fromkeys(RECORDS, 0)
        self._gone: dict[str, set[str]] = {table: set() for table in RECORDS}
        store.jobs.wishes.doubts = self.doubts_job

    def __len__(self) -> int:
        return len(self._waiting)

    def arrive(self, change: Change) -> None:
        """The feed's callback: only takes note, can't raise."""
        if change.table not in self._arrivals:
            return
        self._count += 1
        self._arrivals[change.table] += 1
        if len(self._waiting) >= MOST_WAITING:
            # What is shown would be older and older, and called live: reading again is quicker.
            self._waiting.clear()
            self.overflowed = True
        if not self._waiting:
            self.arrived.set()
        self._waiting.append(change)
        during = self._arrived.get(change.table)
        if during is not None:
            during[_key(change)] = self._count

    def arrivals(self, table: str) -> int:
        """How many changes of the table arrived so far."""
        return self._arrivals[table]

    def apply(self, budget: float) -> int:
        """Apply waiting changes for at most `budget` seconds (at least 16 of them); how many were applied."""
        done = 0
        until = self._clock() + budget
        waiting = self._waiting
        while waiting and (done % 16 or done == 0 or self._clock() < until):
            change = waiting.popleft()
            try:
                if change.record is not None:
                    self._apply_record(change.table, change.kind, change.record)
                else:
                    self._apply(change)
            except Exception:
                # One odd row must not stop the others; a read by key will tell what it is.
                _log.exception("a change of %s could not be applied", change.table)
                self.doubt(change.table, _key(change))
            done += 1
        if not waiting:
            self.arrived.clear()
        if done:
            self._store.last_event_at = self._store.now()
        return done

    def doubt(self, table: str, key: str) -> None:
        """Have the row read again by its key."""
        if key:
            self.dirty.setdefault(table, {})[key] = None
            self.doubted.set()

    def doubts_job(self, job_id: str) -> bool:
        """Whether a row of this job is in doubt, or asked for and not answered yet; where very many are, it may be."""
        for table in _OF_JOBS:
            keys = [*self.dirty.get(table, ()), *self._asked[table]]
            if len(keys) > _MANY or any(self._may_be_of(job_id, table, key) for key in keys):
                return True
        return False

    def take_dirty(self, table: str, limit: int) -> list[str]:
        """At most `limit` keys in doubt; they count as asked for."""
        doubted = self.dirty.get(table, {})
        taken = list(doubted)[:limit]
        for key in taken:
            del doubted[key]
        self._asked[table].update(taken)
        if not doubted:
            self.dirty.pop(table, None)
        if not self.dirty:
            self.doubted.clear()
        return taken

    def begin_read(self, table: str) -> int:
        """A read of the table is about to be sent: its number. Ends with `end_read`."""
        self._arrived[table] = {}
        return self.next_read()

    def next_read(self) -> int:
        """The number of a further page of the read that has begun."""
        self._count += 1
        return self._count

    def end_read(self, table: str) -> None:
        """The read is over, however it ended."""
        self._arrived.pop(table, None)
        self._asked[table].clear()

    def read_rows(self, table: str, rows: Iterable[Mapping[str, Any]], number: int) -> int:
        """What read `number` answered; how many of the rows were other than held."""
        found = 0
        for row in rows:
            key = key_of(table, row)
            if self._arrived[table].get(key, 0) > number:
                self.doubt(table, key)
                continue
            self._gone[table].discard(key)
            self._asked[table].discard(key)
            before = self._store.get(table, key)
            self._store.put(table, row)
            found += self._store.get(table, key) is not before
        return found

    def read_absent(self, table: str, keys: Iterable[str], number: int) -> None:
        """Read `number` asked for these keys and they were not there."""
        for key in keys:
            if self._arrived[table].get(key, 0) > number:
                self.doubt(table, key)
            else:
                self._remove(table, key)

    def sweep(self, table: str, missing: Iterable[str]) -> int:
        """The read of everything that is under way did not see these keys: they are in doubt, unless a change of
        the row came meanwhile. How many."""
        during = self._arrived[table]
        doubted = [key for key in missing if key not in during]
        for key in doubted:
            self.doubt(table, key)
        return len(doubted)

    def _may_be_of(self, job_id: str, table: str, key: str) -> bool:
        if table == "jobs":
            return key == job_id
        row = self._store.get(table, key)
        return row is None or row.job_id == job_id

    def _apply(self, change: Change) -> None:
        table, row = change.table, change.row
        key = key_of(table, row)
        if change.kind == "DELETE":
            self._remove(table, key)
            self.doubt(table, key)
            return
        if key in self._gone[table]:
            # A late change of a row that went, or a new row of the same key: only a read can tell.
            self.doubt(table, key)
            return
        held = self._store.get(table, key)
        fresh = row.get("version")
        known = None if held is None else getattr(held, "version", None)
        versioned = isinstance(fresh, int)
        if not change.complete or (change.kind == "UPDATE" and held is None) or not (versioned or table in APPEND_ONLY):
            self.doubt(table, key)
        if held is None and not change.complete:
            return
        if known is not None and (not versioned or fresh <= known):
            # Without its version, a cut change of a row that has one may be older than what is held.
            return
        self._store.put(table, row)

    def _apply_record(self, table: str, kind: str, record: Job | Result | HistoryEvent) -> None:
        """As `_apply`, for a whole row that has its version: most changes are of this kind."""
        key = record.id
        if key in self._gone[table]:
            self.doubt(table, key)
            return
        held = self._store.get(table, key)
        if held is None:
            if kind == "UPDATE":
                self.doubt(table, key)
        elif not isinstance(record, HistoryEvent) and not _newer(record.version, held.version):
            return
        self._store.put_record(table, record, held)

    def _remove(self, table: str, key: str) -> None:
        self._store.remove(table, key)
        gone = self._gone[table]
        if len(gone) >= _GONE_LIMIT:
            gone.clear()
        gone.add(key)


def _newer(fresh: int | None, known: int | None) -> bool:
    return fresh is None or known is None or fresh > known


def _key(change: Change) -> str:
    return key_of(change.table, change.row) if change.record is None else change.record.id


def slices(rows: Sequence[Any], size: int = 200) -> Iterable[Sequence[Any]]:
    """`rows` in parts of at most `size`, so that the screen can breathe between them."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
