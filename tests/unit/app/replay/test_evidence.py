"""What the events of a job say of a message that was sent."""

from __future__ import annotations

import time

import msgspec
import pytest

from app.replay.evidence import Result, StoreEvidence, claimed, result, retried
from app.store.store import Store
from services.domain.records import HistoryEvent
from services.domain.times import to_iso


def events(*names: str, at: float = 10.0, **details: str) -> list[HistoryEvent]:
    return [
        HistoryEvent(str(n), job_id="j1", event=name, details_json=msgspec.json.encode(details), created_at=at)
        for n, name in enumerate(names)
    ]


@pytest.mark.parametrize(
    ("names", "came_to"),
    [
        (["queue_claimed", "flow_triggered", "flow_started"], ""),
        (["flow_started", "submitted"], "ok"),
        (["skipped_duplicate"], "ok"),
        (["failed"], ""),
        (["submitted", "job_failed"], "failed"),
        (["job_failed", "submitted"], "failed"),
        (["job_finalized"], "ok"),
    ],
)
def test_a_result_is_what_the_job_has_come_to(names: list[str], came_to: Result) -> None:
    assert result(events(*names), 5.0) == came_to
    assert result(events(*names), 11.0) == ""


def test_a_job_that_ended_as_failed() -> None:
    assert result(events("job_finalized", final_status="failed"), 5.0) == "failed"


def test_only_a_claim_after_the_send_counts() -> None:
    assert claimed(events("queue_claimed"), 10.0)
    assert not claimed(events("queue_claimed"), 10.1)
    assert not claimed(events("submitted"), 5.0)


def test_the_facts_are_asked_by_the_clock_of_the_server() -> None:
    store = Store()
    store.set_offset(3600.0)
    evidence = StoreEvidence(store)
    sent_at = time.time()
    for at, name in ((sent_at + 3590, "queue_claimed"), (sent_at + 3610, "submitted")):
        store.put("queue_history", {"id": name, "job_id": "j1", "event": name, "created_at": to_iso(at)})
    assert not evidence.claimed("j1", sent_at)
    assert evidence.claimed("j1", sent_at - 60)
    assert evidence.result("j1", sent_at) == "ok"
    assert evidence.result("nobody", sent_at) == ""


@pytest.mark.parametrize(
    ("names", "came_to"),
    [
        ([], ""),
        (["staff_retry", "queue_claimed", "submitting"], ""),
        (["failed"], ""),
        (["failed", "job_finalized"], "failed"),
        (["failed", "submitted", "job_finalized"], "ok"),
        (["skipped_duplicate"], "ok"),
        (["error_no_profile"], "failed"),
    ],
)
def test_a_retry_is_good_when_a_directory_goes_through(names: list[str], came_to: str) -> None:
    rows = [HistoryEvent(str(at), event=event, created_at=100.0 + at) for at, event in enumerate(names)]
    early = HistoryEvent("0", event="submitted", created_at=99.0)
    assert retried([early, *rows], 100.0) == came_to
