"""What goes over the socket, frame by frame, in both versions of the protocol."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSServerHandshakeError

from services.local.postgres import Postgres
from tests.contract.gateway.running import KEY, SERVICE_KEY, ask, gateway

pytestmark = pytest.mark.stack

BINDING = {"event": "*", "schema": "public", "table": "jobs"}


class Wire:
    """A socket that speaks one version."""

    def __init__(self, ws: ClientWebSocketResponse, version: str) -> None:
        self.ws = ws
        self.version = version

    async def send(self, topic: str, event: str, payload: Any, ref: str | None, join_ref: str | None = None) -> None:
        if self.version == "1.0.0":
            await self.ws.send_json(
                {"topic": topic, "event": event, "payload": payload, "ref": ref, "join_ref": join_ref}
            )
        else:
            await self.ws.send_json([join_ref, ref, topic, event, payload])

    async def next(self) -> tuple[str, str, Any, str | None]:
        """(topic, event, payload, ref) of the next frame."""
        raw = await self.ws.receive_json(timeout=30)
        if self.version == "1.0.0":
            return raw["topic"], raw["event"], raw["payload"], raw["ref"]
        _, ref, topic, event, payload = raw
        return topic, event, payload, ref


@asynccontextmanager
async def wired(server: Postgres, version: str) -> AsyncIterator[Wire]:
    async with (
        gateway(server) as running,
        ClientSession() as session,
        session.ws_connect(f"{running.url}/realtime/v1/websocket?apikey={SERVICE_KEY}&vsn={version}") as ws,
    ):
        yield Wire(ws, version)


def join(*bindings: dict[str, Any]) -> dict[str, Any]:
    return {"config": {"postgres_changes": list(bindings)}}


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
def test_the_reply_comes_before_the_confirmation(server: Postgres, version: str) -> None:
    async def scenario() -> None:
        async with wired(server, version) as wire:
            await wire.send("phoenix", "heartbeat", {}, None)
            assert await wire.next() == ("phoenix", "phx_reply", {"status": "ok", "response": {}}, None)
            filtered = {**BINDING, "filter": "status=eq.failed"}
            await wire.send("realtime:a", "phx_join", join(BINDING, filtered), "7", "7")
            topic, event, payload, ref = await wire.next()
            assert (topic, event, ref, payload["status"]) == ("realtime:a", "phx_reply", "7", "ok")
            echoed = payload["response"]["postgres_changes"]
            assert [{k: v for k, v in each.items() if k != "id"} for each in echoed] == [BINDING, filtered]
            assert all(isinstance(each["id"], int) for each in echoed)
            assert echoed[0]["id"] != echoed[1]["id"]
            assert await wire.next() == (
                "realtime:a", "system",
                {"channel": "a", "extension": "postgres_changes", "message": "Subscribed to PostgreSQL",
                 "status": "ok"},
                None,
            )  # fmt: skip
            await wire.send("realtime:a", "phx_leave", {}, "8", "7")
            assert (await wire.next())[1:] == ("phx_reply", {"status": "ok", "response": {}}, "8")
            assert await wire.next() == ("realtime:a", "phx_close", {}, "7")
            await wire.send("realtime:a", "broadcast", {}, "9", "7")
            assert (await wire.next())[2] == {"status": "error", "response": {"reason": "unmatched topic"}}

    asyncio.run(scenario())


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
def test_a_second_join_is_answered_and_then_the_first_one_closed(server: Postgres, version: str) -> None:
    async def scenario() -> None:
        async with wired(server, version) as wire:
            for ref in ("1", "2"):
                await wire.send("realtime:a", "phx_join", join(), ref, ref)
            frames = [await wire.next() for _ in range(3)]
            assert [(event, ref) for _, event, _, ref in frames] == [
                ("phx_reply", "1"), ("phx_reply", "2"), ("phx_close", "1"),
            ]  # fmt: skip
            # The second one lives on.
            await wire.send("realtime:a", "broadcast", {"event": "x", "payload": {}}, "3", "2")
            assert (await wire.next())[3] == "3"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "binding",
    [{**BINDING, "filter": "status=like.f%"}, {**BINDING, "filter": "status"}, {**BINDING, "event": "NOPE"}],
)
def test_a_binding_that_is_not_served_is_never_confirmed(server: Postgres, binding: dict[str, Any]) -> None:
    async def scenario() -> None:
        async with wired(server, "1.0.0") as wire:
            await wire.send("realtime:a", "phx_join", join(BINDING, binding), "1", "1")
            assert (await wire.next())[2]["status"] == "ok"
            _, event, payload, _ = await wire.next()
            assert (event, payload["status"], payload["extension"]) == ("system", "error", "postgres_changes")

    asyncio.run(scenario())


def test_frames_that_make_no_sense_do_not_end_the_connection(server: Postgres) -> None:
    async def scenario() -> None:
        async with wired(server, "1.0.0") as wire:
            hostile: list[Any] = [
                "x",
                [],
                {},
                {"topic": 1, "event": 2},
                {"topic": "a", "event": "phx_join", "payload": 3},
            ]
            for raw in hostile:
                await wire.ws.send_str(json.dumps(raw))
            await wire.ws.send_str("{" * 10_000)
            await wire.ws.send_str("[" * 100_000)
            await wire.ws.send_bytes(b"\0\1")
            await wire.send("b", "phx_join", {"config": {"postgres_changes": [1, None], "broadcast": 5}}, "5", "5")
            await wire.send("phoenix", "heartbeat", {"long": "x" * 5_000_000}, "6")
            while (await wire.next())[3] != "6":
                pass

    asyncio.run(scenario())


def test_a_handshake_needs_a_key_and_a_local_origin(server: Postgres) -> None:
    async def scenario() -> None:
        async with gateway(server) as running, ClientSession() as session:
            path = "/realtime/v1/websocket"
            assert (await ask(running, "GET", path, key=None))[0] == 401
            for url, headers, status in (
                (f"{running.url}{path}", {}, 401),
                (f"{running.url}{path}?apikey=nonsense", {}, 401),
                (f"{running.url}{path}?apikey={KEY}", {"Origin": "https://page.example"}, 403),
                (f"{running.url}{path}?apikey={KEY}&vsn=9", {}, 400),
            ):
                with pytest.raises(WSServerHandshakeError) as refused:
                    await session.ws_connect(url, headers=headers)
                assert refused.value.status == status
            async with session.ws_connect(f"{running.url}{path}", headers={"x-api-key": KEY}) as ws:
                assert not ws.closed

    asyncio.run(scenario())
