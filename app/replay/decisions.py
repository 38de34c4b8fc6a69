"""What staff have decided about dead letters, kept until the project's audit has it."""

from __future__ import annotations

import sqlite3
from typing import Final

from services.domain.errors import ConsoleError, NotInstalled
from services.domain.redaction import redact
from services.ports.wishes import Decision, SharedDecisions

IN_AUDIT: Final = "Noted in the journal of this computer and in the project's audit."
ONLY_HERE: Final = "Noted in the journal of this computer."
_LACKING: Final = (
    f"{ONLY_HERE} Not recorded centrally: this project lacks 0011_letter_decisions.sql. Once it has it, it is sent."
)
_AGAIN: Final = "It is sent again while you are signed in here."
_SCHEMA: Final = """
create table if not exists unsent (
  request_id text primary key,
  act text not null,
  target text not null,
  said text not null,
  reason text not null,
  job_id text not null,
  actor text not null,
  at real not null
) strict;
"""


def prepare(db: sqlite3.Connection) -> None:
    """Make the table where it is missing."""
    db.executescript(_SCHEMA)


def keep(db: sqlite3.Connection, decision: Decision) -> None:
    """Keep it, within the transaction that writes what was decided."""
    db.execute(
        "insert or replace into unsent values (?, ?, ?, ?, ?, ?, ?, ?)",
        (decision.request_id, decision.act, decision.target, redact(decision.said), redact(decision.reason),
         decision.job_id, decision.actor, decision.at),
    )  # fmt: skip


def kept(db: sqlite3.Connection, actor: str) -> list[Decision]:
    """What the audit doesn't have yet of this person's, the oldest first: nobody else could be named for it."""
    rows = db.execute("select * from unsent where actor = ? order by at, rowid", (actor,)).fetchall()
    return [Decision(*row) for row in rows]


def forget(db: sqlite3.Connection, request_id: str) -> None:
    """The audit has it."""
    db.execute("delete from unsent where request_id = ?", (request_id,))


async def tell(shared: SharedDecisions, decision: Decision) -> tuple[bool, str]:
    """Send one. Whether the audit has it, and what is to be said of it."""
    try:
        await shared.record(decision)
    except NotInstalled:
        return False, _LACKING
    except ConsoleError as error:
        return False, f"{ONLY_HERE} The project's audit does not have it yet: {error} {_AGAIN}"
    return True, IN_AUDIT
