"""Acts of staff and their audit in memory, as the database functions carry them out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from services.domain.errors import ConsoleError, NotReachable
from services.domain.statuses import Declared
from services.ports.facts import Table


class FakeStaff:
    """`StaffActs`, `DirectoryPauses`, `Acknowledgements`, and of `Reads` what tells about them.

    `refusal` is raised instead of an effect, `lose_answers` raises after it; `gate` holds calls back.
    """

    def __init__(self) -> None:
        self.audit: dict[str, dict[str, Any]] = {}
        self.listings: list[str] = []
        """Addresses that came with a declaration or a review."""
        self.calls: list[tuple[str, Sequence[str] | None]] = []
        self.refusal: ConsoleError | None = None
        self.read_fault: ConsoleError | None = None
        self.lose_answers = False
        self.gate: asyncio.Event | None = None
        self.reads = 0

    async def retry_failed(
        self, *, request_id: str, job_id: str, directories: Sequence[str] | None, reason: str
    ) -> dict[str, Any]:
        hosts = list(directories) if directories is not None else ["a.localhost", "b.localhost"]
        answer = {"job_id": job_id, "directories": hosts, "outbox_id": len(self.calls) + 1}
        return await self._carry_out(request_id, (job_id, directories), answer, {"directories": len(hosts)})

    async def requeue_job(self, *, request_id: str, job_id: str, expected: str, reason: str) -> dict[str, Any]:
        return await self._carry_out(request_id, (job_id, ["requeue", expected]), {"job_id": job_id})

    async def set_job_status(
        self, *, request_id: str, job_id: str, to: str, expected: str, reason: str
    ) -> dict[str, Any]:
        return await self._carry_out(request_id, (job_id, [to, expected]), {"job_id": job_id, "status": to})

    async def declare_outcome(
        self, *, request_id: str, job_id: str, directory: str, outcome: Declared, reason: str, listing_url: str
    ) -> dict[str, Any]:
        answer = {"job_id": job_id, "directory": directory, "outcome": outcome}
        self.listings.append(listing_url)
        return await self._carry_out(request_id, (job_id, [directory, outcome, reason]), answer)

    async def review_outcome(
        self, *, request_id: str, job_id: str, directory: str, expected: str, outcome: Declared, reason: str,
        listing_url: str,
    ) -> dict[str, Any]:  # fmt: skip
        answer = {"job_id": job_id, "directory": directory, "outcome": outcome}
        self.listings.append(listing_url)
        return await self._carry_out(request_id, (job_id, [directory, expected, outcome, reason]), answer)

    async def pause_directory(self, *, request_id: str, directory_id: str, paused: bool, reason: str) -> dict[str, Any]:
        answer = {"directory_id": directory_id, "paused": paused}
        return await self._carry_out(request_id, (directory_id, ["pause" if paused else "resume", reason]), answer)

    async def accept_form(
        self, *, request_id: str, directory_id: str, expected: Mapping[str, Any], selectors: Mapping[str, Any],
        form: Mapping[str, Any], reason: str,
    ) -> dict[str, Any]:  # fmt: skip
        answer = {"directory_id": directory_id, "field_selectors": dict(selectors)}
        return await self._carry_out(request_id, (directory_id, ["accept", reason]), answer)

    async def acknowledge(self, *, request_id: str, target: str, reason: str) -> dict[str, Any]:
        return await self._carry_out(request_id, (target, ["acknowledge", reason]), {"target": target})

    async def _carry_out(
        self,
        request_id: str,
        call: tuple[str, Sequence[str] | None],
        answer: dict[str, Any],
        counts: Mapping[str, int] | None = None,
    ) -> dict[str, Any]:
        self.calls.append(call)
        if self.gate is not None:
            await self.gate.wait()
        if self.refusal is not None:
            raise self.refusal
        self.audit[request_id] = {"request_id": request_id, "counts": dict(counts or {}), "after": answer}
        if self.lose_answers:
            raise NotReachable("The database did not answer in time.")
        return answer

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
        self.reads += 1
        if self.read_fault is not None:
            raise self.read_fault
        found = self.audit.get((equals or {}).get("request_id", ""))
        return [found] if table == "staff_actions" and found else []

    async def by_ids(self, table: Table, ids: Sequence[str]) -> list[dict[str, Any]]:
        raise NotImplementedError

    async def server_offset(self) -> float:
        return 0.0
