"""Everything that is known of one job, kept so that a change of one row touches little.

There may be a million of these: they hold tuples and no lists, so that the garbage collector has nothing to look at,
and nothing that can be worked out again from the rows, unless it is asked for all the time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Set
from functools import lru_cache
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from app.store.activity import comes_after, event_order, with_event, without_event
from app.store.holds import Hold
from app.store.hops import Hops, hops_of
from app.store.lines import Attempt, DirectoryLine, JobLine
from app.store.outcomes import attempts, outcome_of, unknown_since
from app.store.pending import Wish
from app.store.rates import Mark
from services.domain.faults import plain_words
from services.domain.records import Directory, HistoryEvent, Job, OutboxMessage, WorkItem
from services.domain.result import Result

NOTES: Final = frozenset({"staff_acknowledge"})
"""Events that say nothing of how a job goes: they are no sign of life."""

_Row = TypeVar("_Row", WorkItem, Result, OutboxMessage)
_NO_HOPS: Final = Hops()
_RATED: Final = frozenset({"submitted", "failed", "unknown"})
_SETTLED: Final = frozenset({*_RATED, "skipped"})
"""Of a directory of which there is nothing but one result with this status, it is the outcome, whatever the time."""


@lru_cache(maxsize=4096)
def host_of(url: str) -> str:
    """The host of a submission address or a directory's name, without port and in lower case; else the text itself."""
    try:
        return urlsplit(url).hostname or url.strip().lower()
    except ValueError:
        return url


@lru_cache(maxsize=4096)
def _mark(minute: int, outcome: str) -> tuple[Mark, ...]:
    """One mark; very many directories have the same."""
    return ((minute, outcome),)


