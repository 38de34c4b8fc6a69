"""The facts that the console holds, by table and key; only sync writes them."""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any, Final

import msgspec

from app.store.activity import Activity
from app.store.doubts import Doubts
from app.store.enqueued import Enqueued
from app.store.jobs_view import JobsView
from app.store.lines import Counts
from app.store.link import AWAY, CUT_OFF, Link, Phase, TableState
from app.store.merge import KEYS, RECORDS, Record, key_of, merged, same
from app.store.needs import Acknowledged
from app.store.rates import Rates
from services.domain.records import Customer, HistoryEvent, Job
from services.domain.result import Result, pack

PLAIN: Final = 512
"""The newest results are held as they came: many of them change again soon."""
PACK: Final = 32
"""Results that are packed together."""


class Changes(msgspec.Struct, frozen=True):
    """What changed since the last take.

    `jobs`: ids whose line, or a directory line of them, changed, appeared or went (look it up: None = gone).
    `tables`: keys of rows that changed, appeared or went, by table (jobs and their parts included).
    `events`: ids of queue_history rows that are new, in no particular order.
    `link`, `states`: the link or some table's state is another.
    """

    jobs: Set[str] = frozenset()
    tables: dict[str, Set[str]] = {}
    events: Set[str] = frozenset()
    link: bool = False
    states: bool = False

    def __bool__(self) -> bool:
        return bool(self.jobs or self.tables or self.events or self.link or self.states)


