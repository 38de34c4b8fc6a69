"""Tokens that are nobody's any more, or never were anybody's: refused at every door, and never a row."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections.abc import Callable
from typing import Any, Final

import jwt
import psycopg
import pytest
from aiohttp import ClientSession

from services.local.gateway.config import GatewayConfig
from services.local.gateway.tokens import SessionEnded, TokenError, Tokens
from services.local.postgres import Postgres
from tests.contract.gateway.running import KEY, PASSWORD, SECRET, SERVICE_KEY, Gateway, add_job, ask, gateway

pytestmark = pytest.mark.stack

OTHER_SECRET: Final = "another project's secret of thirty-two bytes"
STAFF: Final[dict[str, Any]] = {
    "sub": "31111111-1111-4111-8111-111111111111", "role": "authenticated", "aud": "authenticated",
    "email": "operator@directory-bolt.example", "app_metadata": {"role": "operator"}, "iat": 1_700_000_000,
    "exp": 4_000_000_000,
}  # fmt: skip

OURS: Final = GatewayConfig("", "", SECRET, KEY, SERVICE_KEY)


def signed(secret: str = SECRET, algorithm: str = "HS256", **other: Any) -> str:
    return jwt.encode({**STAFF, **other}, secret, algorithm=algorithm)


def altered(token: str, **other: Any) -> str:
    """The token with other claims under its old signature."""
    head, body, signature = token.split(".")
    claims = {**json.loads(base64.urlsafe_b64decode(body + "==")), **other}
    return ".".join((head, base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("="), signature))


def unsigned(name: str) -> str:
    """A token whose header says that it needs no signature."""
    head = base64.urlsafe_b64encode(json.dumps({"alg": name, "typ": "JWT"}).encode()).decode().rstrip("=")
    return ".".join((head, signed().split(".")[1], ""))


# Token -> PostgREST's code for it.
BAD: Final[dict[str, tuple[Callable[[], str], str]]] = {
    "another project's": (lambda: signed(OTHER_SECRET), "PGRST301"),
    "another project's service role": (lambda: signed(OTHER_SECRET, role="service_role"), "PGRST301"),
    "altered": (lambda: altered(signed(), email="x@y.example"), "PGRST301"),
    "altered to admin": (lambda: altered(signed(), app_metadata={"role": "admin"}), "PGRST301"),
    "altered to the service role": (lambda: altered(signed(), role="service_role"), "PGRST301"),
    "with a longer life": (lambda: altered(signed(exp=1), exp=4_000_000_000), "PGRST301"),
    "of another algorithm": (lambda: signed(algorithm="HS512"), "PGRST301"),
    "of no algorithm": (lambda: unsigned("none"), "PGRST301"),
    "of No algorithm": (lambda: unsigned("None"), "PGRST301"),
    "without its signature": (lambda: signed().rpartition(".")[0] + ".", "PGRST301"),
    "of an unknown role": (lambda: signed(role="postgres"), "PGRST301"),
    "of no time": (lambda: signed(iat="yesterday"), "PGRST301"),
    "no token": (lambda: "a.b.c", "PGRST301"),
    "a refresh token": (lambda: Tokens(OURS).issue_refresh(str(uuid.uuid4()), 0), "PGRST301"),
    "another project's key": (lambda: "sb_publishable_other", "PGRST301"),
    "expired": (lambda: signed(exp=1_700_000_001), "PGRST303"),
}


@pytest.mark.filterwarnings("ignore:The HMAC key:jwt.warnings.InsecureKeyLengthWarning")
def test_bad_tokens_open_no_door(server: Postgres, owner: psycopg.Connection) -> None:
    add_job(owner)

    async def scenario() -> None:
        async with gateway(server) as running:
            for name, (made, code) in BAD.items():
                await refused(running, made(), code, name)
            # The same doors let a good one in.
            assert await rows(running, signed()) == (200, 1)
            status, _, _ = await act(running, signed())
            assert status == 200
            assert await joined(running, signed()) == "ok"
            bearer = {"Authorization": f"Bearer {signed()}"}
            status, body, _ = await ask(running, "GET", "/storage/v1/object/screenshots/x.jpg", headers=bearer)
            assert (status, body["statusCode"]) == (400, "404"), "that file is not there"

    asyncio.run(scenario())
    assert owner.execute("select count(*) from staff_actions").fetchone() == (1,)


def test_a_session_that_ended_takes_its_access_token_along(server: Postgres, owner: psycopg.Connection) -> None:
    add_job(owner)

    async def scenario() -> None:
        async with gateway(server, refresh_reuse_seconds=0.0) as running:
            session, other = await sign_in(running), await sign_in(running)
            token = session["access_token"]
            async with ClientSession() as web, web.ws_connect(socket(running)) as ws:
                await ws.send_json(frame("phx_join", join(token)))
                assert (await ws.receive_json())["payload"]["status"] == "ok"
                # Confirmed: from now on a change would be heard.
                heard = [await ws.receive_json(timeout=30)]
                assert await rows(running, token) == (200, 1)
                await sign_out(running, token)
                heard += [await ws.receive_json(timeout=30) for _ in range(2)]
                await ws.send_json(frame("access_token", {"access_token": token}))
                heard.append(await ws.receive_json(timeout=30))
            assert [(one["event"], one["payload"].get("status")) for one in heard] == [
                ("system", "ok"), ("system", "error"), ("phx_close", None), ("phx_reply", "error")
            ]  # fmt: skip
            await refused(running, token, "PGRST303", "signed out", auth="session_not_found")
            # Nobody else is signed out with it.
            assert await rows(running, other["access_token"]) == (200, 1)
            # A refresh token that comes after two later ones was copied: whoever has the session loses it.
            renewed = (await refresh(running, (await refresh(running, other))[1]))[1]
            assert await rows(running, renewed["access_token"]) == (200, 1)
            status, body = await refresh(running, other)
            assert (status, body["error_code"]) == (400, "refresh_token_already_used")
            await refused(running, renewed["access_token"], "PGRST303", "copied", auth="session_not_found")
            await refused(running, other["access_token"], "PGRST303", "copied", auth="session_not_found")
        async with gateway(server) as running:
            await refused(running, token, "PGRST303", "signed out before the start", auth="session_not_found")

    asyncio.run(scenario())


def test_what_ended_is_forgotten_when_no_token_of_it_can_live(server: Postgres, owner: psycopg.Connection) -> None:
    owner.execute("truncate auth.ended_sessions")
    owner.execute(
        "insert into auth.ended_sessions select gen_random_uuid(), now() - make_interval(mins => m)"
        " from unnest(array[1, 61]) m"
    )

    async def scenario() -> None:
        async with gateway(server):
            pass

    asyncio.run(scenario())
    assert owner.execute("select count(*) from auth.ended_sessions").fetchone() == (1,)


def test_an_ended_session_is_told_from_other_refusals() -> None:
    tokens = Tokens(OURS)
    gone = str(uuid.uuid4())
    assert not tokens.has_ended({"session_id": gone})
    tokens.end_sessions([gone])
    assert tokens.has_ended({"session_id": gone})
    with pytest.raises(SessionEnded):
        tokens.caller(signed(session_id=gone))
    with pytest.raises(TokenError) as expired:
        tokens.caller(signed(session_id=gone, exp=1))
    assert type(expired.value) is TokenError
    assert tokens.caller(signed(session_id=str(uuid.uuid4()))).role == "authenticated"


async def refused(running: Gateway, token: str, code: str, name: str, *, auth: str = "bad_jwt") -> None:
    """Reads, acts, accounts, files and the feed refuse it, each in its own words."""
    bearer = {"Authorization": f"Bearer {token}"}
    status, body, headers = await ask(running, "GET", "/rest/v1/jobs", headers=bearer)
    assert (status, body["code"], set(body)) == (401, code, {"code", "message", "details", "hint"}), name
    assert headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')
    status, body, _ = await act(running, token)
    assert (status, body["code"]) == (401, code), name
    status, body, _ = await ask(running, "GET", "/auth/v1/user", headers=bearer)
    assert (status, body["error_code"]) == (403, auth), name
    for method, path in (
        ("PUT", "screenshots/runs/x.jpg"),
        ("GET", "screenshots/x.jpg"),
        ("POST", "sign/screenshots/x.jpg"),
    ):
        more = {"json": {"expiresIn": 60}} if method == "POST" else {"data": b"x"} if method == "PUT" else {}
        status, body, _ = await ask(running, method, f"/storage/v1/object/{path}", headers=bearer, **more)
        assert (status, body["statusCode"], body["error"]) == (400, "403", "Unauthorized"), (name, path)
    # A token is no key, and a bad one opens nothing in its place either.
    assert (await ask(running, "GET", "/rest/v1/jobs", key=token))[0] == 401, name
    assert await joined(running, token) == "error", name


async def rows(running: Gateway, token: str) -> tuple[int, int]:
    status, body, _ = await ask(running, "GET", "/rest/v1/jobs", headers={"Authorization": f"Bearer {token}"})
    return status, len(body)


async def act(running: Gateway, token: str) -> tuple[int, Any, dict[str, str]]:
    wish = {"p_request_id": str(uuid.uuid4()), "p_target": "x", "p_reason": "seen"}
    bearer = {"Authorization": f"Bearer {token}"}
    return await ask(running, "POST", "/rest/v1/rpc/staff_acknowledge", headers=bearer, json=wish)


def socket(running: Gateway) -> str:
    return f"{running.url}/realtime/v1/websocket?apikey={KEY}&vsn=1.0.0"


def frame(event: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {"topic": "realtime:x", "event": event, "payload": payload, "ref": "1", "join_ref": "1"}


def join(token: str) -> dict[str, Any]:
    bindings = [{"event": "*", "schema": "public", "table": "jobs"}]
    return {"config": {"postgres_changes": bindings}, "access_token": token}


async def joined(running: Gateway, token: str) -> str:
    """The status by which a join with this token is answered."""
    async with ClientSession() as web, web.ws_connect(socket(running)) as ws:
        await ws.send_json(frame("phx_join", join(token)))
        return str((await ws.receive_json(timeout=30))["payload"]["status"])


async def sign_in(running: Gateway) -> dict[str, Any]:
    body = {"email": "viewer@directory-bolt.example", "password": PASSWORD}
    answer: dict[str, Any] = (await ask(running, "POST", "/auth/v1/token?grant_type=password", json=body))[1]
    return answer


async def refresh(running: Gateway, session: dict[str, Any]) -> tuple[int, Any]:
    body = {"refresh_token": session["refresh_token"]}
    return (await ask(running, "POST", "/auth/v1/token?grant_type=refresh_token", json=body))[:2]


async def sign_out(running: Gateway, token: str) -> None:
    path = "/auth/v1/logout?scope=local"
    assert (await ask(running, "POST", path, headers={"Authorization": f"Bearer {token}"}))[0] == 204
