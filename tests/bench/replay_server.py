"""The queue endpoint beside a bare handler that runs the same SQL, on one database; ends with its standard input."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import threading
from typing import Any
from uuid import UUID, uuid4

from aiohttp import web
from psycopg_pool import AsyncConnectionPool

from services.local.postgres import free_port
from services.local.queue.app import build_app
from services.local.queue.store import NewMessage, Store
from tests.postgres import running_postgres


def bare_app(store: Store) -> web.Application:
    """Send, receive and delete without a check of anything: JSON in, the statement, JSON out."""

    async def answer(request: web.Request) -> web.Response:
        given: dict[str, Any] = json.loads(await request.read())
        name = given["queue"]
        if request.path == "/send":
            message = NewMessage(uuid4(), given["body"], {}, {}, 0)
            await store.send(name, [message], "bare")
            md5 = hashlib.md5(given["body"].encode()).hexdigest()
            return web.json_response({"MessageId": str(message.message_id), "MD5OfMessageBody": md5})
        if request.path == "/receive":
            queue = await store.queue(name)
            assert queue is not None
            taken = await store.receive(queue, 1, 30)
            return web.json_response([[str(one.message_id), str(one.receipt), one.body] for one in taken])
        await store.delete(name, [(UUID(given["id"]), UUID(given["receipt"]))])
        return web.json_response({})

    app = web.Application()
    for path in ("/send", "/receive", "/delete"):
        app.router.add_post(path, answer)
    return app


async def serve(database_url: str, stop: threading.Event) -> None:
    """Both on ports of their own, which are printed as one JSON line."""
    ports = [free_port(), free_port()]
    origins = [f"http://127.0.0.1:{port}" for port in ports]
    async with AsyncConnectionPool(database_url, max_size=6, kwargs={"autocommit": True}) as pool:
        runners = [web.AppRunner(build_app(database_url, origins[0])), web.AppRunner(bare_app(Store(pool)))]
        for runner, port in zip(runners, ports, strict=True):
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", port).start()
        print(json.dumps({"queue": origins[0], "bare": origins[1]}), flush=True)
        await asyncio.to_thread(stop.wait)
        for runner in runners:
            await runner.cleanup()


def main() -> None:
    """Serve until standard input ends."""
    stop = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=wait, daemon=True).start()
    with running_postgres() as server:
        asyncio.run(serve(server.url, stop))


if __name__ == "__main__":
    main()
