"""The steps of messages: what the journal's tables say after each, written by one statement."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from app.replay import archive
from services.domain.redaction import redact

State = Literal[
    "planned", "claimed", "sending", "sent", "deleted", "skipped", "failed", "delete_unconfirmed", "unknown",
    "archiving", "archived", "archive_unconfirmed", "putting_back", "put_back",
]  # fmt: skip

# Each statement lets go of the interpreter, and has to wait for it again while others send and receive: so there is
# one for any number of steps. It is of this connection only, not of the file.
_SCHEMA: Final = f"""
create temp view moving as select message_id, state, why, changed_at as at, new_message_id from main.entries;
create temp trigger move_one instead of insert on moving begin
  {archive.KEEP};
  update entries set state = new.state, why = new.why, changed_at = new.at,
      new_message_id = case when new.new_message_id = '' then new_message_id else new.new_message_id end
    where message_id = new.message_id;
  insert into steps values (new.message_id, new.state, new.why, new.at);
end;
"""  # noqa: S608
_WRITE: Final = """
insert into moving
  select json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), ?,
    json_extract(value, '$[3]')
  from json_each(?) order by key
"""


class Move(msgspec.Struct, frozen=True):
    """One message's step, to be written with others."""

    message_id: str
    state: State
    why: str = ""
    new_message_id: str = ""


def prepare(db: sqlite3.Connection) -> None:
    """Make what `write` needs, once for a connection that has the tables."""
    db.execute("pragma temp_store = memory")
    db.executescript(_SCHEMA)


def write(db: sqlite3.Connection, moves: Sequence[Move]) -> None:
    """Write these steps in their order: all of them or, when it raises, none. A message that is about to be archived,
    or whose dead letter goes while something else was sent, is in the archive by then."""
    rows = [(one.message_id, one.state, redact(one.why) if one.why else "", one.new_message_id) for one in moves]
    db.execute(_WRITE, (time.time(), json.dumps(rows, ensure_ascii=False)))
