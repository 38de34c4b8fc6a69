"""Sign-in through the stock client."""

from __future__ import annotations

import asyncio
from typing import Any

import jwt
import psycopg
import pytest
from supabase_auth.errors import AuthApiError

from services.local.postgres import Postgres
from tests.contract.gateway.running import KEY, PASSWORD, SECRET, add_job, ask, gateway

pytestmark = pytest.mark.stack


def test_a_session_says_who_and_for_how_long(server: Postgres, owner: psycopg.Connection) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            client = await running.client("operator")
            session = await client.auth.get_session()
            assert session is not None
            assert session.expires_in == 3600
            claims = jwt.decode(session.access_token, SECRET, algorithms=["HS256"], audience="authenticated")
            assert claims["email"] == "operator@directory-bolt.example"
            assert claims["role"] == "authenticated"
            assert claims["app_metadata"] == {"role": "operator"}
            assert claims["exp"] - claims["iat"] == 3600
            answer = await client.auth.get_user()
            assert answer is not None
            assert answer.user.id == claims["sub"]
            assert "password_hash" not in str(answer.user.model_dump())

    asyncio.run(scenario())


@pytest.mark.parametrize("email", ["operator@directory-bolt.example", "stranger@directory-bolt.example"])
def test_a_wrong_password_and_an_unknown_address_look_alike(server: Postgres, email: str) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            client = await running.client()
            with pytest.raises(AuthApiError) as refused:
                await client.auth.sign_in_with_password({"email": email, "password": "wrong"})
            assert (refused.value.code, refused.value.status) == ("invalid_credentials", 400)
            assert refused.value.message == "Invalid login credentials"

    asyncio.run(scenario())


def test_a_refresh_token_works_once(server: Postgres, owner: psycopg.Connection) -> None:
    async def scenario() -> None:
        async with gateway(server, refresh_reuse_seconds=0.0) as running:
            client = await running.client("viewer")
            first = await client.auth.get_session()
            assert first is not None
            renewed = await client.auth.refresh_session()
            assert renewed.session is not None
            assert renewed.session.refresh_token != first.refresh_token
            with pytest.raises(AuthApiError) as reused:
                await client.auth.refresh_session(first.refresh_token)
            assert str(reused.value.code) == "refresh_token_already_used"
            # Somebody has a copy: the whole session ends.
            with pytest.raises(AuthApiError) as ended:
                await client.auth.refresh_session(renewed.session.refresh_token)
            assert str(ended.value.code) == "refresh_token_not_found"

    asyncio.run(scenario())
    assert owner.execute("select count(*) from auth.refresh_tokens").fetchone() == (0,)


def test_a_lost_answer_to_a_refresh_may_be_asked_for_again(server: Postgres, owner: psycopg.Connection) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            client = await running.client("viewer")
            session = await client.auth.get_session()
            assert session is not None
            for _ in range(2):
                again = await client.auth.refresh_session(session.refresh_token)
                assert again.session is not None

    asyncio.run(scenario())


def test_sign_out_ends_the_session(server: Postgres, owner: psycopg.Connection) -> None:
    add_job(owner)

    async def scenario() -> None:
        async with gateway(server) as running:
            here, there = await running.client("viewer"), await running.client("viewer")
            session = await here.auth.get_session()
            assert session is not None
            await here.auth.sign_out({"scope": "local"})
            with pytest.raises(AuthApiError) as ended:
                await here.auth.get_user(session.access_token)
            assert ended.value.code == "session_not_found"
            with pytest.raises(AuthApiError):
                await here.auth.refresh_session(session.refresh_token)
            assert (await here.table("jobs").select("id").execute()).data == []
            assert len((await there.table("jobs").select("id").execute()).data) == 1
            assert await there.auth.get_user() is not None

    asyncio.run(scenario())


def test_what_the_accounts_endpoints_refuse(server: Postgres) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            cases: list[tuple[str, str, dict[str, Any], int, str]] = [
                ("POST", "/auth/v1/token?grant_type=magic", {"json": {}}, 400, "validation_failed"),
                ("POST", "/auth/v1/token?grant_type=password", {"data": b"{"}, 400, "bad_json"),
                ("POST", "/auth/v1/token?grant_type=password", {"json": {"email": 1}}, 400, "validation_failed"),
                ("POST", "/auth/v1/token?grant_type=refresh_token", {"json": {"refresh_token": "x"}}, 400,
                 "refresh_token_not_found"),
                ("GET", "/auth/v1/user", {}, 401, "no_authorization"),
                ("GET", "/auth/v1/user", {"headers": {"Authorization": "Bearer x"}}, 403, "bad_jwt"),
                ("GET", "/auth/v1/user", {"headers": {"Authorization": f"Bearer {KEY}"}}, 403, "bad_jwt"),
            ]  # fmt: skip
            for method, path, options, status, code in cases:
                answered, body, _ = await ask(running, method, path, **options)
                assert (answered, body["error_code"]) == (status, code), path
            password = {"email": "operator@directory-bolt.example", "password": PASSWORD}
            path = "/auth/v1/token?grant_type=password"
            assert (await ask(running, "POST", path, key=None, json=password))[0] == 401
            assert (await ask(running, "GET", "/auth/v1/health"))[0] == 200

    asyncio.run(scenario())
