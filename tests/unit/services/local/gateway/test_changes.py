"""Values and messages of the change feed."""

from __future__ import annotations

import json

import pytest

from services.local.gateway.bindings import BindingError, parse_binding
from services.local.gateway.changes import LARGEST_BYTES, change_json, json_value, unauthorized_json
from services.local.gateway.wal import Column, Image, Kind, Relation, RowChange

RELATION = Relation("public", "jobs", (Column("id", 20, True), Column("status", 25, False)))


def change(kind: Kind, new: Image, old: Image | None = None) -> RowChange:
    return RowChange(kind, RELATION, new, old or {}, 1_700_000_000.123456, 1)


@pytest.mark.parametrize(
    ("oid", "text", "expected"),
    [
        (25, None, None), (25, 'a "b" \n é', 'a "b" \n é'), (1043, "5", "5"), (2950, "x-y", "x-y"),
        (23, "-7", -7), (20, "9007199254740993", 9007199254740993), (1700, "0.125", 0.125), (701, "1e+20", 1e20),
        (1700, "NaN", "NaN"), (701, "-Infinity", "-Infinity"),
        (16, "t", True), (16, "f", False), (3802, '{"a": [1]}', {"a": [1]}), (114, "null", None),
        (1184, "2026-01-02 03:04:05.67+00", "2026-01-02T03:04:05.67+00:00"),
        (1114, "2026-01-02 03:04:05", "2026-01-02T03:04:05"), (1082, "2026-01-02", "2026-01-02"),
        (1184, "infinity", "infinity"), (999_999, "whatever", "whatever"),
    ],
)  # fmt: skip
def test_values_are_typed(oid: int, text: str | None, expected: object) -> None:
    assert json.loads(json_value(oid, text)) == expected


def test_messages_have_the_fields_of_their_kind() -> None:
    insert = json.loads(change_json(change("INSERT", {"id": "1", "status": "pending"})))
    assert insert == {
        "schema": "public", "table": "jobs", "type": "INSERT", "errors": None,
        "commit_timestamp": "2023-11-14T22:13:20.123Z",
        "columns": [{"name": "id", "type": "int8"}, {"name": "status", "type": "text"}],
        "record": {"id": 1, "status": "pending"},
    }  # fmt: skip
    update = json.loads(change_json(change("UPDATE", {"id": "1"}, {"id": "1"})))
    assert (update["record"], update["old_record"]) == ({"id": 1}, {"id": 1})
    delete = json.loads(change_json(change("DELETE", {}, {"id": "1"})))
    assert (delete.get("record"), delete["old_record"]) == (None, {"id": 1})


def test_a_huge_row_keeps_its_small_fields_and_a_hidden_table_nothing() -> None:
    huge = json.loads(change_json(change("INSERT", {"id": "1", "status": "x" * (LARGEST_BYTES + 1)})))
    assert (huge["record"], huge["errors"]) == ({"id": 1}, ["Error 413: Payload Too Large"])
    hidden = json.loads(unauthorized_json(change("INSERT", {"id": "1"})))
    assert hidden == {"schema": "public", "table": "jobs", "type": "INSERT", "errors": ["Error 401: Unauthorized"]}


@pytest.mark.parametrize(
    ("params", "fits"),
    [
        ({"event": "*", "schema": "public", "table": "jobs"}, True),
        ({"event": "*", "schema": "public"}, True),
        ({"event": "*", "schema": "*"}, True),
        ({"event": "UPDATE", "schema": "public"}, True),
        ({"event": "INSERT", "schema": "public"}, False),
        ({"event": "*", "schema": "private"}, False),
        ({"event": "*", "schema": "public", "table": "customers"}, False),
        ({"event": "*", "schema": "public", "table": "jobs", "filter": "status=eq.failed"}, True),
        ({"event": "*", "schema": "public", "table": "jobs", "filter": "status=eq.pending"}, False),
        ({"event": "*", "schema": "public", "table": "jobs", "filter": "status=in.(failed,paused)"}, True),
        ({"event": "*", "schema": "public", "table": "jobs", "filter": "nothing=eq.failed"}, False),
    ],
)
def test_bindings_choose_changes(params: dict[str, str], fits: bool) -> None:
    update = change("UPDATE", {"id": "1", "status": "failed"}, {"id": "1"})
    assert parse_binding(params).fits(update) is fits


@pytest.mark.parametrize(
    "params",
    [
        {}, {"event": "x"}, {"event": "*", "table": 5}, {"event": "*", "filter": 5}, {"event": "*", "select": ["id"]},
        {"event": "*", "filter": "status"}, {"event": "*", "filter": "status=gt.1"},
        {"event": "*", "filter": "status=not.eq.1"}, {"event": "*", "filter": "or=(a.eq.1)"},
    ],
)  # fmt: skip
def test_bindings_that_are_not_served(params: dict[str, object]) -> None:
    with pytest.raises(BindingError):
        parse_binding(params)