def _marks(results: tuple[Result, ...], tries: tuple[Attempt, ...], outcome: str) -> tuple[Mark, ...]:
    """The ended tries of one directory."""
    if tries:
        ended = [one for one in tries if one.outcome != "running"]
        if ended:
            marks = [(int(one.ended_at // 60), one.outcome) for one in ended if one.ended_at]
            return _mark(*marks[0]) if len(marks) == 1 else tuple(marks)
    if not results or outcome not in _RATED:
        return ()
    # Where history is missing, the rows tell of the last try.
    at = results[0].updated_at if len(results) == 1 else max(row.updated_at or 0.0 for row in results)
    return _mark(int(at) // 60, outcome) if at else ()


def without_row(rows: tuple[_Row, ...], key: str) -> tuple[_Row, ...]:
    """The rows but the one with this id."""
    return rows and tuple([row for row in rows if row.id != key])


class DirectoryFacts(msgspec.Struct, gc=False):
    """One directory of one job. `stale`: something came in since `outcome` was worked out."""

    items: tuple[WorkItem, ...] = ()
    results: tuple[Result, ...] = ()
    events: tuple[HistoryEvent, ...] = ()
    """Oldest first."""
    began: float = 0.0
    """When the newest try began, unix seconds; 0 when that isn't known, or none is under way."""
    marks: tuple[Mark, ...] = ()
    outcome: str = ""
    stale: bool = False
    line: DirectoryLine | None = None

    def weigh(self, now: float, *, held: bool = False) -> None:
        """Work out marks and outcome anew. `outcome` is "" when nothing is left of this directory.

        `held`: its run waits for a person.
        """
        self.stale = False
        self.line = None
        results = self.results
        tries = attempts(self.events) if self.events else ()
        known = results or tries or self.items
        outcome = self.outcome = outcome_of(self.items, results, tries, now, held=held) if known else ""
        self.began = (tries[-1].started_at or 0.0) if tries and outcome == "running" else 0.0
        self.marks = _marks(results, tries, outcome)

    def line_of(
        self, job_id: str, host: str, directory: Directory | None, wish: Wish | None = None, hold: Hold | None = None
    ) -> DirectoryLine:
        """What the job's page shows of it; made on the first request after a change."""
        if self.line is None or self.line.wish is not wish:
            self.line = self._made(job_id, host, directory, wish, hold)
        return self.line

    def _made(
        self, job_id: str, host: str, directory: Directory | None, wish: Wish | None, hold: Hold | None
    ) -> DirectoryLine:
        result = max(self.results, key=lambda row: row.updated_at or row.created_at or 0.0, default=None)
        item = self.items[0] if self.items else None
        tries = attempts(self.events)
        last = tries[-1] if tries else None
        told = last.error if last else ""
        error = ((result.error_message or told or result.reason) if result else "") or told
        if self.outcome in ("submitted", "waiting", "running"):
            error = ""
        moments = (
            last and (last.ended_at or last.started_at),
            result and result.updated_at,
            item and item.updated_at,
        )
        return DirectoryLine(
            job_id=job_id,
            host=host,
            name=(directory.name if directory else "") or host,
            url=item.directory_url if item else directory.submission_url if directory else "",
            outcome=self.outcome,
            words=plain_words(error) or _evidence(result, self.outcome),
            error=error,
            attempts=tuple(reversed(tries)),
            duration_ms=last.duration_ms if last else None,
            screenshot_url=(result.screenshot_url if result else "") or (last.screenshot_url if last else ""),
            listing_url=result.listing_url if result else "",
            when=max((moment for moment in moments if moment), default=None),
            unknown_since=unknown_since(self.items, self.results, tries) if self.outcome == "unknown" else None,
            result=result,
            wish=wish,
            hold=hold,
        )


def _evidence(result: Result | None, outcome: str) -> str:
    """The reasons that the verdict gave, as one sentence."""
    if result is None or outcome in ("waiting", "running"):
        return ""
    reasons = result.response_log.get("reasons")
    return "; ".join(str(reason) for reason in reasons) if isinstance(reasons, list) else ""


class JobFacts(msgspec.Struct, gc=False):
    """One job. `job` is None while only other rows of it are known. The numbers count directories."""

    id: str
    job: Job | None = None
    marked: bool = False
    """Something changed since the line was made."""
    renewed: bool = True
    """Something other than a directory of it came in, or time went by, since the line was made."""
    line: JobLine | None = None
    directories: dict[str, DirectoryFacts | Result] | None = None
    """By host; None as long as there are none. A result that says all there is to say stands for itself: most do, and
    half of the room that a directory takes would be for what it says. Nothing that the collector follows, as a tuple of
    rows: it would walk through all of them."""
    stale: tuple[str, ...] = ()
    """Hosts to be weighed."""
    listed: int = 0
    """Directories that the work list has."""
    submitted: int = 0
    failed: int = 0
    unknown: int = 0
    skipped: int = 0
    waiting: int = 0
    under_way: tuple[str, ...] = ()
    """The hosts whose outcome is running."""
    outbox: tuple[OutboxMessage, ...] = ()
    events: tuple[HistoryEvent, ...] = ()
    """Events of the job as a whole, oldest first; those of a directory are with the directory."""
    hops: Hops | None = None
    last_event: HistoryEvent | None = None

    def directory(self, host: str) -> DirectoryFacts:
        """The directory's facts, marked for weighing."""
        if self.directories is None:
            self.directories = {}
        found = self.whole(host) if host in self.directories else None
        if found is None:
            found = self.directories[host] = DirectoryFacts()
        if not found.stale:
            found.stale = True
            self.stale = (*self.stale, host) if self.stale else (host,)
        return found

    def whole(self, host: str) -> DirectoryFacts:
        """The facts of a directory that is there, as they were weighed last."""
        assert self.directories is not None
        found = self.directories[host]
        if isinstance(found, Result):
            rows, outcome = (found,), found.status
            found = DirectoryFacts(results=rows, marks=_marks(rows, (), outcome), outcome=outcome)
            self.directories[host] = found
        return found

    def settle(self, host: str, one: DirectoryFacts) -> None:
        """The directory was weighed: hold no more of it than says the same."""
        assert self.directories is not None
        if one.events or one.items:
            return
        if not one.results:
            del self.directories[host]
        elif len(one.results) == 1 and one.outcome in _SETTLED and one.results[0].status == one.outcome:
            self.directories[host] = one.results[0]

    def doubt_running(self) -> None:
        """Time went by: have the running directories weighed."""
        for host in self.under_way:
            self.directory(host)

    def having_outcome(self, outcomes: Collection[str]) -> list[str]:
        """The hosts whose outcome is among these, sorted."""
        pairs = self.directories.items() if self.directories is not None else ()
        return sorted(
            [host for host, one in pairs if (one.status if isinstance(one, Result) else one.outcome) in outcomes]
        )

    def has_any(self, hosts: Set[str]) -> bool:
        """True when one of these directories is among the job's."""
        return self.directories is not None and not self.directories.keys().isdisjoint(hosts)

    def bare(self) -> bool:
        """True when nothing but the job's own row is known, if that."""
        return not (self.directories or self.events or self.outbox)

    def change_item(self, host: str, key: str, new: WorkItem | None) -> None:
        """A row of the work list of this directory appeared, changed or (None) went."""
        one = self.directory(host)
        before = bool(one.items)
        one.items = without_row(one.items, key) if new is None else (*without_row(one.items, key), new)
        self.listed += bool(one.items) - before

    def change_result(self, host: str, key: str, new: Result | None) -> None:
        """A result of this directory appeared, changed or (None) went."""
        one = self.directory(host)
        others = without_row(one.results, key) if one.results else ()
        one.results = others if new is None else (*others, new)

    def add_event(self, event: HistoryEvent) -> None:
        """Take in an event of this job, in any order, any number of times."""
        if event.directory_name:
            one = self.directory(host_of(event.directory_name))
            one.events = with_event(one.events, event)
        else:
            self.events = with_event(self.events, event)
            self.hops, self.renewed = None, True
        if event.event not in NOTES and (self.last_event is None or comes_after(event, self.last_event)):
            self.last_event = event

    def remove_event(self, event: HistoryEvent) -> None:
        """The event no longer exists."""
        if event.directory_name:
            one = self.directory(host_of(event.directory_name))
            one.events = without_event(one.events, event)
        else:
            self.events = without_event(self.events, event)
            self.hops, self.renewed = None, True
        if self.last_event is not None and self.last_event.id == event.id:
            signs = (one for one in self.history() if one.event not in NOTES)
            self.last_event = max(signs, key=event_order, default=None)

    def history(self) -> list[HistoryEvent]:
        """All events of the job, oldest first."""
        events = list(self.events)
        for one in self.directories.values() if self.directories is not None else ():
            if isinstance(one, DirectoryFacts):
                events += one.events
        return sorted(events, key=event_order)

    def hops_now(self) -> Hops:
        """The hops of the newest round."""
        if self.hops is None:
            self.hops = hops_of(self.events) if self.events else _NO_HOPS
        return self.hops

    def move_outcome(self, host: str, before: str, after: str) -> None:
        """A directory went from one outcome to another; "" means not there."""
        if before == "running":
            self.under_way = tuple([one for one in self.under_way if one != host])
        elif before:
            setattr(self, before, getattr(self, before) - 1)
        if after == "running":
            self.under_way = (*self.under_way, host)
        elif after:
            setattr(self, after, getattr(self, after) + 1)

    def current(self) -> str:
        """The host that is being worked on: the one whose running try began last; "" when none is."""
        if len(self.under_way) < 2:
            return self.under_way[0] if self.under_way else ""
        return max([(self.whole(host).began, host) for host in self.under_way])[1]

    def outbox_now(self) -> OutboxMessage | None:
        """The newest message of the job, sent or not."""
        return max(self.outbox, key=lambda one: (len(one.id), one.id), default=None)


def having(facts: Mapping[str, JobFacts], hosts: Mapping[str, object], part: str) -> Callable[[str], bool]:
    """Whether a job of `facts` has one of the `hosts` (of all jobs, never fewer than before) with this part in it."""
    found: set[str] = set()
    looked = 0

    def has(job_id: str) -> bool:
        nonlocal looked
        if looked != len(hosts):
            found.update(host for host in hosts if part in host)
            looked = len(hosts)
        one = facts.get(job_id)
        return one is not None and one.has_any(found)

    return has
