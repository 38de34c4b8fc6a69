"""A row change laid over the record that is already there: columns that the change lacks keep their value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from services.domain.customer_row import CustomerRow
from services.domain.fingerprints import FormFingerprint
from services.domain.paused import PausedDirectory
from services.domain.records import (
    Directory,
    Heartbeat,
    HistoryEvent,
    Job,
    OutboxMessage,
    ReplayLease,
    SharedOperation,
    StaffAction,
    WorkItem,
)
from services.domain.result import Result

Record = (
    CustomerRow | Job | WorkItem | Result | HistoryEvent | StaffAction | Directory | Heartbeat | OutboxMessage
    | ReplayLease | SharedOperation | PausedDirectory | FormFingerprint
)  # fmt: skip

RECORDS: Final[dict[str, type[Any]]] = {
    kind.TABLE: kind
    for kind in (
        CustomerRow, Job, WorkItem, Result, HistoryEvent, StaffAction, Directory, Heartbeat, OutboxMessage, ReplayLease,
        SharedOperation, PausedDirectory, FormFingerprint,
    )
}  # fmt: skip
"""The record type of each table that the console holds."""

KEYS: Final = {
    **dict.fromkeys(RECORDS, "id"), "worker_heartbeats": "worker_id", "paused_directories": "directory_id"
}  # fmt: skip
"""The key column of each table."""

_SOURCES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("jobs", "directories_total"): ("directories_total", "directory_limit"),
    ("directory_submissions", "job_id"): ("submission_queue_id",),
    ("job_results", "status"): ("status", "submission_status"),
    ("job_results", "reason"): ("status", "submission_status"),
    ("queue_history", "job_id"): ("job_id", "details", "metadata"),
    ("queue_history", "event"): ("event", "details", "metadata", "status_to"),
    ("queue_history", "directory_name"): ("directory_name", "details", "metadata"),
    ("queue_history", "details_json"): ("details", "metadata", "error_message"),
    ("worker_heartbeats", "last_heartbeat"): ("last_heartbeat", "last_seen"),
}


_SELDOM: Final[dict[str, frozenset[str]]] = {
    table: frozenset(getattr(kind, "SELDOM", ())) for table, kind in RECORDS.items()
}
_FIELDS: Final = {
    table: tuple(name for name in kind.__struct_fields__ if not _SELDOM[table] or name not in ("seldom", "place"))
    for table, kind in RECORDS.items()
}
_COLUMNS: Final = {
    table: {_SOURCES.get((table, name), (name,))[0] for name in names} | _SELDOM[table]
    for table, names in _FIELDS.items()
}
"""A row with all of these lacks nothing."""


def key_of(table: str, row: Mapping[str, Any]) -> str:
    """The row's key as text; "" when the row has none."""
    value = row.get(KEYS[table])
    return "" if value is None else str(value)


def merged(table: str, held: Record | None, row: Mapping[str, Any]) -> Any:
    """The record of `row`, with the fields whose columns are absent from it taken from `held`."""
    if isinstance(held, Result | CustomerRow) and not row.keys() >= _SELDOM[table]:
        row = {**held.seldom_columns(), **row}
    fresh = RECORDS[table].from_row(row)
    if held is None or _COLUMNS[table] <= row.keys():
        return fresh
    kept = {
        name: getattr(held, name)
        for name in _FIELDS[table]
        if not any(column in row for column in _SOURCES.get((table, name), (name,)))
    }
    return msgspec.structs.replace(fresh, **kept) if kept else fresh


def same(old: Record, new: Record) -> bool:
    """True when both say the same. Two texts of one JSON value may differ in spaces, or in the order of names."""
    if old == new:
        return True
    if isinstance(old, HistoryEvent) and isinstance(new, HistoryEvent):
        return msgspec.structs.replace(new, details_json=old.details_json) == old and old.details == new.details
    if not isinstance(old, Result) or not isinstance(new, Result) or old.version != new.version:
        return False
    respelt = msgspec.structs.replace(new, seldom=old.seldom, place=old.place)
    return respelt == old and old.seldom_columns() == new.seldom_columns()
