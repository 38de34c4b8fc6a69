"""The file of the journal: steps that reach the disk before they are done, those of several threads together."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from app.replay import archive, batch_letters, decisions, journal_tables
from services.domain.redaction import redact

State = Literal[
    "planned", "claimed", "sending", "sent", "deleted", "skipped", "failed", "delete_unconfirmed", "unknown",
    "archiving", "archived", "archive_unconfirmed", "putting_back", "put_back",
]  # fmt: skip


class Move(msgspec.Struct, frozen=True):
    """One message's step, to be written with others."""

    message_id: str
    state: State
    why: str = ""
    new_message_id: str = ""


class _Waiting:
    """Steps that a thread wants to have on the disk."""

    def __init__(self, moves: Sequence[Move]) -> None:
        self.moves = moves
        self.done = False
        self.error: BaseException | None = None


# One statement for all of them: each one lets go of the interpreter, and has to wait for it again.
_GIVEN: Final = (
    "(select key as place, json_extract(value, '$[0]') as id, json_extract(value, '$[1]') as state,"
    " json_extract(value, '$[2]') as why, json_extract(value, '$[3]') as fresh from json_each(?)) as given"
)
_MOVE: Final = f"""
update entries set state = given.state, why = given.why, changed_at = ?,
    new_message_id = case when given.fresh = '' then new_message_id else given.fresh end
  from {_GIVEN} where message_id = given.id
"""  # noqa: S608
_NOTE: Final = f"insert into steps select id, state, why, ? from {_GIVEN} order by place"  # noqa: S608


def _newest(moves: Sequence[Move]) -> list[Move]:
    """For each message where it is after all of them."""
    newest: dict[str, Move] = {}
    for move in moves:
        old = newest.get(move.message_id)
        known = old.new_message_id if old is not None and not move.new_message_id else ""
        newest[move.message_id] = msgspec.structs.replace(move, new_message_id=known) if known else move
    return list(newest.values())


def _as_rows(moves: Sequence[Move]) -> str:
    return json.dumps([(one.message_id, one.state, one.why, one.new_message_id) for one in moves], ensure_ascii=False)


def _harmless(move: Move) -> Move:
    return msgspec.structs.replace(move, why=redact(move.why)) if move.why else move


class JournalFile:
    """A SQLite file (WAL, synchronous=FULL): what is written here has reached the disk.

    Calls block for an fsync, so the console makes them off the GUI thread; one lock orders them.
    Raises OSError or sqlite3.Error when the disk takes no more: then nothing may be sent.
    """

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._gathering = threading.Lock()
        self._waiting: list[_Waiting] = []
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = full")
        journal_tables.prepare(self._db)
        archive.prepare(self._db)
        decisions.prepare(self._db)
        batch_letters.prepare(self._db)
        file.chmod(0o600)

    def move(self, message_id: str, state: State, *, new_message_id: str = "", why: str = "") -> None:
        """Write that a message has reached `state`, or is about to (sending)."""
        self.move_many([Move(message_id, state, why, new_message_id)])

    def move_many(self, moves: Sequence[Move]) -> None:
        """Write several steps at once, in their order: all of them reach the disk, or none.

        What several threads want to write while one writes goes to the disk together, with one wait for it.
        """
        mine = _Waiting(moves)
        with self._gathering:
            self._waiting.append(mine)
        with self._lock:
            if not mine.done:
                with self._gathering:
                    together, self._waiting = self._waiting, []
                self._write_all(together)
        if mine.error is not None:
            raise mine.error

    def close(self) -> None:
        """Close the file; nothing is pending, every call was complete."""
        with self._lock:
            self._db.close()

    def _write_all(self, together: Sequence[_Waiting]) -> None:
        error: BaseException | None = None
        try:
            with self._transaction():
                self._write([move for one in together for move in one.moves])
        except BaseException as caught:
            error = caught
        for one in together:
            one.done, one.error = True, error

    def _write(self, moves: Sequence[Move]) -> None:
        """Within a transaction."""
        now = time.time()
        moves = [_harmless(move) for move in moves]
        archive.keep(self._db, [move.message_id for move in moves if move.state == "archiving"])
        # The dead letter goes now, and what was sent may have another body.
        went = [move.message_id for move in moves if move.state in ("sent", "delete_unconfirmed")]
        archive.keep_edited(self._db, went)
        self._db.execute(_MOVE, (now, _as_rows(_newest(moves))))
        self._db.execute(_NOTE, (now, _as_rows(moves)))

    def _transaction(self) -> sqlite3.Connection:
        self._db.execute("begin immediate")
        return self._db
