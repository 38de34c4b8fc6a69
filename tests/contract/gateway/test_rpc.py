"""Database functions through the stock client."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import psycopg
import pytest
from postgrest import APIError

from services.local.postgres import Postgres
from tests.contract.gateway.running import SERVICE_KEY, add_job, ask, gateway

pytestmark = pytest.mark.stack


def test_a_retry_is_one_transaction_with_typed_arguments(server: Postgres, owner: psycopg.Connection) -> None:
    job = add_job(owner, status="failed")
    for host, status in (("a.example", "failed"), ("b.example", "failed"), ("c.example", "submitted")):
        owner.execute(
            "insert into directory_submissions (submission_queue_id, directory_url, status) values (%s, %s, %s)",
            (job, f"https://{host}/add", status),
        )
    request = str(uuid.uuid4())
    arguments = {"p_request_id": request, "p_job": job, "p_directories": ["a.example"], "p_reason": 'a "quote"'}

    async def scenario() -> None:
        async with gateway(server) as running:
            operator = await running.client("operator")
            first: Any = (await operator.rpc("staff_retry_failed", arguments).execute()).data
            assert first["directories"] == ["a.example"]
            assert (await operator.rpc("staff_retry_failed", arguments).execute()).data == first
            for name, code in (("viewer", "42501"), (None, "42501")):
                client = await running.client(name)
                with pytest.raises(APIError) as refused:
                    await client.rpc("staff_retry_failed", {**arguments, "p_request_id": str(uuid.uuid4())}).execute()
                assert refused.value.code == code

    asyncio.run(scenario())
    assert owner.execute("select count(*) from outbox").fetchone() == (1,)
    audit = owner.execute("select request_id::text, actor is not null, role, reason from staff_actions").fetchall()
    assert audit == [(request, True, "operator", 'a "quote"')]
    assert owner.execute("select details ->> 'actor' from queue_history where event = 'staff_retry'").fetchall() == [
        ("operator@directory-bolt.example",)
    ]


def test_scalars_json_and_nothing_come_back_as_json(server: Postgres, owner: psycopg.Connection) -> None:
    job = add_job(owner)
    claim = {
        "p_job": job, "p_directory": "a.example", "p_key": "k", "p_payload": {"deep": [1, {"x": None}]},
        "p_run_id": str(uuid.uuid4()),
    }  # fmt: skip
    owner.execute("create or replace function public.test_void(p_text text) returns void language sql as ''")
    owner.execute(
        "create or replace function public.test_rows(p_n int) returns setof int language sql as"
        " 'select generate_series(1, p_n)'"
    )

    async def scenario() -> None:
        async with gateway(server) as running:
            operator = await running.client("operator")
            assert (await operator.rpc("staff_claim_run", claim).execute()).data == "claimed"
            finish = {
                "p_job": job, "p_directory": "a.example", "p_key": "k", "p_run_id": claim["p_run_id"],
                "p_status": "submitted", "p_response_log": {"why": ["thanks"]},
            }  # fmt: skip
            assert (await operator.rpc("staff_finish_run", finish).execute()).data is True
            assert (await operator.rpc("test_rows", {"p_n": 2}).execute()).data == [1, 2]
            assert (await ask(running, "POST", "/rest/v1/rpc/test_void", json={"p_text": "x"}))[0] == 204

    try:
        asyncio.run(scenario())
    finally:
        owner.execute("drop function public.test_void, public.test_rows")
    assert owner.execute("select payload, response_log from job_results").fetchone() == (
        {"deep": [1, {"x": None}]},
        {"why": ["thanks"]},
    )


def test_errors_carry_their_code_and_leave_nothing(server: Postgres, owner: psycopg.Connection) -> None:
    job = add_job(owner)
    owner.execute(
        "create or replace function public.test_raise() returns int language plpgsql as"
        " $$ begin insert into public.outbox (body) values ('{}');"
        " raise exception 'no luck' using hint = 'try later', detail = 'none left'; end $$"
    )

    async def scenario() -> None:
        async with gateway(server) as running:
            path = "/rest/v1/rpc/test_raise"
            assert (await ask(running, "POST", path, key=SERVICE_KEY, json={}))[:2] == (
                400,
                {"code": "P0001", "message": "no luck", "hint": "try later", "details": "none left"},
            )
            operator = await running.client("operator")
            retry = {"p_request_id": str(uuid.uuid4()), "p_job": job}
            for arguments, code in (
                (retry, "PT409"),
                ({**retry, "p_job": str(uuid.uuid4())}, "PT404"),
                ({**retry, "p_job": "no-uuid"}, "22P02"),
                ({"p_job": job}, "PGRST202"),
                ({**retry, "p_other": 1}, "PGRST202"),
            ):
                with pytest.raises(APIError) as refused:
                    await operator.rpc("staff_retry_failed", arguments).execute()
                assert refused.value.code == code
            with pytest.raises(APIError) as missing:
                await operator.rpc("no_such_function", {}).execute()
            assert missing.value.code == "PGRST202"
            for body in (b"{", b"[]", b"[" * 100_000):
                status, answer, _ = await ask(running, "POST", path, data=body)
                assert (status, answer["code"]) == (400, "PGRST102")
            assert (await ask(running, "GET", path))[0] == 405

    try:
        asyncio.run(scenario())
    finally:
        owner.execute("drop function public.test_raise")
    assert owner.execute("select count(*) from outbox").fetchone() == (0,)
