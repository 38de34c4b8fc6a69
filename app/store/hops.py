"""How far a job came through the pipeline, read from its events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from services.domain.records import HistoryEvent
from services.domain.statuses import job_status


class Hops(msgspec.Struct, frozen=True, gc=False):
    """When each hop of the newest round was seen, unix seconds; None when it wasn't.

    A round starts when the job is put back to work: by staff, by the stale monitor, or when a message
    of a finished job is taken again.
    """

    claimed_at: float | None = None
    triggered_at: float | None = None
    started_at: float | None = None
    finalized_at: float | None = None


NEW_ROUND = frozenset({"staff_retry", "staff_requeue", "staff_resume", "requeued_stale"})

_ARROW: Final = " -> "
_STEPS: Final = {
    "pending": "requeued_stale",
    "in_progress": "flow_started",
    "completed": "job_finalized",
    "failed": "job_finalized",
}


def hops_of(events: Iterable[HistoryEvent]) -> Hops:
    """The hops that the events of one job tell of. `events` are oldest first; others are passed over."""
    claimed = triggered = started = finalized = None
    for event in events:
        kind, at = _kind(event.event), event.created_at
        if kind in NEW_ROUND or (kind == "queue_claimed" and finalized is not None):
            claimed = triggered = started = finalized = None
        if kind == "queue_claimed":
            claimed = at
        elif kind == "flow_triggered":
            triggered = at
        elif kind in ("flow_started", "job_started"):
            started = started or at
        elif kind in ("job_finalized", "flow_completed"):
            finalized = finalized or at
    return Hops(claimed, triggered, started, finalized)


def _kind(event: str) -> str:
    """An event of the older shape, "pending -> in_progress", under the name of the hop that it shows."""
    _, arrow, to = event.partition(_ARROW)
    return _STEPS.get(job_status(to), event) if arrow else event
