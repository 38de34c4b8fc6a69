"""The dead letters as the last look has shown them, and the facts of each for a program."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from app.replay.archive import Archived
from app.replay.decisions import ONLY_HERE
from app.replay.edit import Edit, weigh
from app.replay.engine import Replayed, ReplayEngine
from app.replay.evidence import StoreEvidence
from app.replay.journal import Entry, Journal, State
from app.replay.linter import LARGEST
from app.replay.many import ManyEngine
from app.replay.reading import Reading, read
from app.replay.writer import Writer
from app.replay.xray import NO_JOB, XRay, replay_xray
from app.store.store import Store
from services.domain.errors import Refused
from services.domain.messages import parse_job_message
from services.ports.wishes import DeadLetter, ManyQueues, QueueFigures, SharedDecisions


class Letters:
    """The dead letters as the last look has shown them, and what can be done with them.

    `store` is None where no project is set: then there is no X-ray, and no result of a job is waited for.
    `writer` as the engine's.
    """

    def __init__(
        self,
        queues: ManyQueues,
        journal: Journal,
        store: Store | None,
        actor: str,
        *,
        writer: Writer | None = None,
        shared: SharedDecisions | None = None,
    ) -> None:
        """`shared`: the project's audit, None where no project is set."""
        self._shared = shared
        self._engine = ReplayEngine(queues, journal, writer)
        self._queues = queues
        self._store = store
        self.actor = actor
        self.many = ManyEngine(queues, journal, self._engine, evidence=StoreEvidence(store) if store else None)
        self.found: dict[str, DeadLetter] = {}
        self.readings: dict[str, Reading] = {}
        self.states: dict[str, State] = {}
        self.figures = QueueFigures(0, 0, 0)
        self.largest = LARGEST
        self.hidden_for = 0

    async def look(self) -> None:
        """Look at the queue. Raises ConsoleError."""
        inventory = await self._engine.look()
        self.found = {letter.message_id: letter for letter in inventory.letters}
        self.readings = {key: read(letter, now=time.time()) for key, letter in self.found.items()}
        self.states = await self._engine.states()
        self.figures, self.hidden_for = inventory.figures, inventory.hidden_for
        self.largest = (await self._queues.figures("main")).largest

    def require(self, ids: Sequence[str]) -> None:
        """Raises Refused unless the last look has shown all of these."""
        absent = [key for key in ids if key not in self.found]
        if absent:
            raise Refused(f"Not among the dead letters: {', '.join(absent)}.")

    def weigh(self, message_id: str, body: str) -> Edit:
        """What a letter would be with another body, and why it can't be sent so."""
        letter, reading = self.found[message_id], self.readings[message_id]
        known = self.xray(reading.message.job_id) if reading.message else None
        job_known = known is not None and known.stops != NO_JOB
        edit = weigh(letter, body, now=time.time(), largest=self.largest, job_known=job_known)
        try:
            seen = self.xray(parse_job_message(edit.message.body).job_id)
        except ValueError:
            return edit
        return edit if edit.why_not or seen is None else msgspec.structs.replace(edit, why_not=seen.stops)

    async def confirm_target(self, *, reason: str) -> str:
        """Say that the dead letters are the main queue's, where that doesn't say so itself. Where that is noted.

        Raises ConsoleError."""
        request_id = self._request_id()
        await self._engine.confirm_target(actor=self.actor, reason=reason, request_id=request_id)
        return await self._noted(request_id)

    async def decide(self, message_id: str, *, sent: bool, reason: str) -> str:
        """Say what became of a send whose end isn't known. Where that is noted. Raises ConsoleError."""
        request_id = self._request_id()
        await self.many.decide(message_id, sent=sent, actor=self.actor, reason=reason, request_id=request_id)
        return await self._noted(request_id)

    def _request_id(self) -> str:
        return "" if self._shared is None else str(uuid.uuid4())

    async def _noted(self, request_id: str) -> str:
        if self._shared is None:
            return ONLY_HERE
        return (await self.many.send_decisions(self._shared, self.actor))[request_id]

    async def replay_edited(self, message_id: str, edit: Edit, *, reason: str) -> Replayed:
        """Send it so, with the original in the journal first. Raises ConsoleError."""
        await self._engine.plan(self.found[message_id], actor=self.actor, reason=reason, instead=edit.message)
        return await self._engine.replay(message_id, request_id=str(uuid.uuid4()))

    def xray(self, job_id: str) -> XRay | None:
        """What would happen to a job; None where the facts are not known."""
        if self._store is None:
            return None
        return replay_xray(job_id, self._store.jobs.get(job_id), self._store.jobs.directories(job_id))


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


def entry_facts(entry: Entry) -> dict[str, Any]:
    """A message of the journal for JSON, without its body; `sent_instead`: "" where it was not edited."""
    return {
        "message_id": entry.message_id,
        "state": entry.state,
        "why": entry.why,
        "actor": entry.actor,
        "reason": entry.reason,
        "planned_at": entry.planned_at,
        "changed_at": entry.changed_at,
        "new_message_id": entry.new_message_id,
        "operation": entry.batch,
        "sent_instead": entry.sent_body,
    }


def archived_facts(kept: Archived) -> dict[str, Any]:
    """A message of the archive for JSON, whole; bytes as base64. `left_the_queue`: whether that is known.
    `came_from`: the ARN of its queue, "" where that isn't known."""
    return {
        "message_id": kept.message_id,
        "archived_at": kept.at,
        "actor": kept.actor,
        "reason": kept.reason,
        "left_the_queue": kept.is_out,
        "came_from": kept.dlq,
        "why": kept.why,
        "sent_instead": kept.sent_body,
        "body": kept.body,
        "attributes": {key: _plain(one) for key, one in kept.attributes.items()},
    }


def _plain(attribute: dict[str, Any]) -> dict[str, Any]:
    return {
        key: base64.b64encode(value).decode() if isinstance(value, bytes) else value for key, value in attribute.items()
    }
