"""Whether these queues may be used for a replay: they belong together, and no right that it takes is missing."""

from __future__ import annotations

import asyncio
from typing import Final

from app import tasks
from app.actions.decisions import Decisions
from app.actions.operations import Operations
from app.actions.registry import CONFIRM_TARGET, why_not
from app.replay.decisions import ONLY_HERE
from app.replay.engine import ReplayEngine
from app.replay.target import Target
from services.domain.errors import ConsoleError
from services.ports.wishes import QueueFigures, Queues

_TAKES: Final = {
    "replay": ("SendMessage", "DeleteMessage"),
    "archive": ("DeleteMessage",),
    "put_back": ("SendMessage",),
}
"""Rights that an act takes, beside those of a look."""


class QueueTerms:
    """`target` as the last look has found it."""

    def __init__(self, queues: Queues, engine: ReplayEngine, operations: Operations, *, actor: str) -> None:
        self._queues = queues
        self._engine = engine
        self._operations = operations
        self._actor = actor
        self.target = Target("named")
        self.decisions: Decisions | None = None
        """Who tells the project's audit, once there is somebody."""

    async def look(self, main: QueueFigures | None, dlq: QueueFigures) -> None:
        """Whether the queues belong together, as far as their attributes say. `main` None: they were not readable,
        and the engine asks again before it sends. Raises Refused when the journal can't be read."""
        self.target = Target("named") if main is None else await self._engine.target(main, dlq)

    def try_again(self) -> None:
        """Somebody may have given what was missing: nothing is known to be refused any more."""
        self._queues.lacks.clear()

    def why_not(self, act: str) -> str:
        """Why these queues can't be used for a replay, an archive or a put_back; "" when they can."""
        if act == "replay" and self.target.state != "named":
            return self.target.words
        found = [words for name, words in self._queues.lacks.items() if name.split(" ")[0].endswith(_TAKES[act])]
        return f"{found[0]} Press Scan once it was given." if found else ""

    def why_not_confirm(self, role: str | None) -> str:
        """Why this person can't say that the queues belong together; "" when they can."""
        if self.target.state != "unnamed":
            return self.target.words or "The main queue says so itself."
        return why_not(CONFIRM_TARGET, role)

    async def confirm(self, role: str | None, *, reason: str) -> None:
        """Write down that they belong together. Raises ConsoleError when one may not."""
        if refusal := self.why_not_confirm(role):
            raise ConsoleError(refusal)
        wish = await asyncio.to_thread(
            self._operations.plan, CONFIRM_TARGET.name, "Confirm the dead letter queue", "", actor=self._actor,
            reason=reason,
        )  # fmt: skip
        try:
            name = self.decisions.name(wish.id) if self.decisions is not None else ""
            await self._engine.confirm_target(actor=self._actor, reason=reason, request_id=name)
        except ConsoleError as error:
            await asyncio.to_thread(self._operations.move, wish.id, "failed", str(error))
            raise
        self.target = Target("named")
        words = await self.decisions.tell(wish.id) if self.decisions is not None else ONLY_HERE
        await asyncio.to_thread(self._operations.move, wish.id, "done", words, done=1)


def start_confirm(terms: QueueTerms, role: str | None, *, reason: str) -> None:
    """Start it as a task; how it ends is in the Operations list."""
    tasks.spawn("confirm the queues", terms.confirm(role, reason=reason))
