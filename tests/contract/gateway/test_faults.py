"""The fault switches: off by default, only for the service key, and each one does what it says."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest

from services.local.postgres import Postgres
from tests.contract.gateway.running import KEY, SERVICE_KEY, ask, gateway, spoil, strike, until
from tests.contract.gateway.test_realtime import in_thread, listen
from tests.leaks.logs import Logged
from tests.waiting import stays

pytestmark = pytest.mark.stack


async def write(owner: psycopg.Connection, first: int, last: int) -> None:
    await in_thread(
        owner, "insert into queue_history (event) select n::text from generate_series(%s::int, %s::int) n", first, last
    )


def events(changes: list[dict[str, Any]]) -> list[str]:
    return [change["record"]["event"] for change in changes if change["table"] == "queue_history"]


def test_only_the_service_key_turns_them_and_all_are_off(server: Postgres) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            for key, status in ((None, 401), ("nonsense", 401), (KEY, 403)):
                assert (await ask(running, "GET", "/_faults", key=key))[0] == status
                assert (await ask(running, "PUT", "/_faults", key=key, json={"drop": 1}))[0] == status
                assert (await ask(running, "POST", "/_faults/kill", key=key))[0] == status
            status, switches, _ = await ask(running, "GET", "/_faults", key=SERVICE_KEY)
            assert status == 200
            assert not any(switches.values())
            for path, body, status in (
                ("/_faults", {"drop": 2}, 400),
                ("/_faults", {"nothing": 1}, 400),
                ("/_faults/kill", {"code": 4000}, 400),
                ("/_faults/resubscribe", {"seconds": "x"}, 400),
                ("/_faults/resubscribe", [], 400),
                ("/_faults/nothing", {}, 404),
            ):
                method = "PUT" if path == "/_faults" else "POST"
                assert (await ask(running, method, path, key=SERVICE_KEY, json=body))[0] == status, path
            rebound = {"Host": "attacker.example"}
            assert (await ask(running, "GET", "/_faults", key=SERVICE_KEY, headers=rebound))[0] == 421

    asyncio.run(scenario())


def test_changes_are_lost_and_doubled_by_chance_from_the_seed(server: Postgres, owner: psycopg.Connection) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            ear = await listen(await running.client("viewer"), "queue_history")
            heard: list[list[str]] = []
            for _ in range(2):
                await spoil(running, drop=0.3, repeat=0.3, seed=7)
                before = len(ear.changes)
                await write(owner, 1, 200)
                await spoil_done(running, owner)
                await until(lambda: events(ear.changes)[-1:] == ["end"])
                heard.append(events(ear.changes[before:]))
            assert heard[0] == heard[1]
            assert 80 < len(set(heard[0])) < 190
            assert len(heard[0]) > len(set(heard[0]))

    async def spoil_done(running: Any, owner: psycopg.Connection) -> None:
        # What was written before this has been read from the log when a later row arrives undisturbed.
        await until_read(running)
        await spoil(running)
        await in_thread(owner, "insert into queue_history (event) values ('end')")

    async def until_read(running: Any) -> None:
        client = await running.client("viewer")
        await listen(client, "jobs", topic="later")

    asyncio.run(scenario())


def test_cut_and_refused_changes_have_their_shapes(server: Postgres, owner: psycopg.Connection, logged: Logged) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            heard: list[Any] = []
            client = await running.client("viewer")
            await listen(client, "queue_history")
            channel = client.realtime.channels["realtime:console:1"]
            # The stock client drops the shape without a row: listen beneath it.
            socket = client.realtime._ws_connection
            assert socket is not None
            assert channel.is_joined
            receive = socket.recv_messages.put

            def put(frame: Any) -> None:
                heard.append(bytes(frame.data))
                receive(frame)

            socket.recv_messages.put = put  # type: ignore[method-assign]
            await spoil(running, cut=1.0)
            await in_thread(owner, "insert into queue_history (event) values (repeat('x', 100))")
            await until(lambda: any(b"Error 413" in each for each in heard))
            assert not any(b"xxxx" in each for each in heard)
            await spoil(running, refuse=1.0)
            await in_thread(owner, "insert into queue_history (event) values ('unseen')")
            await until(lambda: any(b"Error 401" in each for each in heard))
            assert not any(b"unseen" in each for each in heard)

    asyncio.run(scenario())
    assert logged.take_every("realtime._async.client", "Unrecognized message format")


def test_the_tables_of_a_delivery_come_in_any_order_but_each_in_its_own(
    server: Postgres, owner: psycopg.Connection
) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            ear = await listen(await running.client("viewer"), "queue_history", "worker_heartbeats")
            await spoil(running, shuffle=True)
            with psycopg.connect(server.url) as other:
                for number in range(20):
                    other.execute("insert into queue_history (event) values (%s)", (str(number),))
                    other.execute("insert into worker_heartbeats (worker_id) values (%s)", (f"{number:02}",))
            await until(lambda: len(ear.changes) == 40)
            assert events(ear.changes) == [str(number) for number in range(20)]
            tables = [change["table"] for change in ear.changes]
            assert tables in (sorted(tables), sorted(tables, reverse=True))

    asyncio.run(scenario())


def test_a_late_confirmation_and_a_silent_new_subscription(server: Postgres, owner: psycopg.Connection) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            await spoil(running, confirm_after=0.3)
            client = await running.client("viewer")
            loop = asyncio.get_running_loop()
            before = loop.time()
            ear = await listen(client, "queue_history")
            assert loop.time() - before >= 0.3
            await spoil(running)
            await strike(running, "resubscribe", seconds=2)
            await write(owner, 1, 1)
            await until(lambda: len(ear.systems) == 2)
            assert ear.states == ["SUBSCRIBED"]
            await write(owner, 2, 2)
            await until(lambda: ear.changes)
            assert events(ear.changes) == ["2"]

    asyncio.run(scenario())


# The stock client reads a deprecated attribute when the server closes the socket.
@pytest.mark.filterwarnings("ignore:ConnectionClosed:DeprecationWarning")
@pytest.mark.parametrize("code", [1000, 1001, 1006, 1012])
def test_sockets_end_with_each_code(server: Postgres, code: int, logged: Logged) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            client = await running.client("viewer")
            await listen(client, "jobs")
            client.realtime.auto_reconnect = False
            socket = client.realtime._ws_connection
            assert socket is not None
            await strike(running, "kill", code=code)
            await until(lambda: client.realtime._ws_connection is None)
            assert socket.close_code == code

    asyncio.run(scenario())
    logged.take_every("realtime._async.client")


def test_tokens_run_out_on_request_and_new_ones_are_accepted(server: Postgres) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            client = await running.client("viewer")
            ear = await listen(client, "jobs")
            keys = await listen(await running.client(key=SERVICE_KEY), "jobs")
            old = await client.auth.get_session()
            assert old is not None
            await strike(running, "expire")
            await until(lambda: "CLOSED" in ear.states)
            path = "/rest/v1/jobs"
            bearer = {"Authorization": f"Bearer {old.access_token}"}
            status, body, _ = await ask(running, "GET", path, headers=bearer)
            assert (status, body["code"]) == (401, "PGRST303")
            new = (await client.auth.refresh_session()).session
            assert new is not None
            bearer = {"Authorization": f"Bearer {new.access_token}"}
            assert (await ask(running, "GET", path, headers=bearer))[0] == 200
            assert keys.states == ["SUBSCRIBED"]

    asyncio.run(scenario())


def test_out_of_reach_nothing_is_heard_and_what_was_not_given_up_comes_later(
    server: Postgres, owner: psycopg.Connection
) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            path = "/rest/v1/queue_history?select=event"
            await in_thread(
                owner,
                "create or replace function public.given_up() returns void language sql as"
                " $$ insert into public.queue_history (event) values ('given up') $$",
            )
            ear = await listen(await running.client("viewer"), "queue_history")
            await spoil(running, out_of_reach=True)
            assert (await ask(running, "GET", "/", key=None))[0] == 404, "whoever looks after it sees nothing"
            reading = asyncio.get_running_loop().create_task(ask(running, "GET", path, key=SERVICE_KEY))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await ask(running, "POST", "/rest/v1/rpc/given_up", key=SERVICE_KEY, json={})
            await in_thread(owner, "insert into queue_history (event) values ('meanwhile')")
            await stays(lambda: not reading.done() and not ear.changes, 0.5)
            await spoil(running)
            await until(lambda: ear.changes)
            assert events(ear.changes) == ["meanwhile"]
            assert [row["event"] for row in (await reading)[1]] == ["meanwhile"]
            assert (await ask(running, "POST", "/rest/v1/rpc/given_up", key=SERVICE_KEY, json={}))[0] == 204
            await until(lambda: len(ear.changes) > 1)
            assert events(ear.changes) == ["meanwhile", "given up"], "once"
            await in_thread(owner, "drop function public.given_up")

    asyncio.run(scenario())


def test_slow_reads_see_what_is_written_meanwhile_and_stale_ones_do_not(
    server: Postgres, owner: psycopg.Connection
) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            path = "/rest/v1/queue_history?select=event"

            async def read_while_writing(event: str) -> list[str]:
                reading = asyncio.get_running_loop().create_task(ask(running, "GET", path, key=SERVICE_KEY))
                await stays(lambda: not reading.done(), 0.1)
                await in_thread(owner, "insert into queue_history (event) values (%s)", event)
                assert not reading.done()
                return [row["event"] for row in (await reading)[1]]

            # With this seed the first chance is 0.84.
            await spoil(running, slow_reads=2.0, seed=0)
            assert await read_while_writing("a") == ["a"]
            await spoil(running, stale_reads=2.0, seed=0)
            assert await read_while_writing("b") == ["a"]

    asyncio.run(scenario())
