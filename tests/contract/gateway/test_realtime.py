"""Row changes through the stock realtime client."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import jwt
import psycopg
import pytest
from realtime.types import RealtimeChannelOptions, RealtimePostgresChangesListenEvent
from supabase import AsyncClient

from services.local.postgres import Postgres
from tests.contract.gateway.running import SECRET, SERVICE_KEY, Gateway, add_job, gateway, until
from tests.leaks.logs import Logged

pytestmark = pytest.mark.stack

ALL = RealtimePostgresChangesListenEvent.All
CLAIMS = {"role": "authenticated", "aud": "authenticated", "sub": "31111111-1111-1111-1111-111111111111"}


@dataclass
class Ear:
    """What a channel heard: states, confirmations and changes."""

    states: list[str] = field(default_factory=list)
    systems: list[str] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)

    def kinds(self, table: str = "jobs") -> list[str]:
        return [str(change["type"].value) for change in self.changes if change["table"] == table]


async def listen(client: AsyncClient, *tables: str, topic: str = "console:1", filter: str | None = None) -> Ear:
    """Join with one binding a table and wait for the server's confirmation."""
    ear = Ear()
    channel = client.channel(topic)
    for table in tables:
        channel.on_postgres_changes(
            ALL,
            schema="public",
            table=table,
            filter=filter,
            callback=lambda payload: ear.changes.append(dict(payload["data"])),
        )
    channel.on_system(lambda payload: ear.systems.append(payload.message))
    await channel.subscribe(lambda state, error: ear.states.append(state.value))
    assert ear.states == ["SUBSCRIBED"]
    await until(lambda: ear.systems)
    return ear


def token(**claims: Any) -> str:
    return jwt.encode({**CLAIMS, "app_metadata": {"role": "viewer"}, **claims}, SECRET, algorithm="HS256")


async def in_thread(owner: psycopg.Connection, statement: str, *values: Any) -> None:
    await asyncio.to_thread(owner.execute, statement, values)


def test_changes_arrive_and_only_for_staff(server: Postgres, owner: psycopg.Connection) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            ears = {}
            for name in ("viewer", "operator", "customer", None):
                client = await running.client(name)
                ears[name] = await listen(client, "jobs", "customers", "queue_history")
                assert ears[name].systems == ["Subscribed to PostgreSQL"]
            viewer = ears["viewer"]
            job = await asyncio.to_thread(add_job, owner)
            await until(lambda: viewer.kinds() == ["INSERT"])
            insert = next(change for change in viewer.changes if change["table"] == "jobs")
            assert insert["record"]["id"] == job
            assert insert["record"]["metadata"] == {}
            assert insert["record"]["directories_total"] == 3
            assert insert["record"]["started_at"] is None
            assert insert["record"]["created_at"].endswith("+00:00")
            assert insert["schema"] == "public"
            assert {"name": "id", "type": "uuid"} in insert["columns"]
            assert insert["errors"] is None
            await in_thread(owner, "update jobs set status = 'in_progress'")
            await until(lambda: viewer.kinds() == ["INSERT", "UPDATE"])
            update = viewer.changes[-1]
            assert update["record"]["status"] == "in_progress"
            assert update["record"]["version"] == 2
            assert update["old_record"] == {"id": job}
            await in_thread(owner, "delete from jobs")
            await until(lambda: viewer.kinds() == ["INSERT", "UPDATE", "DELETE"])
            assert viewer.changes[-1]["old_record"] == {"id": job}
            assert "record" not in viewer.changes[-1]
            await until(lambda: ears["operator"].kinds() == viewer.kinds())
            # As with Supabase, a delete tells everybody the key; nothing else reaches a stranger.
            for name in ("customer", None):
                assert set(ears[name].kinds()) <= {"DELETE"}
                assert ears[name].kinds("customers") == []

    asyncio.run(scenario())


def test_what_rest_reads_equals_what_the_feed_brings(server: Postgres, owner: psycopg.Connection) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            client = await running.client("operator")
            ear = await listen(client, "directories", "queue_history")
            await in_thread(
                owner,
                "insert into directories (name, submission_url, field_selectors, failure_rate)"
                " values (%s, %s, %s, 0.125)",
                'Ümlaut "quoted" \\ \u2028', "http://d.example/add", '{"a": [1, null, "x"]}',
            )  # fmt: skip
            await in_thread(owner, "insert into queue_history (event) values ('flow_started')")
            await until(lambda: len(ear.changes) == 2)
            for change in ear.changes:
                read: list[Any] = (await client.table(change["table"]).select("*").execute()).data
                assert read == [change["record"]]

    asyncio.run(scenario())


