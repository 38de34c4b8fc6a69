"""The archive: dead letters that were taken out of the queue, kept whole in the file of the journal."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

import msgspec

from app.replay.attributes import decode
from app.replay.target import names_of
from services.ports.wishes import DeadLetter

_SCHEMA: Final = """
create table archive (
  message_id text primary key,
  body text not null,
  attributes text not null,
  trace text not null,
  actor text not null,
  reason text not null,
  at real not null,
  dlq text not null default ''
) strict;
insert into archive select message_id, body, attributes, trace, actor, reason, changed_at, dlq from entries
  where message_id in (select message_id from steps where state = 'archiving');
"""
# What was sent later is a message of its own; this one's body is of no use any more, unless another one was sent.
_LISTED: Final = """
select a.message_id, a.body, a.attributes, a.trace, a.actor, a.reason, a.at, e.state, e.why, e.sent_body, a.dlq
  from archive a join entries e on e.message_id = a.message_id
  where e.state <> 'put_back' and (e.sent_body <> '' or
    e.state not in ('sending', 'unknown', 'sent', 'delete_unconfirmed', 'deleted'))
"""
KEEP: Final = """
insert or replace into archive select message_id, body, attributes, trace, actor, reason, new.at, dlq from entries
  where message_id = new.message_id and
    (new.state = 'archiving' or (new.state in ('sent', 'delete_unconfirmed') and sent_body <> ''))
"""
"""With the step `new` of a message: it is about to be taken out of the queue, or its dead letter goes now while
something else than it was sent."""


class Archived(msgspec.Struct, frozen=True):
    """A message of the archive, as it was. `at`: unix seconds by this machine's clock. `actor`, `reason`: of whom
    archived it. `state` and `why` are the journal's."""

    message_id: str
    body: str
    attributes: dict[str, Any]
    trace: str
    actor: str
    reason: str
    at: float
    state: str
    why: str
    sent_body: str = ""
    """What was sent in its place, "" for nothing."""
    dlq: str = ""
    """The ARN of the queue that it came from; "" where an earlier version did not write it down."""

    @property
    def is_out(self) -> bool:
        """Whether it is known that the queue does not hold it any more."""
        return self.state in ("archived", "putting_back", "deleted")

    @property
    def letter(self) -> DeadLetter:
        """The message; it has no receipt."""
        return DeadLetter(self.message_id, "", self.body, attributes=self.attributes, trace=self.trace)


ORIGIN_UNKNOWN: Final = (
    "It isn't known which queue it came from: an earlier version of the console archived it, and did not write it down."
)


def elsewhere(kept: Archived, dlq: str) -> str:
    """Why a message can't go to the dead letter queue with this ARN: it came from another. "" when it can, and when
    nothing is known."""
    if not kept.dlq or not dlq or kept.dlq == dlq:
        return ""
    its, here = names_of(kept.dlq, dlq)
    return f"It came from {its}, and this console works on {here}."


def prepare(db: sqlite3.Connection) -> None:
    """Make the table where it is missing. A journal of an earlier version gives what it has archived."""
    if not db.execute("select 1 from sqlite_master where type = 'table' and name = 'archive'").fetchone():
        db.executescript(_SCHEMA)
    elif "dlq" not in {row[1] for row in db.execute("pragma table_info(archive)")}:
        db.execute("alter table archive add column dlq text not null default ''")


def drop(db: sqlite3.Connection, message_id: str) -> None:
    """It is a dead letter still, and not archived."""
    db.execute("delete from archive where message_id = ?", (message_id,))


def listed(db: sqlite3.Connection) -> list[Archived]:
    """What the archive holds, the newest first."""
    return [_archived(row) for row in db.execute(f"{_LISTED} order by a.at desc, a.rowid desc").fetchall()]


def one(db: sqlite3.Connection, message_id: str) -> Archived | None:
    """One message of it."""
    row = db.execute(f"{_LISTED} and a.message_id = ?", (message_id,)).fetchone()
    return None if row is None else _archived(row)


def _archived(row: tuple[Any, ...]) -> Archived:
    values = list(row)
    values[2] = decode(values[2])
    return Archived(*values)
