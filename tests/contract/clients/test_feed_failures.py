"""Every way in which the stock realtime client falls silent: here it is a loss that is said, and mended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psycopg
import pytest

from app.store.store import Store
from app.sync.engine import Engine
from app.sync.timings import Timings
from services.clients.supabase_feed import SupabaseFeed
from services.clients.supabase_reads import SupabaseReads
from services.domain.errors import SignedOut
from services.local.postgres import Postgres
from services.ports.facts import Change, LinkSignal
from tests.contract.clients.test_reads import signed_in
from tests.contract.gateway.running import Address, add_job, spoil, strike, until
from tests.fakes.phoenix import Phoenix, phoenix
from tests.fakes.server import FakeServer
from tests.leaks.logs import Logged

pytestmark = pytest.mark.stack
HASTY = Timings(probe=0.2, come_back=0.05, backoff_first=0.05, backoff_most=0.1, flush=0.02, confirm=5.0)

QUOTED = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoicGxhbnRlZCJ9.cGxhbnRlZA"
"""A token that a server repeats in its refusal."""


class Desk:
    """A sign-in whose tokens count up."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.key = "key"
        self.number = 1
        self.asked = 0
        self.ended = False

    def on_token(self, listener: Callable[[str], None]) -> None:
        self.listener = listener

    async def token(self) -> str:
        self.asked += 1
        return f"token {self.number}"

    async def renew(self, refused: str) -> str:
        if self.ended:
            raise SignedOut("The sign-in has ended.")
        if refused == await self.token():
            self.number += 1
        return await self.token()


class Heard:
    """A feed on a scripted service, and what it said."""

    def __init__(self, service: Phoenix) -> None:
        self.service = service
        self.desk = Desk(service.url)
        self.feed = SupabaseFeed(self.desk, beat=0.05)
        self.changes: list[Change] = []
        self.signals: list[LinkSignal] = []

    async def open(self) -> None:
        self.signals.clear()
        await self.feed.open(["jobs"], self.changes.append, self.signals.append)

    @property
    def kinds(self) -> list[str]:
        return [signal.kind for signal in self.signals]

    @property
    def rows(self) -> list[str]:
        return [change.record.id if change.record else str(change.row["id"]) for change in self.changes]


@asynccontextmanager
async def joined() -> AsyncIterator[Heard]:
    async with phoenix() as service:
        heard = Heard(service)
        try:
            await heard.open()
            await until(lambda: heard.kinds == ["confirmed"])
            yield heard
        finally:
            await heard.feed.close()


def test_a_server_that_is_away_for_long_is_joined_again() -> None:
    """D1: the library gives up after five tries, for ever."""

    async def suite() -> None:
        async with phoenix() as service:
            server, store = FakeServer(), Store()
            desk = Desk(service.url)
            engine = Engine(server, SupabaseFeed(desk), store, HASTY)
            running = asyncio.get_running_loop().create_task(engine.run())
            try:
                await until(lambda: store.link.word == "Live")
                await service.stop()
                await until(lambda: store.link.word != "Live")
                asked = desk.asked
                await until(lambda: desk.asked > asked + 8, limit=20)
                await service.start()
                await until(lambda: store.link.word == "Live", limit=20)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

    asyncio.run(suite())


def test_a_frame_that_can_not_be_taken_is_a_loss_and_the_listener_lives(logged: Logged) -> None:
    """D2: an exception in a callback ends the library's listener without a sign."""

    async def suite() -> None:
        async with joined() as heard:
            await heard.service.send("postgres_changes", {"ids": [1], "data": {"table": 5}})
            await until(lambda: heard.kinds == ["confirmed", "lost"])
            assert "could not be read" in heard.signals[-1].why
            await heard.service.change(id="a")
            await until(lambda: heard.rows == ["a"])

    asyncio.run(suite())
    logged.take("could not be taken")


@pytest.mark.parametrize(
    "message", ["Token has expired 3 seconds ago", "Too many messages per second", f"Token {QUOTED} has expired"]
)
def test_a_channel_that_the_server_closes_is_joined_anew_with_a_new_token(message: str) -> None:
    """D3: the library removes the channel and never comes back."""

    async def suite() -> None:
        async with joined() as heard:
            await heard.service.system("error", message, "system")
            join_ref = heard.service.joins[-1]["ref"]
            await heard.service.send("phx_close", {}, join_ref)
            await until(lambda: heard.kinds == ["confirmed", "lost"])
            assert QUOTED not in heard.signals[-1].why
            await until(lambda: heard.feed._life is not None and heard.feed._life.refused)
            await heard.feed.close()
            await heard.open()
            await until(lambda: heard.kinds == ["confirmed"])
            first, second = heard.service.joins
            assert first["topic"] != second["topic"]
            assert [each["payload"]["access_token"] for each in (first, second)] == ["token 1", "token 2"]
            await heard.service.change(id="a")
            await until(lambda: heard.rows == ["a"])

    asyncio.run(suite())


