"""Lets a held run go on by itself once the page no longer asks for what a person was called for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from services.domain.run_commands import Command, GoOn, Mouse, Stay
from services.submission.events import Report

Asks = Callable[[], Awaitable[bool]]
"""Whether the page asks for it still; also True where that can't be seen."""
LOOK_SECONDS: Final = 0.5
GO_ON_SECONDS: Final = 3
"""For so long it is told that the run goes on, and a person may hold it."""


class Clearing:
    """Of one hold, before step `index`. A person who does anything meanwhile has the time begin again."""

    def __init__(self, asks: Asks, report: Report, index: int) -> None:
        self._asks = asks
        self._report = report
        self._index = index
        self._look_at = 0.0
        self._end: float | None = None
        self._stays = False
        self.over = False
        """It went on by itself."""

    async def next(self, commands: asyncio.Queue[Command]) -> Command:
        """What a person wants next; GoOn once nothing was asked for any more for GO_ON_SECONDS."""
        loop = asyncio.get_running_loop()
        while True:
            if loop.time() >= self._look_at:
                await self._look()
                if self.over:
                    return GoOn()
                self._look_at = loop.time() + LOOK_SECONDS
            try:
                async with asyncio.timeout_at(self._look_at):
                    command = await commands.get()
            except TimeoutError:
                continue
            if not (isinstance(command, Mouse) and command.what == "move"):
                self._stop()
            if not isinstance(command, Stay):
                return command
            self._stays = True

    async def _look(self) -> None:
        if self._stays or await self._asks():
            self._stop()
            return
        now = asyncio.get_running_loop().time()
        if self._end is None:
            self._end = now + GO_ON_SECONDS
            self._report({"kind": "clearing", "index": self._index, "seconds": GO_ON_SECONDS})
        self.over = now >= self._end

    def _stop(self) -> None:
        if self._end is not None:
            self._end = None
            self._report({"kind": "clearing", "index": self._index, "seconds": 0})
