"""Rows of the database as records: every known shape in, one shape out.

Ids are opaque strings. Times are unix seconds (UTC) or None when not known.
`from_row` never raises on odd values: what can't be read becomes its default.

A console holds hundreds of thousands of these for days. So texts that repeat are kept once, big JSON stays
encoded until somebody reads it, and the garbage collector doesn't look at them: a record holds no cycle.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import msgspec

from services.domain.columns import Row, decoded, encoded, mapping, number, shared, text
from services.domain.statuses import job_status, result_status
from services.domain.times import parse_instant


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
        return cls(*[text(row.get(name)) for name in cls.__struct_fields__])


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
            return next((number(row[name]) for name in names if row.get(name) is not None), None)

        return cls(
            id=shared(row.get("id")),
            customer_id=shared(row.get("customer_id")),
            status=job_status(shared(row.get("status"))),
            package_type=shared(row.get("package_type")),
            package_size=number(row.get("package_size")),
            directories_total=maybe("directories_total", "directory_limit"),
            directories_done=maybe("directories_done"),
            progress=maybe("progress"),
            priority_level=number(row.get("priority_level")) or 3,
            started_at=parse_instant(row.get("started_at")),
            completed_at=parse_instant(row.get("completed_at")),
            created_at=parse_instant(row.get("created_at")),
            updated_at=parse_instant(row.get("updated_at")),
            error_message=text(row.get("error_message")),
            metadata=mapping(row.get("metadata")),
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
            id=text(row.get("id")),
            job_id=shared(row.get("submission_queue_id")),
            directory_url=shared(row.get("directory_url")),
            status=result_status(text(row.get("status"))),
            created_at=parse_instant(row.get("created_at")),
            updated_at=parse_instant(row.get("updated_at")),
            version=None if row.get("version") is None else number(row["version"]),
        )


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
        return decoded(self.details_json)

    @classmethod
    def from_row(cls, row: Row) -> Self:
        details = mapping(row.get("details") or row.get("metadata"))
        if row.get("error_message") and not details.get("error"):
            details = {**details, "error": text(row["error_message"])}
        event = shared(row.get("event") or details.get("event"))
        if not event and row.get("status_to"):
            event = f"{text(row.get('status_from')) or '—'} -> {text(row['status_to'])}"
        return cls(
            id=text(row.get("id")),
            job_id=shared(row.get("job_id") or details.get("job_id")),
            customer_id=shared(row.get("customer_id")),
            directory_name=shared(row.get("directory_name") or details.get("directory_name")),
            event=event,
            details_json=encoded(details),
            worker_id=shared(row.get("worker_id")),
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
            id=text(row.get("id")),
            request_id=text(row.get("request_id")),
            actor=shared(row.get("actor")),
            role=shared(row.get("role")),
            act=shared(row.get("act")),
            target=text(row.get("target")),
            reason=text(row.get("reason")),
            counts=mapping(row.get("counts")),
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
            id=text(row.get("id")),
            name=text(row.get("name")),
            website=text(row.get("website")),
            submission_url=text(row.get("submission_url")),
            category=text(row.get("category")),
            domain_authority=number(row.get("domain_authority")),
            tier_required=number(row.get("tier_required")) or 1,
            active=row.get("active") is not False,
            field_selectors=mapping(row.get("field_selectors")),
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
            worker_id=text(row.get("worker_id")),
            status=text(row.get("status")),
            current_job_id=text(row.get("current_job_id")),
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
            id=text(row.get("id")),
            job_id=text(row.get("job_id")),
            sent_at=parse_instant(row.get("sent_at")),
            message_id=text(row.get("message_id")),
            last_error=text(row.get("last_error")),
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
            id=text(row.get("id")),
            who=text(row.get("who")),
            machine=text(row.get("machine")),
            token=text(row.get("token")),
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
            id=text(row.get("id")),
            who=shared(row.get("who")),
            act=shared(row.get("act")),
            label=text(row.get("label")),
            target=text(row.get("target")),
            state=shared(row.get("state")),
            words=text(row.get("words")),
            done=number(row.get("done")),
            total=number(row.get("total")),
            started_at=parse_instant(row.get("started_at")),
            updated_at=parse_instant(row.get("updated_at")),
        )