class Store:
    """All rows that sync has seen, and what is derived from them.

    One pump of the window calls `take_changed()` once a frame and hands the answer to every model; between
    two takes `jobs.lines` stands still. Nothing here calls back.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._offset = 0.0
        self._rows: dict[str, dict[str, Any]] = {table: {} for table in RECORDS}
        self._changed: defaultdict[str, set[str]] = defaultdict(set)
        self._new_events: set[str] = set()
        self._link = Link(since=clock())
        self._link_changed = True
        self._states = {table: TableState() for table in RECORDS}
        self._states_changed = True
        self.jobs = JobsView(self._rows["jobs"], self._rows["customers"], self._rows["worker_heartbeats"], self.now)
        self._enqueued = Enqueued(self._rows["jobs"], self.jobs.history, self.now)
        self._derived: dict[str, Callable[[Any, Any], None]] = {
            "customers": self.jobs.customer_changed,
            "jobs": self.jobs.job_changed,
            "directory_submissions": self.jobs.item_changed,
            "job_results": self._result_changed,
            "queue_history": self.jobs.event_changed,
            "outbox": self._outbox_changed,
            "directories": self.jobs.directory_changed,
            "staff_actions": lambda _, new: self.acknowledged.take(new),
        }
        self.doubts = Doubts()
        """Verdicts that a person should look at."""
        self.acknowledged = Acknowledged()
        """What somebody has seen to."""
        self.activity = Activity()
        self._unpacked: deque[Result] = deque()
        """Results as they came, oldest first."""
        self.last_event_at: float | None = None
        """When the newest change came from the feed, unix seconds by the server's clock."""

    # For pages and models

    def now(self) -> float:
        """Unix seconds by the server's clock, as well as it is known."""
        return self._clock() + self._offset

    def rows(self, table: str) -> Mapping[str, Any]:
        """The records of a table by key (`services.domain.records`). Read it, don't change it."""
        return self._rows[table]

    def get(self, table: str, key: str) -> Any:
        """One record, None when it isn't there."""
        return self._rows[table].get(key)

    def customer(self, key: str) -> Customer | None:
        """All that is known of a customer, None for one that isn't there."""
        found = self._rows["customers"].get(key)
        return None if found is None else found.whole()

    def counts(self) -> Counts:
        """Jobs by status."""
        return self.jobs.tallies.counts()

    def oldest_enqueued(self) -> float | None:
        """When the message was sent that waits in the main queue for the longest, as far as the facts tell; None for
        none. Where the project has no outbox, when its job was made."""
        if self._states["outbox"].loaded:
            known = self._states["jobs"].loaded and self._states["queue_history"].loaded
            return self._enqueued.oldest() if known else None
        return self.jobs.tallies.oldest_pending()

    @property
    def rates(self) -> Rates:
        """Outcomes over time."""
        return self.jobs.rates

    @property
    def link(self) -> Link:
        """How true all this is."""
        return self._link

    def state(self, table: str) -> TableState:
        """How far one table can be trusted."""
        return self._states[table]

    def stale(self, table: str) -> bool:
        """True when what is held of a table may be older than it should be: the link is cut, or a read failed."""
        state = self._states[table]
        return state.loaded and (state.kept or bool(state.kind) or self._link.phase in CUT_OFF)

    @property
    def kept(self) -> bool:
        """True while the jobs are those of an earlier start: to be looked at, and nothing may be done with them."""
        return self._states["jobs"].kept

    def tables(self) -> Iterable[str]:
        """The names of all tables."""
        return self._rows

    def true_at(self, table: str) -> float | None:
        """The instant for which the held rows are true; None before the first read. While changes flow, now."""
        state = self._states[table]
        if state.as_of is None or state.kept:
            return state.as_of
        if self._link.live and not self.stale(table):
            return self.now()
        return max(state.as_of, self.last_event_at or 0.0)

    def take_changed(self, budget: float = math.inf) -> Changes:
        """What changed since the last take; works out the lines of changed jobs for about `budget` seconds.

        Lines that had to wait come with the next take.
        """
        jobs = self.jobs.refresh(budget)
        taken = Changes(
            jobs=jobs,
            tables=dict(self._changed),
            events=self._new_events,
            link=self._link_changed,
            states=self._states_changed,
        )
        self._changed = defaultdict(set)
        self._new_events = set()
        self._link_changed = self._states_changed = False
        return taken

    # For sync

    def put(self, table: str, row: Mapping[str, Any]) -> None:
        """Lay a row over the held record: columns that it lacks keep their value. A row without a key is ignored."""
        key = key_of(table, row)
        if not key:
            return
        old = self._rows[table].get(key)
        self._lay(table, key, old, merged(table, old, row))

    def put_record(self, table: str, record: Job | Result | HistoryEvent, held: Any) -> None:
        """As `put`, with a whole row that is a record already, and what `get` says of it."""
        self._lay(table, record.id, held, record)

    def keep(self, table: str, records: Iterable[Any]) -> None:
        """Lay in records of an earlier start where none are held; no change is told as new."""
        rows = self._rows[table]
        for record in records:
            key = getattr(record, KEYS[table])
            if key in rows:
                continue
            rows[key] = record
            self._note(table, key, None, record)
            if table == "queue_history":
                self.activity.add(record)
            elif table == "job_results":
                self._unpacked.append(record)

    def remove(self, table: str, key: str) -> None:
        """The row no longer exists, or may no longer be seen."""
        old = self._rows[table].pop(key, None)
        if old is None:
            return
        self._note(table, key, old, None)
        if table == "queue_history":
            self.activity.remove(old)
            self._new_events.discard(key)

    def set_link(self, phase: Phase, why: str = "") -> None:
        """Say in which phase sync is. The time of the change stays when only the reason differs."""
        if (phase, why) != (self._link.phase, self._link.why):
            same = phase == self._link.phase or {phase, self._link.phase} == AWAY
            self._link = Link(phase, self._link.since if same else self.now(), why)
            self._link_changed = True

    def set_state(self, table: str, state: TableState) -> None:
        """Say how far a table can be trusted."""
        if state != self._states[table]:
            self._states[table] = state
            self._states_changed = True

    def set_offset(self, seconds: float) -> None:
        """What to add to this machine's clock to get the server's."""
        self._offset = seconds

    def tick(self) -> None:
        """Time went by."""
        self.jobs.tick()
        self.jobs.wishes.tick(None if self.kept else self._states["jobs"].as_of)

    def tidy(self, packs: int = 8) -> bool:
        """Pack results that have been here for a while, a few at a time; False when there is nothing to do."""
        rows, waiting = self._rows["job_results"], self._unpacked
        for _ in range(packs):
            if len(waiting) < PLAIN + PACK:
                return False
            taken = [waiting.popleft() for _ in range(PACK)]
            # One that was replaced meanwhile is gone by itself.
            pack([one for one in taken if rows.get(one.id) is one])
        return True

    def set_dead_letters(self, job_ids: Iterable[str]) -> None:
        """The jobs whose message was last seen in the dead letter queue."""
        self.jobs.dead_letters(job_ids)

    def _lay(self, table: str, key: str, old: Any, new: Any) -> None:
        if old is not None and same(old, new):
            return
        rows = self._rows[table]
        rows[key] = new
        self._note(table, key, old, new)
        if table == "job_results":
            self._unpacked.append(new)
        elif table == "queue_history":
            self._new_events.add(key)
            for gone in self.activity.add(new):
                self.jobs.history_from = max(self.jobs.history_from or 0.0, gone.created_at or 0.0)
                rows.pop(gone.id, None)

    def _result_changed(self, old: Any, new: Any) -> None:
        self.jobs.result_changed(old, new)
        self.doubts.change(old, new)

    def _outbox_changed(self, old: Any, new: Any) -> None:
        self.jobs.outbox_changed(old, new)
        self._enqueued.outbox_changed(old, new)

    def _note(self, table: str, key: str, old: Record | None, new: Record | None) -> None:
        self._changed[table].add(key)
        derive = self._derived.get(table)
        if derive is not None:
            derive(old, new)
