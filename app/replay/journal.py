"""The journal of replays: written before each side effect, and the backup of every message."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from app.replay import archive, journal_tables
from app.replay.archive import Archived
from app.replay.attributes import decode, encode
from services.domain.redaction import redact
from services.ports.wishes import DeadLetter, Outgoing

State = Literal[
    "planned", "claimed", "sending", "sent", "deleted", "skipped", "failed", "delete_unconfirmed", "unknown",
    "archiving", "archived", "archive_unconfirmed", "putting_back", "put_back",
]  # fmt: skip
SENT: Final[tuple[State, ...]] = ("sending", "unknown", "sent", "delete_unconfirmed", "deleted")
"""States after which a message must not be sent again: it was sent, or may have been."""
_TAKEN: Final[tuple[State, ...]] = (*SENT, "archiving", "putting_back", "put_back")
"""States in which no new wish may take the message over."""

BatchAct = Literal["replay", "archive"]
BatchState = Literal["open", "done", "stopped", "cancelled"]
MOST_REPLAYS: Final = 3
"""So many times a message may be replayed; one that still comes back is poison."""

QUARANTINED: Final = f"It was replayed {MOST_REPLAYS} times and came back: quarantined."
SENT_BEFORE: Final = "It was sent before, or may have been. It is not sent again."


class Entry(msgspec.Struct, frozen=True):
    """One message's replay. Times are unix seconds by this machine's clock."""

    message_id: str
    state: State
    body: str
    attributes: dict[str, Any]
    actor: str
    reason: str
    new_message_id: str
    why: str
    planned_at: float
    changed_at: float
    trace: str = ""
    batch: str = ""
    sent_body: str = ""
    """What is sent in its place, where somebody has changed it; "" for the message as it was."""
    sent_attributes: dict[str, Any] = {}

    @property
    def letter(self) -> DeadLetter:
        """The message as it was when it was planned; it has no receipt."""
        return DeadLetter(self.message_id, "", self.body, attributes=self.attributes, trace=self.trace)


class Batch(msgspec.Struct, frozen=True):
    """Many messages that one wish moves. `options`: JSON of how; `state`: open, done, stopped or cancelled.

    An open or stopped one may be gone on with.
    """

    id: str
    act: BatchAct
    actor: str
    reason: str
    options: str
    state: BatchState
    words: str
    started_at: float


class Step(msgspec.Struct, frozen=True):
    """Something that was written of a message. `at`: unix seconds by this machine's clock."""

    state: State
    why: str
    at: float


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


def _harmless(move: Move) -> Move:
    return msgspec.structs.replace(move, why=redact(move.why)) if move.why else move


