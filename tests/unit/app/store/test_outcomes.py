"""One directory's outcome from rows and events that disagree."""

from __future__ import annotations

import msgspec
import pytest

from app.store.outcomes import attempts, outcome_of, unknown_since
from services.domain.records import HistoryEvent, WorkItem
from services.domain.result import Result


def event(kind: str, at: float, **details: object) -> HistoryEvent:
    told = msgspec.json.encode(details)
    return HistoryEvent(
        id=f"{at:g}", job_id="j", directory_name="a.example", event=kind, details_json=told, created_at=at
    )


def result(status: str, at: float, key: str = "r") -> Result:
    return Result(id=key, job_id="j", directory_name="a.example", status=status, created_at=at, updated_at=at)


def item(status: str, at: float) -> WorkItem:
    return WorkItem(id="w", job_id="j", directory_url="http://a.example/add", status=status, updated_at=at)


TRY = [event("submitting", 10)]
FAILED = [*TRY, event("failed", 12, error="no phone", duration_ms=2000)]


def test_outcome_event_and_submission_complete_count_once() -> None:
    tries = attempts([*FAILED, event("submission_complete", 12.1, status="failed")])
    assert [(one.outcome, one.duration_ms, one.error) for one in tries] == [("failed", 2000, "no phone")]


@pytest.mark.parametrize("kind", ["failed", "submission_complete"])
def test_either_of_the_two_may_be_missing(kind: str) -> None:
    tries = attempts([*TRY, event(kind, 12, status="failed"), event("submitting", 20), event("submitted", 21)])
    assert [one.outcome for one in tries] == ["failed", "submitted"]


def test_two_completions_without_anything_else_are_two_tries() -> None:
    done = [event("submission_complete", at, status="failed") for at in (1, 2)]
    assert len(attempts(done)) == 2


@pytest.mark.parametrize(
    ("items", "results", "events", "now", "expected"),
    [
        ([item("pending", 1)], [], [], 100, "waiting"),
        ([item("submitting", 10)], [result("submitting", 10)], TRY, 100, "running"),
        ([item("submitting", 10)], [result("submitting", 10)], TRY, 2100, "unknown"),
        ([item("submitting", 10)], [result("submitting", 11)], [*TRY, event("unknown", 12)], 13, "unknown"),
        ([item("failed", 12)], [result("failed", 12)], FAILED, 13, "failed"),
        # Put back on the list: what failed before is history.
        ([item("pending", 20)], [result("failed", 12)], FAILED, 21, "waiting"),
        # Production never touches the list: the later row says how it went.
        ([item("pending", 1)], [result("failed", 12)], FAILED, 21, "failed"),
        ([item("pending", 1)], [], FAILED, 21, "failed"),
        # The row was never updated, the event says how it ended.
        ([item("pending", 1)], [result("submitting", 11)], [*TRY, event("submitted", 12)], 9999, "submitted"),
        # A new claim whose event has not come yet.
        ([item("submitting", 20)], [result("submitting", 20)], FAILED, 21, "running"),
        # Several rows: the best evidence wins.
        ([], [result("submitted", 5), result("failed", 9, "r2")], [], 10, "submitted"),
        ([item("skipped", 5)], [], [], 10, "skipped"),
        ([], [result("weird", 5)], [], 10, "unknown"),
    ],
)
def test_outcome(
    items: list[WorkItem], results: list[Result], events: list[HistoryEvent], now: float, expected: str
) -> None:
    assert outcome_of(items, results, attempts(events), now) == expected


def test_of_what_nothing_is_known_it_waits() -> None:
    assert outcome_of([], [], [], 0.0) == "waiting"


def test_an_error_of_a_try_is_kept_until_its_outcome_says_more() -> None:
    tries = attempts([event("error", 5, error="nothing runs"), *TRY, event("error", 11, error="no phone")])
    assert [(one.outcome, one.error) for one in tries] == [("running", "no phone")]
    tries = attempts([*TRY, event("error", 11, error="no phone"), event("note", 11.5), event("failed", 12)])
    assert [(one.outcome, one.error) for one in tries] == [("failed", "no phone")]


@pytest.mark.parametrize(
    ("items", "results", "events", "since"),
    [
        ([], [], [*TRY, event("unknown", 30)], 30.0),
        ([], [result("submitting", 11)], [*TRY, event("unknown", 30)], 30.0),
        ([], [], TRY, 110.0),
        ([], [result("submitting", 11)], [], 111.0),
        ([], [result("submitting", 9)], TRY, 110.0),
        ([], [result("submitting", 40)], [*TRY, event("unknown", 30)], 140.0),
        ([], [result("odd", 40)], TRY, 40.0),
        ([item("odd", 50)], [], [], 50.0),
        ([item("submitting", 50)], [], [], 150.0),
        ([item("submitting", 0)], [], [], None),
        ([], [result("submitting", 0)], [], None),
        ([], [result("odd", 0)], [], None),
        ([], [], [], None),
    ],
)
def test_since_when_an_outcome_is_unknown(
    items: list[WorkItem], results: list[Result], events: list[HistoryEvent], since: float | None
) -> None:
    assert unknown_since(items, results, attempts(events), patience=100) == since


def test_a_directory_of_which_nothing_is_known_waits() -> None:
    assert outcome_of([], [], [], 0.0) == "waiting"
