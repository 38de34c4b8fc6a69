"""Rows of the database as records: every known shape in, one shape out.

Ids are opaque strings. Times are unix seconds (UTC) or None when not known.
`from_row` never raises on odd values: what can't be read becomes its default.

A console holds hundreds of thousands of these for days. So texts that repeat are kept once, big JSON stays
encoded until somebody reads it, and the garbage collector doesn't look at them: a record holds no cycle.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final, Self

import msgspec

from services.domain.faults import status_reason
from services.domain.statuses import job_status, result_status
from services.domain.times import parse_instant

Row = Mapping[str, Any]
_NOTHING: Final[dict[str, Any]] = {}


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _shared(value: object) -> str:
    """As `_text`, for a text that many rows have: held once."""
    return sys.intern(str(value)) if value is not None else ""


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0
    try:
        return int(value)
    except (ValueError, OverflowError):
        return 0


def _object(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) and value else _NOTHING


def _encoded(value: object) -> bytes:
    if not isinstance(value, Mapping) or not value:
        return b"{}"
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError):
        return b"{}"


def _decoded(text: bytes) -> dict[str, Any]:
    """What `_encoded` or the wire wrote; {} for what isn't an object, or can't be read."""
    try:
        return _object(msgspec.json.decode(text))
    except (ValueError, RecursionError):
        return _NOTHING


class Customer(msgspec.Struct, frozen=True, gc=False):
    """A paying business."""

    TABLE: ClassVar = "customers"
    id: str
    customer_id: str = ""
    business_name: str = ""
    email: str = ""
    phone: str = ""
    website: str = ""
    address: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""
    description: str = ""
    category: str = ""
    package_type: str = ""

    @classmethod
    def from_row(cls, row: Row) -> Self:
        return cls(_shared(row.get("id")), *[_text(row.get(name)) for name in cls.__struct_fields__[1:]])


class Job(msgspec.Struct, frozen=True, gc=False):
    """One purchase being worked off. `progress` is 0 to 100; `version` grows with every change."""

    TABLE: ClassVar = "jobs"
    id: str
    customer_id: str = ""
    status: str = "pending"
    package_type: str = ""
    package_size: int = 0
    directories_total: int | None = None
    directories_done: int | None = None
    progress: int | None = None
    priority_level: int = 3
    started_at: float | None = None
    completed_at: float | None = None
    created_at: float | None = None
    updated_at: float | None = None
    error_message: str = ""
    metadata: dict[str, Any] = {}
    version: int | None = None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        def maybe(*names: str) -> int | None:
            return next((_number(row[name]) for name in names if row.get(name) is not None), None)

        return cls(
            id=_shared(row.get("id")),
            customer_id=_shared(row.get("customer_id")),
            status=job_status(_shared(row.get("status"))),
            package_type=_shared(row.get("package_type")),
            package_size=_number(row.get("package_size")),
            directories_total=maybe("directories_total", "directory_limit"),
            directories_done=maybe("directories_done"),
            progress=maybe("progress"),
            priority_level=_number(row.get("priority_level")) or 3,
            started_at=parse_instant(row.get("started_at")),
            completed_at=parse_instant(row.get("completed_at")),
            created_at=parse_instant(row.get("created_at")),
            updated_at=parse_instant(row.get("updated_at")),
            error_message=_text(row.get("error_message")),
            metadata=_object(row.get("metadata")),
            version=maybe("version"),
        )


class WorkItem(msgspec.Struct, frozen=True, gc=False):
    """A row of a job's work list (`directory_submissions`)."""

    TABLE: ClassVar = "directory_submissions"
    id: str
    job_id: str = ""
    directory_url: str = ""
    status: str = "pending"
    created_at: float | None = None
    updated_at: float | None = None
    version: int | None = None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        return cls(
            id=_text(row.get("id")),
            job_id=_shared(row.get("submission_queue_id")),
            directory_url=_shared(row.get("directory_url")),
            status=result_status(_text(row.get("status"))),
            created_at=parse_instant(row.get("created_at")),
            updated_at=parse_instant(row.get("updated_at")),
            version=None if row.get("version") is None else _number(row["version"]),
        )


