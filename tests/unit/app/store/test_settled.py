"""A directory of which one result says all takes no room beside that result, and nobody can tell."""

from __future__ import annotations

import tracemalloc

import pytest

from app.store.store import Store
from services.domain.result import Result
from tests.unit.app.store.rows import NOW, counts, event, job, new_store, result

JOBS, HOSTS = 100, 40
MOST = 120
"""Bytes for each directory, its share of its job included. What is worked out of it would take 130 more."""


@pytest.fixture
def store() -> Store:
    """A job with one result that settled."""
    store = new_store()
    store.put("jobs", job(package_size=1))
    store.put("job_results", result("failed", 70, error_message="no phone"))
    store.take_changed()
    return store


def minutes(store: Store) -> tuple[list[int], list[int]]:
    series = store.rates.per_minute(NOW)
    return [count for count in series.submitted if count], [count for count in series.failed if count]


def test_many_take_no_room_of_their_own() -> None:
    store = new_store()
    records = []
    for number in range(JOBS):
        store.put("jobs", job(job_id=f"j{number}", package_size=HOSTS))
        rows = [result("submitted", host=f"{at}.localhost", key=f"{number}-{at}") for at in range(HOSTS)]
        records += [Result.from_row({**row, "job_id": f"j{number}"}) for row in rows]
    store.take_changed()
    tracemalloc.start()
    try:
        for record in records:
            store.jobs.result_changed(None, record)
        store.take_changed()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert store.jobs.lines["j0"].submitted == HOSTS
    assert taken / len(records) < MOST


@pytest.mark.parametrize("kind", ["submitted", "submission_complete"])
def test_a_late_event_is_weighed_with_it(store: Store, kind: str) -> None:
    store.put("queue_history", event(1, kind, 5, status="submitted"))
    assert counts(store) == {"failed": 1, "total": 1, "done": 1}
    assert minutes(store) == ([1], [])
    (line,) = store.jobs.directories("j1")
    assert (line.outcome, len(line.attempts)) == ("failed", 1)
    store.remove("queue_history", "1")
    assert counts(store) == {"failed": 1, "total": 1, "done": 1}
    assert minutes(store) == ([], [1])


def test_the_history_of_its_job_has_the_events_of_all_kinds_of_directories(store: Store) -> None:
    store.put("queue_history", event(1, "flow_started", 90, host=None))
    store.put("job_results", result("submitted", 40, host="told.localhost", key="r2"))
    store.put("queue_history", event(2, "submitted", 40, host="told.localhost"))
    store.put("queue_history", event(3, "submitting", 5, host="running.localhost"))
    store.take_changed()
    assert [one.event for one in store.jobs.history("j1")] == ["flow_started", "submitted", "submitting"]
    assert len(store.jobs.directories("j1")) == 3
    assert [one.event for one in store.jobs.history("j1")] == ["flow_started", "submitted", "submitting"]
