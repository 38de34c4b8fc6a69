"""How long a message may wait in the main queue: SQS doesn't tell, so it is worked out from what was sent and taken."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from services.domain.records import HistoryEvent, Job, OutboxMessage

KEPT: Final = 14 * 86400.0
"""Seconds after which no queue has a message any more."""
_SKEW: Final = 60.0
"""A message may be taken before the relay has written that it was sent."""


class Enqueued:
    """The messages that were sent, the oldest first; those that were taken are dropped when they are looked at."""

    def __init__(
        self, jobs: Mapping[str, Job], events_of: Callable[[str], Iterable[HistoryEvent]], now: Callable[[], float]
    ) -> None:
        self._jobs = jobs
        self._events_of = events_of
        self._now = now
        self._sent: list[tuple[float, str]] = []

    def outbox_changed(self, old: OutboxMessage | None, new: OutboxMessage | None) -> None:
        """A row of the outbox appeared, changed or went."""
        if new is None or new.sent_at is None or (old is not None and old.sent_at == new.sent_at):
            return
        if new.sent_at > self._now() - KEPT:
            heapq.heappush(self._sent, (new.sent_at, new.job_id))

    def oldest(self) -> float | None:
        """When the message was sent that nobody seems to have taken yet, unix seconds; None when there is none."""
        while self._sent:
            sent, job_id = self._sent[0]
            job = self._jobs.get(job_id)
            pending = job is not None and job.status == "pending" and sent > self._now() - KEPT
            if pending and not self._taken(job_id, sent):
                return sent
            if not pending and self._now() - sent < _SKEW:
                # The job's own row may come a little later than that of its message.
                return None
            heapq.heappop(self._sent)
        return None

    def _taken(self, job_id: str, sent: float) -> bool:
        return any(
            event.event == "queue_claimed" and (event.created_at or 0.0) >= sent - _SKEW
            for event in self._events_of(job_id)
        )
