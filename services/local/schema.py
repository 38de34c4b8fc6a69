"""The database's schema, and further SQL files, applied to a server that runs."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from resources import schema_files
from services.local.postgres_files import binaries_folder
from services.settings import child_environment

_PLACE: Final = re.compile(r"^psql:.*?:(\d+): ", re.MULTILINE)
_SQL_SECONDS: Final = 600.0
_GIVES_WAY: Final = "500ms"
"""Shorter than PostgreSQL's deadlock_timeout: at a deadlock the schema gives way, never a part that is at work."""
_LOCK_SECONDS: Final = 60.0


class SqlFileFailed(RuntimeError):
    """A file could not be applied; the text names it and the line. Nothing of it was kept."""


def apply_schema(server_url: str, database_url: str, database: str, password: str) -> None:
    """Make `database` if it isn't there and apply every file of ours, which may be done again and again.

    `password` becomes that of the role `authenticator`. Parts of the pipeline may be at work meanwhile.
    Raises psycopg.Error.
    """
    with psycopg.connect(server_url, autocommit=True) as connection:
        if not connection.execute("select 1 from pg_database where datname = %s", (database,)).fetchone():
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(database)))
    end = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            _apply_all(database_url, password)
            return
        except psycopg.errors.LockNotAvailable:
            if time.monotonic() > end:
                raise


def _apply_all(database_url: str, password: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(_GIVES_WAY)))
        for file in schema_files():
            connection.execute(file.read_bytes())
        connection.execute(sql.SQL("alter role authenticator password {}").format(sql.Literal(password)))


def apply_file(database_url: str, password: str, file: Path) -> None:
    """Apply one file as psql does, in one transaction. `database_url` without password. Raises SqlFileFailed."""
    environment = {name: value for name, value in child_environment({}).items() if not name.startswith("PG")}
    command: list[str | Path] = [
        binaries_folder() / "psql", "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-d", database_url, "-f", file,
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            encoding="utf-8", errors="replace", env={**environment, "PGPASSWORD": password, "PGCLIENTENCODING": "UTF8"},
            timeout=_SQL_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise SqlFileFailed(f"{file}: it took longer than {_SQL_SECONDS:g} s.") from error
    if done.returncode != 0:
        raise SqlFileFailed(_in_words(file, done.stderr))


def _in_words(file: Path, said: str) -> str:
    """psql names the line on which the statement that failed ends."""
    error = said[max(0, said.find("ERROR")) :].strip()[:600]
    places = _PLACE.findall(said)
    return f"{file}, line {places[-1]}: {error}" if places else f"{file}: {error or 'psql gave no reason'}"
