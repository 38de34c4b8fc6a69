"""The journal of replays: written before each side effect, and the backup of every message."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from app.replay import archive, batch_letters, decisions, journal_moves
from app.replay.archive import Archived
from app.replay.attributes import decode, encode
from app.replay.batch_letters import BatchLetter
from app.replay.journal_file import JournalFile
from app.replay.journal_moves import Move, State
from services.domain.redaction import redact
from services.ports.wishes import DeadLetter, Decision, Outgoing

__all__ = ["SENT", "Batch", "BatchAct", "BatchState", "Entry", "Journal", "Move", "State", "Step"]

SENT: Final[tuple[State, ...]] = ("sending", "unknown", "sent", "delete_unconfirmed", "deleted")
"""States after which a message must not be sent again: it was sent, or may have been."""
_TAKEN: Final[tuple[State, ...]] = (*SENT, "archiving", "putting_back", "put_back")
"""States in which no new wish may take the message over."""

BatchAct = Literal["replay", "archive"]
BatchState = Literal["open", "done", "stopped", "cancelled"]
MOST_REPLAYS: Final = 3
"""So many times a message may be replayed; one that still comes back is poison."""

QUARANTINED: Final = f"It was replayed {MOST_REPLAYS} times and came back: quarantined."
_NONE: Final[Mapping[str, Outgoing]] = {}
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
    dlq: str = ""
    """The ARN of the dead letter queue that it was in; "" where an earlier version did not write it down."""

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


class Journal(JournalFile):
    """What is done with dead letters, and with whom; see `JournalFile` for what a call costs and raises."""

    def plan(
        self, letter: DeadLetter, *, actor: str, reason: str, dlq: str = "", instead: Outgoing | None = None
    ) -> str:
        """Keep the whole message, before anything is done with it, and what is sent `instead` of it. An earlier replay
        that sent nothing is replaced. `dlq`: the ARN of the queue that it is in, "" where that isn't known.

        Why it may not be sent, "" when it may: what is written of an earlier send stays.
        """
        with self._lock, self._transaction():
            if self._replays(letter.message_id) >= MOST_REPLAYS:
                return QUARANTINED
            if self._taken([letter.message_id]):
                return SENT_BEFORE
            self._keep([letter], "", actor, reason, dlq, {} if instead is None else {letter.message_id: instead})
            return ""

    def plan_batch(
        self,
        batch_id: str,
        act: BatchAct,
        letters: Sequence[DeadLetter],
        *,
        actor: str,
        reason: str,
        options: str = "",
        dlq: str = "",
        instead: Mapping[str, Outgoing] = _NONE,
    ) -> dict[str, str]:
        """Keep these messages and that one wish moves them, all in one write. Message id -> why it is not in it.

        `instead`: what is sent in the place of some, by message id; `dlq` as for `plan`.
        """
        left_out: dict[str, str] = {}
        with self._lock, self._transaction():
            ids = [letter.message_id for letter in letters]
            came_back = self._came_back(ids) if act == "replay" else ()
            taken = self._taken(ids)
            for letter in letters:
                if letter.message_id in came_back and self._replays(letter.message_id) >= MOST_REPLAYS:
                    left_out[letter.message_id] = QUARANTINED
                elif letter.message_id in taken:
                    left_out[letter.message_id] = SENT_BEFORE
            self._keep(
                [letter for letter in letters if letter.message_id not in left_out],
                batch_id, actor, reason, dlq, instead,
            )  # fmt: skip
            self._db.execute(
                "insert into batches values (?, ?, ?, ?, ?, 'open', '', ?)",
                (batch_id, act, actor, redact(reason), options, time.time()),
            )
        return left_out

    def decide(self, message_id: str, state: State, *, why: str, decision: Decision | None = None) -> None:
        """Write what a person said of a message, and what the project's audit is to be told of it."""
        with self._lock, self._transaction():
            journal_moves.write(self._db, [Move(message_id, state, why)])
            if decision is not None:
                decisions.keep(self._db, decision)

    def confirm_target(self, main: str, dlq: str, *, actor: str, reason: str, decision: Decision | None = None) -> None:
        """An admin says that the messages of one queue become the dead letters of the other; both by their ARN.
        `decision`: what the project's audit is to be told of it."""
        with self._lock, self._transaction():
            self._db.execute(
                "insert or replace into targets values (?, ?, ?, ?, ?)", (main, dlq, actor, reason, time.time())
            )
            if decision is not None:
                decisions.keep(self._db, decision)

    def unsent(self, actor: str) -> list[Decision]:
        """What this person has decided and the project's audit doesn't have yet, the oldest first."""
        with self._lock:
            return decisions.kept(self._db, actor)

    def sent(self, request_id: str) -> None:
        """The project's audit has this decision."""
        with self._lock, self._transaction():
            decisions.forget(self._db, request_id)

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

    def batch_edits(self, batch_id: str) -> dict[str, Outgoing]:
        """What is sent in the place of messages of a batch, by message id; those that are sent as they are left out."""
        with self._lock:
            rows = self._db.execute(
                "select message_id, sent_body, sent_attributes, trace from entries where batch = ? and sent_body <> ''",
                (batch_id,),
            ).fetchall()
        return {key: Outgoing(body, decode(attributes), trace) for key, body, attributes, trace in rows}

    def batch_letters(self, batch_id: str) -> list[BatchLetter]:
        """What became of each letter of a batch, in no order."""
        with self._lock:
            return batch_letters.listed(self._db, batch_id)

    def bodies(self, message_ids: Sequence[str]) -> dict[str, str]:
        """Message id -> its body, of those that are known."""
        with self._lock:
            return batch_letters.bodies(self._db, message_ids)

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
        left = []
        for message_id, state in self.states().items():
            if state == "claimed" and message_id in in_batches:
                left.append(Move(message_id, "planned", "The program ended before it was sent."))
            elif state in ("planned", "claimed") and message_id not in in_batches:
                left.append(Move(message_id, "skipped", "The program ended before it was sent."))
            elif state == "sending":
                left.append(Move(message_id, "unknown", "The program ended while it was being sent."))
            elif state == "sent":
                left.append(Move(message_id, "delete_unconfirmed", "The program ended before it was deleted."))
        if left:
            self.move_many(left)

    def _taken(self, message_ids: Sequence[str]) -> frozenset[str]:
        """Those of them that no new wish may take over."""
        rows = self._db.execute(
            "select message_id from entries where message_id in (select value from json_each(?))"
            " and state in (select value from json_each(?))",
            (json.dumps(message_ids), json.dumps(_TAKEN)),
        ).fetchall()
        return frozenset(row[0] for row in rows)

    def _keep(
        self,
        letters: Sequence[DeadLetter],
        batch_id: str,
        actor: str,
        reason: str,
        dlq: str,
        instead: Mapping[str, Outgoing],
    ) -> None:
        now, reason = time.time(), redact(reason)
        rows = []
        for letter in letters:
            other = instead.get(letter.message_id)
            sent = (other.body, encode(other.attributes)) if other is not None else ("", "")
            rows.append(
                (letter.message_id, letter.body, encode(letter.attributes), actor, reason, now, now, letter.trace,
                 batch_id, *sent, dlq)
            )  # fmt: skip
        ids = json.dumps([letter.message_id for letter in letters])
        batch_letters.keep_earlier(self._db, ids)
        self._db.executemany(
            "insert or replace into entries values (?, 'planned', ?, ?, ?, ?, '', '', ?, ?, ?, ?, ?, ?, ?)", rows
        )
        self._db.execute(
            "insert into steps select value, 'planned', ?, ? from json_each(?) order by key", (reason, now, ids)
        )

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


def _entry(row: tuple[Any, ...]) -> Entry:
    values = list(row)
    values[3] = decode(values[3])
    values[13] = decode(values[13] or "{}")
    return Entry(*values)