def test_a_large_transaction_comes_whole_and_in_order(server: Postgres, owner: psycopg.Connection) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            ear = await listen(await running.client("viewer"), "queue_history")
            await in_thread(
                owner, "insert into queue_history (event) select 'event ' || n from generate_series(1, 3000) n"
            )
            await until(lambda: len(ear.changes) == 3000, limit=15)
            assert [c["record"]["event"] for c in ear.changes] == [f"event {n}" for n in range(1, 3001)]

    asyncio.run(scenario())


def test_no_committed_row_is_lost_around_the_confirmation(server: Postgres, owner: psycopg.Connection) -> None:
    """Every row is either in the read that follows the confirmation, or comes as a change."""

    async def scenario() -> None:
        async with gateway(server, poll_seconds=0.01) as running:
            client = await running.client("viewer")
            stop = asyncio.Event()

            async def writes() -> int:
                written = 0
                # One read answers at most 1,000 rows.
                while not stop.is_set() and written < 900:
                    written += 1
                    await in_thread(owner, "insert into queue_history (event) values (%s)", f"e{written}")
                return written

            async with asyncio.TaskGroup() as group:
                writing = group.create_task(writes())
                ears = []
                for epoch in range(8):
                    ear = await listen(client, "queue_history", topic=f"console:{epoch}")
                    read: list[Any] = (await client.table("queue_history").select("event").execute()).data
                    ears.append((ear, {row["event"] for row in read}))
                stop.set()
            expected = {f"e{n}" for n in range(1, writing.result() + 1)}
            for ear, read_events in ears:
                await until(lambda: read_events | {c["record"]["event"] for c in ear.changes} == expected)  # noqa: B023

    asyncio.run(scenario())


def test_unchanged_large_values_are_absent_and_huge_rows_are_cut(server: Postgres, owner: psycopg.Connection) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            ear = await listen(await running.client("viewer"), "worker_heartbeats")
            await in_thread(
                owner,
                "insert into worker_heartbeats (worker_id, metadata) select 'w',"
                " jsonb_build_object('a', string_agg(md5(n::text), '')) from generate_series(1, 1000) n",
            )
            await in_thread(owner, "update worker_heartbeats set status = 'idle'")
            await until(lambda: len(ear.changes) == 2)
            assert len(ear.changes[0]["record"]["metadata"]["a"]) == 32_000
            assert ear.changes[1]["record"]["status"] == "idle"
            assert "metadata" not in ear.changes[1]["record"]
            await in_thread(owner, "update worker_heartbeats set queue_name = repeat('x', 1200000)")
            await until(lambda: len(ear.changes) == 3)
            assert ear.changes[2]["errors"] == ["Error 413: Payload Too Large"]
            assert "queue_name" not in ear.changes[2]["record"]
            assert ear.changes[2]["record"]["worker_id"] == "w"

    asyncio.run(scenario())


def test_filters_of_bindings(server: Postgres, owner: psycopg.Connection) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            client = await running.client("viewer")
            one = await listen(client, "jobs", topic="one", filter="status=eq.failed")
            two = await listen(client, "jobs", topic="two", filter="status=in.(failed,paused)")
            for status in ("pending", "failed", "paused"):
                await asyncio.to_thread(add_job, owner, name=status, status=status)
            await until(lambda: len(two.changes) == 2)
            assert [c["record"]["status"] for c in one.changes] == ["failed"]
            assert [c["record"]["status"] for c in two.changes] == ["failed", "paused"]

    asyncio.run(scenario())


def test_a_table_outside_the_publication_is_confirmed_and_silent(server: Postgres, owner: psycopg.Connection) -> None:
    owner.execute("alter publication supabase_realtime drop table public.customers")

    async def scenario() -> None:
        async with gateway(server) as running:
            ear = await listen(await running.client("viewer"), "jobs", "customers")
            await asyncio.to_thread(add_job, owner)
            await until(lambda: ear.kinds() == ["INSERT"])
            assert ear.kinds("customers") == []

    try:
        asyncio.run(scenario())
    finally:
        owner.execute("alter publication supabase_realtime add table public.customers")