class Result(msgspec.Struct, frozen=True, gc=False):
    """The outcome of one directory in one job (`job_results`). `directory_name` is a host."""

    TABLE: ClassVar = "job_results"
    SELDOM: ClassVar = ("idempotency_key", "payload", "response_log", "screenshot_url", "listing_url")
    """Columns that only a look at this one row needs: most of its memory."""
    id: str
    job_id: str = ""
    directory_name: str = ""
    status: str = "submitting"
    error_message: str = ""
    created_at: float | None = None
    updated_at: float | None = None
    version: int | None = None
    reason: str = ""
    """Why it failed, where the status itself says so, as "captcha_failed" does."""
    seldom: bytes = b"[]"
    """The columns in `SELDOM` as one JSON list, or many such lists packed together: ask the properties for them."""
    place: int = 0
    """Which of the lists that are packed together."""

    @property
    def idempotency_key(self) -> str:
        """Blocks a second submission of the same."""
        return _text(self._seldom().idempotency_key)

    @property
    def payload(self) -> dict[str, Any]:
        """Business data and plan that were sent."""
        return _decoded(bytes(self._seldom().payload))

    @property
    def response_log(self) -> dict[str, Any]:
        """What the site answered, and the reasons of the verdict."""
        return _decoded(bytes(self._seldom().response_log))

    @property
    def screenshot_url(self) -> str:
        """A link, or a path on the worker's own disk."""
        return _text(self._seldom().screenshot_url)

    @property
    def listing_url(self) -> str:
        """Where the directory shows the business."""
        return _text(self._seldom().listing_url)

    def seldom_columns(self) -> dict[str, Any]:
        """The columns in `SELDOM` as a row has them."""
        return {name: getattr(self, name) for name in self.SELDOM}

    def with_payload(self, payload: Mapping[str, Any]) -> Self:
        """The same with another payload."""
        seldom = _seldom({**self.seldom_columns(), "payload": payload})
        return msgspec.structs.replace(self, seldom=seldom, place=0)

    def _seldom(self) -> _Seldom:
        seldom = self.seldom
        try:
            return _read_seldom(seldom if seldom.startswith(b"[") else _unpacked(seldom)[self.place])
        except (ValueError, RecursionError):
            return _Seldom()

    @classmethod
    def from_row(cls, row: Row) -> Self:
        status = _text(row.get("status") or row.get("submission_status"))
        return cls(
            id=_text(row.get("id")),
            job_id=_shared(row.get("job_id")),
            directory_name=_shared(row.get("directory_name")),
            status=result_status(status),
            error_message=_text(row.get("error_message")),
            created_at=parse_instant(row.get("created_at")),
            updated_at=parse_instant(row.get("updated_at")),
            version=None if row.get("version") is None else _number(row["version"]),
            reason=status_reason(status),
            seldom=_seldom(row),
        )


