"""An aiohttp application served from a thread, for tests that call it as a client would."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiohttp import web

from services.local.postgres import free_port


@contextmanager
def serve(build: Callable[[str], web.Application]) -> Iterator[str]:
    """Serve what `build` makes of its own origin on a free loopback port; yields that http://127.0.0.1:port."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    ready = threading.Event()
    held: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def main() -> None:
        stop = asyncio.Event()
        runner = web.AppRunner(build(origin), shutdown_timeout=2)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        held.append((asyncio.get_running_loop(), stop))
        ready.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(main()), name="served-app")
    thread.start()
    assert ready.wait(20)
    try:
        yield origin
    finally:
        loop, stop = held[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        assert not thread.is_alive()
