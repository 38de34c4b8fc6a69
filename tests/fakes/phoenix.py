"""A realtime service that does what a test tells it to, frame by frame."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web


class Phoenix:
    """Answers joins and heartbeats of one client at a time unless told otherwise; everything else is the test's."""

    def __init__(self) -> None:
        self.answers_heartbeats = True
        self.join_error = ""
        """The reason with which joins are refused; "" lets them in."""
        self.confirms = True
        self.joins: list[dict[str, Any]] = []
        self.heartbeats = 0
        self.port = 0
        self._sockets: list[web.WebSocketResponse] = []
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def connected(self) -> int:
        """How many clients are there."""
        return sum(not socket.closed for socket in self._sockets)

    async def start(self) -> None:
        """Serve, on the port of the last time if there was one."""
        app = web.Application()
        app.router.add_get("/realtime/v1/websocket", self._connected)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Go away: connections break."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def send(self, event: str, payload: dict[str, Any], ref: str | None = None) -> None:
        """One frame on the topic that was joined last."""
        await self._frame(self._sockets[-1], self.joins[-1]["topic"], event, payload, ref)

    async def change(self, **record: Any) -> None:
        """A row of jobs changed."""
        columns = [{"name": name, "type": "text"} for name in record]
        data = {"schema": "public", "table": "jobs", "type": "UPDATE", "commit_timestamp": "2026-01-01T00:00:00Z",
                "errors": None, "columns": columns, "record": record, "old_record": {"id": record["id"]}}  # fmt: skip
        await self.send("postgres_changes", {"ids": [1], "data": data})

    async def system(self, status: str, message: str, extension: str = "postgres_changes") -> None:
        """The service says something of the channel."""
        await self.send(
            "system", {"channel": "a", "extension": extension, "message": message, "status": status}
        )  # fmt: skip

    async def _connected(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._received(socket, json.loads(message.data))
        return socket

    async def _received(self, socket: web.WebSocketResponse, frame: dict[str, Any]) -> None:
        topic, event, ref = frame["topic"], frame["event"], frame["ref"]
        if event == "heartbeat":
            self.heartbeats += 1
            if self.answers_heartbeats:
                await self._frame(socket, topic, "phx_reply", {"status": "ok", "response": {}}, ref)
        elif event == "phx_join":
            self.joins.append(frame)
            if self.join_error:
                refusal = {"status": "error", "response": {"reason": self.join_error}}
                await self._frame(socket, topic, "phx_reply", refusal, ref)
                return
            asked = frame["payload"]["config"]["postgres_changes"]
            echo = [{**each, "id": number} for number, each in enumerate(asked, 1)]
            reply = {"status": "ok", "response": {"postgres_changes": echo}}
            await self._frame(socket, topic, "phx_reply", reply, ref)
            if self.confirms:
                await self.system("ok", "Subscribed to PostgreSQL")

    async def _frame(
        self, socket: web.WebSocketResponse, topic: str, event: str, payload: dict[str, Any], ref: str | None
    ) -> None:  # fmt: skip
        await socket.send_json({"topic": topic, "event": event, "payload": payload, "ref": ref})


@asynccontextmanager
async def phoenix() -> AsyncIterator[Phoenix]:
    """A service on a free port, gone afterwards."""
    made = Phoenix()
    await made.start()
    try:
        yield made
    finally:
        await made.stop()
