"""Which report of a row wins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from app.store.store import Store
from app.sync.inbox import Inbox
from services.domain.records import HistoryEvent, Job
from services.ports.facts import Change
from tests.leaks.logs import Logged


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


def test_a_row_that_comes_as_a_record_obeys_the_same_rules(inbox: Inbox, store: Store) -> None:
    number = inbox.begin_read("jobs")
    for status, version in (("in_progress", 2), ("pending", 1), ("completed", 3), ("in_progress", 2)):
        inbox.arrive(Change("jobs", "INSERT", {}, record=Job.from_row(job(status, version))))
    inbox.apply(1.0)
    assert store.get("jobs", "j").status == "completed"
    assert not inbox.dirty
    inbox.read_rows("jobs", [job("failed", 2)], number)
    inbox.end_read("jobs")
    assert store.get("jobs", "j").status == "completed"
    assert inbox.take_dirty("jobs", 9) == ["j"]
    inbox.arrive(Change("queue_history", "UPDATE", {}, record=HistoryEvent("1", "j", event="note")))
    inbox.apply(1.0)
    assert store.get("queue_history", "1").event == "note"
    assert inbox.take_dirty("queue_history", 9) == ["1"]


def test_a_deleted_row_goes_at_once_and_a_late_change_of_it_is_doubted(inbox: Inbox, store: Store) -> None:
    inbox.arrive(Change("jobs", "INSERT", job("pending", 1)))
    inbox.arrive(Change("jobs", "DELETE", {"id": "j"}))
    inbox.apply(1.0)
    assert store.get("jobs", "j") is None
    assert inbox.take_dirty("jobs", 9) == ["j"]
    for late in (Change("jobs", "INSERT", job("pending", 1)), Change("jobs", "UPDATE", {}, record=Job("j", version=1))):
        inbox.arrive(late)
        inbox.apply(1.0)
        assert store.get("jobs", "j") is None
        assert inbox.take_dirty("jobs", 9) == ["j"]


def test_a_cut_change_of_an_unknown_row_is_read_before_it_is_shown(inbox: Inbox, store: Store) -> None:
    inbox.arrive(Change("jobs", "INSERT", {"id": "j", "version": 1}, complete=False))
    inbox.apply(1.0)
    assert store.get("jobs", "j") is None
    assert inbox.take_dirty("jobs", 9) == ["j"]


def test_a_change_that_lost_its_version_is_read_and_not_shown(inbox: Inbox, store: Store) -> None:
    inbox.arrive(Change("jobs", "INSERT", job("completed", 3)))
    inbox.arrive(Change("jobs", "UPDATE", {"id": "j", "status": "pending"}, complete=False))
    inbox.apply(1.0)
    assert store.get("jobs", "j").status == "completed"
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
    inbox.arrive(Change("flow_runs", "INSERT", {"id": 1}))
    assert len(inbox) == 0


def test_one_odd_change_does_not_stop_the_others(
    inbox: Inbox, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, logged: Logged
) -> None:
    put = store.put

    def fails_on_j(table: str, row: Mapping[str, Any]) -> None:
        if row["id"] == "j":
            raise TypeError("odd")
        put(table, row)

    monkeypatch.setattr(store, "put", fails_on_j)
    inbox.arrive(Change("jobs", "INSERT", job("pending", 1)))
    inbox.arrive(Change("jobs", "INSERT", {"id": "k", "version": 1}))
    assert inbox.apply(1.0) == 2
    assert store.get("jobs", "k") is not None
    assert inbox.take_dirty("jobs", 9) == ["j"]
    assert inbox.apply(1.0) == 0
    logged.take("could not be applied")


def test_doubts_are_taken_in_parts_and_a_row_without_a_key_is_none(inbox: Inbox) -> None:
    for key in ("a", "b", "", "c"):
        inbox.doubt("jobs", key)
    inbox.doubt("customers", "d")
    assert inbox.take_dirty("jobs", 2) == ["a", "b"]
    assert inbox.take_dirty("jobs", 2) == ["c"]
    assert inbox.doubted.is_set()
    assert inbox.take_dirty("jobs", 2) == []
    assert inbox.take_dirty("customers", 2) == ["d"]
    assert not inbox.doubted.is_set()


def test_what_a_read_found_gone_does_not_come_back_by_a_late_change(inbox: Inbox, store: Store) -> None:
    inbox.arrive(Change("jobs", "INSERT", job("pending", 1)))
    inbox.apply(1.0)
    inbox.read_absent("jobs", ["j"], inbox.begin_read("jobs"))
    inbox.end_read("jobs")
    inbox.arrive(Change("jobs", "UPDATE", job("failed", 2)))
    inbox.apply(1.0)
    assert store.get("jobs", "j") is None
    assert inbox.take_dirty("jobs", 9) == ["j"]


def test_what_is_gone_is_remembered_up_to_a_limit(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sync.inbox._GONE_LIMIT", 2)
    for key in ("a", "b", "c"):
        inbox.arrive(Change("jobs", "DELETE", {"id": key}))
    inbox.apply(1.0)
    assert inbox._gone["jobs"] == {"c"}


def test_more_changes_than_can_be_taken_in_are_thrown_away_and_said(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sync.inbox.MOST_WAITING", 3)
    for number in range(3):
        inbox.arrive(Change("queue_history", "INSERT", {"id": number, "event": "note"}))
    assert (len(inbox), inbox.overflowed) == (3, False)
    inbox.arrive(Change("queue_history", "INSERT", {"id": 4, "event": "note"}))
    assert (len(inbox), inbox.overflowed) == (1, True)
