"""What became of one directory of one job, weighed from its work item, its results and its events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from app.store.lines import Attempt
from services.domain.records import HistoryEvent, WorkItem
from services.domain.result import Result

_Row = TypeVar("_Row", WorkItem, Result)

PATIENCE: Final = 2010.0
"""Seconds that a try may take, all repeats included; `submitting` for longer is an unknown outcome."""

OUTCOMES: Final = ("submitted", "failed", "unknown", "skipped", "running", "waiting")

_ENDS: Final = {
    "submitted": "submitted",
    "failed": "failed",
    "unknown": "unknown",
    "skipped": "skipped",
    "skipped_duplicate": "skipped",
}
_ITEM: Final = {"pending": "waiting", "submitting": "running"}


def attempts(events: Iterable[HistoryEvent]) -> tuple[Attempt, ...]:
    """The tries that the events of one directory tell of, oldest first. `events` are oldest first.

    An outcome event and `submission_complete` of the same try count once; either may be missing.
    """
    tries: list[Attempt] = []
    completed = True
    for event in events:
        if event.event == "submitting":
            tries.append(Attempt("running", started_at=event.created_at, worker_id=event.worker_id))
            completed = False
        elif event.event == "error" and tries and tries[-1].outcome == "running":
            tries[-1] = msgspec.structs.replace(tries[-1], error=str(event.details.get("error") or ""))
        elif event.event in _ENDS:
            _close(tries, event, _ENDS[event.event])
            completed = False
        elif event.event == "submission_complete":
            if completed or not tries or tries[-1].outcome == "running":
                _close(tries, event, _ENDS.get(str(event.details.get("status")), "unknown"))
            completed = True
    return tuple(tries)


def _close(tries: list[Attempt], event: HistoryEvent, outcome: str) -> None:
    open_one = tries.pop() if tries and tries[-1].outcome == "running" else Attempt("running")
    details = event.details
    tries.append(
        Attempt(
            outcome,
            started_at=open_one.started_at,
            ended_at=event.created_at,
            duration_ms=_whole(details.get("duration_ms")),
            worker_id=event.worker_id or open_one.worker_id,
            error=str(details.get("error") or open_one.error),
            screenshot_url=str(details.get("screenshot_url") or ""),
        )
    )


def outcome_of(
    items: Sequence[WorkItem],
    results: Sequence[Result],
    tries: Sequence[Attempt],
    now: float,
    patience: float = PATIENCE,
    *,
    held: bool = False,
) -> str:
    """One of OUTCOMES. The best evidence wins, then the latest; rows are grouped, never counted.

    `held`: its run is known to wait for a person, however long ago it began.
    """
    for result in results:
        if result.status == "submitted":
            return "submitted"
    item, row = _newest(items) if items else None, _newest(results) if results else None
    last = tries[-1] if tries else None
    if item is not None and item.status == "pending" and _since(item, row, last):
        return "waiting"
    if row is not None and row.status != "submitting":
        return "waiting" if row.status == "pending" else row.status if row.status in OUTCOMES else "unknown"
    if last is not None and last.outcome != "running" and not _before(last.ended_at, row):
        return last.outcome
    if row is None and last is None:
        if item is None:
            return "waiting"
        if item.status == "submitting" and (moved := _changed(item)) and now - moved > patience:
            return "unknown"
        return _ITEM.get(item.status, item.status if item.status in OUTCOMES else "unknown")
    began = _began(row, last)
    return "unknown" if began and now - began > patience and not held else "running"


def unknown_since(
    items: Sequence[WorkItem], results: Sequence[Result], tries: Sequence[Attempt], patience: float = PATIENCE
) -> float | None:
    """Since when the outcome of a directory is unknown whose outcome is; None when nothing tells.

    Of a try that only took too long, that is when its patience ended, long after anything was written of it.
    """
    row, last = _newest(results), tries[-1] if tries else None
    if row is not None and row.status != "submitting":
        return _changed(row) or None
    if last is not None and last.outcome != "running" and not _before(last.ended_at, row):
        return last.ended_at
    if row is None and last is None:
        item = _newest(items)
        moved = _changed(item) if item is not None else 0.0
        return (moved + patience if item is not None and item.status == "submitting" else moved) if moved else None
    began = _began(row, last)
    return began + patience if began else None


def _began(row: Result | None, last: Attempt | None) -> float:
    """When the try that goes on began, as far as it is known; else 0."""
    began = _changed(row) if row is not None else 0.0
    if last is not None and last.outcome == "running" and last.started_at is not None:
        began = max(began, last.started_at)
    return began


def _newest(rows: Sequence[_Row]) -> _Row | None:
    return rows[0] if len(rows) == 1 else max(rows, key=_changed, default=None)


def _changed(row: WorkItem | Result) -> float:
    return row.updated_at or row.created_at or 0.0


def _since(item: WorkItem, row: Result | None, last: Attempt | None) -> bool:
    """True when the item was put back on the list after everything else that is known."""
    moment = _changed(item)
    if row is not None and moment <= _changed(row):
        return False
    newest = (last.ended_at or last.started_at) if last is not None else None
    return newest is None or moment > newest


def _before(moment: float | None, row: Result | None) -> bool:
    return row is not None and row.updated_at is not None and moment is not None and moment < row.updated_at


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
