"""A directory of which one result says all takes no room beside that result, and nobody can tell."""

from __future__ import annotations

import tracemalloc

import pytest

from app.store.store import Store
from services.domain.records import HistoryEvent, WorkItem
from services.domain.result import Result
from tests.unit.app.store.rows import NOW, counts, event, job, new_store, result

JOBS, HOSTS = 100, 40


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


@pytest.mark.parametrize(("more", "most"), [(False, 100), (True, 160)])
def test_many_take_hardly_any_room_beside_their_rows(more: bool, most: int) -> None:
    """`most`: bytes for each directory, its share of its job included. With what is worked out of it, 170 and 290."""
    store = new_store()
    records: list[Result] = []
    items: list[WorkItem] = []
    events: list[HistoryEvent] = []
    for number in range(JOBS):
        store.put("jobs", job(job_id=f"j{number}", package_size=HOSTS))
        rows = [result("submitted", host=f"{at}.localhost", key=f"{number}-{at}") for at in range(HOSTS)]
        records += [Result.from_row({**row, "job_id": f"j{number}"}) for row in rows]
        for row in rows if more else ():
            url = f"http://{row['directory_name']}/add"
            listed = {"id": row["id"], "submission_queue_id": f"j{number}", "directory_url": url, "status": "submitted"}
            items.append(WorkItem.from_row(listed))
            submitted = event(len(events), "submitted", host=row["directory_name"])
            events.append(HistoryEvent.from_row({**submitted, "job_id": f"j{number}"}))
    store.take_changed()
    tracemalloc.start()
    try:
        for record in records:
            store.jobs.result_changed(None, record)
        for item in items:
            store.jobs.item_changed(None, item)
        for told in events:
            store.jobs.event_changed(None, told)
        store.take_changed()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert store.jobs.lines["j0"].submitted == HOSTS
    assert taken / len(records) < most


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
    store.put("queue_history", event(1, "flow_started", 90))
    store.put("job_results", result("submitted", 40, host="told.localhost", key="r2"))
    store.put("queue_history", event(2, "submitted", 40, host="told.localhost"))
    store.put("queue_history", event(3, "submitting", 5, host="running.localhost"))
    store.take_changed()
    assert [one.event for one in store.jobs.history("j1")] == ["flow_started", "submitted", "submitting"]
    assert len(store.jobs.directories("j1")) == 3
    assert [one.event for one in store.jobs.history("j1")] == ["flow_started", "submitted", "submitting"]
