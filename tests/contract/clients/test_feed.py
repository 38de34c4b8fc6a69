"""The feed over the wire: what it says, and when it says that it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from services.clients.supabase_feed import SupabaseFeed, change_of
from services.clients.supabase_session import SupabaseSession
from services.domain.errors import NotReachable
from services.local.postgres import Postgres
from services.ports.facts import Change, LinkSignal
from tests.contract.clients.test_reads import signed_in
from tests.contract.gateway.running import KEY, PASSWORD, add_job, gateway, until

pytestmark = pytest.mark.stack


class Heard:
    """What a feed said."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.signals: list[LinkSignal] = []

    @property
    def kinds(self) -> list[str]:
        return [signal.kind for signal in self.signals]


@asynccontextmanager
async def listening(session: SupabaseSession) -> AsyncIterator[tuple[SupabaseFeed, Heard]]:
    feed, heard = SupabaseFeed(session), Heard()
    try:
        await feed.open(["jobs", "queue_history"], heard.changes.append, heard.signals.append)
        yield feed, heard
    finally:
        await feed.close()
        assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("feed")]


def test_confirmed_then_insert_update_delete(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite() -> None:
        async with signed_in(server) as session, listening(session) as (_, heard):
            await until(lambda: heard.kinds == ["confirmed"])
            job = await asyncio.to_thread(add_job, owner)
            await until(lambda: len(heard.changes) == 1)
            owner.execute("update jobs set status = 'in_progress' where id = %s", (job,))
            await until(lambda: len(heard.changes) == 2)
            owner.execute("delete from jobs where id = %s", (job,))
            await until(lambda: len(heard.changes) == 3)
            assert [change.kind for change in heard.changes] == ["INSERT", "UPDATE", "DELETE"]
            assert heard.changes[1].complete
            assert heard.changes[1].row["version"] == 2
            assert heard.changes[2].row["id"] == job

    asyncio.run(suite())


def test_a_gateway_that_ends_is_a_loss_and_a_new_opening_works(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite() -> None:
        async with gateway(server) as running:
            session = await SupabaseSession.sign_in(running.url, KEY, "operator@directory-bolt.example", PASSWORD)
            feed, heard = SupabaseFeed(session), Heard()
            await feed.open(["jobs"], heard.changes.append, heard.signals.append)
            await until(lambda: heard.kinds == ["confirmed"])
            await feed.open(["jobs"], heard.changes.append, heard.signals.append)
            await until(lambda: heard.kinds == ["confirmed", "confirmed"])
        await until(lambda: heard.kinds == ["confirmed", "confirmed", "lost"])
        with pytest.raises(NotReachable):
            await feed.open(["jobs"], heard.changes.append, heard.signals.append)
        await feed.close()
        await feed.close()
        await session.close()

    asyncio.run(suite())


def test_a_callback_that_raises_is_a_loss_and_not_silence(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite() -> None:
        async with signed_in(server) as session:
            feed, heard = SupabaseFeed(session), Heard()

            def fail(change: Change) -> None:
                raise ValueError("no")

            await feed.open(["jobs"], fail, heard.signals.append)
            await until(lambda: heard.kinds == ["confirmed"])
            add_job(owner)
            await until(lambda: heard.kinds == ["confirmed", "lost"])
            await feed.close()

    asyncio.run(suite())


def test_what_a_change_may_look_like() -> None:
    columns = [{"name": "id", "type": "uuid"}, {"name": "status", "type": "text"}]
    whole = {
        "table": "jobs",
        "type": "UPDATE",
        "columns": columns,
        "errors": None,
        "record": {"id": "1", "status": "x"},
    }
    assert change_of(whole) == Change("jobs", "UPDATE", {"id": "1", "status": "x"})
    assert not change_of({**whole, "record": {"id": "1"}}).complete
    assert not change_of({**whole, "errors": ["Error 413: Payload Too Large"]}).complete
    assert change_of({**whole, "type": "DELETE", "record": None, "old_record": {"id": "1"}}).row == {"id": "1"}
