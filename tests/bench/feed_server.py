"""The realtime service as a process that sends ready-made frames at a rate: `python -m tests.bench.feed_server`.

It prints its port. A line on its standard input starts the feed; it then prints the monotonic time of the start.
Change number n is due n / rate seconds after that. It answers plain HTTP too: rows of the start, and what is due.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import itertools
import json
import struct
import sys
import time
from collections import deque
from typing import Any, Final

import msgspec

from tests.bench.truth import expected
from tests.bench.world import World

_MAGIC: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_AHEAD: Final = 4000
"""Frames kept ready."""
_TYPES: Final = {"payload": "jsonb", "response_log": "jsonb", "details": "jsonb", "metadata": "jsonb"}


def framed(body: bytes) -> bytes:
    """A text message of the WebSocket protocol, unmasked."""
    size = len(body)
    if size < 126:
        return struct.pack("!BB", 0x81, size) + body
    return struct.pack("!BBH", 0x81, 126, size) + body


class FeedServer:
    """One client at a time."""

    def __init__(self, world: World, rate: float, count: int) -> None:
        self._world = world
        self._changes = itertools.islice(world.changes(), count)
        self._rate = rate
        self._count = count
        self._go = asyncio.Event()
        self._began = 0.0
        self._sending: asyncio.Task[None] | None = None

    def go(self) -> float:
        """Start to send; the monotonic time of the start."""
        self._began = time.monotonic()
        self._go.set()
        return self._began

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until it leaves."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            if "upgrade: websocket" in head.lower():
                await self._feed(head, reader, writer)
            else:
                await self._pages(head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _feed(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            key = next(
                line.split(":", 1)[1].strip()
                for line in head.split("\r\n")
                if line.lower().startswith("sec-websocket-key")
            )
            accepted = base64.b64encode(hashlib.sha1((key + _MAGIC).encode()).digest()).decode()
            writer.write(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Accept: {accepted}\r\n\r\n".encode()
            )
            while (message := await _received(reader, writer)) is not None:
                self._answer(json.loads(message), writer)
        finally:
            if self._sending is not None:
                self._sending.cancel()

    async def _pages(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer who asks for rows of the start, or for what is due, until it leaves."""
        while True:
            what, *rest = head.split(" ")[1].strip("/").split("/")
            if what == "due":
                answer: Any = self._due()
            elif what == "results":
                answer = sum(map(len, self._due().values()))
            else:
                table, start, limit = rest[0], int(rest[1]), int(rest[2])
                rows = {"customers": self._world.customers, "jobs": self._world.jobs}.get(table, [])
                answer = rows[start : start + limit]
            body = msgspec.json.encode(answer)
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).decode()

    def _due(self) -> dict[str, list[int]]:
        return expected(self._world, self._count).due

    def _answer(self, message: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        topic, event, ref = message["topic"], message["event"], message.get("ref")
        response: dict[str, Any] = {}
        if event == "phx_join":
            wanted = message["payload"]["config"]["postgres_changes"]
            response = {"postgres_changes": [{**one, "id": number} for number, one in enumerate(wanted, 1)]}
        elif event not in ("heartbeat", "phx_leave", "broadcast"):
            return
        if event == "broadcast":
            writer.write(_encoded(topic, "broadcast", message["payload"], None))
        writer.write(_encoded(topic, "phx_reply", {"status": "ok", "response": response}, ref))
        if event == "phx_join":
            told = {"channel": topic, "extension": "postgres_changes", "message": "Subscribed to PostgreSQL"}
            writer.write(_encoded(topic, "system", {**told, "status": "ok"}, None))
            self._sending = asyncio.get_running_loop().create_task(self._send(topic, writer))

    async def _send(self, topic: str, writer: asyncio.StreamWriter) -> None:
        ready: deque[bytes] = deque()
        self._fill(topic, ready, _AHEAD)
        await self._go.wait()
        sent = 0
        while ready:
            due = min(self._count, int((time.monotonic() - self._began) * self._rate) + 1) - sent
            for _ in range(min(due, len(ready))):
                writer.write(ready.popleft())
                sent += 1
            await writer.drain()
            self._fill(topic, ready, 200)
            await asyncio.sleep(0.001)

    def _fill(self, topic: str, ready: deque[bytes], most: int) -> None:
        for table, kind, row in itertools.islice(self._changes, min(most, _AHEAD - len(ready))):
            columns = [{"name": name, "type": _TYPES.get(name, "text")} for name in row]
            data = {
                "schema": "public", "table": table, "type": kind, "commit_timestamp": row["updated_at"],
                "columns": columns, "record": row, "errors": None,
            }  # fmt: skip
            ready.append(_encoded(topic, "postgres_changes", {"ids": [1], "data": data}, None))


def _encoded(topic: str, event: str, payload: dict[str, Any], ref: str | None) -> bytes:
    return framed(msgspec.json.encode({"topic": topic, "event": event, "payload": payload, "ref": ref}))


async def _received(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
    """The next text message, None once the client closes."""
    while True:
        head = await reader.readexactly(2)
        kind, size = head[0] & 15, head[1] & 127
        if size == 126:
            size = struct.unpack("!H", await reader.readexactly(2))[0]
        mask = await reader.readexactly(4)
        body = bytes(byte ^ mask[place & 3] for place, byte in enumerate(await reader.readexactly(size)))
        if kind == 1:
            return body
        if kind == 8:
            return None
        if kind == 9:
            writer.write(struct.pack("!BB", 0x8A, len(body)) + body)


async def _run(arguments: argparse.Namespace) -> None:
    feed = FeedServer(World(arguments.jobs, arguments.hot, arguments.seed), arguments.rate, arguments.count)
    server = await asyncio.start_server(feed.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    loop = asyncio.get_running_loop()
    if await loop.run_in_executor(None, sys.stdin.readline):
        print(feed.go(), flush=True)
        await loop.run_in_executor(None, sys.stdin.readline)
    server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name, kind, usual in (("jobs", int, 100_000), ("hot", int, 10_000), ("seed", int, 1), ("count", int, 300_000)):
        parser.add_argument(f"--{name}", type=kind, default=usual)
    parser.add_argument("--rate", type=float, default=5000.0)
    asyncio.run(_run(parser.parse_args()))
