"""Tells the project's audit what staff have decided about dead letters: at once, or as soon as it answers."""

from __future__ import annotations

import asyncio
from typing import Final

from app.actions.operations import Operations
from app.replay.decisions import IN_AUDIT, ONLY_HERE
from app.replay.many import ManyEngine
from services.domain.errors import ConsoleError
from services.ports.wishes import SharedDecisions

AGAIN: Final = 30.0
"""Seconds between two tries."""


class Decisions:
    """`shared` None: there is no project. A decision is sent as the person's who made it, and by nobody else."""

    def __init__(
        self, many: ManyEngine, operations: Operations, shared: SharedDecisions | None, *, actor: str,
        again: float = AGAIN,
    ) -> None:  # fmt: skip
        self._many = many
        self._operations = operations
        self._shared = shared
        self._actor = actor
        self._again = again
        self._sending = asyncio.Lock()

    def name(self, request_id: str) -> str:
        """The request id to write down with a decision, "" where no audit is to be told."""
        return request_id if self._shared is not None else ""

    async def tell(self, request_id: str) -> str:
        """Send what is not there yet; what is to be said of this one. Sent later, its operation says so."""
        if self._shared is None:
            return ONLY_HERE
        try:
            said = await self._send()
        except ConsoleError as error:
            return f"{ONLY_HERE} Whether the project's audit has it isn't known: {error}"
        return said.get(request_id, IN_AUDIT)

    async def keep_telling(self) -> None:
        """Send what an earlier start, or an audit that did not answer, has left; for as long as the program runs."""
        if self._shared is None:
            return
        while True:
            try:
                said = await self._send()
            except ConsoleError:
                # The page of dead letters says that the journal can't be read.
                said = {}
            for request_id, words in said.items():
                wish = self._operations.get(request_id)
                if wish is not None and wish.ended and words != wish.words:
                    await asyncio.to_thread(self._operations.move, request_id, wish.state, words, done=wish.done)
            await asyncio.sleep(self._again)

    async def _send(self) -> dict[str, str]:
        assert self._shared is not None
        async with self._sending:
            return await self._many.send_decisions(self._shared, self._actor)
