"""Reads: one suite, on the simulated server and over the wire."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest

from services.clients.supabase_reads import SupabaseReads
from services.clients.supabase_session import SupabaseSession, refuse_secret_key
from services.domain.errors import NotInstalled, NotPermitted, NotReachable
from services.local.postgres import Postgres
from services.ports.facts import Reads
from tests.contract.gateway.running import KEY, PASSWORD, gateway, until
from tests.fakes.server import FakeServer

pytestmark = pytest.mark.stack
IDS = [str(uuid.UUID(int=number)) for number in range(1, 8)]


@asynccontextmanager
async def signed_in(server: Postgres, name: str = "operator", **config: Any) -> AsyncIterator[SupabaseSession]:
    """A session of one of the test's people on a gateway of its own."""
    async with gateway(server, **config) as running:
        session = await SupabaseSession.sign_in(running.url, KEY, f"{name}@directory-bolt.example", PASSWORD)
        try:
            yield session
        finally:
            await session.close()


def with_both(
    server: Postgres, owner: psycopg.Connection, kind: str, suite: Callable[[Reads], Awaitable[None]]
) -> None:
    async def fake() -> None:
        simulated = FakeServer()
        for number, key in enumerate(IDS):
            simulated.write("customers", key, business_name=f"B{number}", email="a@b.example")
        await suite(simulated)

    async def real() -> None:
        async with signed_in(server) as session:
            await suite(SupabaseReads(session))

    if kind == "real":
        for number, key in enumerate(IDS):
            owner.execute(
                "insert into customers (id, business_name, email) values (%s, %s, 'a@b.example')", (key, f"B{number}")
            )
    asyncio.run(fake() if kind == "fake" else real())


@pytest.mark.parametrize("kind", ["fake", "real"])
@pytest.mark.parametrize("order", ["id", "created_at", "business_name"])
@pytest.mark.parametrize("descending", [False, True])
def test_pages_follow_each_other_without_gap_or_repeat(
    server: Postgres, owner: psycopg.Connection, kind: str, order: str, descending: bool
) -> None:
    async def suite(reads: Reads) -> None:
        seen: list[dict[str, Any]] = []
        after = None
        while True:
            page = await reads.page("customers", order=order, descending=descending, limit=3, after=after)
            seen += page
            if len(page) < 3:
                break
            after = (str(page[-1][order]), str(page[-1]["id"]))
        assert sorted(row["id"] for row in seen) == IDS
        assert seen == sorted(seen, key=lambda row: (row[order], row["id"]), reverse=descending)

    with_both(server, owner, kind, suite)


@pytest.mark.parametrize("kind", ["fake", "real"])
def test_only_rows_that_exist_come_back(server: Postgres, owner: psycopg.Connection, kind: str) -> None:
    async def suite(reads: Reads) -> None:
        rows = await reads.by_ids("customers", [IDS[0], str(uuid.uuid4()), IDS[2]])
        assert sorted(row["id"] for row in rows) == [IDS[0], IDS[2]]
        assert await reads.by_ids("customers", []) == []
        equal = await reads.page("customers", order="id", equals={"business_name": "B3"})
        assert [row["id"] for row in equal] == [IDS[3]]
        everything = await reads.page("customers", order="id")
        last = sorted(row["updated_at"] for row in everything)[-2:]
        since = await reads.page("customers", order="updated_at", since=last[0], columns=["id", "updated_at"])
        assert [row["updated_at"] for row in since][-2:] == last
        assert all(set(row) == {"id", "updated_at"} for row in since)
        assert all(row["updated_at"] >= last[0] for row in since)
        after = (since[0]["updated_at"], since[0]["id"])
        assert await reads.page("customers", order="updated_at", since=last[0], after=after) == [
            row for row in everything if row["id"] in {row["id"] for row in since[1:]}
        ]
        assert abs(await reads.server_offset()) < 5

    with_both(server, owner, kind, suite)


def test_somebody_who_is_not_staff_sees_nothing(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite() -> None:
        owner.execute("insert into customers (business_name, email) values ('B', 'a@b.example')")
        async with signed_in(server, "customer") as session:
            assert session.role is None
            assert await SupabaseReads(session).page("customers", order="id") == []

    asyncio.run(suite())


def test_errors_are_the_console_s_own(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite() -> None:
        async with gateway(server) as running:
            with pytest.raises(NotPermitted):
                await SupabaseSession.sign_in(running.url, KEY, "operator@directory-bolt.example", "wrong")
            session = await SupabaseSession.sign_in(running.url, KEY, "operator@directory-bolt.example", PASSWORD)
            reads = SupabaseReads(session)
            with pytest.raises(NotInstalled):
                await reads.page("nowhere", order="id")  # type: ignore[arg-type]
            with pytest.raises(NotInstalled):
                await reads.page("jobs", order="no_such_column")
        with pytest.raises(NotReachable):
            await reads.page("jobs", order="id")
        with pytest.raises(NotReachable):
            await reads.server_offset()
        await session.close()
        with pytest.raises(NotReachable):
            await SupabaseSession.sign_in(running.url, KEY, "operator@directory-bolt.example", PASSWORD)

    asyncio.run(suite())


def test_a_renewed_token_reaches_the_listeners_and_the_client(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite() -> None:
        async with signed_in(server, token_seconds=4) as session:
            renewed: list[str] = []
            session.on_token(renewed.append)
            await until(lambda: session._spent() >= 0.6)
            second = await session.token()
            assert renewed == [second]
            assert await SupabaseReads(session).page("jobs", order="id") == []

    asyncio.run(suite())


@pytest.mark.parametrize("key", ["sb_secret_abc", "x.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.y"])
def test_a_key_that_opens_everything_is_refused_off_this_machine(key: str) -> None:
    with pytest.raises(NotPermitted):
        refuse_secret_key("https://project.supabase.co", key)
    refuse_secret_key("http://127.0.0.1:54321", key)
    refuse_secret_key("https://project.supabase.co", "sb_publishable_abc")
