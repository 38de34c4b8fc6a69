"""The dead letters as the last look has shown them, and the facts of each for a program."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from typing import Any

from app.replay.archive import Archived
from app.replay.engine import ReplayEngine
from app.replay.evidence import StoreEvidence
from app.replay.journal import Journal, State
from app.replay.many import ManyEngine
from app.replay.reading import Reading, read
from app.replay.xray import XRay, xray
from app.store.store import Store
from services.domain.errors import Refused
from services.ports.wishes import DeadLetter, ManyQueues, QueueFigures


class Letters:
    """The dead letters as the last look has shown them, and what can be done with them.

    `store` is None where no project is set: then there is no X-ray, and no result of a job is waited for.
    """

    def __init__(self, queues: ManyQueues, journal: Journal, store: Store | None, actor: str) -> None:
        self._engine = ReplayEngine(queues, journal)
        self._store = store
        self.actor = actor
        self.many = ManyEngine(queues, journal, self._engine, evidence=StoreEvidence(store) if store else None)
        self.found: dict[str, DeadLetter] = {}
        self.readings: dict[str, Reading] = {}
        self.states: dict[str, State] = {}
        self.figures = QueueFigures(0, 0, 0)
        self.hidden_for = 0

    async def look(self) -> None:
        """Look at the queue. Raises ConsoleError."""
        inventory = await self._engine.look()
        self.found = {letter.message_id: letter for letter in inventory.letters}
        self.readings = {key: read(letter, now=time.time()) for key, letter in self.found.items()}
        self.states = await self._engine.states()
        self.figures, self.hidden_for = inventory.figures, inventory.hidden_for

    def require(self, ids: Sequence[str]) -> None:
        """Raises Refused unless the last look has shown all of these."""
        absent = [key for key in ids if key not in self.found]
        if absent:
            raise Refused(f"Not among the dead letters: {', '.join(absent)}.")

    def xray(self, job_id: str) -> XRay | None:
        """What would happen to a job; None where the facts are not known."""
        if self._store is None:
            return None
        return xray(job_id, self._store.jobs.get(job_id), self._store.jobs.directories(job_id))


def letter_facts(letters: Letters, message_id: str, *, whole: bool = False) -> dict[str, Any]:
    """A dead letter for JSON; `whole`: with body and attributes, bytes as base64."""
    letter, reading = letters.found[message_id], letters.readings[message_id]
    kept = letters.figures.kept_seconds
    facts: dict[str, Any] = {
        "message_id": message_id,
        "job_id": reading.message.job_id if reading.message else "",
        "problem": reading.problem,
        "reason": reading.reason,
        "does": list(reading.does),
        "sent_at": letter.sent_at,
        "expires_at": None if letter.sent_at is None or kept is None else letter.sent_at + kept,
        "receive_count": letter.receive_count,
        "journal": letters.states.get(message_id, ""),
    }
    if whole:
        facts |= {"body": letter.body, "attributes": {key: _plain(one) for key, one in letter.attributes.items()}}
    return facts


def archived_facts(kept: Archived) -> dict[str, Any]:
    """A message of the archive for JSON, whole; bytes as base64. `left_the_queue`: whether that is known."""
    return {
        "message_id": kept.message_id,
        "archived_at": kept.at,
        "actor": kept.actor,
        "reason": kept.reason,
        "left_the_queue": kept.is_out,
        "why": kept.why,
        "body": kept.body,
        "attributes": {key: _plain(one) for key, one in kept.attributes.items()},
    }


def _plain(attribute: dict[str, Any]) -> dict[str, Any]:
    return {
        key: base64.b64encode(value).decode() if isinstance(value, bytes) else value for key, value in attribute.items()
    }
