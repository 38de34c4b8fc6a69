"""Sign-in through the stock client."""

from __future__ import annotations

import asyncio
from typing import Any

import jwt
import psycopg
import pytest
from supabase import AsyncClient
from supabase_auth.errors import AuthApiError

from services.local.gateway.config import GatewayConfig
from services.local.gateway.tokens import Tokens
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


def test_an_older_refresh_token_is_a_copy_and_ends_the_session(server: Postgres, owner: psycopg.Connection) -> None:
    async def scenario() -> None:
        async with gateway(server, refresh_reuse_seconds=0.0) as running:
            client = await running.client("viewer")
            (first,) = await sessions_of(client)
            second, third = await sessions_of(client, None, None)
            assert len({first, second, third}) == 3
            with pytest.raises(AuthApiError) as reused:
                await client.auth.refresh_session(first)
            assert str(reused.value.code) == "refresh_token_already_used"
            # Somebody has a copy: the whole session ends.
            with pytest.raises(AuthApiError) as ended:
                await client.auth.refresh_session(third)
            assert str(ended.value.code) == "refresh_token_not_found"

    asyncio.run(scenario())
    assert owner.execute("select count(*) from auth.sessions").fetchone() == (0,)


def test_who_lost_the_newest_refresh_token_gets_it_for_the_one_before_it(
    server: Postgres, owner: psycopg.Connection
) -> None:
    async def scenario() -> None:
        async with gateway(server, refresh_reuse_seconds=0.0) as running:
            client = await running.client("viewer")
            (first,) = await sessions_of(client)
            lost, again, twice = await sessions_of(client, first, first, first)
            assert lost == again == twice != first
            (after,) = await sessions_of(client, lost)
            assert after not in (first, lost)
            # What was the one before is now an older one, while the one that was lost may be lost once more.
            assert await sessions_of(client, lost) == [after]
            with pytest.raises(AuthApiError):
                await client.auth.refresh_session(first)

    asyncio.run(scenario())


def test_who_asks_at_once_with_an_older_refresh_token_gets_the_newest(
    server: Postgres, owner: psycopg.Connection
) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            client = await running.client("viewer")
            (first,) = await sessions_of(client)
            second, third = await sessions_of(client, None, None)
            assert await sessions_of(client, first, second) == [third, third]
            # Many at once with one token are one use of it.
            path = "/auth/v1/token?grant_type=refresh_token"
            asking = [ask(running, "POST", path, json={"refresh_token": third}) for _ in range(5)]
            given = {body["refresh_token"] for _, body, _ in await asyncio.gather(*asking)}
            assert len(given - {third}) == len(given) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("which", ["cut", "altered", "of a later use", "of another project", "an access token"])
def test_a_refresh_token_that_was_never_given_out_opens_nothing(
    server: Postgres, owner: psycopg.Connection, which: str
) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            client = await running.client("viewer")
            (good,) = await sessions_of(client)
            session = str(owner.execute("select id from auth.sessions").fetchall()[0][0])
            bad = {
                "cut": good[:-4],
                "altered": ("B" if good[0] == "A" else "A") + good[1:],
                "of a later use": Tokens(config(SECRET)).issue_refresh(session, 1),
                "of another project": Tokens(config("x" * 32)).issue_refresh(session, 0),
                "an access token": (await access_of(client)),
            }[which]
            with pytest.raises(AuthApiError) as refused:
                await client.auth.refresh_session(bad)
            assert str(refused.value.code) == "refresh_token_not_found"
            assert len(await sessions_of(client, good)) == 1

    asyncio.run(scenario())


def config(secret: str) -> GatewayConfig:
    return GatewayConfig(
        database_url="", authenticator_url="", jwt_secret=secret, publishable_key=KEY, service_role_key="s"
    )


async def access_of(client: AsyncClient) -> str:
    session = await client.auth.get_session()
    assert session is not None
    return session.access_token


async def sessions_of(client: AsyncClient, *tokens: str | None) -> list[str]:
    """The refresh token of a client; with `tokens`, what it is given for each of them, None being its newest."""
    if not tokens:
        session = await client.auth.get_session()
        assert session is not None
        return [session.refresh_token]
    given = []
    for token in tokens:
        answer = await client.auth.refresh_session(token)
        assert answer.session is not None
        given.append(answer.session.refresh_token)
    return given


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
