"""Everything that is held of one job, grouped so that one change touches one directory and not the others."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

from app.store.activity import event_order, insert_once, take_out
from app.store.hops import Hops, hops_of
from app.store.lines import Attempt, DirectoryLine, JobLine
from app.store.outcomes import attempts, outcome_of
from app.store.rates import Mark
from services.domain.faults import plain_words
from services.domain.records import Directory, HistoryEvent, Job, OutboxMessage, Result, WorkItem


def host_of(url: str) -> str:
    """The host of a submission address or a directory's name, without port and in lower case; else the text itself."""
    try:
        return urlsplit(url).hostname or url.strip().lower()
    except ValueError:
        return url


class DirectoryFacts:
    """One directory of one job."""

    __slots__ = ("events", "items", "line", "marks", "outcome", "results", "tries")

    def __init__(self) -> None:
        self.items: dict[str, WorkItem] = {}
        self.results: dict[str, Result] = {}
        self.events: list[HistoryEvent] = []
        self.tries: list[Attempt] = []
        self.marks: tuple[Mark, ...] = ()
        self.outcome = ""
        self.line: DirectoryLine | None = None

    def weigh(self, now: float) -> None:
        """Work out tries, marks and outcome anew. `outcome` is "" when nothing is left of this directory."""
        self.line = None
        self.tries = attempts(self.events)
        self.marks = tuple(
            (int(one.ended_at // 60), one.outcome)
            for one in self.tries
            if one.ended_at is not None and one.outcome != "running"
        )
        known = self.items or self.results or self.tries
        self.outcome = outcome_of(self.items.values(), self.results.values(), self.tries, now) if known else ""

    def line_of(self, job_id: str, host: str, directory: Directory | None) -> DirectoryLine:
        """What the job's page shows of it; made on the first request after a change."""
        if self.line is None:
            self.line = self._made(job_id, host, directory)
        return self.line

    def _made(self, job_id: str, host: str, directory: Directory | None) -> DirectoryLine:
        result = max(self.results.values(), key=lambda row: row.updated_at or row.created_at or 0.0, default=None)
        item = next(iter(self.items.values()), None)
        last = self.tries[-1] if self.tries else None
        error = (result.error_message if result else "") or (last.error if last else "")
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
            attempts=tuple(reversed(self.tries)),
            duration_ms=last.duration_ms if last else None,
            screenshot_url=(result.screenshot_url if result else "") or (last.screenshot_url if last else ""),
            listing_url=result.listing_url if result else "",
            when=max((moment for moment in moments if moment), default=None),
            result=result,
        )


def _evidence(result: Result | None, outcome: str) -> str:
    """The reasons that the verdict gave, as one sentence."""
    if result is None or outcome in ("waiting", "running"):
        return ""
    reasons = result.response_log.get("reasons")
    return "; ".join(str(reason) for reason in reasons) if isinstance(reasons, list) else ""


class JobFacts:
    """One job. `job` is None while only other rows of it are known."""

    __slots__ = ("counts", "directories", "events", "hops", "job", "last_event", "line", "outbox", "stale_hosts")

    def __init__(self) -> None:
        self.job: Job | None = None
        self.line: JobLine | None = None
        self.directories: dict[str, DirectoryFacts] = {}
        self.stale_hosts: set[str] = set()
        self.counts: Counter[str] = Counter()
        self.outbox: dict[str, OutboxMessage] = {}
        self.events: list[HistoryEvent] = []
        """Events of the job as a whole, oldest first; those of a directory are with the directory."""
        self.hops: Hops | None = None
        self.last_event: HistoryEvent | None = None

    def directory(self, host: str) -> DirectoryFacts:
        """The directory's facts, marked for weighing."""
        self.stale_hosts.add(host)
        found = self.directories.get(host)
        if found is None:
            found = self.directories[host] = DirectoryFacts()
        return found

    def add_event(self, event: HistoryEvent) -> None:
        """Take in an event of this job, in any order, any number of times."""
        if event.directory_name:
            insert_once(self.directory(host_of(event.directory_name)).events, event)
        else:
            insert_once(self.events, event)
            self.hops = None
        if self.last_event is None or event_order(event) > event_order(self.last_event):
            self.last_event = event

    def remove_event(self, event: HistoryEvent) -> None:
        """The event no longer exists."""
        if event.directory_name:
            take_out(self.directory(host_of(event.directory_name)).events, event)
        else:
            take_out(self.events, event)
            self.hops = None
        self.last_event = max(self.history(), key=event_order, default=None)

    def history(self) -> list[HistoryEvent]:
        """All events of the job, oldest first."""
        events = list(self.events)
        for facts in self.directories.values():
            events += facts.events
        return sorted(events, key=event_order)

    def hops_now(self) -> Hops:
        """The hops of the newest round."""
        if self.hops is None:
            self.hops = hops_of(self.events)
        return self.hops

    def current(self) -> str:
        """The host that is being worked on: the one whose running try began last; "" when none runs."""
        if not self.counts["running"]:
            return ""
        running = [(facts, host) for host, facts in self.directories.items() if facts.outcome == "running"]
        return max(running, key=lambda one: one[0].tries[-1].started_at or 0.0 if one[0].tries else 0.0)[1]

    def outbox_now(self) -> OutboxMessage | None:
        """The newest message of the job, sent or not."""
        return max(self.outbox.values(), key=lambda one: (len(one.id), one.id), default=None)
