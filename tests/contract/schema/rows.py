"""Rows to test with, callers of every role, and the schema's functions as calls."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from services.local.postgres import Postgres

TABLES: Final = (
    "customers", "jobs", "directories", "directory_submissions", "job_results", "queue_history", "worker_heartbeats",
    "staff_actions", "outbox", "flow_runs", "paused_directories", "replay_leases", "staff_operations",
    "form_fingerprints",
)  # fmt: skip
ACTOR: Final = "00000000-0000-4000-8000-00000000000a"


@contextmanager
def caller(url: str, role: str, staff: str | None = None, *, actor: str = ACTOR) -> Iterator[psycopg.Connection]:
    """A connection as anon, authenticated or service_role; `staff` is the role in app_metadata."""
    claims: dict[str, Any] = {"sub": actor, "email": "desk@directory-bolt.example", "role": role}
    if staff is not None:
        claims["app_metadata"] = {"role": staff}
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("select set_config('request.jwt.claims', %s::text, false)", (Jsonb(claims),))
        connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
        yield connection


def operator(server: Postgres) -> Any:
    """A connection as an operator who signed in."""
    return caller(server.url, "authenticated", "operator")


@contextmanager
def refused(state: str, words: str | None = None) -> Iterator[None]:
    """A block that ends with the database's error of this SQLSTATE, in words that match."""
    with pytest.raises(psycopg.Error, match=words) as said:
        yield
    assert said.value.sqlstate == state


def add_job(owner: psycopg.Connection, items: Mapping[str, str], *, status: str = "in_progress") -> str:
    """A job whose work list is `items` (host -> status); its id."""
    customer, job = str(uuid.uuid4()), str(uuid.uuid4())
    owner.execute(
        "insert into customers (id, email, business_name, package_type) values (%s, 'a@b.example', 'Blue Door', %s)",
        (customer, "starter"),
    )
    owner.execute("insert into jobs (id, customer_id) values (%s, %s)", (job, customer))
    for host, listed in items.items():
        owner.execute(
            "insert into directory_submissions (submission_queue_id, directory_url, status) values (%s, %s, %s)",
            (job, f"https://{host}:8443/add", listed),
        )
    owner.execute(
        "update jobs set status = %(status)s,"
        " completed_at = case when %(status)s in ('completed', 'failed') then now() end where id = %(job)s",
        {"status": status, "job": job},
    )
    owner.execute("select private.count_directories(%s)", (job,))
    return job


def add_directory(owner: psycopg.Connection, url: str, authority: int, **columns: Any) -> None:
    """A directory named by its address."""
    values = {"name": url, "submission_url": url, "domain_authority": authority, **columns}
    owner.execute(
        sql.SQL("insert into directories ({}) values ({})").format(
            sql.SQL(", ").join(map(sql.Identifier, values)), sql.SQL(", ").join(sql.Placeholder() * len(values))
        ),
        list(values.values()),
    )


def key_of(job: str, host: str) -> str:
    """A key as the product makes them: one for each job and host."""
    return f"{job}:{host}"


def claim(
    connection: psycopg.Connection,
    job: str,
    host: str,
    by: str = "w-1",
    *,
    key: str = "",
    lease: float = 60,
    payload: Any = None,
) -> str:
    """claim_submission's answer."""
    query = "select claim_submission(%s, %s, %s, %s, %s, %s)"
    return str(one(connection, query, job, host, key or key_of(job, host), by, Jsonb(payload or {}), lease))


def record(
    connection: psycopg.Connection,
    job: str,
    host: str,
    status: str,
    by: str = "w-1",
    *,
    key: str = "",
    typed: Any = None,
) -> bool:
    """record_outcome's answer."""
    query = "select record_outcome(%s, %s, %s, %s, %s, %s, '/shot.jpg', 'https://x.example/1', %s, 12)"
    error = None if status == "submitted" else "said no"
    log = Jsonb({"why": [status], **({} if typed is None else {"typed": typed})})
    return bool(one(connection, query, job, host, key or key_of(job, host), by, status, log, error))


def retry(connection: psycopg.Connection, job: str, hosts: list[str] | None = None, *, request: str = "") -> Any:
    """staff_retry_failed's answer."""
    return one(connection, "select staff_retry_failed(%s, %s, %s, 'fixed')", request or str(uuid.uuid4()), job, hosts)


def claim_here(connection: psycopg.Connection, job: str, host: str, run: str) -> str:
    """staff_claim_run's answer."""
    return str(one(connection, "select staff_claim_run(%s, %s, %s, '{}', %s)", job, host, key_of(job, host), run))


def finish_here(connection: psycopg.Connection, job: str, host: str, run: str, status: str) -> bool:
    """staff_finish_run's answer."""
    return bool(
        one(connection, "select staff_finish_run(%s, %s, %s, %s, %s, '{}')", job, host, key_of(job, host), run, status)
    )


def one(connection: psycopg.Connection, query: str, *values: Any) -> Any:
    """The single value that a query gives."""
    rows = connection.execute(query.encode(), values).fetchall()
    assert len(rows) == 1
    assert len(rows[0]) == 1
    return rows[0][0]


def job_row(connection: psycopg.Connection, job: str) -> tuple[Any, ...]:
    """(status, directories_done, directories_total, progress, error_message)"""
    query = "select status, directories_done, directories_total, progress, error_message from jobs where id = %s"
    return connection.execute(query, (job,)).fetchall()[0]


def items(connection: psycopg.Connection, job: str) -> dict[str, str]:
    """host -> status on the work list."""
    query = "select private.host_of(directory_url), status from directory_submissions where submission_queue_id = %s"
    return dict(connection.execute(query, (job,)).fetchall())


def results(connection: psycopg.Connection, job: str) -> list[tuple[Any, ...]]:
    """(host, status, claim_owner) of each result row, oldest first."""
    query = "select directory_name, status, claim_owner from job_results where job_id = %s order by created_at"
    return connection.execute(query, (job,)).fetchall()


def events(connection: psycopg.Connection, job: str) -> list[str]:
    """The job's history in order."""
    query = "select event from queue_history where job_id = %s order by id"
    return [row[0] for row in connection.execute(query, (job,)).fetchall()]


def details(connection: psycopg.Connection, job: str, event: str) -> dict[str, Any]:
    """What the only event of this kind says."""
    found: dict[str, Any] = one(
        connection, "select details from queue_history where job_id = %s and event = %s", job, event
    )
    return found
