"""Which job an event belongs to that names only its customer, as production's older shape does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.store.activity import insert_once, take_out
from services.domain.customer_row import CustomerRow
from services.domain.records import HistoryEvent, Job

Move = tuple[HistoryEvent, str, str]
"""An event, the job that it was with, the job that it is with now; "" for none."""


class Owners:
    """Events wait here for their job: it may come later than they do, and so may the customer's row.

    The customer of an event is named by the key of its row or by its public number.
    """

    def __init__(self, customers: Mapping[str, CustomerRow], jobs_of: Callable[[str], list[Job]]) -> None:
        self._customers = customers
        self._jobs_of = jobs_of
        self._events: dict[str, list[HistoryEvent]] = {}
        self._jobs: dict[str, str] = {}

    def add(self, event: HistoryEvent) -> list[Move]:
        """An event without a job appeared."""
        if not event.customer_id:
            return []
        insert_once(self._events.setdefault(event.customer_id, []), event)
        return self._settle(event.customer_id)

    def remove(self, event: HistoryEvent) -> list[Move]:
        """An event without a job went."""
        events = self._events.get(event.customer_id, [])
        take_out(events, event)
        if not events:
            self._events.pop(event.customer_id, None)
        job_id = self._jobs.pop(event.id, "")
        return [(event, job_id, "")] if job_id else []

    def settle(self, customer_id: str) -> list[Move]:
        """The customer with this key, or a job of it, appeared, changed or went."""
        if not self._events:
            return []
        customer = self._customers.get(customer_id)
        names = {customer_id, customer.customer_id} if customer else {customer_id}
        return [move for name in names for move in self._settle(name)]

    def _settle(self, name: str) -> list[Move]:
        events = self._events.get(name)
        if not events:
            return []
        keys = [name, *(key for key, row in self._customers.items() if row.customer_id == name)]
        jobs = sorted(
            (job for key in dict.fromkeys(keys) for job in self._jobs_of(key)), key=lambda job: job.created_at or 0.0
        )
        moves: list[Move] = []
        for event in events:
            job_id = _job_at(jobs, event.created_at)
            before = self._jobs.get(event.id, "")
            if job_id != before:
                self._jobs[event.id] = job_id
                moves.append((event, before, job_id))
        return moves


def _job_at(jobs: list[Job], moment: float | None) -> str:
    """The customer's newest job that was there at `moment`, else its first one; "" when there is none."""
    earlier = [job for job in jobs if moment is not None and (job.created_at or 0.0) <= moment]
    return (earlier[-1] if earlier else jobs[0]).id if jobs else ""
