"""The job lines, kept up to date by differences: only what changed is worked out again."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

import msgspec

from app.store.clues import clues_of
from app.store.customers_jobs import CustomersJobs
from app.store.holds import Holds
from app.store.job_facts import JobFacts, having, host_of, without_row
from app.store.lines import ENDED, DirectoryLine, JobLine
from app.store.outcomes import OUTCOMES
from app.store.owners import Move, Owners
from app.store.pending import Pending
from app.store.rates import Rates
from app.store.tallies import Tallies
from services.domain.customer_row import CustomerRow
from services.domain.diagnosis import DEFAULT_THRESHOLDS, Diagnosis, diagnose, under_way
from services.domain.records import Directory, Heartbeat, HistoryEvent, Job, OutboxMessage, WorkItem
from services.domain.result import Result
from services.domain.text import seen

TICK_LIMIT = 100
_replaced = msgspec.structs.replace


class JobsView:
    """Read it from pages and models; the `Store` feeds it.

    Lines are frozen: a line that changed is a new object. `refresh` works out what changed since the last
    time, so between two frames the lines stand still.
    """

    def __init__(
        self,
        jobs: Mapping[str, Job],
        customers: Mapping[str, CustomerRow],
        heartbeats: Mapping[str, Heartbeat],
        now: Callable[[], float],
    ) -> None:
        self.lines: dict[str, JobLine] = {}
        """Every job's line by job id. Read it, don't change it."""
        self.rates = Rates()
        self.tallies = Tallies(self.lines)
        self.wishes = Pending(now, self._wish_moved)
        """Acts that the rows don't show yet."""
        self._holds = Holds()
        self.history_from: float | None = None
        """Events before this instant (unix seconds) are not held; None when all are."""
        self._whole: set[str] = set()
        """Jobs whose events were all read, those before `history_from` too."""
        self._jobs = jobs
        self._customers = customers
        self._heartbeats = heartbeats
        self._now = now
        self._facts: dict[str, JobFacts] = {}
        """Of a job of which only its own row is known they are made when something happens, and forgotten again."""
        self._of_customers = CustomersJobs()
        self._owners = Owners(customers, self._jobs_of)
        self._by_host: dict[str, Directory] = {}
        self._waiting: deque[JobFacts] = deque()
        """The marked ones, each once."""
        self._open: dict[str, None] = {}
        self._dead: frozenset[str] = frozenset()

    # For pages and models

    def get(self, job_id: str) -> JobLine | None:
        """The job's line, None when there is no such job."""
        return self.lines.get(job_id)

    def directories(self, job_id: str) -> list[DirectoryLine]:
        """The job's directories by host; unchanged ones are the same objects as last time."""
        return self._directories(job_id, OUTCOMES)

    def having(self, part: str) -> Callable[[str], bool]:
        """Whether the job with an id has a directory, tried or not, whose host has this part (lower case)."""
        return having(self._facts, self.rates.hosts, part)

    def directory_at(self, host: str) -> Directory | None:
        """The directory that takes submissions at this host."""
        return self._by_host.get(host)

    def unknown_directories(self, job_id: str) -> list[DirectoryLine]:
        """Those of the job's directories whose outcome is unknown."""
        return self._directories(job_id, ("unknown",))

    def history(self, job_id: str) -> list[HistoryEvent]:
        """All held events of the job, oldest first."""
        facts = self._facts.get(job_id)
        return facts.history() if facts else []

    def holds_all_events(self, job_id: str) -> bool:
        """Whether no event of the job is older than those held."""
        job = self._jobs.get(job_id)
        made = job.created_at if job else None
        return self.history_from is None or job_id in self._whole or (made or 0.0) >= self.history_from

    def mark_whole(self, job_id: str) -> None:
        """All events of the job were read."""
        self._whole.add(job_id)
        self._renewed(job_id)

    def hop_events(self, job_id: str) -> list[HistoryEvent]:
        """The held events of the job as a whole (those without a directory), oldest first."""
        facts = self._facts.get(job_id)
        return list(facts.events) if facts else []

    def outbox(self, job_id: str) -> OutboxMessage | None:
        """The newest message written for the job."""
        facts = self._facts.get(job_id)
        return facts.outbox_now() if facts else None

    # For the store

    def job_changed(self, old: Job | None, new: Job | None) -> None:
        """A jobs row appeared, changed or went."""
        row = new or old
        assert row is not None
        self._renewed(row.id).job = new
        if new is not None:
            self.wishes.job_changed(new)
        if old is not None and (new is None or new.customer_id != old.customer_id):
            self._of_customers.discard(old.customer_id, old.id)
            self._move(self._owners.settle(old.customer_id))
        if new is not None and (old is None or old.customer_id != new.customer_id or old.created_at != new.created_at):
            self._of_customers.add(new.customer_id, new.id)
            self._move(self._owners.settle(new.customer_id))

    def customer_changed(self, old: CustomerRow | None, new: CustomerRow | None) -> None:
        """A customers row appeared, changed or went."""
        for row in filter(None, (new or old,)):
            for job_id in self._of_customers.of(row.id):
                self._renewed(job_id)
            self._move(self._owners.settle(row.id))

    def item_changed(self, old: WorkItem | None, new: WorkItem | None) -> None:
        """A row of a work list appeared, changed or went."""
        if old is not None and (new is None or old.job_id != new.job_id or old.directory_url != new.directory_url):
            self._of(old.job_id).change_item(host_of(old.directory_url), old.id, None)
        if new is not None:
            self._of(new.job_id).change_item(host_of(new.directory_url), new.id, new)

    def result_changed(self, old: Result | None, new: Result | None) -> None:
        """A job_results row appeared, changed or went."""
        if old is not None and (new is None or old.job_id != new.job_id or old.directory_name != new.directory_name):
            self._of(old.job_id).change_result(host_of(old.directory_name), old.id, None)
        if new is not None:
            self._of(new.job_id).change_result(host_of(new.directory_name), new.id, new)

    def event_changed(self, old: HistoryEvent | None, new: HistoryEvent | None) -> None:
        """A queue_history row appeared or went."""
        if old is not None and old.job_id:
            self._of(old.job_id).remove_event(old)
        elif old is not None:
            self._move(self._owners.remove(old))
        if new is not None:
            self.wishes.event_came(new)
            self._holds.event_came(new)
        if new is not None and new.job_id:
            self._of(new.job_id).add_event(new)
        elif new is not None:
            self._move(self._owners.add(new))

    def outbox_changed(self, old: OutboxMessage | None, new: OutboxMessage | None) -> None:
        """An outbox row appeared, changed or went."""
        if old is not None and old.job_id:
            facts = self._renewed(old.job_id)
            facts.outbox = without_row(facts.outbox, old.id)
        if new is not None and new.job_id:
            facts = self._renewed(new.job_id)
            facts.outbox = (*without_row(facts.outbox, new.id), new)

    def directory_changed(self, old: Directory | None, new: Directory | None) -> None:
        """A directories row appeared, changed or went: names of lines made from now on."""
        if old is not None:
            self._by_host.pop(host_of(old.submission_url), None)
        if new is not None:
            self._by_host[host_of(new.submission_url)] = new

    def dead_letters(self, job_ids: Iterable[str]) -> None:
        """The jobs that have a message in the dead letter queue, as last seen there."""
        fresh = frozenset(job_ids)
        for job_id in self._dead ^ fresh:
            self._renewed(job_id)
        self._dead = fresh

    def tick(self, limit: int = TICK_LIMIT) -> None:
        """Time went by: mark at most `limit` open jobs, oldest look first, for a new look at their clues."""
        for job_id in list(islice(self._open, limit)):
            del self._open[job_id]
            self._open[job_id] = None
            self._renewed(job_id).doubt_running()

    def refresh(self, budget: float = math.inf) -> set[str]:
        """Work out changed jobs for about `budget` seconds; the ids whose line changed, appeared or went."""
        changed = set()
        now, until = self._now(), time.perf_counter() + budget
        alive = self._worker_alive(now)
        while self._waiting:
            for _ in range(min(8, len(self._waiting))):
                facts = self._waiting.popleft()
                if self._rework(facts, now, alive):
                    changed.add(facts.id)
            if time.perf_counter() > until:
                break
        return changed

    @property
    def pending(self) -> int:
        """Jobs still to be worked out."""
        return len(self._waiting)

    def _directories(self, job_id: str, outcomes: Sequence[str]) -> list[DirectoryLine]:
        facts = self._facts.get(job_id)
        if facts is None:
            return []
        return [
            facts.whole(host).line_of(
                job_id, host, self._by_host.get(host), self.wishes.of(job_id, host), self._holds.of(job_id, host)
            )
            for host in facts.having_outcome(outcomes)
        ]

    def _jobs_of(self, customer_id: str) -> list[Job]:
        return [self._jobs[job_id] for job_id in self._of_customers.of(customer_id) if job_id in self._jobs]

    def _move(self, moves: list[Move]) -> None:
        for event, before, after in moves:
            if before:
                self._of(before).remove_event(event)
            if after:
                self._of(after).add_event(event)

    def _wish_moved(self, job_id: str, hosts: Iterable[str]) -> None:
        if job_id not in self._facts and job_id not in self._jobs:
            return
        facts = self._of(job_id)
        for host in hosts:
            if facts.directories is not None and host in facts.directories:
                facts.directory(host)

    def _renewed(self, job_id: str) -> JobFacts:
        """As `_of`, for what is no directory of the job."""
        facts = self._of(job_id)
        facts.renewed = True
        return facts

    def _of(self, job_id: str) -> JobFacts:
        """The job's facts, marked for a new look at them."""
        facts = self._facts.get(job_id)
        if facts is None:
            line = self.lines.get(job_id)
            facts = self._facts[job_id] = JobFacts(job_id, self._jobs.get(job_id), renewed=line is None, line=line)
        if not facts.marked:
            facts.marked = True
            self._waiting.append(facts)
        return facts

    def _rework(self, facts: JobFacts, now: float, alive: bool) -> bool:
        facts.marked = False
        job_id, hosts = facts.id, facts.stale
        if hosts:
            facts.stale = ()
            for host in hosts:
                self._weigh(facts, host, now)
        old, job = facts.line, facts.job
        line = self._line(facts, job, now, alive) if job is not None else None
        if facts.bare():
            del self._facts[job_id]
        if line == old:
            return bool(hosts) and line is not None
        self.tallies.move(old, line)
        facts.line = line
        if line is None:
            self.lines.pop(job_id, None)
        else:
            self.lines[job_id] = line
        moving = _may_change(line)
        if moving != _may_change(old):
            if moving:
                self._open[job_id] = None
            else:
                del self._open[job_id]
        return True

    def _weigh(self, facts: JobFacts, host: str, now: float) -> None:
        one = facts.whole(host)
        marks, outcome = one.marks, one.outcome
        hold = self._holds.look(facts.id, host, one.events, now)
        one.weigh(now, held=hold is not None)
        if hold is not None and one.outcome != "running":
            self._holds.drop(facts.id, host)
        if marks != one.marks:
            self.rates.move_marks(marks, one.marks)
        if outcome != one.outcome:
            self.rates.move_outcome(host, outcome, one.outcome)
            facts.move_outcome(host, outcome, one.outcome)
        facts.settle(host, one)

    def _line(self, facts: JobFacts, job: Job, now: float, alive: bool) -> JobLine:
        submitted, failed, unknown, skipped = facts.submitted, facts.failed, facts.unknown, facts.skipped
        running, waiting = len(facts.under_way), facts.waiting
        done = submitted + failed + skipped
        total = known = done + unknown + running + waiting
        if not facts.listed:
            # Without a list, what was paid for; once the job has ended, what was tried.
            promised = job.directories_total or (0 if known and job.status in ENDED else job.package_size)
            if promised > known:
                total = promised
        if not known:
            done = min(job.directories_done or 0, total)
        last = facts.last_event
        hold = self._holds.first(job.id)
        diagnosis = self._diagnosis(facts, job, done, total, hold is not None, now, alive)
        line = facts.line
        if line is None or facts.renewed:
            line, facts.renewed = self._row_of_line(job, line), False
        return _replaced(
            line,
            submitted=submitted,
            failed=failed,
            unknown=unknown,
            skipped=skipped,
            running=running,
            waiting=waiting + total - known if known else total,
            total=total,
            done=done,
            current=facts.current() if running else "",
            last_event_at=last.created_at if last else None,
            last_event=last.event if last else "",
            diagnosis=diagnosis,
            wish=self.wishes.of(job.id),
            hold=hold,
        )

    def _diagnosis(
        self, facts: JobFacts, job: Job, done: int, total: int, held: bool, now: float, alive: bool
    ) -> Diagnosis:
        # Gathering all clues takes as long as the rest of a line, so where few decide, only these are looked at.
        hops = facts.hops or facts.hops_now()
        at_work = job.status == "in_progress"
        started = hops.started_at if hops.started_at is not None or not at_work else job.started_at
        if started is None:
            if not facts.renewed and facts.line is not None and job.status not in ENDED:
                # Of a job that hasn't started, its directories say nothing.
                return facts.line.diagnosis
        elif at_work and hops.finalized_at is None and job.id not in self._dead:
            last = facts.last_event
            heard = now if held else last.created_at if last is not None else None
            return under_way(started, heard, facts.unknown, now)
        clues = clues_of(
            facts, job, started, done=done, total=total, now=now, alive=alive, dead=job.id in self._dead,
            whole=self.holds_all_events(job.id),
        )  # fmt: skip
        return diagnose(clues)

    def _row_of_line(self, job: Job, old: JobLine | None) -> JobLine:
        """The part of the job's line that comes from its own row and its customer's."""
        customer = self._customers.get(job.customer_id)
        name = (seen(customer.business_name), customer.email, customer.customer_id) if customer else ("", "", "")
        same = old is not None and (old.business, old.email, old.customer) == name
        return JobLine(
            job.id,
            job.customer_id,
            name[2],
            name[0],
            name[1],
            job.package_type,
            job.package_size,
            job.status,
            job.priority_level,
            folded=old.folded if old is not None and same else "\n".join(name).lower(),
            created_at=job.created_at,
            started_at=job.started_at,
            completed_at=job.completed_at,
            error=job.error_message,
        )

    def _worker_alive(self, now: float) -> bool:
        """Whether any worker was heard of lately; no heartbeat proves nothing."""
        return any(
            beat.last_heartbeat is not None and now - beat.last_heartbeat < DEFAULT_THRESHOLDS.worker
            for beat in self._heartbeats.values()
        )


def _may_change(line: JobLine | None) -> bool:
    """Whether time alone may change the line."""
    return line is not None and (line.status not in ENDED or line.running > 0)
