"""The tables of the journal, made where they are missing."""

from __future__ import annotations

import sqlite3
from typing import Final

_SCHEMA: Final = """
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
  changed_at real not null,
  trace text not null default '',
  batch text not null default '',
  sent_body text not null default '',
  sent_attributes text not null default '',
  dlq text not null default ''
) strict;
create index if not exists entries_new on entries (new_message_id) where new_message_id <> '';
create table if not exists batches (
  id text primary key,
  act text not null,
  actor text not null,
  reason text not null,
  options text not null,
  state text not null,
  words text not null default '',
  started_at real not null
) strict;
create table if not exists steps (
  message_id text not null,
  state text not null,
  why text not null,
  at real not null
) strict;
create table if not exists desk (token text not null) strict;
create table if not exists targets (
  main text not null,
  dlq text not null,
  actor text not null,
  reason text not null,
  at real not null,
  primary key (main, dlq)
) strict;
"""
_LATER: Final = ("trace", "batch", "sent_body", "sent_attributes", "dlq")
"""Columns that a journal of an earlier version may lack."""


def prepare(db: sqlite3.Connection) -> None:
    """Make what is missing; what is there stays."""
    db.executescript(_SCHEMA)
    known = {row[1] for row in db.execute("pragma table_info(entries)")}
    for name in _LATER:
        if name not in known:
            db.execute(f"alter table entries add column {name} text not null default ''")
    db.execute("create index if not exists entries_batch on entries (batch) where batch <> ''")
    db.execute("create index if not exists entries_edited on entries (message_id) where sent_body <> ''")
