"""The pipeline's connections to PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from psycopg import Connection
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

Pool: TypeAlias = ConnectionPool[Connection[DictRow]]
Database: TypeAlias = Connection[DictRow]


def open_pool(url: str, *, size: int = 4) -> Pool:
    """A pool of at most `size` connections, rows as dicts. It opens in the background: the database may still be down.

    `pool.connection()` is one transaction; it raises `psycopg.OperationalError` when the database can't be had in 10 s.
    """
    return ConnectionPool(
        url,
        connection_class=Connection[DictRow],
        # Hosted projects are reached through a pooler that keeps no prepared statements.
        # A network that swallows everything is noticed within half a minute, not after hours.
        kwargs={
            "row_factory": dict_row,
            "connect_timeout": 3,
            "prepare_threshold": None,
            "tcp_user_timeout": 25_000,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        },
        min_size=1,
        max_size=size,
        timeout=10.0,
        check=ConnectionPool.check_connection,
        open=True,
    )


def write_event(
    database: Database,
    job_id: str,
    event: str,
    details: Mapping[str, Any] | None = None,
    *,
    directory: str | None = None,
    worker_id: str | None = None,
) -> None:
    """One line of the audit trail, in the caller's transaction."""
    database.execute(
        "insert into public.queue_history (job_id, directory_name, event, details, worker_id)"
        " values (%s, %s, %s, %s, %s)",
        (job_id, directory, event, Jsonb(dict(details or {})), worker_id),
    )
