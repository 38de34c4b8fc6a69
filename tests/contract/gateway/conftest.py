"""A PostgreSQL for the gateway's tests, and accounts to sign in with."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.types.json import Jsonb

from services.domain.passwords import hash_password
from services.local.postgres import Postgres
from tests.contract.gateway.running import PASSWORD
from tests.postgres import running_postgres


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    with running_postgres() as server:
        with psycopg.connect(server.url) as connection:
            for name in ("viewer", "operator", "customer"):
                metadata = {} if name == "customer" else {"role": name}
                connection.execute(
                    "insert into auth.users (email, password_hash, app_metadata) values (%s, %s, %s)",
                    (f"{name}@directory-bolt.example", hash_password(PASSWORD), Jsonb(metadata)),
                )
        yield server


@pytest.fixture
def owner(server: Postgres) -> Iterator[psycopg.Connection]:
    """The owner's connection to a database without business rows."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(
            "truncate customers, jobs, directories, directory_submissions, job_results, queue_history,"
            " worker_heartbeats, staff_actions, outbox, flow_runs, paused_directories, replay_leases, staff_operations,"
            " form_fingerprints,"
            " auth.sessions"
        )
        connection.execute("set session_replication_role = default")
        yield connection
