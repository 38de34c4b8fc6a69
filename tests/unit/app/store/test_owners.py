"""Events that name only a customer find its job, whichever comes first."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store.store import Store
from tests.unit.app.store.rows import at, job, new_store


def loose(number: int, customer: str, ago: float = 10.0) -> dict[str, Any]:
    """A row of the second shape that names no job."""
    row = {"id": number, "customer_id": customer, "status_from": "pending", "status_to": "in-progress"}
    return {**row, "created_at": at(ago)}


def where(store: Store) -> dict[str, list[str]]:
    return {key: [one.id for one in store.jobs.history(key)] for key in store.rows("jobs")}


@pytest.mark.parametrize("name", ["c1", "DIR-1"])
@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_the_three_rows_may_come_in_any_order(name: str, order: tuple[int, int, int]) -> None:
    store = new_store()
    puts = [
        lambda: store.put("customers", {"id": "c1", "customer_id": "DIR-1"}),
        lambda: store.put("jobs", job()),
        lambda: store.put("queue_history", loose(1, name)),
    ]
    for step in order:
        puts[step]()
    assert where(store) == {"j1": ["1"]}
    assert store.take_changed().jobs == {"j1"}
    assert store.jobs.lines["j1"].last_event == "pending -> in-progress"


def test_with_several_jobs_it_is_the_newest_of_that_time() -> None:
    store = new_store()
    store.put("queue_history", loose(1, "c1", 200))
    store.put("queue_history", loose(2, "c1", 40))
    store.put("jobs", job(job_id="old", created_at=at(100)))
    assert where(store) == {"old": ["1", "2"]}
    store.put("jobs", job(job_id="new", created_at=at(50)))
    assert where(store) == {"old": ["1"], "new": ["2"]}
    store.remove("jobs", "new")
    assert where(store) == {"old": ["1", "2"]}


def test_a_job_that_moves_to_another_customer_takes_no_foreign_events() -> None:
    store = new_store()
    store.put("queue_history", loose(1, "c1"))
    store.put("jobs", job())
    store.put("jobs", {"id": "j1", "customer_id": "c2", "version": 2})
    assert where(store) == {"j1": []}


def test_an_event_that_goes_leaves_its_job() -> None:
    store = new_store()
    store.put("jobs", job())
    for number in (1, 2):
        store.put("queue_history", loose(number, "c1"))
    store.remove("queue_history", "1")
    assert where(store) == {"j1": ["2"]}
    store.remove("queue_history", "2")
    store.put("queue_history", loose(3, "nobody"))
    store.remove("queue_history", "3")
    assert where(store) == {"j1": []}


def test_an_event_of_nobody_belongs_to_no_job() -> None:
    store = new_store()
    store.put("jobs", job(customer_id=""))
    store.put("queue_history", loose(1, ""))
    assert where(store) == {"j1": []}
    assert [one.id for one in store.activity.newest(5)] == ["1"]


_STEPS = st.one_of(
    st.tuples(st.just("event"), st.sampled_from(["c1", "c2", "DIR-1"]), st.integers(1, 6)),
    st.tuples(st.just("job"), st.sampled_from(["c1", "c2"]), st.integers(1, 3)),
    st.tuples(st.just("customer"), st.sampled_from(["c1", "c2"]), st.integers(1, 2)),
    st.tuples(st.just("no event"), st.just(""), st.integers(1, 6)),
    st.tuples(st.just("no job"), st.just(""), st.integers(1, 3)),
)


@given(st.lists(_STEPS, max_size=25))
def test_any_order_ends_where_a_fresh_look_does(steps: list[tuple[str, str, int]]) -> None:
    store = new_store()
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for kind, name, number in steps:
        if kind.startswith("no "):
            table, key = ("queue_history", str(number)) if kind == "no event" else ("jobs", f"j{number}")
            rows.pop((table, key), None)
            store.remove(table, key)
            continue
        if kind == "event":
            table, row = "queue_history", loose(number, name, 100 - number)
        elif kind == "job":
            table, row = "jobs", job(job_id=f"j{number}", customer_id=name, created_at=at(101 - 2 * number))
        else:
            table, row = "customers", {"id": name, "customer_id": f"DIR-{number}"}
        rows[table, str(row["id"])] = row
        store.put(table, row)
    fresh = new_store()
    for (table, _), row in rows.items():
        fresh.put(table, row)
    assert where(store) == where(fresh)


def test_a_job_whose_making_is_told_later_gets_what_is_its_own() -> None:
    store = new_store()
    store.put("queue_history", loose(1, "c1", 60))
    store.put("jobs", job(job_id="old", created_at=at(100)))
    store.put("jobs", job(job_id="new", created_at=at(50)))
    store.put("jobs", {"id": "new", "customer_id": "c1", "created_at": at(70)})
    assert where(store) == {"old": [], "new": ["1"]}
