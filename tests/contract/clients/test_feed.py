"""The feed over the wire: what it says, and when it says that it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from services.clients.supabase_feed import SupabaseFeed
from services.clients.supabase_session import SupabaseSession
from services.domain.errors import NotReachable
from services.domain.records import HistoryEvent, Job
from services.local.postgres import Postgres
from services.ports.facts import Change, LinkSignal, Table
from tests.contract.clients.test_reads import signed_in
from tests.contract.gateway.running import KEY, PASSWORD, add_job, gateway, until
from tests.fakes.relay import Relay, relay
from tests.leaks.logs import Logged
from tests.waiting import stays

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
async def listening(session: SupabaseSession, *tables: Table) -> AsyncIterator[tuple[SupabaseFeed, Heard]]:
    feed, heard = SupabaseFeed(session), Heard()
    try:
        await feed.open(tables or ["jobs", "queue_history"], heard.changes.append, heard.signals.append)
        yield feed, heard
    finally:
        await feed.close()
        assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("feed")]


@asynccontextmanager
async def behind_a_relay(server: Postgres) -> AsyncIterator[tuple[SupabaseSession, Relay]]:
    """A session whose every byte goes through a relay."""
    async with gateway(server) as running:
        port = int(running.url.rpartition(":")[2])
        async with relay("127.0.0.1", port) as between:
            session = await SupabaseSession.sign_in(between.url, KEY, "operator@directory-bolt.example", PASSWORD)
            try:
                yield session, between
            finally:
                await session.close()


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
            updated = heard.changes[1].record
            assert isinstance(updated, Job)
            assert (updated.id, updated.version) == (job, 2)
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


def test_a_callback_that_raises_is_a_loss_and_not_silence(
    server: Postgres, owner: psycopg.Connection, logged: Logged
) -> None:
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
    logged.take("could not be taken")


def test_a_server_that_falls_silent_is_a_loss_within_six_beats(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite() -> None:
        async with behind_a_relay(server) as (session, between):
            feed, heard = SupabaseFeed(session, beat=0.05), Heard()
            await feed.open(["jobs"], heard.changes.append, heard.signals.append)
            await until(lambda: heard.kinds == ["confirmed"])
            # Quiet for longer than that, but alive: the heartbeats are answered.
            await stays(lambda: heard.kinds == ["confirmed"], 0.6)
            between.freeze()
            await until(lambda: heard.kinds == ["confirmed", "lost"])
            assert heard.signals[-1].why == "the server does not answer"
            between.thaw()
            await feed.open(["jobs"], heard.changes.append, heard.signals.append)
            await until(lambda: heard.kinds == ["confirmed", "lost", "confirmed"])
            between.hang_up()
            await until(lambda: heard.kinds == ["confirmed", "lost", "confirmed", "lost"])
            await feed.close()

    asyncio.run(suite())


def test_a_row_of_more_than_a_mebibyte_costs_no_connection(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite() -> None:
        async with signed_in(server) as session, listening(session, "queue_history") as (_, heard):
            await until(lambda: heard.kinds == ["confirmed"])
            # Escaped in JSON every character takes six: below the server's limit, above the library's.
            owner.execute("insert into queue_history (event) values (repeat(chr(1), 400000))")
            await until(lambda: heard.changes, limit=20)
            assert heard.changes[0].complete
            whole = heard.changes[0]
            assert len(whole.record.event if isinstance(whole.record, HistoryEvent) else whole.row["event"]) == 400_000
            assert heard.kinds == ["confirmed"]

    asyncio.run(suite())
