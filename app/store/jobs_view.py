"""The job lines, kept up to date by differences: only what changed is worked out again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import msgspec

from app.store.job_facts import JobFacts, host_of
from app.store.lines import ENDED, Counts, DirectoryLine, JobLine
from app.store.owners import Move, Owners
from app.store.rates import Rates
from services.domain.diagnosis import DEFAULT_THRESHOLDS, Clues, diagnose
from services.domain.records import Customer, Directory, Heartbeat, HistoryEvent, Job, OutboxMessage, Result, WorkItem

REFRESH_LIMIT = 2000
TICK_LIMIT = 500


class JobsView:
    """Read it from pages and models; the `Store` feeds it.

    Lines are frozen: a line that changed is a new object. `refresh` works out what changed since the last
    time, so between two frames the lines stand still.
    """

    def __init__(
        self,
        customers: Mapping[str, Customer],
        heartbeats: Mapping[str, Heartbeat],
        now: Callable[[], float],
    ) -> None:
        self.lines: dict[str, JobLine] = {}
        """Every job's line by job id. Read it, don't change it."""
        self.rates = Rates()
        self.history_from: float | None = None
        """Events before this instant (unix seconds) are not held; None when all are."""
        self._customers = customers
        self._heartbeats = heartbeats
        self._now = now
        self._facts: dict[str, JobFacts] = {}
        self._by_customer: dict[str, set[str]] = {}
        self._owners = Owners(customers, self._jobs_of)
        self._by_host: dict[str, Directory] = {}
        self._stale: dict[str, None] = {}
        self._open: dict[str, None] = {}
        self._by_status: Counter[str] = Counter()
        self._dead: frozenset[str] = frozenset()
        self._unknown = Counter[str]()

    # For pages and models

    def get(self, job_id: str) -> JobLine | None:
        """The job's line, None when there is no such job."""
        return self.lines.get(job_id)

    def directories(self, job_id: str) -> list[DirectoryLine]:
        """The job's directories by host; unchanged ones are the same objects as last time."""
        facts = self._facts.get(job_id)
        if facts is None:
            return []
        return [
            one.line_of(job_id, host, self._by_host.get(host))
            for host, one in sorted(facts.directories.items())
            if one.outcome
        ]

    def history(self, job_id: str) -> list[HistoryEvent]:
        """All held events of the job, oldest first."""
        facts = self._facts.get(job_id)
        return facts.history() if facts else []

    def hop_events(self, job_id: str) -> list[HistoryEvent]:
        """The held events of the job as a whole (those without a directory), oldest first."""
        facts = self._facts.get(job_id)
        return list(facts.events) if facts else []

    def outbox(self, job_id: str) -> OutboxMessage | None:
        """The newest message written for the job."""
        facts = self._facts.get(job_id)
        return facts.outbox_now() if facts else None

    def counts(self) -> Counts:
        """Jobs by status, over all lines."""
        known = {name: self._by_status[name] for name in Counts.__struct_fields__ if name in self._by_status}
        return Counts(
            **known,
            unknown=self._unknown["jobs"],
            unknown_directories=self._unknown["directories"],
            total=len(self.lines),
        )

    # For the store

    def job_changed(self, old: Job | None, new: Job | None) -> None:
        """A jobs row appeared, changed or went."""
        for row in filter(None, (old, new)):
            self._of(row.id).job = new
        if old is not None and (new is None or new.customer_id != old.customer_id):
            self._by_customer[old.customer_id].discard(old.id)
            self._move(self._owners.settle(old.customer_id))
        if new is not None and (old is None or (old.customer_id, old.created_at) != (new.customer_id, new.created_at)):
            self._by_customer.setdefault(new.customer_id, set()).add(new.id)
            self._move(self._owners.settle(new.customer_id))

    def customer_changed(self, customer_id: str) -> None:
        """A customers row appeared, changed or went."""
        self._stale.update(dict.fromkeys(self._by_customer.get(customer_id, ())))
        self._move(self._owners.settle(customer_id))

    def item_changed(self, old: WorkItem | None, new: WorkItem | None) -> None:
        """A row of a work list appeared, changed or went."""
        if old is not None:
            self._of(old.job_id).directory(host_of(old.directory_url)).items.pop(old.id, None)
        if new is not None:
            self._of(new.job_id).directory(host_of(new.directory_url)).items[new.id] = new

    def result_changed(self, old: Result | None, new: Result | None) -> None:
        """A job_results row appeared, changed or went."""
        if old is not None:
            self._of(old.job_id).directory(host_of(old.directory_name)).results.pop(old.id, None)
        if new is not None:
            self._of(new.job_id).directory(host_of(new.directory_name)).results[new.id] = new

    def event_changed(self, old: HistoryEvent | None, new: HistoryEvent | None) -> None:
        """A queue_history row appeared or went."""
        if old is not None and old.job_id:
            self._of(old.job_id).remove_event(old)
        elif old is not None:
            self._move(self._owners.remove(old))
        if new is not None and new.job_id:
            self._of(new.job_id).add_event(new)
        elif new is not None:
            self._move(self._owners.add(new))

    def outbox_changed(self, old: OutboxMessage | None, new: OutboxMessage | None) -> None:
        """An outbox row appeared, changed or went."""
        if old is not None and old.job_id:
            self._of(old.job_id).outbox.pop(old.id, None)
        if new is not None and new.job_id:
            self._of(new.job_id).outbox[new.id] = new

    def directory_changed(self, old: Directory | None, new: Directory | None) -> None:
        """A directories row appeared, changed or went: names of lines made from now on."""
        if old is not None:
            self._by_host.pop(host_of(old.submission_url), None)
        if new is not None:
            self._by_host[host_of(new.submission_url)] = new

    def dead_letters(self, job_ids: Iterable[str]) -> None:
        """The jobs that have a message in the dead letter queue, as last seen there."""
        fresh = frozenset(job_ids)
        self._stale.update(dict.fromkeys(self._dead ^ fresh))
        self._dead = fresh

    def tick(self, limit: int = TICK_LIMIT) -> None:
        """Time went by: mark at most `limit` open jobs, oldest look first, for a new look at their clues."""
        for job_id in list(self._open)[:limit]:
            del self._open[job_id]
            self._open[job_id] = None
            facts = self._of(job_id)
            facts.stale_hosts.update(host for host, one in facts.directories.items() if one.outcome == "running")

    def refresh(self, limit: int = REFRESH_LIMIT) -> set[str]:
        """Work out at most `limit` changed jobs; the ids whose line changed, appeared or went."""
        changed = set()
        for job_id in list(self._stale)[:limit]:
            del self._stale[job_id]
            if self._rework(job_id):
                changed.add(job_id)
        return changed

    @property
    def pending(self) -> int:
        """Jobs still to be worked out."""
        return len(self._stale)

    def _jobs_of(self, customer_id: str) -> list[Job]:
        facts = [self._facts[job_id] for job_id in self._by_customer.get(customer_id, ())]
        return [one.job for one in facts if one.job is not None]

    def _move(self, moves: list[Move]) -> None:
        for event, before, after in moves:
            if before:
                self._of(before).remove_event(event)
            if after:
                self._of(after).add_event(event)

    def _of(self, job_id: str) -> JobFacts:
        self._stale[job_id] = None
        facts = self._facts.get(job_id)
        if facts is None:
            facts = self._facts[job_id] = JobFacts()
        return facts

    def _rework(self, job_id: str) -> bool:
        facts = self._facts.get(job_id)
        if facts is None:
            return False
        now = self._now()
        for host in facts.stale_hosts:
            self._weigh(facts, host, now)
        hosts_changed = bool(facts.stale_hosts)
        facts.stale_hosts.clear()
        line = self._line(facts, now) if facts.job is not None else None
        old = facts.line
        if line is None and not facts.directories and not facts.events and not facts.outbox:
            del self._facts[job_id]
        if line == old:
            return hosts_changed and line is not None
        self._count(old, -1)
        self._count(line, 1)
        facts.line = line
        if line is None:
            self.lines.pop(job_id, None)
        else:
            self.lines[job_id] = line
        if line is not None and (not line.ended or line.running):
            self._open[job_id] = None
        else:
            self._open.pop(job_id, None)
        return True

    def _weigh(self, facts: JobFacts, host: str, now: float) -> None:
        one = facts.directories[host]
        marks, outcome = one.marks, one.outcome
        one.weigh(now)
        if marks != one.marks:
            self.rates.move_marks(marks, one.marks)
        if outcome != one.outcome:
            self.rates.move_outcome(host, outcome, one.outcome)
            facts.counts[outcome] -= 1
            facts.counts[one.outcome] += 1
        if not one.outcome and not one.events:
            del facts.directories[host]

    def _count(self, line: JobLine | None, by: int) -> None:
        if line is None:
            return
        self._by_status[line.status] += by
        if line.unknown:
            self._unknown["jobs"] += by
            self._unknown["directories"] += by * line.unknown

    def _line(self, facts: JobFacts, now: float) -> JobLine:
        job = facts.job
        assert job is not None
        customer = self._customers.get(job.customer_id)
        counts = facts.counts
        known = sum(counts[name] for name in ("submitted", "failed", "unknown", "skipped", "running", "waiting"))
        listed = any(one.items for one in facts.directories.values())
        # Without a list, what was paid for; once the job has ended, what was tried.
        promised = 0 if known and job.status in ENDED else job.package_size
        total = known if listed else max(known, job.directories_total or promised)
        done = counts["submitted"] + counts["failed"] + counts["skipped"]
        last = facts.last_event
        line = JobLine(
            id=job.id,
            customer_id=job.customer_id,
            customer=customer.customer_id if customer else "",
            business=customer.business_name if customer else "",
            email=customer.email if customer else "",
            package=job.package_type,
            package_size=job.package_size,
            status=job.status,
            priority=job.priority_level,
            submitted=counts["submitted"],
            failed=counts["failed"],
            unknown=counts["unknown"],
            skipped=counts["skipped"],
            running=counts["running"],
            waiting=counts["waiting"] + total - known,
            total=total,
            done=done if known else min(job.directories_done or 0, total),
            current=facts.current(),
            created_at=job.created_at,
            started_at=job.started_at,
            completed_at=job.completed_at,
            last_event_at=last.created_at if last else None,
            last_event=last.event if last else "",
            error=job.error_message,
        )
        return msgspec.structs.replace(line, diagnosis=diagnose(self._clues(facts, job, line, now)))

    def _clues(self, facts: JobFacts, job: Job, line: JobLine, now: float) -> Clues:
        hops = facts.hops_now()
        message = facts.outbox_now()
        started = hops.started_at
        if started is None and job.status == "in_progress":
            started = job.started_at
        unseen = self.history_from is not None and (job.created_at or 0.0) < self.history_from
        return Clues(
            status=job.status,
            now=now,
            created_at=job.created_at,
            outbox_waiting=message is not None and message.sent_at is None,
            message_sent=unseen or (message is not None and message.sent_at is not None),
            in_dead_letters=job.id in self._dead,
            claimed_at=hops.claimed_at,
            triggered_at=hops.triggered_at,
            started_at=started,
            finalized_at=hops.finalized_at,
            last_event_at=line.last_event_at,
            unknown_outcomes=line.unknown,
            failed=line.failed,
            done=line.done,
            total=line.total or None,
            package_size=job.package_size,
            error_message=job.error_message,
            worker_alive=self._worker_alive(now),
        )

    def _worker_alive(self, now: float) -> bool:
        """Whether any worker was heard of lately; no heartbeat proves nothing."""
        return any(
            beat.last_heartbeat is not None and now - beat.last_heartbeat < DEFAULT_THRESHOLDS.worker
            for beat in self._heartbeats.values()
        )
