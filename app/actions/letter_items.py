"""The letters of an act on many dead letters, as items of its row in the Operations list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from app.actions.operations import Operation, State
from app.actions.registry import ARCHIVE, REPLAY_MANY
from app.replay.answers import job_of
from app.replay.batch_letters import BatchLetter
from app.replay.journal import Journal
from app.replay.reading import read
from app.store.store import Store
from services.ports.wishes import DeadLetter

_STANDS: Final[dict[str, tuple[State, str]]] = {
    "planned": ("planned", "Waits for its turn"), "claimed": ("planned", "Waits for its turn"),
    "sending": ("running", "Sending"), "sent": ("running", "Sent, not deleted yet"),
    "delete_unconfirmed": ("unknown", "Sent, not deleted"), "deleted": ("done", "Replayed"),
    "skipped": ("undone", "Not sent"), "failed": ("failed", "Failed"), "unknown": ("unknown", "Send unknown"),
    "archiving": ("running", "Archiving"), "archived": ("done", "Archived"),
    "archive_unconfirmed": ("unknown", "Archived, maybe still there"),
    "putting_back": ("unknown", "Put back unknown"), "put_back": ("done", "Archived, put back since"),
}  # fmt: skip
"""By state of the journal: how its item stands, and in words where the journal has none."""


class LetterItems:
    """Read from the journal. `version` grows while an act on letters goes on."""

    def __init__(self, journal: Journal, store: Store, version: Callable[[], int]) -> None:
        self._journal = journal
        self._store = store
        self._version = version

    @property
    def version(self) -> int:
        """Grows with each step of an act."""
        return self._version()

    def knows(self, operation: Operation) -> bool:
        """Whether the items of this one are letters."""
        return operation.act in (REPLAY_MANY.name, ARCHIVE.name)

    async def of(self, operation: Operation) -> tuple[Operation, ...]:
        """An item for each letter. Raises OSError or sqlite3.Error."""
        found = await asyncio.to_thread(self._read, operation.id)
        return tuple(self._item(operation, letter, job_id, what) for letter, job_id, what in found)

    def _read(self, operation_id: str) -> list[tuple[BatchLetter, str, str]]:
        """Each letter with its job, or what it is where nobody can read one."""
        letters = [(letter, job_of(letter.body)) for letter in self._journal.batch_letters(operation_id)]
        return [(letter, job_id, "" if job_id else _what(letter)) for letter, job_id in letters]

    def _item(self, operation: Operation, letter: BatchLetter, job_id: str, what: str) -> Operation:
        state, words = _STANDS[letter.state]
        name = name_of(self._store, job_id, what, letter.message_id)
        return Operation(
            letter.message_id, operation.act, name, letter.message_id, operation.actor, operation.reason, state,
            letter.why or words, int(state == "done"), 1, operation.started_at, letter.at, operation.id,
        )  # fmt: skip


def name_of(store: Store, job_id: str, what: str, message_id: str) -> str:
    """What a letter is called: by its customer, by its job, or by `what` it is where nobody can read a job."""
    job = store.jobs.get(job_id) if job_id else None
    unread = f"Job {job_id[:8]}" if job_id else f"{what}, {message_id[:8]}"
    return (job.business if job is not None else "") or unread


def _what(letter: BatchLetter) -> str:
    return read(DeadLetter(letter.message_id, "", letter.body), now=letter.at).what
