"""What is said of colleagues: who works on the dead letters, and how far their operations are."""

from __future__ import annotations

import pytest

from app.actions.colleagues import SILENT, holder, theirs, unrecorded
from app.store.link import TableState
from app.store.store import Store
from services.domain.times import to_iso
from tests.fakes.replays import lease_row

NOW = 1_800_000_000.0


@pytest.fixture
def store() -> Store:
    return Store(lambda: NOW)


def test_somebody_elses_lease_is_named_until_it_is_over(store: Store) -> None:
    held_by = holder(store, "mine")
    assert held_by("arn") == ""
    store.put("replay_leases", lease_row("arn", "theirs", to_iso(NOW + 5)))
    assert held_by("arn").startswith("desk-2@directory-bolt.example on tower works on the dead letters until ")
    assert held_by("another queue") == held_by("") == ""
    assert holder(store, "theirs")("arn") == ""
    store.put("replay_leases", lease_row("arn", "theirs", to_iso(NOW)))
    assert held_by("arn") == ""


def test_operations_of_others_say_no_more_than_is_known(store: Store) -> None:
    row = {"who": "desk-2", "target": "arn", "act": "replay", "done": 3, "total": 12, "label": "Replay 12 dead letters"}
    store.put("jobs", {"id": "j1", "customer_id": "c1", "status": "failed"})
    store.put("customers", {"id": "c1", "business_name": "Blue Door"})
    store.take_changed()
    for key, more in {
        "a": {"state": "running", "started_at": to_iso(NOW - 30), "updated_at": to_iso(NOW - 1)},
        "b": {"state": "running", "started_at": to_iso(NOW - 99), "updated_at": to_iso(NOW - SILENT - 1)},
        "c": {"state": "done", "act": "retry_failed", "label": "", "target": "j1/a.example", "updated_at": to_iso(NOW)},
        "d": {"state": "odd", "act": "run_here", "label": "", "target": "j2", "updated_at": to_iso(NOW)},
        "mine": {"state": "done"},
    }.items():
        store.put("staff_operations", {**row, "id": key, **more})
    found = {one.id: (one.label, one.state, one.words) for one in theirs(store, {"mine"})}
    assert found == {
        "a": ("Replay 12 dead letters", "running", "desk-2: 3 of 12"),
        "b": ("Replay 12 dead letters", "unknown", "desk-2: Nothing was heard of it since"),
        "c": ("Retry failed, Blue Door", "done", "desk-2: Done"),
        "d": ("Run here, j2", "unknown", "desk-2"),
    }
    assert [one.id for one in theirs(store, {"mine", "c", "d"})] == ["a", "b"]


def test_a_project_that_records_no_replays_is_named(store: Store) -> None:
    assert unrecorded(store) == ""
    for table in ("replay_leases", "staff_operations"):
        store.set_state(table, TableState(kind="not_installed", problem="It is missing."))
    assert unrecorded(store).startswith("Not recorded centrally")
