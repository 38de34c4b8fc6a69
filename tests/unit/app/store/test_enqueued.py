"""How long a message may wait in the main queue, worked out from the facts."""

from __future__ import annotations

from typing import Any

import pytest

from app.store.link import TableState
from app.store.store import Store
from services.domain.times import to_iso

NOW = 1_800_000_000.0


@pytest.fixture
def store() -> Store:
    made = Store(lambda: NOW)
    for table in ("jobs", "outbox", "queue_history"):
        made.set_state(table, TableState(as_of=NOW))
    return made


def job(store: Store, key: str, status: str = "pending") -> None:
    store.put("jobs", {"id": key, "status": status, "created_at": to_iso(NOW - 9000)})


def sent(store: Store, number: int, job_id: str, ago: float | None, **more: Any) -> None:
    at = None if ago is None else to_iso(NOW - ago)
    store.put("outbox", {"id": str(number), "job_id": job_id, "sent_at": at, **more})


def taken(store: Store, number: int, job_id: str, ago: float) -> None:
    row = {"id": str(number), "job_id": job_id, "event": "queue_claimed", "created_at": to_iso(NOW - ago)}
    store.put("queue_history", row)


def age(store: Store) -> float | None:
    store.take_changed()
    oldest = store.oldest_enqueued()
    return None if oldest is None else NOW - oldest


def test_the_oldest_that_nobody_has_taken(store: Store) -> None:
    for number, ago in enumerate((500.0, 900.0, 700.0)):
        job(store, f"j{number}")
        sent(store, number, f"j{number}", ago)
    job(store, "j9")
    sent(store, 9, "j9", None)  # the relay has not sent it yet
    assert age(store) == 900
    taken(store, 1, "j1", 899)
    assert age(store) == 700
    job(store, "j2", "in_progress")
    assert age(store) == 500
    taken(store, 2, "j0", 520)  # the relay writes a little later than it sends
    assert age(store) is None


def test_a_claim_of_an_earlier_round_doesnt_count(store: Store) -> None:
    job(store, "j1")
    taken(store, 1, "j1", 4000)
    sent(store, 1, "j1", 4100)
    sent(store, 2, "j1", 300)
    assert age(store) == 300
    sent(store, 2, "j1", 300, message_id="m")
    assert age(store) == 300


def test_what_no_queue_has_any_more_and_rows_that_come_late(store: Store) -> None:
    job(store, "old")
    sent(store, 1, "old", 15 * 86400.0)
    assert age(store) is None
    sent(store, 2, "j2", 10)
    assert age(store) is None
    job(store, "j2")
    assert age(store) == 10
    sent(store, 3, "nowhere", 3600)
    assert age(store) == 10


def test_without_an_outbox_it_is_the_oldest_pending_job(store: Store) -> None:
    store.set_state("outbox", TableState(kind="not_installed", problem="It is missing."))
    job(store, "j1")
    assert age(store) == 9000
    store.set_state("outbox", TableState(as_of=NOW))
    store.set_state("jobs", TableState())
    assert age(store) is None
