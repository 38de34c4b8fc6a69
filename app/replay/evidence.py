"""What became of a message after it was sent, as far as the facts say."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final, Literal, Protocol

from app.store.store import Store
from services.domain.records import HistoryEvent

Result = Literal["ok", "failed", ""]
"""The business result: what the job came to; "" while nothing is known."""

_GOOD: Final = frozenset({"submitted", "skipped_duplicate"})
_BAD: Final = frozenset({"job_failed", "error_no_profile", "no_directories"})


class Evidence(Protocol):
    """Asks the facts. `since`: unix seconds by the clock of the machine that sent it."""

    def claimed(self, job_id: str, since: float) -> bool:
        """Whether the subscriber took a message of this job since then."""
        ...

    def result(self, job_id: str, since: float) -> Result:
        """What the job has come to since then."""
        ...


def claimed(events: Iterable[HistoryEvent], since: float) -> bool:
    """Whether these events of one job say that the subscriber took a message since then."""
    return any(event.event == "queue_claimed" and (event.created_at or 0.0) >= since for event in events)


def result(events: Iterable[HistoryEvent], since: float) -> Result:
    """What these events of one job, in their order, say of it since then.

    That a flow has begun says nothing yet; the first directory that goes through does.
    """
    known: Result = ""
    for event in events:
        if (event.created_at or 0.0) < since:
            continue
        if event.event in _BAD:
            known = "failed"
        elif event.event == "job_finalized":
            known = "failed" if event.details.get("final_status") == "failed" else "ok"
        elif event.event in _GOOD and known != "failed":
            known = "ok"
    return known


def retried(events: Iterable[HistoryEvent], since: float) -> Result:
    """What these events of one job, in their order, say of a retry since then: a directory that goes through is good,
    a job that ended without one is not."""
    known: Result = ""
    for event in events:
        if (event.created_at or 0.0) < since:
            continue
        if event.event in _GOOD:
            return "ok"
        if event.event in _BAD or event.event == "job_finalized":
            known = "failed"
    return known


class StoreEvidence:
    """`Evidence` from the facts that sync has brought."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def claimed(self, job_id: str, since: float) -> bool:
        """See the port."""
        return claimed(self._store.jobs.history(job_id), self._by_the_server(since))

    def result(self, job_id: str, since: float) -> Result:
        """See the port."""
        return result(self._store.jobs.history(job_id), self._by_the_server(since))

    def retried(self, job_id: str, since: float) -> Result:
        """What a retry of a job has come to since then; `since` as for the others."""
        return retried(self._store.jobs.history(job_id), self._by_the_server(since))

    def _by_the_server(self, since: float) -> float:
        return since + self._store.now() - time.time()