def test_a_close_that_is_called_off_in_the_middle_leaves_nothing_running() -> None:
    """A sign-in that is over ends the feed while the feed closes for a loss of its own."""

    def running() -> list[str]:
        return [name for task in asyncio.all_tasks() if "RealtimeClient" in (name := repr(task.get_coro()))]

    async def suite() -> None:
        async with phoenix() as service:
            heard = Heard(service)
            for turns in range(100):
                await heard.open()
                await until(lambda: heard.kinds == ["confirmed"])
                closing = asyncio.get_running_loop().create_task(heard.feed.close())
                for _ in range(turns):
                    await asyncio.sleep(0)
                if closing.done():
                    break
                closing.cancel()
                await asyncio.gather(closing, return_exceptions=True)
                await heard.feed.close()
                await until(lambda: not running() and not service.connected, limit=10)
            assert turns > 3

    asyncio.run(suite())


def test_a_close_that_answers_an_older_join_ends_nothing() -> None:
    """D4: the library takes it for this join's."""

    async def suite() -> None:
        async with joined() as heard:
            await heard.service.send("phx_close", {}, "an older one")
            await heard.service.change(id="a")
            await until(lambda: heard.rows == ["a"])
            assert heard.kinds == ["confirmed"]

    asyncio.run(suite())


def test_heartbeats_without_an_answer_are_a_loss() -> None:
    """D6: the library sends them and never looks for an answer."""

    async def suite() -> None:
        async with joined() as heard:
            await until(lambda: heard.service.heartbeats > 3)
            assert heard.kinds == ["confirmed"]
            heard.service.answers_heartbeats = False
            await until(lambda: heard.kinds == ["confirmed", "lost"])
            assert heard.signals[-1].why == "the server does not answer"

    asyncio.run(suite())


def test_a_refused_join_is_a_loss_and_the_next_one_has_a_new_token(logged: Logged) -> None:
    async def suite() -> None:
        async with phoenix() as service:
            heard = Heard(service)
            service.join_error = "InvalidJWTToken: Token has expired 10 seconds ago"
            await heard.open()
            await until(lambda: heard.kinds == ["lost"])
            await heard.open()
            await until(lambda: heard.kinds == ["lost"])
            assert service.joins[-1]["payload"]["access_token"] == "token 2"
            heard.desk.ended = True
            with pytest.raises(SignedOut):
                await heard.open()
            await heard.feed.close()

    asyncio.run(suite())
    assert logged.take_every("join push error")


def test_joined_is_not_yet_receiving() -> None:
    """D10: the answer to the join comes before the subscription exists."""

    async def suite() -> None:
        async with phoenix() as service:
            service.confirms = False
            heard = Heard(service)
            await heard.open()
            await until(lambda: heard.service.heartbeats > 2)
            assert heard.kinds == []
            await service.system("ok", "something else", "broadcast")
            await service.system("ok", "Subscribed to PostgreSQL")
            await until(lambda: heard.kinds == ["confirmed"])
            await service.system("ok", "Subscribed to PostgreSQL")
            await until(lambda: heard.kinds == ["confirmed", "lost"])
            await heard.feed.close()

    asyncio.run(suite())


def test_a_renewed_token_is_sent_and_an_odd_message_is_passed_over(logged: Logged) -> None:
    async def suite() -> None:
        async with joined() as heard:
            heard.desk.listener("token 9")
            await heard.service.send("no_such_event", {})
            await heard.service.change(id="a")
            await until(lambda: heard.rows == ["a"])
            assert heard.kinds == ["confirmed"]

    asyncio.run(suite())
    logged.take("no known kind")


def test_cut_and_unseen_rows_are_read_and_expired_tokens_renewed(server: Postgres, owner: psycopg.Connection) -> None:
    """D8 and D9: a change without its row, or with only its short values."""

    async def suite() -> None:
        async with signed_in(server) as session:
            running_gateway = Address(session.url)
            store = Store()
            timings = Timings(flush=0.05, recent=0.5, backoff_first=0.1, backoff_most=0.2)
            engine = Engine(SupabaseReads(session), SupabaseFeed(session), store, timings)
            running = asyncio.get_running_loop().create_task(engine.run())

            def named(name: str) -> bool:
                return any(row.business_name == name for row in store.rows("customers").values())

            try:
                await until(lambda: store.link.word == "Live")
                for number, switches in enumerate(({"cut": 1.0}, {"refuse": 1.0}, {"drop": 1.0})):
                    await spoil(running_gateway, **switches)
                    name = f"{number} " + "x" * 100
                    job = await asyncio.to_thread(add_job, owner, name=name)
                    await until(lambda: named(name) and store.get("jobs", job) is not None, limit=20)  # noqa: B023
                await spoil(running_gateway)
                await strike(running_gateway, "expire")
                await until(lambda: store.link.word != "Live", limit=20)
                await until(lambda: store.link.word == "Live", limit=20)
                job = await asyncio.to_thread(add_job, owner)
                await until(lambda: store.get("jobs", job) is not None)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

    asyncio.run(suite())
