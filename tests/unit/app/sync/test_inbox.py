"""Which report of a row wins."""

from __future__ import annotations

import pytest

from app.store.store import Store
from app.sync.inbox import Inbox
from services.ports.facts import Change


@pytest.fixture
def store() -> Store:
    return Store(lambda: 0.0)


@pytest.fixture
def inbox(store: Store) -> Inbox:
    return Inbox(store)


def job(status: str, version: int) -> dict[str, object]:
    return {"id": "j", "status": status, "version": version}


def customer(name: str) -> dict[str, object]:
    return {"id": "c", "business_name": name}


def test_a_read_yields_to_a_change_that_arrived_after_it_was_sent(inbox: Inbox, store: Store) -> None:
    number = inbox.begin_read("customers")
    inbox.arrive(Change("customers", "INSERT", customer("new")))
    inbox.apply(1.0)
    inbox.read_rows("customers", [customer("old")], number)
    inbox.end_read("customers")
    assert store.get("customers", "c").business_name == "new"
    assert inbox.take_dirty("customers", 9) == ["c"]


def test_a_read_sent_later_wins_unconditionally(inbox: Inbox, store: Store) -> None:
    inbox.arrive(Change("jobs", "INSERT", job("pending", 5)))
    inbox.apply(1.0)
    inbox.read_rows("jobs", [job("failed", 4)], inbox.begin_read("jobs"))
    inbox.end_read("jobs")
    assert store.get("jobs", "j").status == "failed"


def test_absence_yields_to_a_change_too(inbox: Inbox, store: Store) -> None:
    number = inbox.begin_read("jobs")
    inbox.arrive(Change("jobs", "INSERT", job("pending", 1)))
    inbox.apply(1.0)
    inbox.read_absent("jobs", ["j"], number)
    inbox.end_read("jobs")
    assert store.get("jobs", "j") is not None
    assert "j" in inbox.take_dirty("jobs", 9)


def test_an_older_version_is_never_shown(inbox: Inbox, store: Store) -> None:
    for status, version in (("in_progress", 2), ("pending", 1), ("completed", 3), ("in_progress", 2)):
        inbox.arrive(Change("jobs", "INSERT", job(status, version)))
    inbox.apply(1.0)
    assert store.get("jobs", "j").status == "completed"
    assert not inbox.dirty


def test_a_deleted_row_goes_at_once_and_a_late_change_of_it_is_doubted(inbox: Inbox, store: Store) -> None:
    inbox.arrive(Change("jobs", "INSERT", job("pending", 1)))
    inbox.arrive(Change("jobs", "DELETE", {"id": "j"}))
    inbox.apply(1.0)
    assert store.get("jobs", "j") is None
    assert inbox.take_dirty("jobs", 9) == ["j"]
    inbox.arrive(Change("jobs", "INSERT", job("pending", 1)))
    inbox.apply(1.0)
    assert inbox.take_dirty("jobs", 9) == ["j"]


def test_a_cut_change_of_an_unknown_row_is_read_before_it_is_shown(inbox: Inbox, store: Store) -> None:
    inbox.arrive(Change("jobs", "INSERT", {"id": "j", "version": 1}, complete=False))
    inbox.apply(1.0)
    assert store.get("jobs", "j") is None
    assert inbox.take_dirty("jobs", 9) == ["j"]


def test_rows_without_a_version_are_shown_and_read_again_events_are_not(inbox: Inbox) -> None:
    inbox.arrive(Change("customers", "INSERT", customer("x")))
    inbox.arrive(Change("queue_history", "INSERT", {"id": 1, "event": "note"}))
    inbox.apply(1.0)
    assert set(inbox.dirty) == {"customers"}


def test_the_budget_leaves_the_rest_for_the_next_frame(store: Store) -> None:
    ticks = iter(range(100))
    inbox = Inbox(store, clock=lambda: float(next(ticks)))
    for number in range(40):
        inbox.arrive(Change("queue_history", "INSERT", {"id": number, "event": "note"}))
    assert inbox.apply(0.5) == 16
    assert len(inbox) == 24


def test_a_table_that_nobody_holds_is_passed_over(inbox: Inbox) -> None:
    inbox.arrive(Change("staff_actions", "INSERT", {"id": 1}))
    assert len(inbox) == 0
