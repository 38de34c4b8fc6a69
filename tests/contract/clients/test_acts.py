"""Acts of staff over the wire: done once, audited, and refused in the database's words."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Any, cast

import psycopg
import pytest

from app.store.holds import hold_of
from services.clients.supabase_acts import SupabaseActs
from services.clients.supabase_captchas import SupabaseCaptchas
from services.clients.supabase_reads import SupabaseReads
from services.domain.captchas import CaptchaPermission
from services.domain.columns import Row
from services.domain.errors import NotInstalled, NotPermitted, Refused
from services.domain.records import HistoryEvent
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


def test_a_job_is_paused_resumed_and_queued_again(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite() -> None:
        job = add_job(owner, status="in_progress")
        async with signed_in(server) as session:
            acts = SupabaseActs(session)

            async def go(to: str, expected: str) -> dict[str, Any]:
                return await acts.set_job_status(
                    request_id=str(uuid.uuid4()), job_id=job, to=to, expected=expected, reason="asked"
                )

            assert (await go("paused", "in_progress"))["status"] == "paused"
            with pytest.raises(Refused, match="is paused by now"):
                await go("cancelled", "in_progress")
            assert (await go("pending", "paused"))["outbox_id"]
            with pytest.raises(Refused, match="waits to be queued already"):
                await acts.requeue_job(request_id=str(uuid.uuid4()), job_id=job, expected="pending", reason="lost")
            owner.execute("update outbox set sent_at = now()")
            answer = await acts.requeue_job(request_id=str(uuid.uuid4()), job_id=job, expected="pending", reason="lost")
            assert answer["outbox_id"]
        assert owner.execute("select count(*) from outbox").fetchone() == (2,)

    asyncio.run(suite())


def test_an_outcome_is_declared(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite() -> None:
        job = add_job(owner, status="completed")
        owner.execute(
            "insert into job_results (job_id, directory_name, idempotency_key, claim_expires_at)"
            " values (%s, 'a.localhost', 'k', now())",
            (job,),
        )
        async with signed_in(server) as session:
            for _ in range(2):
                answer = await SupabaseActs(session).declare_outcome(
                    request_id="11111111-1111-4111-8111-111111111111",
                    job_id=job,
                    directory="a.localhost",
                    outcome="submitted",
                    reason="seen",
                    listing_url="",
                )
                assert answer["outcome"] == "submitted"
            reviewed = await SupabaseActs(session).review_outcome(
                request_id="22222222-2222-4222-8222-222222222222", job_id=job, directory="a.localhost",
                expected="submitted", outcome="submitted", reason="", listing_url="",
            )  # fmt: skip
            assert reviewed["outcome"] == "submitted"
        assert owner.execute("select status, listing_url from job_results").fetchall() == [("submitted", None)]

    asyncio.run(suite())


def test_a_directory_is_paused_and_something_acknowledged(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite() -> None:
        owner.execute("insert into directories (name, submission_url) values ('A', 'http://a.localhost:9/add')")
        directory = str(owner.execute("select id from directories").fetchone()[0])  # type: ignore[index]
        async with signed_in(server) as session:
            acts = SupabaseActs(session)

            async def go(paused: bool) -> dict[str, Any]:
                return await acts.pause_directory(
                    request_id=str(uuid.uuid4()), directory_id=directory, paused=paused, reason="its form changed"
                )

            assert (await go(True))["directory"] == "a.localhost"
            reads = SupabaseReads(session)
            (row,) = await reads.page("paused_directories", order="directory_id")
            assert (row["directory_id"], row["reason"]) == (directory, "its form changed")
            assert await reads.by_ids("paused_directories", [directory]) == [row]
            with pytest.raises(Refused, match="paused already"):
                await go(True)
            assert (await go(False))["paused"] is False
            assert await reads.by_ids("paused_directories", [directory]) == []
            accepted = await acts.accept_form(
                request_id=str(uuid.uuid4()), directory_id=directory, expected={}, reason="its form changed",
                selectors={"fields": {"phone": "#tel"}, "submit": "#go"}, form={"fields": [{"key": "tel"}]},
            )  # fmt: skip
            assert accepted["directory"] == "a.localhost"
            (form,) = await reads.page("form_fingerprints", order="updated_at")
            assert (form["id"], form["seen"]) == ("a.localhost", {"fields": [{"key": "tel"}]})
            noted = await acts.acknowledge(request_id=str(uuid.uuid4()), target="message 7", reason="")
            assert noted == {"target": "message 7"}
        acts_of_staff = owner.execute("select act, target from staff_actions order by id").fetchall()
        assert acts_of_staff == [
            ("pause_directory", directory), ("resume_directory", directory), ("accept_form", directory),
            ("acknowledge", "message 7"),
        ]  # fmt: skip

    asyncio.run(suite())


def test_an_admin_allows_that_captchas_are_solved(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite() -> None:
        async with signed_in(server) as session:
            captchas = SupabaseCaptchas(session)
            assert await captchas.permission() == CaptchaPermission()
            answer = await captchas.allow(request_id=str(uuid.uuid4()), allowed=True, reason="for the night")
            assert answer == {"allowed": True, "by": "operator@directory-bolt.example"}
            found = await captchas.permission()
            assert (found.allowed, found.by, found.reason) == (True, answer["by"], "for the night")
            assert found.at
            with pytest.raises(Refused, match="allowed already"):
                await captchas.allow(request_id=str(uuid.uuid4()), allowed=True, reason="again")

    promote = "update auth.users set app_metadata = jsonb_build_object('role', %s::text) where email like 'operator@%%'"
    owner.execute(promote, ("admin",))
    try:
        asyncio.run(suite())
    finally:
        owner.execute(promote, ("operator",))


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
            assert await acts.hold_run(**claim, why="captcha", seconds=300)
            reader = session.client.table("queue_history").select("*").eq("event", "staff_run_held")
            told = [HistoryEvent.from_row(cast(Row, row)) for row in (await reader.execute()).data]
            hold = hold_of("a.localhost", told, time.time())
            assert hold is not None
            assert (hold.about, hold.left(time.time()) > 280, hold.who) == ("a captcha", True, session.email)
            assert await acts.hold_run(**claim, why="", seconds=0)
            assert await acts.finish_run(**claim, **outcome)
            assert not await acts.hold_run(**claim, why="captcha", seconds=300)
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
