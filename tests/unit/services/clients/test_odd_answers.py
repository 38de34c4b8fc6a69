"""What only something before the database can have said counts neither as "done" nor as "no rows"."""

from __future__ import annotations

import asyncio
import types
from typing import Any

import httpx
import pytest
from supabase import AsyncClientOptions, acreate_client

from services.clients.supabase_acts import SupabaseActs
from services.clients.supabase_project import SupabaseProject
from services.clients.supabase_reads import SupabaseReads
from services.clients.supabase_replays import SupabaseReplays
from services.domain.errors import NotReachable

HTML = {"content-type": "text/html"}


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (200, b"<html>Sign in to the network</html>", HTML),
        (200, b'{"job_id": ', {"content-type": "application/json"}),
        (200, b"true and more", {}),
        (502, b"<html>Bad gateway</html>", HTML),
        (504, b'{"message": "The upstream server is timing out"}', {"content-type": "application/json"}),
        (408, b"Request Timeout", {}),
    ],
)
def test_nobody_knows_what_the_database_did(status: int, body: bytes, headers: dict[str, str]) -> None:
    wire = httpx.AsyncClient(
        transport=httpx.MockTransport(lambda _: httpx.Response(status, content=body, headers=headers))
    )

    async def token() -> str:
        return "token"

    async def suite() -> None:
        options = AsyncClientOptions(auto_refresh_token=False, httpx_client=wire, postgrest_client_retry=False)
        client = await acreate_client("http://127.0.0.1:9", "key", options)
        session: Any = types.SimpleNamespace(client=client, access_token="token", token=token)
        acts, shared = SupabaseActs(session), SupabaseReplays(session)
        run: dict[str, Any] = {"job_id": "j", "directory": "d", "key": "k", "run_id": "r"}
        end: dict[str, Any] = {
            "status": "failed", "response_log": {}, "screenshot_url": None, "listing_url": None, "error": None,
            "duration_ms": 1,
        }  # fmt: skip
        for call in (
            acts.requeue_job(request_id="r", job_id="j", expected="pending", reason=""),
            acts.claim_run(**run, payload={}),
            acts.finish_run(**run, **end),
            shared.hold(dlq="arn", token="t", machine="m", seconds=60),
            shared.begin(request_id="r", dlq="arn", token="t", act="replay", label="", total=1, reason=""),
            SupabaseReads(session).page("jobs", order="id"),
            SupabaseReads(session).by_ids("jobs", ["1"]),
            SupabaseProject(session).facts(),
        ):
            with pytest.raises(NotReachable):
                await call
        await wire.aclose()

    asyncio.run(suite())


def test_a_trial_that_fails_leaves_no_other_going() -> None:
    """Where the project has no word of its own each thing is tried, side by side."""
    asked: list[str] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        what = request.url.path.rsplit("/", 1)[-1]
        asked.append(what)
        if what == "project_facts":
            return httpx.Response(404, json={"code": "PGRST202", "message": "no such function"})
        if what == "jobs":
            return httpx.Response(503, json={"code": "PGRST001", "message": "no connection"})
        await asyncio.Event().wait()
        raise AssertionError("it waits for ever")

    async def token() -> str:
        return "token"

    async def suite() -> None:
        wire = httpx.AsyncClient(transport=httpx.MockTransport(answer))
        options = AsyncClientOptions(auto_refresh_token=False, httpx_client=wire, postgrest_client_retry=False)
        client = await acreate_client("http://127.0.0.1:9", "key", options)
        session: Any = types.SimpleNamespace(client=client, access_token="token", token=token)
        with pytest.raises(NotReachable):
            await SupabaseProject(session).facts()
        assert len(asked) > 2
        assert asyncio.all_tasks() == {asyncio.current_task()}
        await wire.aclose()

    asyncio.run(suite())
