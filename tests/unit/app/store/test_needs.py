"""What waits for a person."""

from __future__ import annotations

import msgspec
import pytest

from app.store.lines import DirectoryLine, JobLine
from app.store.needs import RANKS, Acknowledged, Need, job_need, letter_need
from app.store.outcomes import PATIENCE
from app.store.store import Store
from services.domain.diagnosis import Diagnosis
from services.domain.records import StaffAction
from services.domain.times import to_iso

CRASHED = Diagnosis("Silent for 12 min", "failed", "started_not_finalized")


def directories(_: str) -> list[DirectoryLine]:
    return [
        DirectoryLine("j1", "mapnook.localhost", outcome="unknown", words="The connection broke", unknown_since=70.0)
    ]


@pytest.mark.parametrize(
    ("line", "dead", "kind"),
    [
        (JobLine("j1", status="pending", diagnosis=Diagnosis("never queued", "lost", "never_queued")), True, "lost"),
        (JobLine("j1", status="in_progress", diagnosis=CRASHED), False, "stuck"),
        (JobLine("j1", status="in_progress", diagnosis=Diagnosis("not updated", "failed")), False, "stuck"),
        (JobLine("j1", status="pending", diagnosis=Diagnosis("in dead letters", "failed")), True, "dead_letter"),
        (JobLine("j1", status="completed", unknown=1, diagnosis=Diagnosis("1 unknown", "unknown")), False, "unknown"),
        (JobLine("j1", status="failed", failed=3, diagnosis=Diagnosis("All 3 failed", "failed")), False, "failed"),
        (JobLine("j1", status="completed", failed=3), False, None),
        (JobLine("j1", status="completed"), True, None),
        (JobLine("j1", status="in_progress", diagnosis=Diagnosis("Flow triggered")), False, None),
    ],
)  # fmt: skip
def test_each_kind(line: JobLine, dead: bool, kind: str | None) -> None:
    found = job_need(line, dead, directories)
    assert (found.kind if found else None) == kind


def test_one_unknown_outcome_names_its_directory() -> None:
    line = JobLine("j1", business="Old Mill Pizza", status="completed", unknown=1, last_event_at=90.0)
    found = job_need(line, False, directories)
    assert found is not None
    assert (found.name, found.words, found.since) == (
        "Old Mill Pizza", "mapnook.localhost: The connection broke", 70.0,
    )  # fmt: skip


def test_several_unknown_outcomes_are_counted() -> None:
    line = JobLine("j1", status="completed", unknown=2, last_event_at=90.0)
    found = job_need(line, False, lambda _: [])
    assert found is not None
    assert (found.name, found.words, found.since) == ("j1", "2 outcomes unknown", 90.0)
    assert found.target == "j1/unknown"


def test_a_letter_without_a_job_has_a_place_too() -> None:
    found = letter_need("m1", "The message is not JSON.", 5.0)
    assert (found.kind, found.job_id, found.words) == ("dead_letter", "", "The message is not JSON.")
    assert found.target == "m1"
    assert RANKS["lost"] < RANKS[found.kind] < RANKS["failed"]


def acknowledgement(target: str, at: float, act: str = "acknowledge") -> StaffAction:
    return StaffAction(f"{target}{at}", act=act, target=target, created_at=at)


def test_what_was_acknowledged_needs_nobody_until_something_new_happens() -> None:
    seen = Acknowledged()
    line = JobLine("j1", status="failed", created_at=10.0, last_event_at=90.0)
    failed = Need("j1", "failed", "One", "Failed", job_id="j1")
    assert not seen.covers_job(failed, line)
    seen.take(acknowledgement("j1/failed", 80.0))
    assert not seen.covers_job(failed, line), "something happened since"
    seen.take(acknowledgement("j1/failed", 95.0))
    seen.take(acknowledgement("j1/failed", 70.0))
    seen.take(acknowledgement("j1/failed", 99.0, "pause"))
    seen.take(None)
    assert seen.covers_job(failed, line)
    assert not seen.covers_job(failed, msgspec.structs.replace(line, last_event_at=96.0))
    assert seen.covers_job(failed, msgspec.structs.replace(line, last_event_at=None))
    assert seen.covers("j1/failed", None)
    assert not seen.covers("m1", None)
    # That its message is a dead letter by now, or nobody knows an outcome, has no event that would be new.
    for kind in ("dead_letter", "unknown", "stuck"):
        assert not seen.covers_job(msgspec.structs.replace(failed, kind=kind), line)


def test_an_unknown_outcome_that_comes_by_time_alone_is_not_covered_by_what_was_seen_before() -> None:
    now = 5000.0
    store = Store(lambda: now)
    store.put("jobs", {"id": "j1", "customer_id": "c", "status": "in_progress", "created_at": to_iso(100)})
    rows = [
        ("lost.example", "submitting", 1000),
        ("slow.example", "submitting", 4000),
        ("a.example", "submitted", 5500),
    ]
    for number, (host, event, at) in enumerate(rows):
        store.put(
            "queue_history",
            {"id": str(number), "job_id": "j1", "directory_name": host, "event": event, "created_at": to_iso(at)},
        )

    def covered(since: float) -> bool:
        store.take_changed()
        store.jobs.tick()
        store.take_changed()
        line = store.jobs.get("j1")
        assert line is not None
        need = job_need(msgspec.structs.replace(line, diagnosis=Diagnosis()), False, store.jobs.unknown_directories)
        assert need is not None
        assert (need.kind, need.since) == ("unknown", since)
        return store.acknowledged.covers_job(need, line)

    assert not covered(1000 + PATIENCE)
    store.put(
        "staff_actions",
        {"id": 1, "request_id": "1", "act": "acknowledge", "target": "j1/unknown", "created_at": to_iso(5000)},
    )
    assert covered(1000 + PATIENCE), "another directory's outcome is no new unknown"
    now = 4000 + PATIENCE + 1
    assert not covered(4000 + PATIENCE)


def test_an_acknowledgement_is_no_sign_of_life() -> None:
    store = Store(lambda: 5000.0)
    store.put("jobs", {"id": "j1", "customer_id": "c", "status": "in_progress", "created_at": to_iso(100)})
    for number, (event, at) in enumerate([("flow_started", 200), ("submitting", 300), ("staff_acknowledge", 4900)]):
        row = {"id": str(number), "job_id": "j1", "event": event, "created_at": to_iso(at)}
        store.put("queue_history", row)
    store.take_changed()
    line = store.jobs.get("j1")
    assert line is not None
    assert (line.last_event, line.last_event_at) == ("submitting", 300.0)
    assert line.diagnosis.gap == "started_not_finalized"
    store.remove("queue_history", "1")
    store.take_changed()
    line = store.jobs.get("j1")
    assert line is not None
    assert line.last_event == "flow_started"
    assert [event.event for event in store.jobs.history("j1")] == ["flow_started", "staff_acknowledge"]
