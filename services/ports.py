"""What the console needs from the outside: small Protocols, one ability each.

Real ones are in `services.clients`, fakes in `tests.fakes`; one contract suite runs on both.
All methods may raise the errors of `services.domain.errors` and nothing else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from services.domain.plans import Plan
from services.domain.records import Customer

Table = Literal[
    "customers", "jobs", "directories", "directory_submissions", "job_results", "queue_history",
    "worker_heartbeats", "staff_actions", "outbox",
]  # fmt: skip


class Change(msgspec.Struct, frozen=True):
    """One row change from the feed. `row` may lack columns (merge it); on delete it has the key only."""

    table: str
    kind: Literal["INSERT", "UPDATE", "DELETE"]
    row: dict[str, Any]
    complete: bool = True


class LinkSignal(msgspec.Struct, frozen=True):
    """What the feed says of itself: `confirmed` by the server for this table set, or `lost` and why."""

    kind: Literal["confirmed", "lost"]
    why: str = ""


class Reads(Protocol):
    """Rows of tables, as the signed-in person may see them."""

    async def page(
        self,
        table: Table,
        *,
        order: str,
        descending: bool = False,
        limit: int = 1000,
        after: tuple[str, str] | None = None,
        equals: Mapping[str, str] | None = None,
    ) -> list[dict[str, Any]]:
        """At most `limit` rows by (`order`, key); `after` is (order value, key) of the last row seen."""
        ...

    async def by_ids(self, table: Table, ids: Sequence[str]) -> list[dict[str, Any]]:
        """The rows with these keys that exist and may be seen."""
        ...

    async def server_offset(self) -> float:
        """Seconds to add to this machine's clock to get the server's."""
        ...


class Feed(Protocol):
    """Row changes as they happen. Callbacks run on the loop's thread and must not raise."""

    async def open(
        self, tables: Sequence[Table], on_change: Callable[[Change], None], on_signal: Callable[[LinkSignal], None]
    ) -> None:
        """Join; returns when the join was sent. `confirmed` follows when changes really flow."""
        ...

    async def close(self) -> None:
        """Leave; safe to call twice and on a lost feed."""
        ...


class StaffActs(Protocol):
    """Acts of staff that the database carries out, each in one transaction with its audit row."""

    async def retry_failed(
        self, *, request_id: str, job_id: str, directories: Sequence[str] | None, reason: str
    ) -> dict[str, Any]:
        """{job_id, directories, outbox_id}. The same request id twice gives the same answer once done."""
        ...

    async def claim_run(
        self, *, job_id: str, directory: str, key: str, payload: Mapping[str, Any], run_id: str
    ) -> Literal["claimed", "duplicate", "in_flight", "outcome_unknown"]:
        """Take a directory for a real run on this machine."""
        ...

    async def finish_run(
        self,
        *,
        job_id: str,
        directory: str,
        key: str,
        run_id: str,
        status: str,
        response_log: Mapping[str, Any],
        screenshot_url: str | None,
        listing_url: str | None,
        error: str | None,
        duration_ms: int,
    ) -> bool:
        """Write the outcome of a claimed run; False when the claim is no longer ours."""  # fmt: skip
        ...


class QueueFigures(msgspec.Struct, frozen=True):
    """Approximate counts of one queue, and the names that its attributes give."""

    visible: int
    in_flight: int
    delayed: int
    arn: str = ""
    redrive_target_arn: str = ""


class DeadLetter(msgspec.Struct, frozen=True):
    """A received message of the DLQ. Times are unix seconds. `attributes` as boto3 gives MessageAttributes."""

    message_id: str
    receipt: str
    body: str
    body_md5: str = ""
    attributes: dict[str, Any] = {}
    sent_at: float | None = None
    receive_count: int = 0


class SentMessage(msgspec.Struct, frozen=True):
    """The queue's answer to a send; the MD5s are hex."""

    message_id: str
    body_md5: str
    attributes_md5: str = ""


class Queues(Protocol):
    """The main queue (send only) and its dead letter queue."""

    async def figures(self, which: Literal["main", "dlq"]) -> QueueFigures: ...

    async def receive_dead(self, *, limit: int, visibility: int, wait: int) -> list[DeadLetter]:
        """At most 10 messages of the DLQ, hidden from others for `visibility` seconds."""
        ...

    async def send(self, body: str, attributes: Mapping[str, Any]) -> SentMessage:
        """One message to the main queue. NotReachable: whether it arrived is not known."""
        ...

    async def delete_dead(self, receipt: str) -> None: ...

    async def release_dead(self, receipt: str) -> None:
        """Make a received dead letter visible again at once; NotPermitted where that right is missing."""
        ...


class Planner(Protocol):
    """Brain."""

    async def plan(self, directory: str, customer: Customer) -> Plan: ...

    async def health(self) -> dict[str, Any]:
        """The body of /health plus `latency_ms`."""
        ...


class RunRequest(msgspec.Struct, frozen=True):
    """What the submission process is told, as one JSON line on its standard input."""

    run_id: str
    job_id: str
    directory: str
    submission_url: str
    plan: Plan
    dry: bool
    artifacts: str
    headless: bool = True
    goto_seconds: float = 30.0
    step_seconds: float = 10.0
    total_seconds: float = 480.0


class Runner(Protocol):
    """A browser run in a child process."""

    def run(self, request: RunRequest) -> AsyncIterator[dict[str, Any]]:
        """Events as the child prints them (see `services.submission.events`); ends with kind "ended"."""
        ...

    def stop(self, run_id: str) -> None:
        """End the child and everything that it started; `run` then ends with kind "ended", status "stopped"."""
        ...