class Journal:
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
        file.chmod(0o600)

    def plan(self, letter: DeadLetter, *, actor: str, reason: str, instead: Outgoing | None = None) -> str:
        """Keep the whole message, before anything is done with it, and what is sent `instead` of it. An earlier replay
        that sent nothing is replaced.

        Why it may not be sent, "" when it may: what is written of an earlier send stays.
        """
        with self._lock, self._transaction():
            if self._replays(letter.message_id) >= MOST_REPLAYS:
                return QUARANTINED
            if not self._keep(letter, "", actor, reason):
                return SENT_BEFORE
            if instead is not None:
                self._db.execute(
                    "update entries set sent_body = ?, sent_attributes = ? where message_id = ?",
                    (instead.body, encode(instead.attributes), letter.message_id),
                )
            return ""

    def plan_batch(
        self, batch_id: str, act: BatchAct, letters: Sequence[DeadLetter], *, actor: str, reason: str, options: str = ""
    ) -> dict[str, str]:
        """Keep these messages and that one wish moves them, all in one write. Message id -> why it is not in it."""
        left_out: dict[str, str] = {}
        with self._lock, self._transaction():
            came_back = self._came_back([letter.message_id for letter in letters]) if act == "replay" else ()
            for letter in letters:
                if letter.message_id in came_back and self._replays(letter.message_id) >= MOST_REPLAYS:
                    left_out[letter.message_id] = QUARANTINED
                elif not self._keep(letter, batch_id, actor, reason):
                    left_out[letter.message_id] = SENT_BEFORE
            self._db.execute(
                "insert into batches values (?, ?, ?, ?, ?, 'open', '', ?)",
                (batch_id, act, actor, redact(reason), options, time.time()),
            )
        return left_out

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

    def confirm_target(self, main: str, dlq: str, *, actor: str, reason: str) -> None:
        """An admin says that the messages of one queue become the dead letters of the other; both by their ARN."""
        with self._lock, self._transaction():
            self._db.execute(
                "insert or replace into targets values (?, ?, ?, ?, ?)", (main, dlq, actor, reason, time.time())
            )

    def confirmed_target(self, main: str, dlq: str) -> bool:
        """Whether an admin has said so."""
        with self._lock:
            row = self._db.execute("select 1 from targets where main = ? and dlq = ?", (main, dlq)).fetchone()
        return row is not None

    def token(self) -> str:
        """A name of this file that no other has: a console that starts again after a crash is the same one."""
        with self._lock, self._transaction():
            row = self._db.execute("select token from desk").fetchone()
            if row is None:
                row = (str(uuid.uuid4()),)
                self._db.execute("insert into desk values (?)", row)
        return str(row[0])

    def batch(self, batch_id: str) -> Batch | None:
        """One batch."""
        with self._lock:
            row = self._db.execute("select * from batches where id = ?", (batch_id,)).fetchone()
        return None if row is None else Batch(*row)

    def unfinished(self) -> list[Batch]:
        """Batches that a person may go on with, the oldest first."""
        with self._lock:
            rows = self._db.execute(
                "select * from batches where state in ('open', 'stopped') order by started_at"
            ).fetchall()
        return [Batch(*row) for row in rows]

    def end_batch(self, batch_id: str, state: BatchState, words: str) -> None:
        """Write how a batch stands."""
        with self._lock, self._transaction():
            self._db.execute("update batches set state = ?, words = ? where id = ?", (state, redact(words), batch_id))

    def batch_states(self, batch_id: str) -> dict[str, State]:
        """How far each message of a batch is, in the order of the plan."""
        with self._lock:
            return dict(
                self._db.execute(
                    "select message_id, state from entries where batch = ? order by rowid", (batch_id,)
                ).fetchall()
            )

    def in_state(self, state: State) -> list[Entry]:
        """All messages that are in this state, the one that changed last first."""
        with self._lock:
            rows = self._db.execute(
                "select * from entries where state = ? order by changed_at desc", (state,)
            ).fetchall()
        return [_entry(row) for row in rows]

    def archived(self) -> list[Archived]:
        """What the archive holds, the newest first."""
        with self._lock:
            return archive.listed(self._db)

    def archived_one(self, message_id: str) -> Archived | None:
        """One message of the archive."""
        with self._lock:
            return archive.one(self._db, message_id)

    def drop_archived(self, message_id: str, why: str) -> None:
        """It turned out to be a dead letter still: nothing was archived."""
        with self._lock, self._transaction():
            archive.drop(self._db, message_id)
        self.move(message_id, "skipped", why=why)

    def newest(self, most: int) -> list[Entry]:
        """The messages of which something was written last, and every one whose end isn't known; newest first."""
        with self._lock:
            rows = self._db.execute(
                "select * from entries where state in ('unknown', 'putting_back') or message_id in"
                " (select message_id from steps order by rowid desc limit ?)"
                " order by changed_at desc, rowid desc",
                (most,),
            ).fetchall()
        return [_entry(row) for row in rows]

    def steps(self, message_id: str) -> list[Step]:
        """All that was written of a message, in its order."""
        with self._lock:
            rows = self._db.execute(
                "select state, why, at from steps where message_id = ? order by rowid", (message_id,)
            ).fetchall()
        return [Step(*row) for row in rows]

    def sending_at(self, message_id: str) -> float:
        """When the newest send of a message was about to begin, unix seconds; 0 when there was none."""
        with self._lock:
            row = self._db.execute(
                "select max(at) from steps where message_id = ? and state = 'sending'", (message_id,)
            ).fetchone()
        return float(row[0] or 0.0)

    def entry(self, message_id: str) -> Entry | None:
        """What is known of one message's replay."""
        with self._lock:
            row = self._db.execute("select * from entries where message_id = ?", (message_id,)).fetchone()
        return None if row is None else _entry(row)

    def states(self) -> dict[str, State]:
        """Message id -> how far its replay came."""
        with self._lock:
            return dict(self._db.execute("select message_id, state from entries").fetchall())

    def settle_after_crash(self) -> None:
        """Turn what a killed program left into what is really known.

        Planned or claimed: nothing was sent; where a batch wanted it, it still does. Sending: it may have been sent,
        nobody knows. Sent: it was sent, and the dead letter may still be there.
        """
        going_on = {batch.id for batch in self.unfinished()}
        with self._lock:
            kept = self._db.execute(
                "select message_id from entries where batch in (select value from json_each(?))",
                (json.dumps(sorted(going_on)),),
            ).fetchall()
        in_batches = {row[0] for row in kept}
        for message_id, state in self.states().items():
            if state in ("planned", "claimed") and message_id in in_batches:
                if state == "claimed":
                    self.move(message_id, "planned", why="The program ended before it was sent.")
            elif state in ("planned", "claimed"):
                self.move(message_id, "skipped", why="The program ended before it was sent.")
            elif state == "sending":
                self.move(message_id, "unknown", why="The program ended while it was being sent.")
            elif state == "sent":
                self.move(message_id, "delete_unconfirmed", why="The program ended before it was deleted.")

    def close(self) -> None:
        """Close the file; nothing is pending, every call was complete."""
        with self._lock:
            self._db.close()

    def _write_all(self, together: Sequence[_Waiting]) -> None:
        error: BaseException | None = None
        now = time.time()
        moves = [_harmless(move) for one in together for move in one.moves]
        try:
            with self._transaction():
                archive.keep(self._db, [move.message_id for move in moves if move.state == "archiving"])
                # The dead letter goes now, and what was sent may have another body.
                went = [move.message_id for move in moves if move.state in ("sent", "delete_unconfirmed")]
                archive.keep_edited(self._db, went)
                self._db.executemany(
                    "update entries set state = ?, why = ?, changed_at = ?,"
                    " new_message_id = case when ? = '' then new_message_id else ? end where message_id = ?",
                    [
                        (one.state, one.why, now, one.new_message_id, one.new_message_id, one.message_id)
                        for one in moves
                    ],
                )
                self._db.executemany(
                    "insert into steps values (?, ?, ?, ?)",
                    [(move.message_id, move.state, move.why, now) for move in moves],
                )
        except BaseException as caught:
            error = caught
        for one in together:
            one.done, one.error = True, error

    def _keep(self, letter: DeadLetter, batch_id: str, actor: str, reason: str) -> bool:
        now, reason = time.time(), redact(reason)
        row = self._db.execute("select state from entries where message_id = ?", (letter.message_id,)).fetchone()
        if row is not None and row[0] in _TAKEN:
            return False
        self._db.execute(
            "insert or replace into entries values (?, 'planned', ?, ?, ?, ?, '', '', ?, ?, ?, ?, '', '')",
            (letter.message_id, letter.body, encode(letter.attributes), actor, reason, now, now, letter.trace,
             batch_id),
        )  # fmt: skip
        self._db.execute("insert into steps values (?, 'planned', ?, ?)", (letter.message_id, reason, now))
        return True

    def _came_back(self, message_ids: Sequence[str]) -> frozenset[str]:
        """Those of them that something of this journal was sent as."""
        rows = self._db.execute(
            "select new_message_id from entries where new_message_id <> ''"
            " and new_message_id in (select value from json_each(?))",
            (json.dumps(message_ids),),
        ).fetchall()
        return frozenset(row[0] for row in rows)

    def _replays(self, message_id: str) -> int:
        row = self._db.execute(
            "with recursive earlier (id, depth) as ("
            "  select ?, 0 union select message_id, depth + (state <> 'put_back') from entries"
            "  join earlier on new_message_id = id"
            "  where state in ('sent', 'deleted', 'delete_unconfirmed', 'unknown', 'put_back') and depth < 100"
            ") select max(depth) from earlier",
            (message_id,),
        ).fetchone()
        return int(row[0])

    def _transaction(self) -> sqlite3.Connection:
        self._db.execute("begin immediate")
        return self._db


def _entry(row: tuple[Any, ...]) -> Entry:
    values = list(row)
    values[3] = decode(values[3])
    values[13] = decode(values[13] or "{}")
    return Entry(*values)
