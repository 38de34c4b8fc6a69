"""The worker: takes flow runs and works them off, a few at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import secrets
import socket
import threading
import time
from typing import Final

import psycopg

from services import artifacts
from services.domain.text import one_line
from services.pipeline.database import open_pool
from services.pipeline.directory_task import Tools
from services.pipeline.flow import process_job
from services.pipeline.flow_runs import FlowRun, FlowRuns
from services.pipeline.job_rows import JobRows
from services.pipeline.outcome_spool import OutcomeSpool
from services.pipeline.patience import patiently, settled
from services.pipeline.picture_store import PictureStore
from services.pipeline.plan_client import PlanClient
from services.pipeline.role import begin, work_until
from services.submission.browser import Browser
from services.temporary import remove_forgotten

log = logging.getLogger(__name__)

_STOP_SECONDS: Final = 1.5
"""What flows get to leave their directories in an honest state when the worker is told to stop."""


def worker_name() -> str:
    """`host-pid-xxxx`: in a container every start may have the same process id, and none may own another's claims."""
    host = re.sub(r"[^A-Za-z0-9.-]+", "-", socket.gethostname()) or "worker"
    return f"{host}-{os.getpid()}-{secrets.token_hex(2)}"


class Worker:
    """Claims, runs, renews, beats."""

    def __init__(self, runs: FlowRuns, tools: Tools, worker_id: str) -> None:
        self._runs = runs
        self._tools = tools
        self._worker_id = worker_id
        self._held: dict[str, FlowRun] = {}
        self._wake = asyncio.Event()

    async def work(self, stop: threading.Event) -> None:
        """Until `stop` is set; then the flows are cancelled and their runs given back."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._keep_alive(), name="heartbeat")]
            for number in range(self._tools.settings.worker_flows):
                tasks.append(group.create_task(self._take_runs(), name=f"flow-{number}"))
            log.info("Worker online", extra={"event": "worker_online", "worker_id": self._worker_id})
            while not stop.is_set():  # noqa: ASYNC110 - a signal handler sets it
                await asyncio.sleep(0.1)
            for task in tasks:
                task.cancel()
        try:
            for run in self._held.values():
                await settled(self._runs.give_back, run)
            await settled(self._runs.sign_off)
        except psycopg.OperationalError as error:
            # The leases of the runs run out all the same.
            log.warning("The database does not answer", extra={"reason": one_line(error)})

    async def _take_runs(self) -> None:
        while True:
            run = None
            try:
                run = await settled(self._claim)
            except psycopg.Error as error:
                log.warning("The database does not answer", extra={"reason": one_line(error)})
            if run is None:
                await asyncio.sleep(self._tools.settings.worker_poll_seconds)
                continue
            self._wake.set()
            try:
                if not await process_job(run, self._tools):
                    await patiently(self._tools.settings.flow_lease_seconds, self._runs.give_back, run)
            except psycopg.OperationalError as error:
                log.warning("Flow run left", extra={"flow_run_id": run.id, "reason": one_line(error)})
            except Exception:
                # Its end could not be written either. The lease runs out, and a worker takes it up again.
                log.exception("Flow run left", extra={"flow_run_id": run.id, "job_id": run.job_id})
            del self._held[run.id]
            self._wake.set()
            await settled(self._tidy)

    def _tidy(self) -> None:
        settings = self._tools.settings
        artifacts.tidy(settings.data_path / "artifacts", settings.artifacts_mb * 1_000_000, time.time())

    def _claim(self) -> FlowRun | None:
        self._deliver()
        run = self._runs.claim(list(self._held))
        if run is not None:
            self._held[run.id] = run
        return run

    def _deliver(self) -> None:
        """Write the outcomes that could not be written when they were known, ours or a dead worker's."""
        spool = self._tools.spool
        for known in spool.left():
            try:
                written = self._tools.rows.record(known)
            except psycopg.OperationalError:
                raise
            except psycopg.Error as error:
                log.error("The database refuses an outcome", extra={**known.in_words(), "reason": one_line(error)})
                spool.put_aside(known)
                continue
            log.warning(
                "Wrote an outcome late" if written else "An outcome came too late: the claim is somebody else's",
                extra={**known.in_words(), "event": known.outcome.status if written else "claim_lost"},
            )
            spool.drop(known)

    async def _keep_alive(self) -> None:
        """Renew and beat at the heartbeat's pace, and at once when a flow begins or ends."""
        settings = self._tools.settings
        seconds = min(settings.heartbeat_seconds, settings.flow_lease_seconds / 3)
        while True:
            self._wake.clear()
            status = "running" if self._held else "idle"
            try:
                await settled(self._beat, status)
            except psycopg.Error as error:
                log.warning("No heartbeat", extra={"reason": one_line(error)})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), seconds)

    def _beat(self, status: str) -> None:
        held = list(self._held.values())
        if held:
            self._runs.renew([run.id for run in held])
        flows = [{"flow_run_id": run.id, "job_id": run.job_id} for run in held]
        self._runs.beat(status, held[0].job_id if held else None, {"flows": flows, "pid": os.getpid()})


def run(argv: list[str]) -> int:
    """The role: work flow runs off until told to stop."""
    settings, stop = begin("worker", __doc__, argv, needs=("database_url", "brain_url"), patience=30.0)
    pool = open_pool(settings.database_url, size=settings.worker_flows + 2)
    worker_id = worker_name()

    async def work(stop: threading.Event) -> None:
        plans = PlanClient(settings.brain_base)
        pictures = PictureStore(settings.supabase_url, settings.service_role_key)
        tools = Tools(
            rows=JobRows(pool, worker_id),
            plans=plans,
            open_browser=lambda: Browser(
                path=settings.browser_path,
                headless=settings.headless,
                practice_url=settings.practice_url,
                data_dir=settings.data_path,
            ),
            settings=settings,
            spool=OutcomeSpool(settings.data_path / "outcomes"),
            pictures=pictures,
        )
        runs = FlowRuns(pool, worker_id, settings.flow_lease_seconds, settings.flow_lapse_limit)
        try:
            await Worker(runs, tools, worker_id).work(stop)
        finally:
            await plans.close()
            await pictures.close()

    try:
        # Of a worker that was killed, what its browsers wrote is here still.
        remove_forgotten(time.time())
        return work_until(stop, lambda stop: asyncio.run(work(stop)), grace=_STOP_SECONDS)
    finally:
        # Ends what still waits for a connection, so that no thread keeps the process alive.
        pool.close(timeout=0.5)
