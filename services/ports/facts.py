"""Ports that only read: rows, their changes, and Brain's plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from services.domain.plans import Plan
from services.domain.project import ProjectFacts
from services.domain.records import Customer, HistoryEvent, Job
from services.domain.result import Result

Table = Literal[
    "customers", "jobs", "directories", "directory_submissions", "job_results", "queue_history",
    "worker_heartbeats", "staff_actions", "outbox", "replay_leases", "staff_operations",
    "paused_directories", "form_fingerprints",
]  # fmt: skip


class Change(msgspec.Struct, frozen=True, gc=False):
    """One row change from the feed. `row` may lack columns (merge it); on delete it has the key only.

    `record`, where it is there, is the whole new row, its version included, and `row` is empty.
    """

    table: str
    kind: Literal["INSERT", "UPDATE", "DELETE"]
    row: dict[str, Any]
    complete: bool = True
    record: Job | Result | HistoryEvent | None = None


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
        since: str | None = None,
        columns: Sequence[str] = (),
    ) -> list[dict[str, Any]]:
        """At most `limit` rows by (`order`, key); `after` is (order value, key) of the last row seen.

        `since`: only rows whose `order` is at least this. `columns`: only these, all when empty.
        """
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


class Planner(Protocol):
    """Brain."""

    async def plan(self, directory: str, customer: Customer) -> Plan: ...

    async def health(self) -> dict[str, Any]:
        """The body of /health plus `latency_ms`."""
        ...


class Project(Protocol):
    """What the project of this sign-in has: tables, functions, policies, live tables."""

    async def facts(self) -> ProjectFacts: ...
