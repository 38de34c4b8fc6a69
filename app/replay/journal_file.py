"""The file of the journal: steps that reach the disk before they are done."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from app.replay import archive, batch_letters, decisions, journal_tables
from app.replay import journal_moves as steps
from app.replay.journal_moves import Move, State


class JournalFile:
    """A SQLite file (WAL, synchronous=FULL): what is written here has reached the disk.

    Calls block for an fsync, so the console makes them off the GUI thread; one lock orders them.
    Raises OSError or sqlite3.Error when the disk takes no more: then nothing may be sent.
    """

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = full")
        journal_tables.prepare(self._db)
        archive.prepare(self._db)
        decisions.prepare(self._db)
        batch_letters.prepare(self._db)
        steps.prepare(self._db)
        file.chmod(0o600)

    def move(self, message_id: str, state: State, *, new_message_id: str = "", why: str = "") -> None:
        """Write that a message has reached `state`, or is about to (sending)."""
        self.move_many([Move(message_id, state, why, new_message_id)])

    def move_many(self, moves: Sequence[Move]) -> None:
        """Write several steps at once, in their order: all of them reach the disk, or none."""
        with self._lock:
            steps.write(self._db, moves)

    def close(self) -> None:
        """Close the file; nothing is pending, every call was complete."""
        with self._lock:
            self._db.close()

    def _transaction(self) -> sqlite3.Connection:
        self._db.execute("begin immediate")
        return self._db
