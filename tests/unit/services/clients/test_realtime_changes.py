"""What a row change looks like on the wire, and what becomes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store.merge import same
from services.clients.realtime_changes import read_change
from services.domain.records import HistoryEvent
from services.ports.facts import Change

COLUMNS = [
    {"name": "id", "type": "uuid"},
    {"name": "n", "type": "int8"},
    {"name": "share", "type": "numeric"},
    {"name": "on", "type": "bool"},
    {"name": "doc", "type": "jsonb"},
    {"name": "at", "type": "timestamptz"},
]
ROW = {"id": "1", "n": 2, "share": 0.5, "on": True, "doc": {"a": [1]}, "at": "2026-01-01T00:00:00+00:00"}


def frame(**data: Any) -> bytes:
    whole = {
        "schema": "public", "table": "jobs", "commit_timestamp": "2026-01-01T00:00:00.000Z", "type": "UPDATE",
        "columns": COLUMNS, "errors": None, "record": ROW, "old_record": {"id": "1"}, **data,
    }  # fmt: skip
    kept = {key: value for key, value in whole.items() if value is not ...}
    message = {"event": "postgres_changes", "topic": "realtime:a", "payload": {"ids": [1], "data": kept}, "ref": None}
    return json.dumps(message).encode()


def change(**data: Any) -> Change:
    found = read_change(frame(**data))
    assert found is not None
    assert found[0] == "realtime:a"
    return found[1]


def test_a_whole_row() -> None:
    assert change() == Change("jobs", "UPDATE", ROW)
    assert change(type="INSERT", old_record=...) == Change("jobs", "INSERT", ROW)


def test_a_delete_has_the_key_only() -> None:
    assert change(type="DELETE", record=...) == Change("jobs", "DELETE", {"id": "1"})
    assert change(type="DELETE", record=..., old_record=...) == Change("jobs", "DELETE", {})


@pytest.mark.parametrize(
    ("missing", "row"),
    [
        ({"record": {"id": "1"}}, {"id": "1"}),
        ({"errors": ["Error 413: Payload Too Large"]}, ROW),
        ({"errors": "Error 413: Payload Too Large"}, ROW),
        ({"columns": []}, ROW),
        ({"columns": ...}, ROW),
        ({"errors": ["Error 401: Unauthorized"], "record": ..., "old_record": ..., "columns": ...}, {}),
        ({"record": None}, {}),
    ],
)
def test_a_row_that_is_cut_or_may_not_be_seen_is_incomplete(missing: dict[str, Any], row: dict[str, Any]) -> None:
    assert change(**missing) == Change("jobs", "UPDATE", row, complete=False)


def test_values_that_come_as_text_get_their_type() -> None:
    texts = {**ROW, "n": "2", "share": "0.5", "on": "t", "doc": '{"a": [1]}'}
    assert change(record=texts) == Change("jobs", "UPDATE", ROW)
    odd = {**ROW, "n": "two", "share": "?", "on": "maybe", "doc": "{not json"}
    assert change(record=odd).row == odd
    assert change(record={**ROW, "doc": "words"}).row["doc"] == "words"


@pytest.mark.parametrize(
    "other",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"event":"system","topic":"a","payload":{},"ref":null}',
        b'{"event":5}',
        b"nonsense",
    ],
)
def test_what_is_no_change_is_left_to_others(other: bytes) -> None:
    assert read_change(other) is None


@pytest.mark.parametrize("broken", [{"table": 5}, {"type": "TRUNCATE"}, {"record": [1]}, {"columns": "x"}])
def test_a_change_that_makes_no_sense_is_an_error_and_not_silence(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        read_change(frame(**broken))


@given(st.dictionaries(st.text(max_size=5), st.one_of(st.none(), st.integers(-(2**53), 2**53), st.text(max_size=5))))
def test_any_row_comes_through_as_it_is(row: dict[str, Any]) -> None:
    assert change(record=row, columns=[{"name": name, "type": "text"} for name in row]).row == row


def test_a_whole_row_of_a_busy_table_is_a_record_at_once() -> None:
    row = {"id": 5, "job_id": "j", "directory_name": None, "event": "note", "details": {"a": 1}, "worker_id": None,
           "created_at": "2026-01-01T00:00:00+00:00"}  # fmt: skip
    found = change(table="queue_history", type="INSERT", record=row)
    assert (found.kind, found.row, found.complete) == ("INSERT", {}, True)
    assert found.record is not None
    assert same(found.record, HistoryEvent.from_row(row))
    cuts: list[dict[str, Any]] = [{"errors": ["Error 413: Payload Too Large"]}, {"columns": []}]
    for cut in cuts:
        assert change(table="queue_history", record=row, **cut) == Change("queue_history", "UPDATE", row, False)
