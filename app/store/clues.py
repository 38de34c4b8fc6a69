"""What of a job's facts its diagnosis is made from."""

from __future__ import annotations

from app.store.job_facts import JobFacts
from services.domain.diagnosis import Clues
from services.domain.records import Job


def clues_of(
    facts: JobFacts,
    job: Job,
    started: float | None,
    *,
    done: int,
    total: int,
    now: float,
    alive: bool,
    dead: bool,
    whole: bool,
) -> Clues:
    """`alive`: some worker was heard of lately; `dead`: its message is among the dead letters; `whole`: all its events
    are held."""
    hops = facts.hops_now()
    message = facts.outbox_now() if facts.outbox else None
    return Clues(
        status=job.status,
        now=now,
        created_at=job.created_at,
        outbox_waiting=message is not None and message.sent_at is None,
        message_sent=not whole or (message is not None and message.sent_at is not None),
        in_dead_letters=dead,
        claimed_at=hops.claimed_at,
        triggered_at=hops.triggered_at,
        started_at=started,
        finalized_at=hops.finalized_at,
        last_event_at=facts.last_event.created_at if facts.last_event else None,
        unknown_outcomes=facts.unknown,
        failed=facts.failed,
        done=done,
        total=total or None,
        package_size=job.package_size,
        error_message=job.error_message,
        worker_alive=alive,
    )
