"""What the database says of a job, a work item, a result or an event can be read of its record, column by column."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.store.merge import RECORDS
from app.store.store import Store
from services.clients.realtime_changes import read_change
from services.domain.times import parse_instant

EARLIER, LATER = "2026-11-23T10:00:00+00:00", "2026-11-23T11:30:00+00:00"
ROWS: dict[str, dict[str, Any]] = {
    "jobs": {
        "id": "j1", "customer_id": "c1", "status": "failed", "package_type": "growth", "package_size": 100,
        "priority_level": 2, "directories_total": 90, "directories_done": 40, "progress": 44, "started_at": EARLIER,
        "completed_at": LATER, "created_at": "2026-11-23T09:00:00+00:00", "updated_at": "2026-11-23T12:00:00+00:00",
        "error_message": "Too many failed", "metadata": {"source": "intake"}, "version": 7,
    },
    "directory_submissions": {
        "id": "w1", "submission_queue_id": "j1", "directory_url": "https://a.example/add", "status": "skipped",
        "created_at": EARLIER, "updated_at": LATER, "version": 3,
    },
    "job_results": {
        "id": "r1", "job_id": "j1", "directory_name": "a.example", "status": "failed", "idempotency_key": "key",
        "payload": {"name": "Alder"}, "response_log": {"verdict": "no"}, "screenshot_url": "https://a.example/s.png",
        "listing_url": "https://a.example/l", "error_message": "No form", "created_at": EARLIER, "updated_at": LATER,
        "version": 2,
    },
    "queue_history": {
        "id": "h1", "job_id": "j1", "directory_name": "a.example", "event": "failed", "details": {"error": "No form"},
        "worker_id": "worker-1", "created_at": EARLIER,
    },
}  # fmt: skip
NAMES = {"submission_queue_id": "job_id"}


def said(record: Any, row: dict[str, Any]) -> dict[str, Any]:
    return {name: getattr(record, NAMES.get(name, name)) for name in row}


def wanted(row: dict[str, Any]) -> dict[str, Any]:
    return {name: parse_instant(value) if name.endswith("_at") else value for name, value in row.items()}


@pytest.mark.parametrize("table", ROWS)
def test_each_column_that_was_read_can_be_asked_for(table: str) -> None:
    store, row = Store(), ROWS[table]
    store.put(table, row)
    assert said(store.get(table, row["id"]), row) == wanted(row)


@pytest.mark.parametrize("table", ROWS)
def test_each_column_that_came_as_a_change_can_be_asked_for(table: str) -> None:
    row = ROWS[table]
    kinds = {"id": "text", "metadata": "jsonb", "payload": "jsonb", "response_log": "jsonb", "details": "jsonb"}
    data = {
        "table": table, "type": "INSERT", "schema": "public", "commit_timestamp": LATER, "errors": None,
        "columns": [{"name": name, "type": kinds.get(name, "text")} for name in row], "record": row,
    }  # fmt: skip
    frame = {"topic": "realtime:a", "event": "postgres_changes", "payload": {"ids": [1], "data": data}, "ref": None}
    found = read_change(json.dumps(frame).encode())
    assert found is not None
    change = found[1]
    record = change.record if change.record is not None else RECORDS[table].from_row(change.row)
    assert said(record, row) == wanted(row)
