"""The journal of replays: written before each side effect, and the backup of every message."""

from __future__ import annotations

import base64
import json
import sqlite3
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

State = Literal[
    "planned", "claimed", "sending", "sent", "deleted", "skipped", "failed", "delete_unconfirmed", "unknown"
]  # fmt: skip
SENT: Final[tuple[State, ...]] = ("sending", "unknown", "sent", "delete_unconfirmed", "deleted")
"""States after which a message must not be sent again: it was sent, or may have been."""

_SCHEMA = """
create table if not exists entries (
  message_id text primary key,
  state text not null,
  body text not null,
  attributes text not null,
  actor text not null,
  reason text not null,
  new_message_id text not null default '',
  why text not null default '',
  planned_at real not null,
  changed_at real not null
) strict;
create table if not exists steps (
  message_id text not null,
  state text not null,
  why text not null,
  at real not null
) strict;
"""


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


class Journal:
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
        self._db.executescript(_SCHEMA)
        file.chmod(0o600)

    def plan(self, message_id: str, body: str, attributes: Mapping[str, Any], *, actor: str, reason: str) -> bool:
        """Keep the whole message, before anything is done with it. An earlier replay that sent nothing is replaced.

        False when the message was sent before, or may have been: what is written of that stays.
        """
        now = time.time()
        with self._lock, self._transaction():
            row = self._db.execute("select state from entries where message_id = ?", (message_id,)).fetchone()
            if row is not None and row[0] in SENT:
                return False
            self._db.execute(
                "insert or replace into entries values (?, 'planned', ?, ?, ?, ?, '', '', ?, ?)",
                (message_id, body, _encode(attributes), actor, reason, now, now),
            )
            self._db.execute("insert into steps values (?, 'planned', ?, ?)", (message_id, reason, now))
        return True

    def move(self, message_id: str, state: State, *, new_message_id: str = "", why: str = "") -> None:
        """Write that a message has reached `state`, or is about to (sending)."""
        now = time.time()
        with self._lock, self._transaction():
            self._db.execute(
                "update entries set state = ?, why = ?, changed_at = ?,"
                " new_message_id = case when ? = '' then new_message_id else ? end where message_id = ?",
                (state, why, now, new_message_id, new_message_id, message_id),
            )
            self._db.execute("insert into steps values (?, ?, ?, ?)", (message_id, state, why, now))

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

        Planned or claimed: nothing was sent. Sending: it may have been sent, nobody knows.
        Sent: it was sent, and the dead letter may still be there.
        """
        for message_id, state in self.states().items():
            if state in ("planned", "claimed"):
                self.move(message_id, "skipped", why="The program ended before it was sent.")
            elif state == "sending":
                self.move(message_id, "unknown", why="The program ended while it was being sent.")
            elif state == "sent":
                self.move(message_id, "delete_unconfirmed", why="The program ended before it was deleted.")

    def close(self) -> None:
        """Close the file; nothing is pending, every call was complete."""
        with self._lock:
            self._db.close()

    def _transaction(self) -> sqlite3.Connection:
        self._db.execute("begin immediate")
        return self._db


def _entry(row: tuple[Any, ...]) -> Entry:
    values = list(row)
    values[3] = _decode(values[3])
    return Entry(*values)


def _encode(attributes: Mapping[str, Any]) -> str:
    def plain(value: object) -> object:
        if isinstance(value, bytes):
            return {"base64": base64.b64encode(value).decode()}
        raise TypeError(type(value).__name__)

    return json.dumps(dict(attributes), default=plain)


def _decode(text: str) -> dict[str, Any]:
    def bytes_again(value: dict[str, Any]) -> Any:
        return base64.b64decode(value["base64"]) if set(value) == {"base64"} else value

    decoded = json.loads(text, object_hook=bytes_again)
    return decoded if isinstance(decoded, dict) else {}
