"""The two lanes: outcomes that nobody knows, and verdicts in doubt."""

from __future__ import annotations

import time
from typing import Any

import pytest

from app.store.doubts import Doubts, doubt_of
from app.store.lanes import key_of, lane_lines, waiting_count, waiting_jobs
from app.store.outcomes import PATIENCE
from app.store.store import Store
from services.domain.result import Result, pack
from services.domain.times import to_iso

LOG: dict[str, Any] = {"score": 4, "doubt": "On little", "signs": [{"kind": "word", "weight": 4, "words": "ok"}]}


def result(number: str, status: str, host: str = "a.localhost", **log: Any) -> dict[str, Any]:
    row = {"id": number, "job_id": "j1", "directory_name": host, "status": status, "response_log": log}
    return {**row, "updated_at": to_iso(time.time())}


@pytest.fixture
def store() -> Store:
    made = Store()
    made.put("customers", {"id": "c1", "business_name": "Old Mill Pizza"})
    made.put("jobs", {"id": "j1", "customer_id": "c1", "status": "completed"})
    return made


def lanes(store: Store) -> dict[str, tuple[str, str]]:
    """Lane and reason of each line."""
    store.take_changed()
    return {key: (line.lane, line.why) for key, line in lane_lines(store, waiting_jobs(store)).items()}


def test_a_doubt_stays_until_somebody_looked_or_it_is_another_verdict(store: Store) -> None:
    key = key_of("j1", "a.localhost")
    assert lanes(store) == {}
    store.put("job_results", result("r1", "submitted", **LOG))
    assert lanes(store) == {key: ("doubt", "On little")}
    assert waiting_count(store) == 1
    store.put("job_results", result("r1", "submitted", **LOG, reviewed={"outcome": "submitted"}))
    assert (lanes(store), waiting_count(store)) == ({}, 0)
    store.put("job_results", result("r1", "failed", **LOG))
    assert lanes(store) == {key: ("doubt", "On little")}
    store.put("job_results", result("r1", "skipped", **LOG))
    assert lanes(store) == {}
    store.put("job_results", result("r1", "failed", **LOG))
    store.remove("job_results", "r1")
    assert (lanes(store), len(store.doubts), list(store.doubts.jobs())) == ({}, 0, [])


def test_a_doubted_row_that_does_not_count_is_no_line(store: Store) -> None:
    store.put("job_results", result("r1", "failed", **LOG))
    store.put("job_results", result("r2", "submitted"))
    assert lanes(store) == {}
    store.put("job_results", result("r3", "failed", "b.localhost", **LOG))
    assert list(lanes(store)) == [key_of("j1", "b.localhost")]
    assert list(lane_lines(store, ["j1", "not a job"])) == [key_of("j1", "b.localhost")]


def test_what_submits_for_too_long_is_unknown_and_says_so(store: Store) -> None:
    key = key_of("j1", "a.localhost")
    long_ago = to_iso(time.time() - PATIENCE - 5)
    store.put("job_results", {**result("r1", "submitting"), "updated_at": long_ago})
    assert lanes(store)[key][0] == "unknown"
    assert lanes(store)[key][1].startswith("It has been submitting for longer")
    store.put("job_results", result("r1", "submitting", reasons=["No answer came"]))
    store.put("queue_history", {"id": "1", "job_id": "j1", "event": "unknown", "directory_name": "a.localhost",
                                "created_at": to_iso(time.time() + 1)})  # fmt: skip
    assert lanes(store) == {key: ("unknown", "No answer came")}
    assert waiting_count(store) == 1


def test_a_work_list_that_says_submitting_for_too_long_is_unknown_too(store: Store) -> None:
    row = {"id": "i1", "submission_queue_id": "j1", "directory_url": "http://a.localhost:9/add", "status": "submitting"}
    store.put("directory_submissions", {**row, "updated_at": to_iso(time.time())})
    assert lanes(store) == {}
    store.put("directory_submissions", {**row, "updated_at": to_iso(time.time() - PATIENCE - 5)})
    assert list(lanes(store)) == [key_of("j1", "a.localhost")]


def test_a_doubt_is_read_from_a_row_that_is_packed_too() -> None:
    record = Result.from_row(result("r1", "submitted", **LOG))
    doubts = Doubts()
    doubts.change(None, record)
    pack([record])
    assert doubt_of(record) == "On little"
    another = Result.from_row(result("r2", "submitted", "b.localhost", **LOG))
    doubts.change(None, another)
    doubts.change(record, None)
    assert (len(doubts), list(doubts.of("j1"))) == (1, ["r2"])
    doubts.change(another, None)
    assert (len(doubts), list(doubts.jobs())) == (0, [])
    assert doubt_of(Result.from_row(result("r1", "submitted", doubt="without signs"))) == ""
