"""Run acts over fakes, and the events that a browser run tells."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from app import tasks
from app.actions.kept_runs import KeptRuns
from app.actions.operations import Operation, Operations
from app.actions.run_state import RunState, RunTarget
from app.actions.runs import RunActs
from app.store.store import Store
from services.domain.errors import NotReachable
from services.domain.keys import idempotency_key
from services.domain.records import Customer
from tests.fakes.runs import FakeClaims, FakePlanner, FakeRunner

JOB, HOST = "11111111-1111-1111-1111-111111111111", "mapnook.localhost"
CUSTOMER = Customer("c1", business_name="Kestrel Roofing")
TARGET = RunTarget(JOB, HOST, f"http://{HOST}:8000/add", CUSTOMER)
KEY = idempotency_key(JOB, HOST, {"name": "Kestrel Roofing", "dir": HOST})
STARTED = {"kind": "started", "browser": "chromium 140.0.1", "sandbox": True}
POST = {"kind": "blocked", "method": "POST", "url": TARGET.submission_url, "bytes": 190, "body": "name=Kestrel"}
ENDED = {"kind": "ended", "status": "done", "ms": 900}
DIED = {"kind": "ended", "status": "crashed", "ms": 900, "error": "It ended with code -9."}
SILENT = NotReachable("The database did not answer.")


def step(index: int, status: str = "done", **more: Any) -> dict[str, Any]:
    return {"kind": "step", "index": index, "status": status, **more}


def verdict(status: str, **more: Any) -> dict[str, Any]:
    return {"kind": "verdict", "status": status, "reasons": [], "before_submit": False, **more}


class World:
    """Acts over fakes; the Operations list is a real file."""

    def __init__(self, folder: Path, role: str | None = "operator") -> None:
        self.planner = FakePlanner()
        self.runner = FakeRunner()
        self.claims = FakeClaims()
        self.file = folder / "operations.db"
        self.operations = Operations(self.file)
        self.artifacts = folder / "artifacts"
        self.pending = Store().jobs.wishes
        self.acts = self.make(role)

    def make(self, role: str | None) -> RunActs:
        return RunActs(
            self.planner, self.runner, self.claims, self.operations, self.pending, kept=KeptRuns(self.artifacts, 10**9),
            actor="desk-1", role=role, pauses=(0.0, 0.0),
        )  # fmt: skip

    def script(self, *events: Any) -> None:
        self.runner.script = events

    def in_loop(self, act: Callable[[], Awaitable[Any]]) -> Any:
        async def whole() -> Any:
            try:
                return await act()
            finally:
                await tasks.shutdown()

        return asyncio.run(whole())

    def run(self, *, dry: bool) -> RunState:
        ended = self.in_loop(lambda: self.acts.run(TARGET, dry=dry))
        assert isinstance(ended, RunState)
        assert ended.phase == "ended"
        return ended

    @property
    def wish(self) -> Operation:
        return self.operations.newest_first()[0]
