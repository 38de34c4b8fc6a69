"""Claims that make nobody staff, and functions that are the pipeline's alone."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors
from psycopg.types.json import Jsonb

from services.local.postgres import Postgres
from tests.contract.schema.rows import TABLES, add_directory, add_job, caller, claim, one

pytestmark = pytest.mark.stack


@pytest.fixture
def filled(owner: psycopg.Connection) -> psycopg.Connection:
    """A row in every table."""
    add_directory(owner, "https://a.example/add", 50)
    job = add_job(owner, {"a.example": "pending"})
    claim(owner, job, "a.example")
    owner.execute("insert into worker_heartbeats (worker_id) values ('w-1')")
    owner.execute(
        "insert into staff_actions (request_id, role, act, target) values (gen_random_uuid(), 'admin', 'x', 'y')"
    )
    owner.execute("select private.queue_job(%s, 'intake')", (job,))
    owner.execute("insert into flow_runs (idempotency_key, deployment, parameters) values ('k', 'd', '{}')")
    owner.execute("insert into paused_directories (directory_id, reason) select id, 'changed' from directories")
    owner.execute(
        "insert into replay_leases (id, actor, who, machine, token, taken_at, held_until)"
        " values ('arn', gen_random_uuid(), 'x', 'y', gen_random_uuid(), now(), now())"
    )
    owner.execute("insert into form_fingerprints (id, seen) values ('a.example', '{}')")
    return owner


def seen(connection: psycopg.Connection) -> dict[str, int]:
    """Rows that the caller sees, by table, without the tables where it sees none."""
    counts = {table: int(one(connection, f"select count(*) from {table}")) for table in TABLES}
    return {table: count for table, count in counts.items() if count}


@pytest.mark.parametrize(
    ("role", "staff"),
    [("anon", None), ("anon", "admin"), ("authenticated", None), ("authenticated", "customer"), ("authenticated", "")],
)
def test_others_see_nothing(server: Postgres, filled: psycopg.Connection, role: str, staff: str | None) -> None:
    with caller(server.url, role, staff) as connection:
        assert seen(connection) == {}


def test_nobody_makes_himself_staff(server: Postgres, filled: psycopg.Connection) -> None:
    claims = {"role": "admin", "user_metadata": {"role": "admin"}, "app_metadata": {"user": {"role": "admin"}}}
    with caller(server.url, "authenticated") as connection:
        connection.execute("select set_config('request.jwt.claims', %s::text, false)", (Jsonb(claims),))
        assert seen(connection) == {}


@pytest.mark.parametrize("role", ["anon", "authenticated"])
@pytest.mark.parametrize(
    "call",
    [
        "create_work_list(gen_random_uuid())",
        "claim_submission(gen_random_uuid(), 'a', 'k', 'me', '{}', 60)",
        "record_outcome(gen_random_uuid(), 'a', 'k', 'me', 'submitted', '{}', null, null, null, 1)",
        "finalize_job(gen_random_uuid(), 'me')",
        "private.queue_job(gen_random_uuid(), 'me')",
        "find_stale_jobs()",
        "private.requeue_stale_job(gen_random_uuid(), interval '10 minutes', 3)",
        "count(*) from private.jobs_at_rest",
    ],
)
def test_the_pipelines_functions_are_the_pipelines(
    server: Postgres, owner: psycopg.Connection, role: str, call: str
) -> None:
    with caller(server.url, role, "admin") as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(f"select {call}".encode())
