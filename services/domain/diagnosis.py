"""Why a job isn't moving, in words."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal

import msgspec

from services.domain.faults import platform_fault
from services.domain.statuses import Shape

Gap = Literal["never_queued", "claimed_not_triggered", "triggered_not_started", "started_not_finalized"]


class Clues(msgspec.Struct, frozen=True, gc=False):
    """What is known of a job. Times are unix seconds; None means "did not happen, as far as we can see"."""

    status: str
    now: float
    created_at: float | None = None
    outbox_waiting: bool = False
    message_sent: bool = False
    in_dead_letters: bool = False
    claimed_at: float | None = None
    triggered_at: float | None = None
    started_at: float | None = None
    finalized_at: float | None = None
    last_event_at: float | None = None
    unknown_outcomes: int = 0
    failed: int = 0
    done: int = 0
    total: int | None = None
    package_size: int = 0
    error_message: str = ""
    ahead: int | None = None
    worker_alive: bool = False


class Diagnosis(msgspec.Struct, frozen=True, gc=False):
    """`words` for the column ("" when all is well), `shape` for its colour, `gap` when one of the four."""

    words: str = ""
    shape: Shape | None = None
    gap: Gap | None = None


class Thresholds(msgspec.Struct, frozen=True):
    """Seconds after which silence becomes a gap."""

    claim: float = 120.0
    trigger: float = 60.0
    start: float = 120.0
    silence: float = 600.0
    worker: float = 120.0


DEFAULT_THRESHOLDS: Final = Thresholds()


_ALL_WELL: Final = Diagnosis()


@lru_cache(maxsize=4096)
def _said(words: str, shape: Shape | None = None, gap: Gap | None = None) -> Diagnosis:
    """A diagnosis; very many jobs have the same."""
    return Diagnosis(words, shape, gap)


def since(seconds: float) -> str:
    """A span in words: 40 s, 6 min, 1 h 22, 3 d."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86400:
        minutes = whole % 3600 // 60
        return f"{whole // 3600} h {minutes}" if minutes else f"{whole // 3600} h"
    return f"{whole // 86400} d"


def diagnose(clues: Clues, limits: Thresholds = DEFAULT_THRESHOLDS) -> Diagnosis:
    """The one sentence that staff need. Looks at evidence in the order of the pipeline's hops."""
    if clues.status in ("completed", "failed"):
        return _ended(clues)
    if clues.status == "paused":
        return _said("Paused by staff")
    if clues.status == "cancelled":
        return _said("Cancelled")
    if clues.in_dead_letters:
        return _said("In dead letters: it could not be started", "failed")
    return _moving(clues, limits)


def _ended(clues: Clues) -> Diagnosis:
    fault = platform_fault(clues.error_message)
    if fault:
        return _said(f"Platform fault: {fault}", "failed")
    if clues.unknown_outcomes:
        return _said(_unknown(clues.unknown_outcomes), "unknown")
    if clues.error_message:
        return Diagnosis(clues.error_message, "failed" if clues.status == "failed" else None)
    if clues.status == "failed" and clues.total and clues.failed >= clues.total:
        return _said(f"All {clues.failed} failed", "failed")
    if clues.total and clues.package_size > clues.total:
        return _said(f"{clues.total} listed of {clues.package_size} paid")
    return _ALL_WELL


def _unknown(count: int) -> str:
    return f"{count} outcome unknown" if count == 1 else f"{count} outcomes unknown"


def _moving(clues: Clues, limits: Thresholds) -> Diagnosis:
    now = clues.now
    if clues.finalized_at is not None and clues.status == "in_progress":
        return _said("Finished, but its status was not updated", "failed")
    if clues.started_at is not None:
        return under_way(clues.started_at, clues.last_event_at, clues.unknown_outcomes, now, limits)
    if clues.triggered_at is not None:
        waited = now - clues.triggered_at
        if waited >= limits.start and clues.worker_alive:
            return _said(f"Waiting for a worker for {since(waited)}: all are busy")
        if waited >= limits.start:
            return _said(f"Not started for {since(waited)}: pool down?", "failed", "triggered_not_started")
        return _said("Flow triggered, waiting for a worker")
    if clues.claimed_at is not None:
        waited = now - clues.claimed_at
        if waited >= limits.trigger:
            return _said(f"No flow for {since(waited)}: deployment missing?", "failed", "claimed_not_triggered")
        return _said("Taken from the queue")
    if clues.outbox_waiting:
        return _said("Waiting to be queued")
    if clues.message_sent:
        return _said("In the queue" if clues.ahead is None else f"In the queue, about {clues.ahead} ahead")
    if clues.created_at is None or now - clues.created_at >= limits.claim:
        return _said("No message, no history: never queued", "lost", "never_queued")
    return _said("Not queued yet")


def under_way(
    started: float, last_event: float | None, unknown: int, now: float, limits: Thresholds = DEFAULT_THRESHOLDS
) -> Diagnosis:
    """Of a job in progress that has started, is not finalized and has no dead letter: these few clues decide."""
    last = max(last_event or started, started)
    if now - last >= limits.silence:
        return _said(f"Silent for {since(now - last)}: worker crashed?", "failed", "started_not_finalized")
    return _said(_unknown(unknown), "unknown") if unknown else _ALL_WELL