def test_an_expired_token_ends_the_channel(server: Postgres, owner: psycopg.Connection) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            client = await running.client()
            await client.realtime.set_auth(token(exp=time.time() + 1.5))
            ear = await listen(client, "jobs")
            await until(lambda: "CLOSED" in ear.states)
            assert ear.states == ["SUBSCRIBED", "CHANNEL_ERROR", "CLOSED"]
            assert client.realtime.channels == {}

    asyncio.run(scenario())


def test_an_expired_token_cannot_join(server: Postgres, logged: Logged) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            client = await running.client()
            await client.realtime.set_auth(token(exp=1))
            states: list[str] = []
            errors: list[str] = []
            channel = client.channel("console:1").on_postgres_changes(ALL, schema="public", callback=lambda _: None)

            def heard(state: Any, error: Exception | None) -> None:
                states.append(state.value)
                errors.append(str(error))

            await channel.subscribe(heard)
            assert states == ["CHANNEL_ERROR"]
            assert "InvalidJWTToken" in errors[0]
            await channel.unsubscribe()

    asyncio.run(scenario())
    logged.take("join push error", "JWT expired")


def test_a_pushed_token_counts_from_then_on(server: Postgres, owner: psycopg.Connection) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            client = await running.client()
            ear = await listen(client, "jobs")
            service = await listen(await running.client(key=SERVICE_KEY), "jobs")
            await asyncio.to_thread(add_job, owner, name="unseen")
            await until(lambda: service.changes)
            await client.realtime.set_auth(token(exp=time.time() + 60))
            await until(lambda: len(ear.systems) == 2)
            seen = await asyncio.to_thread(add_job, owner, name="seen")
            await until(lambda: ear.changes)
            assert [change["record"]["id"] for change in ear.changes] == [seen]
            await client.realtime.set_auth(token(exp=1))
            await until(lambda: "CLOSED" in ear.states)

    asyncio.run(scenario())


def test_a_feed_that_broke_off_is_confirmed_again(server: Postgres, owner: psycopg.Connection, logged: Logged) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            ear = await listen(await running.client("viewer"), "jobs")
            await in_thread(
                owner,
                "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name like 'gateway_%%'"
                " and active_pid is not null",
            )
            await in_thread(
                owner,
                "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
                " and datname = current_database() and query like '%%pg_current_wal_flush_lsn%%'",
            )
            await until(lambda: len(ear.systems) == 2)
            await asyncio.to_thread(add_job, owner)
            await until(lambda: ear.kinds() == ["INSERT"])

    asyncio.run(scenario())
    slots = owner.execute("select count(*) from pg_replication_slots where slot_name like 'gateway_%'").fetchone()
    assert slots == (0,)
    logged.take("The change feed broke off")


# The stock client reads a deprecated attribute when the server closes the socket.
@pytest.mark.filterwarnings("ignore:ConnectionClosed:DeprecationWarning")
def test_shutting_down_closes_sockets_as_a_restart(server: Postgres, logged: Logged) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            client = await running.client("viewer")
            ear = await listen(client, "jobs")
            socket = client.realtime._ws_connection
            assert socket is not None
            client.realtime.auto_reconnect = False
            await running.runner.shutdown()
            await until(lambda: "CHANNEL_ERROR" in ear.states)
            assert socket.close_code == 1012

    asyncio.run(scenario())
    assert logged.take_every("realtime._async.client")


def test_broadcasts_come_back_to_a_sender_that_asks(server: Postgres) -> None:
    async def scenario(running: Gateway) -> None:
        client = await running.client("viewer")
        other = await running.client("operator")
        heard: list[tuple[str, Any]] = []
        for name, each, myself in (("self", client, True), ("other", other, False)):
            options: RealtimeChannelOptions = {
                "config": {"broadcast": {"self": myself, "ack": True}, "presence": None, "private": False}
            }
            channel = each.channel("probe", options)
            channel.on_broadcast("ping", lambda message, name=name: heard.append((name, message["payload"])))  # type: ignore[misc]
            await channel.subscribe()
        await client.channel("probe").send_broadcast("ping", {"n": 1})
        await until(lambda: len(heard) == 2)
        assert sorted(name for name, _ in heard) == ["other", "self"]
        await other.channel("probe").send_broadcast("ping", {"n": 2})
        await until(lambda: len(heard) == 3)
        assert heard[-1] == ("self", {"n": 2})

    async def run() -> None:
        async with gateway(server) as running:
            await scenario(running)

    asyncio.run(run())
