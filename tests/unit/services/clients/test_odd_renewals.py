"""Only the sign-in service itself ends a sign-in: no proxy's page, and no service in trouble."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import httpx
import pytest
from supabase import AsyncClientOptions, acreate_client

from services.clients.supabase_session import SupabaseSession
from services.domain.errors import NotReachable, SignedOut

USER = {
    "id": "11111111-1111-4111-8111-111111111111", "aud": "authenticated", "role": "authenticated",
    "email": "a@b.example", "app_metadata": {"role": "operator"}, "user_metadata": {},
    "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
}  # fmt: skip
GOOD = {"access_token": "a.b.c", "refresh_token": "r", "token_type": "bearer", "expires_in": 3600, "user": USER}


def renewed(status: int, body: str, check: Callable[[SupabaseSession], Awaitable[None]]) -> None:
    """Sign in, then let a renewal be answered so."""
    answers = [httpx.Response(200, json=GOOD), httpx.Response(status, text=body)]

    async def suite() -> None:
        wire = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answers.pop(0)))
        options = AsyncClientOptions(auto_refresh_token=False, httpx_client=wire)
        client = await acreate_client("http://127.0.0.1:9", "key", options)
        session = SupabaseSession("http://127.0.0.1:9", client, wire, "a@b.example", "password")
        assert await session.token() == "a.b.c"
        await check(session)
        await session.close()

    asyncio.run(suite())


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<html>Sign in to the network</html>"),
        (200, '{"access_token": "eyJhbGciOiJIUzI1NiJ9.e30.abc"}'),
        (302, ""),
        (403, "<html>Blocked by the proxy</html>"),
        (404, "<html>Not found</html>"),
        (407, "<html>Who are you?</html>"),
        (500, "<html>Internal error</html>"),
        (502, "<html>Bad gateway</html>"),
    ],
)
def test_what_is_no_answer_of_the_service_ends_nothing(status: int, body: str) -> None:
    async def check(session: SupabaseSession) -> None:
        with pytest.raises(NotReachable) as error:
            await session.renew("a.b.c")
        assert "eyJ" not in error.value.raw
        assert session.signed_in

    renewed(status, body, check)


@pytest.mark.parametrize("code", ["refresh_token_not_found", "refresh_token_already_used", "session_not_found"])
def test_the_word_of_the_service_ends_it(code: str) -> None:
    async def check(session: SupabaseSession) -> None:
        with pytest.raises(SignedOut):
            await session.renew("a.b.c")
        with pytest.raises(SignedOut):
            await asyncio.wait_for(session.keep_fresh(), 10)

    renewed(400, json.dumps({"code": 400, "error_code": code, "msg": "No."}), check)
