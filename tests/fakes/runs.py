"""Plans, claims and browsers in memory, for runs without Brain, a database or Chromium."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, Literal

from services.domain.errors import ConsoleError, NotReachable
from services.domain.plans import Plan, Step
from services.domain.records import Customer
from services.domain.run_commands import Command
from services.ports.wishes import RunRequest

HOLD: Final = "hold"
"""In a script: wait until the run is stopped, or `go` is set."""


class FakePlanner:
    """`Planner`. The plan has two clicks: only the second one sends the form."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fault: ConsoleError | None = None
        self.gate: asyncio.Event | None = None
        self.typed: dict[str, str] = {}
        """Further fields, filled after all else."""

    async def plan(self, directory: str, customer: Customer) -> Plan:
        self.asked.append(directory)
        if self.gate is not None:
            await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        steps = [
            Step("goto", url=f"http://{directory}/add"),
            Step("click", selector="#cookies"),
            Step("fill", selector="#name", value=customer.business_name),
            Step("click", selector="#send"),
            Step("wait", until="load"),
            *(Step("fill", selector=selector, value=value) for selector, value in self.typed.items()),
        ]
        return Plan(steps, idempotency_factors={"name": customer.business_name, "dir": directory})

    async def health(self) -> dict[str, Any]:
        return {"status": "ok", "latency_ms": 1}


SUBMIT: Final = 3
"""Index of the step that sends the form in the fake plan."""


class FakeRunner:
    """`Runner` that tells the events of a script. An exception in the script is raised."""

    def __init__(self, *script: dict[str, Any] | ConsoleError | Exception | str) -> None:
        self.script: Sequence[dict[str, Any] | Exception | str] = script
        self.requests: list[RunRequest] = []
        self.stopped: list[str] = []
        self.told: list[Command] = []
        self.go = asyncio.Event()

    async def run(self, request: RunRequest) -> AsyncIterator[dict[str, Any]]:
        self.requests.append(request)
        for part in self.script:
            await asyncio.sleep(0)
            if isinstance(part, Exception):
                raise part
            if isinstance(part, dict):
                yield part
                continue
            await self.go.wait()
            if request.run_id in self.stopped:
                yield {"kind": "ended", "status": "stopped", "ms": 1}
                return

    def tell(self, run_id: str, command: Command) -> None:
        self.told.append(command)

    def stop(self, run_id: str) -> None:
        self.stopped.append(run_id)
        self.go.set()


class FakeClaims:
    """`StaffActs` for runs, by the rules of the database's functions. `rows` maps a key to (status, owner).

    `claim_faults` and `finish_faults` are raised one a call, None for a call without; `lost` says that the
    call was carried out all the same. `others` are owners whose claim has not run out.
    """

    def __init__(self) -> None:
        self.rows: dict[str, tuple[str, str]] = {}
        self.calls: list[str] = []
        self.outcomes: list[dict[str, Any]] = []
        self.payload: Mapping[str, Any] = {}
        self.others: set[str] = set()
        self.claim_faults: list[ConsoleError | None] = []
        self.finish_faults: list[ConsoleError | None] = []
        self.hold_faults: list[ConsoleError | None] = []
        self.holds: list[tuple[str, int]] = []
        """What was told of holds: why and for how many seconds, ("", 0) for going on."""
        self.lost = False
        self.gate: asyncio.Event | None = None

    async def retry_failed(
        self, *, request_id: str, job_id: str, directories: Sequence[str] | None, reason: str
    ) -> dict[str, Any]:
        raise NotImplementedError

    async def claim_run(
        self, *, job_id: str, directory: str, key: str, payload: Mapping[str, Any], run_id: str
    ) -> Literal["claimed", "duplicate", "in_flight", "outcome_unknown"]:
        self.calls.append("claim")
        self.payload = payload
        if self.gate is not None:
            await self.gate.wait()
        self._fail(self.claim_faults, before=True)
        status, owner = self.rows.get(key, ("failed", ""))
        if status in ("submitted", "skipped"):
            return "duplicate"
        if status == "submitting":
            return "in_flight" if owner in self.others else "outcome_unknown"
        self.rows[key] = ("submitting", run_id)
        self._fail(self.claim_faults, before=False)
        return "claimed"

    async def hold_run(self, *, job_id: str, directory: str, key: str, run_id: str, why: str, seconds: int) -> bool:
        self._fail(self.hold_faults, before=True)
        self.holds.append((why, seconds))
        return self.rows.get(key) == ("submitting", run_id)

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
        self.calls.append("finish")
        assert status in ("submitted", "failed", "skipped", "unknown")
        self._fail(self.finish_faults, before=True)
        if self.rows.get(key) != ("submitting", run_id):
            return False
        self.rows[key] = ("submitting" if status == "unknown" else status, run_id)
        self.outcomes.append(
            {"status": status, "error": error, "listing": listing_url, "picture": screenshot_url, "log": response_log}
        )
        self._fail(self.finish_faults, before=False)
        return True

    def _fail(self, faults: list[ConsoleError | None], *, before: bool) -> None:
        lost = self.lost and bool(faults) and isinstance(faults[0], NotReachable)
        if faults and before is not lost and (fault := faults.pop(0)) is not None:
            raise fault
