"""Frames with a row of the three busiest tables, decoded straight into records.

In one go with the frame around it, and only rows as our own schema writes them: whoever lacks a column or has a
value of another type has no record here, and is read the long way, by `from_row`. Both ways give the same record.
"""

from __future__ import annotations

from sys import intern
from typing import Any, Final, Literal

import msgspec

from services.domain.faults import status_reason
from services.domain.records import HistoryEvent, Job
from services.domain.result import Result
from services.domain.statuses import job_status, result_status
from services.domain.times import parse_instant
from services.ports.facts import Change

_NO_ROW: Final[dict[str, Any]] = {}
_OBJECT: Final = frozenset(b"{n")
"""First byte of an object, and of null."""
_TEXT: Final = frozenset(b'"n')
"""The same of a text."""
_encode: Final = msgspec.json.Encoder().encode


class _Job(msgspec.Struct, gc=False):
    id: str
    customer_id: str
    status: str
    package_type: str | None
    package_size: int | None
    directories_total: int
    directories_done: int | None
    progress: int | None
    priority_level: int | None
    started_at: str | None
    completed_at: str | None
    created_at: str | None
    updated_at: str | None
    error_message: str | None
    metadata: dict[str, Any] | None
    version: int

    def record(self) -> Job:
        return Job(
            intern(self.id),
            intern(self.customer_id),
            job_status(intern(self.status)),
            intern(self.package_type or ""),
            self.package_size or 0,
            self.directories_total,
            self.directories_done,
            self.progress,
            self.priority_level or 3,
            parse_instant(self.started_at),
            parse_instant(self.completed_at),
            parse_instant(self.created_at),
            parse_instant(self.updated_at),
            self.error_message or "",
            self.metadata or {},
            self.version,
        )


class _Result(msgspec.Struct, gc=False):
    id: str
    job_id: str
    directory_name: str
    status: str
    idempotency_key: msgspec.Raw
    payload: msgspec.Raw
    response_log: msgspec.Raw
    screenshot_url: msgspec.Raw
    listing_url: msgspec.Raw
    error_message: str | None
    created_at: str | None
    updated_at: str | None
    version: int

    def record(self) -> Result | None:
        key, payload, response, picture = self.idempotency_key, self.payload, self.response_log, self.screenshot_url
        seldom = _encode((key, payload, response, picture, self.listing_url))
        at_payload = len(key) + 2
        at_response = at_payload + len(payload) + 1
        at_picture = at_response + len(response) + 1
        at_listing = at_picture + len(picture) + 1
        if not (
            self.status
            and seldom[1] in _TEXT
            and seldom[at_payload] in _OBJECT
            and seldom[at_response] in _OBJECT
            and seldom[at_picture] in _TEXT
            and seldom[at_listing] in _TEXT
        ):
            # A value of another kind is what only the long way can read.
            return None
        created = parse_instant(self.created_at)
        return Result(
            self.id,
            intern(self.job_id),
            intern(self.directory_name),
            result_status(self.status),
            self.error_message or "",
            created,
            created if self.updated_at == self.created_at else parse_instant(self.updated_at),
            self.version,
            status_reason(self.status),
            seldom,
        )


class _HistoryEvent(msgspec.Struct, gc=False):
    id: int | str
    job_id: str
    directory_name: str | None
    event: str
    details: msgspec.Raw
    worker_id: str | None
    created_at: str | None
    customer_id: str | msgspec.UnsetType | None = msgspec.UNSET
    error_message: object = msgspec.UNSET

    def lacks(self, columns: bytes) -> bool:
        """Whether a column that the table has, by the list of `columns`, is not in the row."""
        return (self.customer_id is msgspec.UNSET and b'"customer_id"' in columns) or (
            self.error_message is msgspec.UNSET and b'"error_message"' in columns
        )

    def record(self) -> HistoryEvent | None:
        details = bytes(self.details)
        # An empty one of these may have its value in another column.
        if not (self.job_id and self.event and len(details) > len("{}") and details.startswith(b"{")):
            return None
        if self.error_message or (not self.directory_name and b'"directory_name"' in details):
            return None
        return HistoryEvent(
            str(self.id),
            intern(self.job_id),
            intern(self.customer_id or ""),
            intern(self.directory_name or ""),
            intern(self.event),
            details,
            intern(self.worker_id or ""),
            parse_instant(self.created_at),
        )


class _JobData(msgspec.Struct, gc=False, tag_field="table", tag="jobs"):
    type: Literal["INSERT", "UPDATE"]
    record: _Job
    columns: msgspec.Raw
    errors: None = None


class _ResultData(msgspec.Struct, gc=False, tag_field="table", tag="job_results"):
    type: Literal["INSERT", "UPDATE"]
    record: _Result
    columns: msgspec.Raw
    errors: None = None


class _HistoryData(msgspec.Struct, gc=False, tag_field="table", tag="queue_history"):
    type: Literal["INSERT", "UPDATE"]
    record: _HistoryEvent
    columns: msgspec.Raw
    errors: None = None


class _Payload(msgspec.Struct, gc=False):
    data: _JobData | _ResultData | _HistoryData


class _Frame(msgspec.Struct, gc=False, tag_field="event", tag="postgres_changes"):
    topic: str
    payload: _Payload


_decode = msgspec.json.Decoder(_Frame).decode


def read_record_change(frame: bytes) -> tuple[str, Change] | None:
    """(topic, change) of a text frame that brings a whole row of these tables, None where only the long way knows."""
    try:
        message = _decode(frame)
    except msgspec.DecodeError:
        return None
    data = message.payload.data
    if len(data.columns) <= len("[]") or (isinstance(data, _HistoryData) and data.record.lacks(bytes(data.columns))):
        return None
    record = data.record.record()
    return None if record is None else (message.topic, Change(record.TABLE, data.type, _NO_ROW, True, record))
