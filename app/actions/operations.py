"""The Operations list: one row per act, written down before the act and kept over restarts."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Literal

import msgspec

from services.domain.errors import Refused
from services.domain.redaction import redact
from services.domain.times import to_iso

State = Literal["planned", "running", "done", "failed", "unknown", "undone"]
ENDED: Final = ("done", "failed", "unknown", "undone")
KEPT: Final = 500
"""So many acts are held, and so many older ones are read at once; the file keeps every one."""
FAILURE: Final = "failure"
"""The name of what is no act: a part of the console itself failed."""
_KNOWN_END: Final = ("done", "failed", "undone")

_SCHEMA = """
create table if not exists operations (
  id text primary key,
  act text not null,
  label text not null,
  target text not null,
  actor text not null,
  reason text not null,
  state text not null,
  words text not null,
  done integer not null,
  total integer not null,
  started_at real not null,
  changed_at real not null,
  parent text not null default ''
) strict;
create table if not exists plans (operation_id text primary key, plan text not null) strict;
"""

_OLDER: Final = (
    "select * from operations where parent = '' and (started_at, id) <= (?, ?) order by started_at desc, id desc"
)
_NOW: Final = (float("inf"), "")


class Operation(msgspec.Struct, frozen=True):
    """One act. `id` is the request id that the database sees too. Times are unix seconds of this machine."""

    id: str
    act: str
    label: str
    target: str
    actor: str
    reason: str
    state: State
    words: str
    done: int
    total: int
    started_at: float
    changed_at: float
    parent: str = ""
    """The operation whose item this is: an act on many things is one row, with an item for each."""

    @property
    def ended(self) -> bool:
        """True when nothing more will happen to it by itself."""
        return self.state in ENDED


class Operations:
    """SQLite (WAL, synchronous=FULL); the newest are held in memory. `version` grows with each change.

    What writes or reads the file waits for the disk: call it off the GUI thread. `note` and what only looks at memory
    never wait: each write replaces what is held by a new mapping.
    """

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.version = 0
        self._lock = threading.Lock()
        """For the file, and for the order of what is written there."""
        self._memory = threading.Lock()
        """For what is held; nobody waits for the disk with it."""
        self._later = ThreadPoolExecutor(1, "note a failure")
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = full")
        self._db.executescript(_SCHEMA)
        if "parent" not in {row[1] for row in self._db.execute("pragma table_info(operations)")}:
            self._db.execute("alter table operations add column parent text not null default ''")
        self._db.execute("create index if not exists operations_by_parent on operations (parent)")
        self._db.execute(
            "create index if not exists operations_by_start on operations (started_at, id) where parent = ''"
        )
        file.chmod(0o600)
        rows = self._db.execute(
            "select * from operations where state not in (?, ?, ?) or id in"
            " (select id from operations where parent = '' order by started_at desc limit ?)",
            (*_KNOWN_END, KEPT),
        ).fetchall()
        beyond = self._db.execute(f"{_OLDER} limit 1 offset ?", (*_NOW, KEPT)).fetchall()
        self._known, dropped = _newest({row[0]: Operation(*row) for row in rows})
        self._older: dict[str, Operation] = {}
        self._reaches_back = False
        self._unread = _newest_of([*dropped, *(Operation(*row) for row in beyond)])
        """The newest act that may not be held: when it was begun, with its id; None when every one is held."""
        self._earlier = frozenset(self._known)
        self.planned = {row[0] for row in self._db.execute("select operation_id from plans")}
        """Acts on many things of which the rest can be gone on with."""
        self.own_ids = {row[0] for row in self._db.execute("select id from operations")}
        """The ids of all that was ever done here, items included."""

    def plan(
        self, act: str, label: str, target: str, *, actor: str, reason: str = "", total: int = 1, parent: str = ""
    ) -> Operation:
        """Write a wish down. Raises Refused when it can't be written: then nothing may be done."""
        now = time.time()
        made = Operation(
            str(uuid.uuid4()), act, label, target, actor, reason, "planned", "", 0, total, now, now, parent
        )
        with self._lock:
            self.own_ids.add(made.id)
            self._write(made, "The journal can't be written, so nothing was done.")
            self._hold(made)
        return made

    def move(self, operation_id: str, state: State, words: str = "", *, done: int | None = None) -> Operation:
        """Write how far an act has come and return it; `words` is a sentence that claims no more than is known.

        Raises Refused when it can't be written; until the program ends it is known all the same.
        """
        with self._lock:
            old = self.get(operation_id) or self._read(operation_id)
            moved = msgspec.structs.replace(
                old, state=state, words=words, done=old.done if done is None else done, changed_at=time.time()
            )
            self._hold(moved)
            self._write(moved, "The journal can't be written any more.")
        return moved

    def keep_plan(self, operation_id: str, plan: str) -> None:
        """Keep what an act is to be done to, until `forget_plan`. Raises Refused when it can't be written."""
        with self._lock:
            try:
                self._db.execute("insert or replace into plans values (?, ?)", (operation_id, plan))
            except (OSError, sqlite3.Error) as error:
                raise Refused("The journal can't be written, so nothing was done.", raw=str(error)) from error
            self.planned.add(operation_id)

    def kept_plan(self, operation_id: str) -> str:
        """The plan of an act, "" for none. Reads the file."""
        with self._lock:
            row = self._db.execute("select plan from plans where operation_id = ?", (operation_id,)).fetchone()
        return "" if row is None else str(row[0])

    def forget_plan(self, operation_id: str) -> None:
        """Nothing is left of it to go on with. Where that can't be written, a later start offers to."""
        with self._lock, contextlib.suppress(OSError, sqlite3.Error):
            self.planned.discard(operation_id)
            self._db.execute("delete from plans where operation_id = ?", (operation_id,))

    def add_items(self, parent: str, act: str, actor: str, ends: Iterable[tuple[str, str, State, str]]) -> None:
        """Write down in one go what came of the items of an act: of each its label, target, end and words.

        Raises Refused when it can't be written.
        """
        now = time.time()
        made = [
            # A moment apart, so that they keep their order.
            Operation(
                str(uuid.uuid4()), act, label, target, actor, "", state, words, 0, 1, now + 1e-6 * at, now, parent
            )
            for at, (label, target, state, words) in enumerate(ends)
        ]
        with self._lock:
            self.own_ids.update(one.id for one in made)
            try:
                self._db.execute("begin")
                for one in made:
                    self._write(one, "The items can't be written.")
                self._db.execute("commit")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("rollback")
                raise
            for one in made:
                if one.state not in _KNOWN_END:
                    self._hold(one)
        self.version += 1

    def note(self, act: str, label: str, target: str, *, actor: str, words: str) -> Operation:
        """Tell of what failed without having been planned, and write it down meanwhile: `close` waits for that.

        Where it can't be written it is known all the same, until the program ends.
        """
        now = time.time()
        made = Operation(str(uuid.uuid4()), act, label, target, actor, "", "failed", words, 0, 0, now, now)
        self._hold(made)
        with contextlib.suppress(RuntimeError):  # it is closed
            self._later.submit(self._note, made)
        return made

    def newest_first(self) -> list[Operation]:
        """The newest acts, and older ones whose end isn't known; the newest first. Items are left out."""
        rows = (operation for operation in self._known.values() if not operation.parent)
        return sorted(rows, key=lambda operation: -operation.started_at)

    @property
    def back_to(self) -> float | None:
        """Every act that was begun after this moment is held (unix seconds); None when every one is."""
        return self._unread[0] if self._unread else None

    def older_first(self) -> list[Operation]:
        """The older acts that `reach_back` has read, the newest first."""
        return sorted(self._older.values(), key=lambda operation: -operation.started_at)

    def reach_back(self) -> None:
        """Hold `KEPT` acts more, the newest of those that are not; reads the file. Raises Refused.

        From now on none is dropped for newer ones, so that the list has no gap.
        """
        with self._lock:
            with self._memory:
                self._reaches_back = True
                unread = self._unread
            if unread is None:
                return
            try:
                rows = self._db.execute(f"{_OLDER} limit ?", (*unread, KEPT + 1)).fetchall()
            except (OSError, sqlite3.Error) as error:
                raise Refused("Older acts can't be read.", hint="Try again.", raw=str(error)) from error
            found = [Operation(*row) for row in rows]
            with self._memory:
                self._unread = _newest_of(found[KEPT:])
                self._older = {**self._older, **{one.id: one for one in found[:KEPT] if one.id not in self._known}}
                self.version += 1

    def get(self, operation_id: str) -> Operation | None:
        """One act, None for one that isn't held."""
        return self._known.get(operation_id) or self._older.get(operation_id)

    def items(self, parent: str) -> list[Operation]:
        """The items of an act on many things, in the order in which they were begun. Reads the file."""
        query = "select * from operations where parent = ? order by started_at, rowid"
        with self._lock:
            return [Operation(*row) for row in self._db.execute(query, (parent,))]

    def of_unknown_end(self, *acts: str) -> list[Operation]:
        """Acts of these names of which nobody knows how they ended, items included."""
        return [one for one in self._known.values() if one.act in acts and one.state == "unknown"]

    def open(self) -> list[Operation]:
        """Acts that have not ended."""
        return [operation for operation in self._known.values() if not operation.ended]

    def left_behind(self, *acts: str) -> list[Operation]:
        """Acts of these names that an earlier start of the program began, whose end isn't known."""
        return [
            operation
            for operation in self._known.values()
            if operation.id in self._earlier and operation.act in acts and operation.state not in _KNOWN_END
        ]

    def close(self) -> None:
        """Close the file, once all is in it."""
        self._later.shutdown()
        with self._lock:
            self._db.close()

    def _note(self, made: Operation) -> None:
        with self._lock, contextlib.suppress(Refused):
            self._write(made, "The journal can't be written any more.")

    def _read(self, operation_id: str) -> Operation:
        """One that newer ones pushed out of memory."""
        row = self._db.execute("select * from operations where id = ?", (operation_id,)).fetchone()
        return Operation(*row)

    def _write(self, operation: Operation, sentence: str) -> None:
        try:
            self._db.execute(
                f"insert or replace into operations values ({', '.join('?' * 13)})",  # noqa: S608
                [redact(value) if isinstance(value, str) else value for value in msgspec.structs.astuple(operation)],
            )
        except (OSError, sqlite3.Error) as error:
            raise Refused(sentence, raw=str(error)) from error

    def _hold(self, operation: Operation) -> None:
        with self._memory:
            known = {**self._known, operation.id: operation}
            if operation.parent and operation.state in _KNOWN_END:
                # Its operation tells of it from now on.
                del known[operation.id]
            self._known, dropped = _newest(known)
            if self._reaches_back and (dropped or operation.id in self._older):
                older = {key: one for key, one in self._older.items() if key != operation.id}
                self._older = {**older, **{one.id: one for one in dropped}}
            elif dropped:
                self._unread = max(filter(None, (_newest_of(dropped), self._unread)))
            self.version += 1


def as_text(operation: Operation, report: str = "") -> str:
    """All that is known of an act, to send to somebody: without secrets."""
    facts = {
        "": operation.label, "State": operation.state, "Result": operation.words, "Reason": operation.reason,
        "Target": operation.target, "By": operation.actor, "Begun": to_iso(operation.started_at),
        "Changed": to_iso(operation.changed_at), "Id": operation.id,
    }  # fmt: skip
    lines = [f"{name}: {value}".removeprefix(": ") for name, value in facts.items() if value]
    return redact("\n".join([*lines, *(["", report] if report else [])]))


def _newest_of(operations: list[Operation]) -> tuple[float, str] | None:
    return max(((one.started_at, one.id) for one in operations), default=None)


def _newest(known: dict[str, Operation]) -> tuple[dict[str, Operation], list[Operation]]:
    """`known` without the oldest whose end is known, where there are too many; and those."""
    too_many = len(known) - KEPT
    if too_many <= 0:
        return known, []
    ended = sorted((one for one in known.values() if one.state in _KNOWN_END), key=lambda one: one.started_at)
    gone = {one.id: one for one in ended[:too_many]}
    return {key: one for key, one in known.items() if key not in gone}, list(gone.values())
