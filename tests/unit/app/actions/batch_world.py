"""A job whose directories have failed, a database of its claims, and browsers that count what they send."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from app import tasks
from app.actions.kept_runs import KeptRuns
from app.actions.operations import Operation, Operations
from app.actions.run_batches import RunBatches, RunPace
from app.actions.runs import RunActs
from app.store.link import TableState
from app.store.store import Store
from services.domain.keys import idempotency_key
from services.domain.run_commands import Command
from services.domain.times import to_iso
from services.ports.wishes import RunRequest
from tests.fakes.runs import SUBMIT, FakeClaims, FakePlanner

JOB, BUSINESS = "11111111-1111-1111-1111-111111111111", "Kestrel Roofing"
FAST = RunPace(rate=0, site_seconds=0)


class Facts(FakeClaims):
    """The claims of one job, told to a store as the project's rows and events."""

    def __init__(self, hosts: list[str]) -> None:
        super().__init__()
        self.hosts = {self.key(host): host for host in hosts}
        self.rows = dict.fromkeys(self.hosts, ("failed", "worker"))
        self.logs: dict[str, Any] = {}
        self.events: list[dict[str, Any]] = []
        self.store = Store()

    def key(self, host: str) -> str:
        return idempotency_key(JOB, host, {"name": BUSINESS, "dir": host})

    def status(self, host: str) -> str:
        return self.rows[self.key(host)][0]

    async def claim_run(self, **named: Any) -> Any:
        answer = await super().claim_run(**named)
        if answer == "claimed":
            self._tell(named, "submitting")
        return answer

    async def finish_run(self, **named: Any) -> bool:
        written = await super().finish_run(**named)
        if written:
            self.logs[named["key"]] = named["response_log"]
            self._tell(named, named["status"])
        return written

    def fill(self, store: Store) -> None:
        """A new store, as sync fills it."""
        self.store = store
        store.put("customers", {"id": "c1", "business_name": BUSINESS})
        row = {"id": JOB, "customer_id": "c1", "status": "failed", "package_type": "enterprise"}
        store.put("jobs", {**row, "created_at": to_iso(time.time() - 9000)})
        for key, host in self.hosts.items():
            url = f"http://{host}/add"
            store.put("directory_submissions", {"id": key, "submission_queue_id": JOB, "directory_url": url,
                                                "status": "failed"})  # fmt: skip
            self._put(key)
        for event in self.events:
            store.put("queue_history", event)
        for table in ("jobs", "job_results"):
            store.set_state(table, TableState(as_of=time.time()))
        store.take_changed()

    def _put(self, key: str) -> None:
        row = {"id": key, "job_id": JOB, "directory_name": self.hosts[key], "status": self.rows[key][0]}
        row |= {"idempotency_key": key, "updated_at": to_iso(time.time()), "response_log": self.logs.get(key, {})}
        self.store.put("job_results", row)
        self.store.take_changed()

    def _tell(self, named: dict[str, Any], event: str) -> None:
        row = {"id": str(len(self.events)), "job_id": JOB, "directory_name": named["directory"], "event": event}
        who = f"staff:desk:{named['run_id']}"
        self.events.append({**row, "worker_id": who, "details": {}, "created_at": to_iso(time.time())})
        self.store.put("queue_history", self.events[-1])
        self._put(named["key"])


class Browsers:
    """`Runner`. `ends` maps a host to what comes of it, submitted where it names none; "hold" waits for `go`, and
    "missing" has no browser at all."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.ends: dict[str, str] = {}
        self.open: list[str] = []
        self.most = 0
        self.go = asyncio.Event()
        self.tick: Callable[[], None] = lambda: None

    async def run(self, request: RunRequest) -> AsyncIterator[dict[str, Any]]:
        host = request.directory
        assert not request.dry
        assert not request.helper, "nobody is there to help it on"
        self.open.append(host)
        self.most = max(self.most, len(self.open))
        try:
            self.tick()
            end = self.ends.get(host, "submitted")
            if end == "missing":
                yield {"kind": "ended", "status": "crashed", "ms": 1, "error": "The browser does not start"}
                return
            yield {"kind": "started", "browser": "chromium 140", "sandbox": True}
            yield {"kind": "step", "index": 0, "status": "done"}
            if end == "hold":
                await self.go.wait()
            await asyncio.sleep(0)
            yield {"kind": "step", "index": SUBMIT, "status": "running"}
            self.tick()
            self.sent[host] += 1
            self.tick()
            status = "submitted" if end == "hold" else end
            yield {"kind": "verdict", "status": status, "reasons": [], "error": "No" if status == "failed" else None}
            yield {"kind": "ended", "status": "done", "ms": 1}
        finally:
            self.open.remove(host)

    def tell(self, run_id: str, command: Command) -> None:
        raise AssertionError("nobody watches over a batch")

    def stop(self, run_id: str) -> None:
        """A run that is cut off ends with its task."""


class Program:
    """One start of the console's part that runs directories, on a file and a database that outlive it."""

    def __init__(
        self, folder: Path, facts: Facts, browsers: Browsers, *, role: str = "operator", pace: RunPace = FAST
    ) -> None:
        self.facts, self.browsers, self.planner = facts, browsers, FakePlanner()
        self.role: str | None = role
        self.operations = Operations(folder / "operations.db")
        self.store = Store()
        facts.fill(self.store)
        kept = KeptRuns(folder / "artifacts", 10**8)
        self.runs = RunActs(
            self.planner, browsers, facts, self.operations, self.store.jobs.wishes, kept=kept, actor="desk-1",
            role=role, pauses=(0.0,),
        )  # fmt: skip
        self.batches = RunBatches(
            self.planner, browsers, facts, self.operations, self.store, kept=kept, actor="desk-1",
            role=lambda: self.role, pace=pace, pauses=(0.0,),
        )  # fmt: skip

    def job(self) -> Any:
        self.store.take_changed()
        return self.store.jobs.get(JOB)

    def failed(self) -> list[str]:
        return [line.host for line in self.store.jobs.directories(JOB) if line.outcome == "failed"]

    async def run_failed(self) -> Any:
        return await self.batches.run(self.job(), self.failed(), reason="asked")

    def loop(self, act: Callable[[], Awaitable[Any]]) -> Any:
        """Settle what an earlier start has left, then act."""

        async def whole() -> Any:
            try:
                await self.runs.settle()
                await self.batches.settle()
                async with asyncio.timeout(30):
                    return await act()
            finally:
                await tasks.shutdown()

        return asyncio.run(whole())

    @property
    def whole(self) -> Operation:
        """The newest row of the Operations list."""
        return self.operations.newest_first()[0]

    def items(self) -> list[Operation]:
        return self.operations.items(self.whole.id)