class _Seldom(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The columns in `Result.SELDOM`."""

    idempotency_key: str | None = None
    payload: msgspec.Raw = msgspec.Raw(b"{}")
    response_log: msgspec.Raw = msgspec.Raw(b"{}")
    screenshot_url: str | None = None
    listing_url: str | None = None


_read_seldom = msgspec.json.Decoder(_Seldom).decode
_read_pack = msgspec.msgpack.Decoder(list[bytes]).decode


def _seldom(row: Row) -> bytes:
    return msgspec.json.encode(
        _Seldom(
            _text(row.get("idempotency_key")),
            msgspec.Raw(_encoded(row.get("payload"))),
            msgspec.Raw(_encoded(row.get("response_log"))),
            _text(row.get("screenshot_url")),
            _text(row.get("listing_url")),
        )
    )


@lru_cache(maxsize=32)
def _unpacked(packed: bytes) -> list[bytes]:
    return _read_pack(zlib.decompress(packed))


def pack(results: Sequence[Result]) -> None:
    """Hold what is seldom read of these together: it takes a fifth of the room, and says the same."""
    packed = zlib.compress(msgspec.msgpack.encode([one.seldom for one in results]), 1)
    for place, one in enumerate(results):
        # In this order: another thread may be reading the record.
        msgspec.structs.force_setattr(one, "place", place)
        msgspec.structs.force_setattr(one, "seldom", packed)


class HistoryEvent(msgspec.Struct, frozen=True, gc=False):
    """A line of the audit trail (`queue_history`), either of its two shapes."""

    TABLE: ClassVar = "queue_history"
    id: str
    job_id: str = ""
    customer_id: str = ""
    directory_name: str = ""
    event: str = ""
    details_json: bytes = b"{}"
    worker_id: str = ""
    created_at: float | None = None

    @property
    def details(self) -> dict[str, Any]:
        """What the event tells besides."""
        return _decoded(self.details_json)

    @classmethod
    def from_row(cls, row: Row) -> Self:
        details = _object(row.get("details") or row.get("metadata"))
        if row.get("error_message") and not details.get("error"):
            details = {**details, "error": _text(row["error_message"])}
        event = _shared(row.get("event") or details.get("event"))
        if not event and row.get("status_to"):
            event = f"{_text(row.get('status_from')) or '—'} -> {_text(row['status_to'])}"
        return cls(
            id=_text(row.get("id")),
            job_id=_shared(row.get("job_id") or details.get("job_id")),
            customer_id=_shared(row.get("customer_id")),
            directory_name=_shared(row.get("directory_name") or details.get("directory_name")),
            event=event,
            details_json=_encoded(details),
            worker_id=_shared(row.get("worker_id")),
            created_at=parse_instant(row.get("created_at")),
        )


class StaffAction(msgspec.Struct, frozen=True, gc=False):
    """An act of staff as the database audits it (`staff_actions`). `actor` is the id of an account.

    `target` is a job's id, a job's id and a host with "/" between, or whatever else the act is about.
    """

    TABLE: ClassVar = "staff_actions"
    id: str
    request_id: str = ""
    actor: str = ""
    role: str = ""
    act: str = ""
    target: str = ""
    reason: str = ""
    counts: dict[str, Any] = {}
    created_at: float | None = None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        return cls(
            id=_text(row.get("id")),
            request_id=_text(row.get("request_id")),
            actor=_shared(row.get("actor")),
            role=_shared(row.get("role")),
            act=_shared(row.get("act")),
            target=_text(row.get("target")),
            reason=_text(row.get("reason")),
            counts=_object(row.get("counts")),
            created_at=parse_instant(row.get("created_at")),
        )


class Directory(msgspec.Struct, frozen=True, gc=False):
    """A directory that businesses are submitted to."""

    TABLE: ClassVar = "directories"
    id: str
    name: str = ""
    website: str = ""
    submission_url: str = ""
    category: str = ""
    domain_authority: int = 0
    tier_required: int = 1
    active: bool = True
    field_selectors: dict[str, Any] = {}

    @classmethod
    def from_row(cls, row: Row) -> Self:
        return cls(
            id=_text(row.get("id")),
            name=_text(row.get("name")),
            website=_text(row.get("website")),
            submission_url=_text(row.get("submission_url")),
            category=_text(row.get("category")),
            domain_authority=_number(row.get("domain_authority")),
            tier_required=_number(row.get("tier_required")) or 1,
            active=row.get("active") is not False,
            field_selectors=_object(row.get("field_selectors")),
        )


class Heartbeat(msgspec.Struct, frozen=True, gc=False):
    """The last sign of life of a worker. None of it proves a worker dead."""

    TABLE: ClassVar = "worker_heartbeats"
    worker_id: str
    status: str = ""
    current_job_id: str = ""
    last_heartbeat: float | None = None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        return cls(
            worker_id=_text(row.get("worker_id")),
            status=_text(row.get("status")),
            current_job_id=_text(row.get("current_job_id")),
            last_heartbeat=parse_instant(row.get("last_heartbeat") or row.get("last_seen")),
        )


class OutboxMessage(msgspec.Struct, frozen=True, gc=False):
    """A message that the pipeline's relay sends, or has sent (`outbox`)."""

    TABLE: ClassVar = "outbox"
    id: str
    job_id: str = ""
    sent_at: float | None = None
    message_id: str = ""
    last_error: str = ""
    created_at: float | None = None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        return cls(
            id=_text(row.get("id")),
            job_id=_text(row.get("job_id")),
            sent_at=parse_instant(row.get("sent_at")),
            message_id=_text(row.get("message_id")),
            last_error=_text(row.get("last_error")),
            created_at=parse_instant(row.get("created_at")),
        )


class ReplayLease(msgspec.Struct, frozen=True, gc=False):
    """Who works on a dead letter queue (`replay_leases`), until when by the database's clock."""

    TABLE: ClassVar = "replay_leases"
    id: str
    who: str = ""
    machine: str = ""
    token: str = ""
    held_until: float | None = None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        return cls(
            id=_text(row.get("id")),
            who=_text(row.get("who")),
            machine=_text(row.get("machine")),
            token=_text(row.get("token")),
            held_until=parse_instant(row.get("held_until")),
        )


class SharedOperation(msgspec.Struct, frozen=True, gc=False):
    """An act of staff as all consoles show it (`staff_operations`). Its id is the request id."""

    TABLE: ClassVar = "staff_operations"
    id: str
    who: str = ""
    act: str = ""
    label: str = ""
    target: str = ""
    state: str = ""
    words: str = ""
    done: int = 0
    total: int = 0
    started_at: float | None = None
    updated_at: float | None = None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        return cls(
            id=_text(row.get("id")),
            who=_shared(row.get("who")),
            act=_shared(row.get("act")),
            label=_text(row.get("label")),
            target=_text(row.get("target")),
            state=_shared(row.get("state")),
            words=_text(row.get("words")),
            done=_number(row.get("done")),
            total=_number(row.get("total")),
            started_at=parse_instant(row.get("started_at")),
            updated_at=parse_instant(row.get("updated_at")),
        )
