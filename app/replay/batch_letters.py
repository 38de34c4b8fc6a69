"""The letters of a batch, also those that a later wish has taken over."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

_SCHEMA: Final = """
create table if not exists earlier (
  batch text not null,
  message_id text not null,
  state text not null,
  why text not null,
  changed_at real not null,
  primary key (batch, message_id)
) strict;
"""
_LETTERS: Final = """
select message_id, state, why, changed_at from entries where batch = ?1
union all
select message_id, state, why, changed_at from earlier where batch = ?1
"""


class BatchLetter(msgspec.Struct, frozen=True):
    """How far a batch came with one of its letters, and what became of it until a later wish took it over. `at`: unix
    seconds by this machine's clock."""

    message_id: str
    state: str
    why: str
    at: float


def prepare(db: sqlite3.Connection) -> None:
    """Make the table where it is missing."""
    db.executescript(_SCHEMA)


def keep_earlier(db: sqlite3.Connection, message_ids: str) -> None:
    """These (a JSON list) are about to belong to another wish, within its transaction: keep what their batches have
    done with them."""
    db.execute(
        "insert or replace into earlier select batch, message_id, state, why, changed_at from entries"
        " where batch <> '' and message_id in (select value from json_each(?))",
        (message_ids,),
    )


def listed(db: sqlite3.Connection, batch_id: str) -> list[BatchLetter]:
    """The letters of a batch, in no order."""
    return [BatchLetter(*row) for row in db.execute(_LETTERS, (batch_id,)).fetchall()]


def bodies(db: sqlite3.Connection, message_ids: Sequence[str]) -> dict[str, str]:
    """Message id -> its body, of those that the journal has."""
    given = "select message_id, body from entries where message_id in (select value from json_each(?))"
    return dict(db.execute(given, (json.dumps(message_ids),)).fetchall())
