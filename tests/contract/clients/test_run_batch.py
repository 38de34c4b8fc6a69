"""The failed directories of a job run here, all of it real: database, sync, child processes, browsers, sites."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from aiohttp import web

from app import tasks
from app.actions.kept_runs import KeptRuns
from app.actions.operations import Operations
from app.actions.run_batches import RunBatches, RunPace
from app.store.store import Store
from app.sync.engine import Engine
from services.clients.submission_process import SubmissionProcess
from services.clients.supabase_acts import SupabaseActs
from services.clients.supabase_feed import SupabaseFeed
from services.clients.supabase_reads import SupabaseReads
from services.domain.plans import Plan
from services.domain.records import Customer
from services.local.postgres import Postgres
from services.local.practice.app import build_app
from services.local.practice.sites import Site, load_sites
from services.pipeline.planner import Business, plan_submission
from tests.contract.clients.test_reads import signed_in
from tests.contract.gateway.running import add_job, until

pytestmark = [pytest.mark.stack, pytest.mark.browser]
COMMAND = (sys.executable, "-c", "import sys; from services.submission.process import run; sys.exit(run([]))")


class Brain:
    """The real planner, asked without a wire."""

    def __init__(self, sites: list[Site], port: int) -> None:
        self._sites = {site.host: site for site in sites}
        self._port = port

    async def plan(self, directory: str, customer: Customer) -> Plan:
        business = Business(customer.business_name, phone="2125550123", email=customer.email, city="Albany")
        url = f"http://{directory}:{self._port}/add"
        selectors = self._sites[directory].field_selectors()
        made = plan_submission(business, host=directory, submission_url=url, selectors=selectors)
        return msgspec.structs.replace(made, idempotency_factors={"name": customer.business_name, "dir": directory})

    async def health(self) -> dict[str, Any]:
        return {"status": "healthy"}


@asynccontextmanager
async def practice(log: Path) -> AsyncIterator[int]:
    runner = web.AppRunner(build_app(log), shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def test_each_directory_is_submitted_once_and_written(
    server: Postgres, owner: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    sites = [site for site in load_sites().values() if site.kind == "plain"][:3]
    hosts = sorted(site.host for site in sites)
    log = tmp_path / "log.jsonl"

    async def suite() -> None:
        async with practice(log) as port, signed_in(server) as session:
            job = add_job(owner, status="completed")
            for host in hosts:
                owner.execute(
                    "insert into directory_submissions (submission_queue_id, directory_url, status)"
                    " values (%s, %s, 'failed')",
                    (job, f"http://{host}:{port}/add"),
                )
            store, operations = Store(), Operations(tmp_path / "operations.db")
            syncing = tasks.spawn("sync", Engine(SupabaseReads(session), SupabaseFeed(session), store).run())
            runner = SubmissionProcess({"PRACTICE_URL": f"http://127.0.0.1:{port}"}, command=COMMAND)
            batches = RunBatches(
                Brain(sites, port), runner, SupabaseActs(session), operations, store,
                kept=KeptRuns(tmp_path / "artifacts", 10**9), actor="desk-1", role=lambda: "operator",
                pace=RunPace(rate=0, site_seconds=0),
            )  # fmt: skip
            try:
                await until(lambda: store.take_changed() is not None and store.jobs.lines.get(job) is not None)
                await until(lambda: store.take_changed() is not None and store.jobs.lines[job].failed == len(hosts))
                assert batches.weigh(store.jobs.lines[job]).hosts("submit") == hosts
                assert await batches.run(store.jobs.lines[job], hosts, reason="mended") == "done"
                [whole] = operations.newest_first()
                assert (whole.words, whole.done) == ("3 of 3 submitted", 3)
                await until(lambda: store.take_changed() is not None and store.jobs.lines[job].submitted == len(hosts))
                assert batches.why_not(store.jobs.lines[job]) == "No directory of this job has failed."
            finally:
                runner.close()
                syncing.cancel()
                await tasks.shutdown()
                operations.close()

    asyncio.run(suite())
    rows = owner.execute("select directory_name, status from job_results order by 1").fetchall()
    assert rows == [(host, "submitted") for host in hosts]
    audited = owner.execute("select act, after ->> 'status' from staff_actions").fetchall()
    assert audited == [("run_here", "submitted")] * len(hosts)
    lines = [msgspec.json.decode(line) for line in log.read_bytes().splitlines()]
    assert sorted(line["host"] for line in lines if "listing" in line) == hosts, "each site has one listing, no more"
    assert not list(tmp_path.glob("directory-bolt-run-*"))
