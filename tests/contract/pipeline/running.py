"""A Brain and a browser that do what a test says, and a flow with them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from services.domain.errors import ConsoleError
from services.domain.plans import Constraints, Plan, Step
from services.domain.records import Customer
from services.pipeline.database import Pool
from services.pipeline.directory_task import Tools
from services.pipeline.flow import process_job
from services.pipeline.flow_runs import FlowRun, FlowRuns
from services.pipeline.job_rows import JobRows
from services.pipeline.outcome_spool import OutcomeSpool
from services.pipeline.picture_store import PictureStore
from services.pipeline.worker import Worker
from services.ports.wishes import CaptchaTerms, RunRequest
from services.settings import Settings
from services.submission.events import Report
from services.submission.outcome import Outcome

LEASE = 30.0
SUBMIT = 2
SENT = Outcome("submitted", ["page says “received”"], False, 12, listing_url="http://x.localhost/biz/1")
REFUSED = Outcome("failed", ["The page says: invalid phone"], False, 12, error="invalid phone")
NO_PAGE = Outcome("failed", ["The page did not load"], True, 12, error="net::ERR_CONNECTION_REFUSED")
NO_WORD = Outcome("unknown", ["The form was sent and no answer came"], False, 12, error="No answer")


class Script:
    """What each host does, one thing for each run in turn (the last one repeats); what was pressed is counted."""

    def __init__(self, **hosts: list[Any]) -> None:
        self.hosts = hosts
        self.runs: list[str] = []
        self.pressed: list[str] = []
        self.told: list[dict[str, Any]] = []
        self.plans: list[str] = []
        self.typed: dict[str, str] = {}
        """Further fields of each form."""
        self.terms: list[CaptchaTerms | None] = []
        self.opened = 0
        self.plan_errors: dict[str, list[ConsoleError | ValueError]] = {}
        self.opening_error: Exception | None = None

    async def plan(self, directory: str, customer: Customer) -> Plan:
        self.plans.append(directory)
        if self.plan_errors.get(directory):
            raise self.plan_errors[directory].pop(0)
        steps = [
            Step("goto", url=f"http://{directory}/add"),
            Step("fill", selector="#n", value=customer.business_name),
            Step("click", selector="#s"),
            Step("wait", until="load"),
            *(Step("fill", selector=selector, value=value) for selector, value in self.typed.items()),
        ]
        return Plan(steps, Constraints(), {"name": customer.business_name, "dir": directory})

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Script]:
        self.opened += 1
        if self.opening_error:
            raise self.opening_error
        yield self

    async def run(self, request: RunRequest, report: Report) -> Outcome:
        host = request.directory
        self.runs.append(host)
        self.terms.append(request.captchas)
        todo = self.hosts.get(host.split(".")[0], [SENT])
        deed = todo.pop(0) if len(todo) > 1 else todo[0]
        report({"kind": "step", "index": 0, "status": "running"})
        for event in self.told:
            report(event)
        if request.trace:
            trace = Path(request.artifacts) / "trace.zip"
            trace.parent.mkdir(parents=True)
            trace.write_bytes(b"PK")
        if isinstance(deed, Hang):
            await deed.reach(self, host, report)
        if isinstance(deed, Exception):
            raise deed
        if callable(deed):
            deed = deed()
        assert isinstance(deed, Outcome)
        if not deed.before_submit:
            report({"kind": "step", "index": SUBMIT, "status": "running"})
            self.pressed.append(host)
        if deed.screenshot:
            picture = Path(request.artifacts) / deed.screenshot
            picture.parent.mkdir(parents=True, exist_ok=True)
            picture.write_bytes(b"jpeg")
            return Outcome(deed.status, deed.reasons, deed.before_submit, deed.duration_ms, screenshot=str(picture))
        return deed


class Hang:
    """A run that never ends, before or after it pressed submit. `hit` is set when it is there."""

    def __init__(self, *, after_submit: bool, error: Exception | None = None) -> None:
        self._after_submit = after_submit
        self._error = error
        self.hit = asyncio.Event()

    async def reach(self, script: Script, host: str, report: Report) -> None:
        if self._after_submit:
            report({"kind": "step", "index": SUBMIT, "status": "running"})
            script.pressed.append(host)
        self.hit.set()
        if self._error:
            raise self._error
        await asyncio.Event().wait()


class Bench:
    """Workers on one database that share a script."""

    def __init__(self, pool: Pool, settings: Settings, script: Script) -> None:
        self.script = script
        self._pool = pool
        self._settings = settings

    def tools(self, worker: str) -> Tools:
        spool = OutcomeSpool(self._settings.data_path / "outcomes")
        pictures = PictureStore(self._settings.supabase_url, self._settings.service_role_key)
        return Tools(JobRows(self._pool, worker), self.script, self.script.browser, self._settings, spool, pictures)

    def runs(self, worker: str, lease: float = LEASE) -> FlowRuns:
        return FlowRuns(self._pool, worker, lease, self._settings.flow_lapse_limit)

    async def work(self, worker: str = "w-1") -> bool:
        """Take one flow run and work it off; whether there was one."""
        run = self.runs(worker).claim()
        if run is None:
            return False
        await self.flow(run, worker)
        return True

    async def flow(self, run: FlowRun, worker: str) -> bool:
        """Work off a run that `worker` has taken; whether it has an end."""
        tools = self.tools(worker)
        try:
            return await process_job(run, tools)
        finally:
            await tools.pictures.close()


MakeBench = Callable[..., Bench]


def wait_for(condition: Callable[[], object], what: str, seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not in time: {what}"
        time.sleep(0.02)


class Shift:
    """A worker on a thread, from `with` to its end."""

    def __init__(self, bench: Bench, worker_id: str, *, end_seconds: float = 30) -> None:
        self._end_seconds = end_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main(bench, worker_id)))

    async def _main(self, bench: Bench, worker_id: str) -> None:
        await Worker(bench.runs(worker_id), bench.tools(worker_id), worker_id).work(self._stop)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(self._end_seconds)
        assert not self._thread.is_alive()
