"""Sign-in, refresh and sign-out of local accounts, as GoTrue answers."""

from __future__ import annotations

import asyncio
import json
import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from psycopg.rows import DictRow

from services.domain.passwords import hash_password, verify_password
from services.domain.times import to_iso
from services.local.gateway.callers import bearer, key_caller
from services.local.gateway.config import GatewayConfig
from services.local.gateway.database import Database
from services.local.gateway.errors import WireError, auth_error
from services.local.gateway.tokens import SessionEnded, TokenError, Tokens

_USER = "select id, email, password_hash, app_metadata, user_metadata, created_at from auth.users"
_END = """with gone as (delete from auth.sessions where {} returning id)
insert into auth.ended_sessions (session_id) select id from gone on conflict do nothing"""
_HELD = """select user_id, refreshes - %(number)s as behind,
  refreshed_at < clock_timestamp() - make_interval(secs => %(seconds)s) as long_ago
from auth.sessions where id = %(session)s and refreshes >= %(number)s for update"""
_RECALL = """with gone as (delete from auth.ended_sessions where ended_at < now() - make_interval(secs => %s))
select session_id::text from auth.ended_sessions"""


class Auth:
    """The accounts' endpoints."""

    def __init__(self, config: GatewayConfig, database: Database, tokens: Tokens) -> None:
        self._seconds = config.token_seconds
        self._reuse_seconds = config.refresh_reuse_seconds
        self._database = database
        self._tokens = tokens
        # Compared when the address is unknown, so that the answer takes as long as for a wrong password.
        self._no_password = hash_password(secrets.token_hex(16))

    async def recall_ended(self) -> None:
        """Refuse the tokens of sessions that ended before this start and may still have time left."""
        async with self._database.as_owner() as connection:
            rows = await (await connection.execute(_RECALL, (self._seconds,))).fetchall()
        self._tokens.end_sessions(row["session_id"] for row in rows)

    async def health(self, request: web.Request) -> web.Response:
        """Says that it is there."""
        key_caller(request, self._tokens)
        return web.json_response({"version": "v2", "name": "GoTrue", "description": "Local accounts"})

    async def token(self, request: web.Request) -> web.Response:
        """A session, for a password or a refresh token."""
        key_caller(request, self._tokens)
        body = await _body(request)
        match request.query.get("grant_type"):
            case "password":
                session = await self._by_password(_text(body, "email"), _text(body, "password"))
            case "refresh_token":
                session = await self._by_refresh(_text(body, "refresh_token"))
            case _:
                raise auth_error(400, "validation_failed", "unsupported_grant_type")
        return web.json_response(session)

    async def user(self, request: web.Request) -> web.Response:
        """The account of the bearer token."""
        claims = self._claims(request)
        async with self._database.as_owner() as connection:
            user = await (await connection.execute(f"{_USER} where id = %s", (claims["sub"],))).fetchone()
            open_session = await connection.execute(
                "select from auth.sessions where id = %s", (claims.get("session_id"),)
            )
            if user is None:
                raise auth_error(403, "user_not_found", "User from sub claim in JWT does not exist")
            if await open_session.fetchone() is None:
                raise _no_session()
        return web.json_response(_public(user))

    async def logout(self, request: web.Request) -> web.Response:
        """End this session (`scope=local`), all others (`others`) or all of them (`global`, the default)."""
        claims = self._claims(request)
        which = {
            "global": "user_id = %(user)s",
            "local": "user_id = %(user)s and id = %(session)s",
            "others": "user_id = %(user)s and id <> %(session)s",
        }.get(request.query.get("scope", "global"))
        if which is None:
            raise auth_error(400, "validation_failed", "Unsupported logout scope")
        await self._end(which, user=claims["sub"], session=claims.get("session_id"))
        return web.Response(status=204)

    async def _by_password(self, email: str, password: str) -> dict[str, Any]:
        async with self._database.as_owner() as connection:
            cursor = await connection.execute(f"{_USER} where lower(email) = lower(%s)", (email.strip(),))
            user = await cursor.fetchone()
        stored = user["password_hash"] if user else self._no_password
        right = await asyncio.to_thread(verify_password, password, stored)
        if user is None or not right:
            raise auth_error(400, "invalid_credentials", "Invalid login credentials")
        session_id = str(uuid.uuid4())
        async with self._database.as_owner() as connection:
            await connection.execute(
                "insert into auth.sessions (id, user_id) values (%s, %s)", (session_id, user["id"])
            )
        return self._session(user, session_id, 0)

    async def _by_refresh(self, token: str) -> dict[str, Any]:
        """The session goes on; a token that was spent before ends it, unless its holder may have missed the answer.

        Each use counts one up, and the newest token is the one of that count. The one before it is good at any time:
        whoever comes with it was killed, or lost the answer, before they could keep the newest. An older one is good
        for a moment after the last use, for clients that ask at once. Both are given the newest: no use is counted.
        """
        session_id, number = self._tokens.read_refresh(token) or ("", 0)
        known = {"session": session_id or None, "number": number, "seconds": self._reuse_seconds}
        async with self._database.as_owner() as connection:
            held = await (await connection.execute(_HELD, known)).fetchone()
            if held is None:
                raise auth_error(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
            if held["behind"] <= 1 or not held["long_ago"]:
                newest = number + max(1, held["behind"])
                await connection.execute(
                    "update auth.sessions set refreshes = %s, refreshed_at = clock_timestamp() where id = %s",
                    (newest, session_id),
                )
                user = await (await connection.execute(f"{_USER} where id = %s", (held["user_id"],))).fetchone()
                assert user is not None
                return self._session(user, session_id, newest)
        await self._end("id = %(session)s", session=session_id)
        raise auth_error(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")

    async def _end(self, which: str, **values: Any) -> None:
        """End the sessions that this condition on auth.sessions finds."""
        async with self._database.as_owner() as connection:
            await connection.execute(_END.format(which), values)
        await self.recall_ended()

    def _session(self, user: DictRow, session_id: str, refreshes: int) -> dict[str, Any]:
        access, ends = self._tokens.issue(user, session_id)
        return {
            "access_token": access,
            "token_type": "bearer",
            "expires_in": self._seconds,
            "expires_at": ends,
            "refresh_token": self._tokens.issue_refresh(session_id, refreshes),
            "user": _public(user),
        }

    def _claims(self, request: web.Request) -> Mapping[str, Any]:
        key_caller(request, self._tokens)
        token = bearer(request)
        if token is None:
            raise auth_error(401, "no_authorization", "This endpoint requires a valid Bearer token")
        try:
            claims = self._tokens.caller(token).claims
        except SessionEnded as error:
            raise _no_session() from error
        except TokenError as error:
            raise auth_error(403, "bad_jwt", f"invalid JWT: {error}") from error
        if "sub" not in claims:
            raise auth_error(403, "bad_jwt", "invalid claim: missing sub claim")
        return claims


def _no_session() -> WireError:
    return auth_error(403, "session_not_found", "Session from session_id claim in JWT does not exist")


def _public(user: DictRow) -> dict[str, Any]:
    created = to_iso(user["created_at"].timestamp())
    return {
        "id": str(user["id"]),
        "aud": "authenticated",
        "role": "authenticated",
        "email": user["email"],
        "email_confirmed_at": created,
        "phone": "",
        "app_metadata": {"provider": "email", "providers": ["email"], **user["app_metadata"]},
        "user_metadata": user["user_metadata"],
        "identities": [],
        "created_at": created,
        "updated_at": created,
        "is_anonymous": False,
    }


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError) as error:
        raise auth_error(400, "bad_json", "Could not parse request body as JSON") from error
    if not isinstance(body, dict):
        raise auth_error(400, "bad_json", "Could not parse request body as JSON")
    return body


def _text(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not value or "\0" in value:
        raise auth_error(400, "validation_failed", f"{key} is required")
    return value
