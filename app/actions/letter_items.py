"""The letters of an act on many dead letters, as items of its row in the Operations list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

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


_AT_ONCE: Final = 500
"""So many items are made before the window has its turn again."""


class _Held(msgspec.Struct):
    """What was read of one act. `whats`: message id -> its job, and what it is where nobody can read one. `unnamed`:
    whose job was not known, so that they have another name once it is."""

    of: str = ""
    letters: dict[str, BatchLetter] = {}
    whats: dict[str, tuple[str, str]] = {}
    items: dict[str, Operation] = {}
    unnamed: set[str] = set()


class LetterItems:
    """Read from the journal; of the act that was asked for last only what has changed is read and made again.
    `version` grows while an act on letters goes on."""

    def __init__(self, journal: Journal, store: Store, version: Callable[[], int]) -> None:
        self._journal = journal
        self._store = store
        self._version = version
        self._held = _Held()

    @property
    def version(self) -> int:
        """Grows with each step of an act."""
        return self._version()

    def knows(self, operation: Operation) -> bool:
        """Whether the items of this one are letters."""
        return operation.act in (REPLAY_MANY.name, ARCHIVE.name)

    async def of(self, operation: Operation) -> tuple[Operation, ...]:
        """An item for each letter, the same one as before where nothing became of it. Raises OSError or
        sqlite3.Error."""
        held = self._held if self._held.of == operation.id else _Held(operation.id)
        letters, whats = await asyncio.to_thread(self._read, held)
        changed = [key for key, letter in letters.items() if letter != held.letters.get(key)]
        changed += [key for key in held.unnamed if self._knows_job(whats[key][0])]
        items, unnamed = dict(held.items), set(held.unnamed)
        for at, key in enumerate(changed):
            if at and at % _AT_ONCE == 0:
                await asyncio.sleep(0)
            job_id, what = whats[key]
            items[key] = self._item(operation, letters[key], job_id, what)
            (unnamed.discard if self._knows_job(job_id) else unnamed.add)(key)
        self._held = _Held(operation.id, letters, whats, items, unnamed)
        return tuple(items.values())

    def _read(self, held: _Held) -> tuple[dict[str, BatchLetter], dict[str, tuple[str, str]]]:
        """The letters by message id, and what each of them is."""
        letters = {one.message_id: one for one in self._journal.batch_letters(held.of)}
        bodies = self._journal.bodies([key for key in letters if key not in held.whats])
        return letters, held.whats | {key: _what(letters[key], body) for key, body in bodies.items()}

    def _knows_job(self, job_id: str) -> bool:
        return bool(job_id) and self._store.jobs.get(job_id) is not None

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


def _what(letter: BatchLetter, body: str) -> tuple[str, str]:
    if job_id := job_of(body):
        return job_id, ""
    return "", read(DeadLetter(letter.message_id, "", body), now=letter.at).what
