"""What is exported of each kind of line: columns in the order in which people read them. Times are ISO, UTC."""

from __future__ import annotations

from collections.abc import Callable

from app.actions.exports import Row
from app.actions.letter_line import LetterLine
from app.actions.letter_records import Kept, Record
from app.models.activity_lines import ActivityLine
from app.store.lines import DirectoryLine, JobLine
from services.domain.statuses import job_status_word
from services.domain.times import to_iso


def of_job(line: JobLine) -> Row:
    """A row of the Jobs page."""
    return {
        "job_id": line.id, "customer": line.customer, "business": line.business, "email": line.email,
        "package": line.package, "status": job_status_word(line.status), "directories": line.total, "done": line.done,
        "submitted": line.submitted, "failed": line.failed, "unknown": line.unknown, "skipped": line.skipped,
        "ordered_at": _iso(line.created_at), "started_at": _iso(line.started_at), "ended_at": _iso(line.completed_at),
        "last_event_at": _iso(line.last_event_at), "diagnosis": line.diagnosis.words, "error": line.error,
    }  # fmt: skip


def of_directory(job: JobLine) -> Callable[[DirectoryLine], Row]:
    """A row of one job's directories."""
    return lambda line: {
        "job_id": job.id, "business": job.business, "directory": line.host, "name": line.name, "url": line.url,
        "outcome": line.outcome, "why": line.words, "attempts": len(line.attempts), "duration_ms": line.duration_ms,
        "when": _iso(line.when), "listing_url": line.listing_url, "screenshot": line.screenshot_url,
        "error": line.error,
    }  # fmt: skip


def of_activity(customer: Callable[[ActivityLine], str]) -> Callable[[ActivityLine], Row]:
    """A row of the Activity page."""
    return lambda line: {
        "when": _iso(line.at), "by": "staff" if line.by_staff else "pipeline", "who": line.who, "what": line.what,
        "customer": customer(line), "job_id": line.job_id, "directory": line.directory, "result": line.result,
        "why": line.why,
    }  # fmt: skip


def of_letter(line: LetterLine, business: str) -> Row:
    """A row of the dead letters; `business`: its job's customer."""
    return {
        "message_id": line.id, "job_id": line.job_id, "customer": business, "what": line.reading.what,
        "problem": line.problem, "sent_at": _iso(line.letter.sent_at), "receives": line.letter.receive_count,
        "expires_at": _iso(line.expires_at), "body": line.letter.body,
    }  # fmt: skip


def of_kept(kept: Kept, business: str) -> Row:
    """A message of the archive; `business`: its job's customer."""
    one = kept.archived
    return {
        "message_id": kept.id, "job_id": kept.job_id, "customer": business, "state": one.state, "why": one.why,
        "archived_at": _iso(one.at), "by": one.actor, "reason": one.reason, "came_from": one.dlq, "body": one.body,
        "sent_instead": one.sent_body,
    }  # fmt: skip


def of_record(record: Record, business: str) -> Row:
    """A message of the journal; `business`: its job's customer."""
    entry = record.entry
    return {
        "message_id": record.id, "job_id": record.job_id, "customer": business, "state": entry.state,
        "why": entry.why, "operation": record.operation, "by": entry.actor, "reason": entry.reason,
        "planned_at": _iso(entry.planned_at), "changed_at": _iso(entry.changed_at),
        "new_message_id": entry.new_message_id, "dead_letter_queue": entry.dlq, "body": entry.body,
        "sent_instead": entry.sent_body,
    }  # fmt: skip


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else to_iso(seconds)
