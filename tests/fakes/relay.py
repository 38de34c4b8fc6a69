"""A loopback relay in front of a server, which can go silent or hang up as a broken network does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Relay:
    """Passes bytes both ways until `freeze`, which holds them back, or `hang_up`, which resets every connection."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._open = asyncio.Event()
        self._open.set()
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.refuses = False
        """Hang up on every new connection at once."""

    @property
    def url(self) -> str:
        """http://127.0.0.1:port of this side."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    @property
    def target_url(self) -> str:
        """The server behind it."""
        return f"http://{self._target[0]}:{self._target[1]}"

    def freeze(self) -> None:
        """Hold everything back; connections stay open and new ones are taken."""
        self._open.clear()

    def thaw(self) -> None:
        """Pass on what was held back, and all that follows."""
        self._open.set()

    def hang_up(self) -> None:
        """Reset every connection."""
        for end in list(self._ends):
            end.transport.abort()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.hang_up()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self.refuses:
            writer.transport.abort()
            return
        self._ends.add(writer)
        try:
            await self._open.wait()
            far_reader, far_writer = await asyncio.open_connection(*self._target)
            self._ends.add(far_writer)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._pass(reader, far_writer))
                    group.create_task(self._pass(far_reader, writer))
            finally:
                self._ends.discard(far_writer)
                far_writer.transport.abort()
        except (OSError, asyncio.CancelledError):
            # `stop` cancels; on Python 3.11 a server would log a cancelled connection as a fault of its own.
            return
        finally:
            self._ends.discard(writer)
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        writer.transport.close()


@asynccontextmanager
async def relay(host: str, port: int) -> AsyncIterator[Relay]:
    """A relay to a server on this machine, gone afterwards."""
    made = Relay(host, port)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()
