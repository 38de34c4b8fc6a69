"""Acts of staff over the wire: done once, audited, and refused in the database's words."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import psycopg
import pytest

from services.clients.supabase_acts import SupabaseActs
from services.domain.errors import NotInstalled, NotPermitted, Refused
from services.local.postgres import Postgres
from tests.contract.clients.test_reads import signed_in
from tests.contract.gateway.running import add_job

pytestmark = pytest.mark.stack


def failed_job(owner: psycopg.Connection) -> str:
    job = add_job(owner, status="completed")
    for host in ("a", "b"):
        owner.execute(
            "insert into directory_submissions (submission_queue_id, directory_url, status) values (%s, %s, 'failed')",
            (job, f"http://{host}.localhost:9/add"),
        )
    return job


def test_retry_failed_is_done_once(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite() -> None:
        job, request = failed_job(owner), str(uuid.uuid4())
        async with signed_in(server) as session:
            acts = SupabaseActs(session)
            first = await acts.retry_failed(request_id=request, job_id=job, directories=["a.localhost"], reason="fixed")
            again = await acts.retry_failed(request_id=request, job_id=job, directories=["a.localhost"], reason="fixed")
            assert first == again
            assert first["directories"] == ["a.localhost"]
            with pytest.raises(Refused, match="retry when it has ended"):
                await acts.retry_failed(request_id=str(uuid.uuid4()), job_id=job, directories=None, reason="")
            with pytest.raises(Refused, match="does not exist"):
                await acts.retry_failed(
                    request_id=str(uuid.uuid4()), job_id=str(uuid.uuid4()), directories=None, reason=""
                )
        assert owner.execute("select count(*) from outbox").fetchone() == (1,)

    asyncio.run(suite())


def test_a_viewer_may_not(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite() -> None:
        async with signed_in(server, "viewer") as session:
            with pytest.raises(NotPermitted, match="operator"):
                await SupabaseActs(session).retry_failed(
                    request_id=str(uuid.uuid4()), job_id=failed_job(owner), directories=None, reason=""
                )

    asyncio.run(suite())


def test_claim_and_finish(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite() -> None:
        job, run = failed_job(owner), str(uuid.uuid4())
        async with signed_in(server) as session:
            acts = SupabaseActs(session)
            claim: dict[str, Any] = {"job_id": job, "directory": "a.localhost", "key": "k" * 64, "run_id": run}
            assert await acts.claim_run(**claim, payload={"name": "B"}) == "claimed"
            outcome: dict[str, Any] = {
                "status": "submitted",
                "response_log": {"reasons": ["thank you"]},
                "screenshot_url": None,
                "listing_url": None,
                "error": None,
                "duration_ms": 1200,
            }
            assert await acts.finish_run(**claim, **outcome)
            assert await acts.finish_run(**claim, **outcome), "written already: the same answer"
            assert not await acts.finish_run(**claim, **{**outcome, "status": "failed"})
            assert await acts.claim_run(**{**claim, "run_id": str(uuid.uuid4())}, payload={}) == "duplicate"
            with pytest.raises(Refused, match="status must be"):
                await acts.finish_run(**claim, **{**outcome, "status": "great"})

    asyncio.run(suite())


def test_a_project_without_the_function_says_so(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite() -> None:
        async with signed_in(server) as session:
            acts = SupabaseActs(session)
            with pytest.raises(NotInstalled):
                await acts._call("staff_no_such_act", "do something new", p_job="x")

    asyncio.run(suite())
