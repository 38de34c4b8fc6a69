"""What staff read of an event of the audit trail: its shape, its words, and what it tells beside them."""

from __future__ import annotations

from typing import Any, Final

from services.domain.records import HistoryEvent
from services.domain.statuses import Shape

_EVENTS: Final[dict[str, tuple[Shape, str]]] = {
    "submitted": ("ok", "submitted"),
    "failed": ("failed", "failed"),
    "error": ("failed", "a try failed"),
    "unknown": ("unknown", "outcome unknown"),
    "skipped": ("skipped", "skipped"),
    "skipped_duplicate": ("skipped", "already submitted"),
    "submitting": ("running", "submitting"),
    "queue_claimed": ("waiting", "taken from the queue"),
    "flow_triggered": ("waiting", "flow triggered"),
    "flow_started": ("running", "flow started"),
    "job_started": ("running", "job started"),
    "job_finalized": ("ok", "job ended"),
    "flow_completed": ("ok", "flow completed"),
    "staff_retry": ("send", "retry by staff"),
    "staff_requeue": ("send", "queued again by staff"),
    "staff_replay": ("send", "dead letters replayed by staff"),
    "staff_archive": ("skipped", "dead letters archived by staff"),
    "staff_resume": ("send", "resumed by staff"),
    "staff_pause": ("paused", "paused by staff"),
    "staff_cancel": ("skipped", "cancelled by staff"),
    "staff_declare": ("ok", "outcome declared by staff"),
    "staff_accept_form": ("ok", "new form accepted by staff"),
    "staff_review": ("ok", "verdict reviewed by staff"),
    "staff_run": ("ok", "run on a desk"),
    "staff_run_held": ("paused", "run on a desk held, waiting for a person"),
    "staff_run_released": ("send", "run on a desk goes on"),
    "staff_acknowledge": ("ok", "seen by staff"),
    "staff_pause_directory": ("paused", "directory paused by staff"),
    "staff_resume_directory": ("send", "directory in use again"),
    "staff_allow_captchas": ("ok", "2Captcha allowed by an admin"),
    "staff_forbid_captchas": ("paused", "2Captcha no longer allowed"),
    "requeued_stale": ("send", "queued again"),
    "job_failed": ("failed", "job failed"),
    "error_no_profile": ("failed", "no business profile"),
    "no_directories": ("skipped", "no directories"),
}


def event_face(event: HistoryEvent) -> tuple[Shape, str]:
    """Shape and words of an event; one that nobody knows is shown raw."""
    kind = event.event
    if kind == "submission_complete":
        kind = str(event.details.get("status") or kind)
    return _EVENTS.get(kind, ("waiting", kind.replace("_", " ") or "—"))


def event_note(event: HistoryEvent) -> str:
    """What an event of the pipeline tells beside its words: an error, counts, how long it took; "" for nothing."""
    details = event.details
    for name in ("error", "reason", "reasons"):
        if details.get(name):
            return _plain(details[name])
    if event.event == "job_finalized":
        counts = [f"{details[name]} {name}" for name in ("submitted", "failed", "skipped") if details.get(name)]
        return ", ".join(counts) or "nothing was submitted"
    took = details.get("duration_ms")
    if isinstance(took, int | float) and not isinstance(took, bool) and took > 0:
        return f"took {took / 1000:.1f} s"
    return ""


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def worker_words(worker_id: str) -> str:
    """Who worked: a worker by its name, a person's own run as "staff 68c2c7a8"."""
    kind, _, person = worker_id.partition(":")
    return f"staff {person[:8]}" if kind == "staff" and person else worker_id
