"""Acts that are older than those held, read off the window's thread when somebody wants to see them."""

from __future__ import annotations

import asyncio

from app import tasks
from app.actions.operations import Operations
from services.domain.errors import Refused


class OlderOperations:
    """`version` grows whenever how far that is has changed."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self.reading = False
        self.problem = ""
        """Why they could not be read, as a sentence."""
        self.version = 0

    def want(self) -> None:
        """Have some more of them, the newest first; nothing while they are being read."""
        if not self.reading:
            self.reading, self.problem = True, ""
            self.version += 1
            tasks.spawn("older acts", self._read())

    async def _read(self) -> None:
        try:
            await asyncio.to_thread(self._operations.reach_back)
        except Refused as error:
            self.problem = str(error)
        finally:
            self.reading = False
            self.version += 1
