"""Rows as records: no odd value raises, and every known shape gives the same record."""

from __future__ import annotations

from typing import Any, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.customer_row import CustomerRow
from services.domain.records import Customer, Directory, Heartbeat, HistoryEvent, Job, OutboxMessage, WorkItem
from services.domain.result import Result

KINDS: list[Any] = [Customer, CustomerRow, Job, WorkItem, Result, HistoryEvent, Directory, Heartbeat, OutboxMessage]
COLUMNS = sorted(
    {name for kind in KINDS for name in kind.__struct_fields__}
    | {"submission_queue_id", "submission_status", "status_from", "status_to", "metadata", "last_seen"}
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=120, derandomize=True)
@given(row=st.dictionaries(st.sampled_from(COLUMNS), _VALUES))
def test_no_row_raises_and_text_is_text(kind: Any, row: dict[str, Any]) -> None:
    record = kind.from_row(row)
    for name, hint in get_type_hints(kind).items():
        if hint is str:
            assert isinstance(getattr(record, name), str), name
        elif hint in (int, int | None):
            assert isinstance(getattr(record, name), hint), name


@pytest.mark.parametrize("kind", KINDS)
def test_a_null_is_the_same_as_a_column_that_is_missing(kind: Any) -> None:
    assert kind.from_row(dict.fromkeys(COLUMNS)) == kind.from_row({})


def test_a_missing_status_is_not_called_pending() -> None:
    assert (Job.from_row({"id": 1}).status, Result.from_row({"id": 1}).status) == ("", "")


def test_a_job_in_the_database_s_spelling() -> None:
    job = Job.from_row(
        {"id": 7, "status": "complete", "package_size": "300", "directories_done": 0, "priority_level": None,
         "created_at": "2026-11-23T10:00:00Z", "metadata": {"a": 1}, "version": "4"}
    )  # fmt: skip
    assert (job.id, job.status, job.package_size, job.directories_done, job.directories_total) == (
        "7", "completed", 300, 0, None,
    )  # fmt: skip
    assert (job.priority_level, job.metadata, job.version) == (3, {"a": 1}, 4)
    assert job.created_at is not None


def test_a_result_with_either_status_column() -> None:
    assert Result.from_row({"id": "r", "submission_status": "approved"}).status == "submitted"
    assert Result.from_row({"id": "r", "status": "failed", "submission_status": "approved"}).status == "failed"


@pytest.mark.parametrize(
    ("row", "event", "job"),
    [
        ({"event": "submitted", "job_id": "j1"}, "submitted", "j1"),
        ({"details": {"event": "flow_started", "job_id": "j2"}}, "flow_started", "j2"),
        ({"metadata": {"event": "queue_claimed"}, "job_id": "j1"}, "queue_claimed", "j1"),
        ({"status_from": None, "status_to": "failed", "job_id": "j1"}, "— -> failed", "j1"),
        ({"status_from": "pending", "status_to": "in_progress"}, "pending -> in_progress", ""),
    ],
)
def test_both_shapes_of_the_audit_trail(row: dict[str, Any], event: str, job: str) -> None:
    read = HistoryEvent.from_row({"id": 1, **row})
    assert (read.id, read.event, read.job_id) == ("1", event, job)


def test_a_work_item_belongs_to_the_job_of_its_queue_column() -> None:
    item = WorkItem.from_row({"id": 1, "submission_queue_id": "j1", "status": "retry"})
    assert (item.job_id, item.status) == ("j1", "pending")


def test_a_directory_is_active_unless_it_says_no() -> None:
    assert Directory.from_row({"id": 1}).active
    assert not Directory.from_row({"id": 1, "active": False}).active


def test_a_heartbeat_with_either_time_column() -> None:
    row = {"worker_id": "w1", "last_seen": "2026-11-23T10:00:00Z"}
    assert Heartbeat.from_row(row) == Heartbeat.from_row({"worker_id": "w1", "last_heartbeat": row["last_seen"]})


@pytest.mark.parametrize("size", [float("inf"), float("nan"), "many", "9" * 5000, True, [3]])
def test_a_number_that_is_none_is_zero(size: object) -> None:
    assert Job.from_row({"id": 1, "package_size": size}).package_size == 0


def test_json_that_can_not_be_kept_counts_as_none() -> None:
    found = Result.from_row({"id": 1, "payload": {"at": object()}, "response_log": {"reasons": ["sent"]}})
    assert (found.payload, found.response_log) == ({}, {"reasons": ["sent"]})


@settings(max_examples=60, derandomize=True)
@given(row=st.dictionaries(st.sampled_from(Customer.__struct_fields__), _VALUES))
def test_a_customer_s_row_has_all_of_the_customer(row: dict[str, Any]) -> None:
    held, whole = CustomerRow.from_row(row), Customer.from_row(row)
    assert held.whole() == whole
    assert (held.id, held.customer_id, held.business_name, held.email) == msgspec.structs.astuple(whole)[:4]
    assert held.seldom_columns() == {name: getattr(whole, name) for name in CustomerRow.SELDOM}
