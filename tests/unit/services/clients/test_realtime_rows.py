"""The short way from a row on the wire to its record: where it gives one, it is the one that the long way gives."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.store.merge import same
from services.clients.realtime_rows import read_record_change
from services.domain.records import HistoryEvent, Job
from services.domain.result import Result

KINDS: dict[str, Any] = {"jobs": Job, "job_results": Result, "queue_history": HistoryEvent}
AT = "2026-11-26T10:00:00.123456+00:00"
ROWS: dict[str, dict[str, Any]] = {
    "jobs": {
        "id": "j", "customer_id": "c", "status": "complete", "package_type": "growth", "package_size": 75,
        "directories_total": 75, "directories_done": 3, "progress": 4, "priority_level": None, "started_at": AT,
        "completed_at": None, "created_at": AT, "updated_at": AT, "error_message": None, "metadata": {"a": 1},
        "version": 3, "assigned_to": None,
    },
    "job_results": {
        "id": "r", "job_id": "j", "directory_name": "a.example", "status": "approved", "idempotency_key": "k",
        "payload": {"business": {"name": "Harbor Bakery"}}, "response_log": {}, "screenshot_url": None,
        "listing_url": "https://a.example/1", "error_message": None, "created_at": AT, "updated_at": AT, "version": 1,
        "claim_owner": "w",
    },
    "queue_history": {
        "id": 5, "job_id": "j", "directory_name": "a.example", "event": "submitting", "details": {"idem": "k"},
        "worker_id": "w", "created_at": AT,
    },
}  # fmt: skip
_ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=4), st.just(AT), st.just("2"), st.just({}),
    st.just("{}"), st.lists(st.none(), max_size=1), st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=2),
)  # fmt: skip


def read(table: str, row: dict[str, Any], columns: tuple[str, ...] = ("id",)) -> Any:
    names = [{"name": name} for name in columns]
    data = {"table": table, "type": "INSERT", "record": row, "columns": names, "errors": None}
    message = {"ref": None, "event": "postgres_changes", "payload": {"data": data}, "topic": "realtime:a"}
    found = read_record_change(json.dumps(message).encode())
    assert found is None or (found[0], found[1].table, found[1].row) == ("realtime:a", table, {})
    return found and found[1].record


@pytest.mark.parametrize("table", KINDS)
def test_a_row_of_our_own_schema_goes_the_short_way(table: str) -> None:
    found = read(table, ROWS[table])
    assert isinstance(found, KINDS[table])
    assert same(found, KINDS[table].from_row(ROWS[table]))


@pytest.mark.parametrize("table", KINDS)
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_odd_values_go_the_long_way_or_give_the_same(table: str, data: st.DataObject) -> None:
    columns = st.sampled_from(sorted(ROWS[table]))
    row = {**ROWS[table], **data.draw(st.dictionaries(columns, _ODD, max_size=3))}
    found = read(table, row)
    assert found is None or same(found, KINDS[table].from_row(row))


@pytest.mark.parametrize("table", KINDS)
def test_a_column_that_is_missing_goes_the_long_way(table: str) -> None:
    fields = {*KINDS[table].__struct_fields__, *getattr(KINDS[table], "SELDOM", ())}
    needed = fields - {"customer_id", "details_json", "seldom", "place", "reason"}
    for name in needed:
        assert read(table, {each: value for each, value in ROWS[table].items() if each != name}) is None, name


@pytest.mark.parametrize(
    ("table", "odd"),
    [
        ("jobs", {"version": None}),
        ("jobs", {"directories_total": None}),
        ("job_results", {"status": ""}),
        ("job_results", {"payload": "{}"}),
        ("job_results", {"response_log": []}),
        ("queue_history", {"event": None}),
        ("queue_history", {"details": {}}),
        ("queue_history", {"job_id": ""}),
        ("queue_history", {"error_message": "It broke."}),
        ("queue_history", {"directory_name": None, "details": {"directory_name": "a.example"}}),
    ],
)
def test_what_may_stand_in_another_column_goes_the_long_way(table: str, odd: dict[str, Any]) -> None:
    assert read(table, {**ROWS[table], **odd}) is None


def test_a_rare_table_goes_the_long_way() -> None:
    assert read("customers", {"id": "c"}) is None


@pytest.mark.parametrize("name", ["customer_id", "error_message"])
def test_a_column_that_only_some_projects_have_may_be_missing_only_there(name: str) -> None:
    row = ROWS["queue_history"]
    assert read("queue_history", row) is not None
    assert read("queue_history", row, ("id", name)) is None
    assert read("queue_history", {**row, name: None}, ("id", name)) is not None
