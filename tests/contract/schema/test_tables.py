"""Rows as others insert them: defaults fill the rest, and what is appended stays."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from psycopg import errors

from services.local.postgres import Postgres
from tests.contract.schema.rows import caller, one

pytestmark = pytest.mark.stack


def test_the_contracts_smallest_customer_and_job(server: Postgres, owner: psycopg.Connection) -> None:
    customer, job = str(uuid.uuid4()), str(uuid.uuid4())
    with caller(server.url, "service_role") as backend:
        backend.execute(
            "insert into customers (id, email, business_name, package_type) values (%s, 'a@b.example', 'B', 'growth')",
            (customer,),
        )
        backend.execute(
            "insert into jobs (id, customer_id, status, package_type, directories_total)"
            " values (%s, %s, 'pending', 'growth', 7)",
            (job, customer),
        )
        backend.execute(
            "insert into directory_submissions (submission_queue_id, directory_url) values (%s, 'https://a.example/add')",
            (job,),
        )
    row = owner.execute("select customer_id, status, created_at is not null from customers").fetchone()
    assert row
    today = one(owner, "select to_char(now() at time zone 'utc', 'YYYYMMDD')")
    assert row[0].startswith(f"DIR-{today}-")
    assert len(row[0]) == 19
    assert row[0].upper() == row[0]
    assert row[1:] == ("active", True)
    query = "select package_size, priority_level, directories_total, directories_done, progress, metadata from jobs"
    assert owner.execute(query).fetchall() == [(100, 3, 7, 0, 0, {})]
    assert one(owner, "select status from directory_submissions") == "pending"


@pytest.mark.parametrize(
    ("package", "size", "priority"),
    [("starter", 50, 3), ("growth", 100, 3), ("professional", 300, 2), ("enterprise", 500, 1)],
)
def test_a_package_gives_size_and_priority(owner: psycopg.Connection, package: str, size: int, priority: int) -> None:
    query = (
        "with c as (insert into customers (email, business_name) values ('a@b.example', 'B') returning id)"
        " insert into jobs (customer_id, package_type) select id, %s from c returning package_size, priority_level"
    )
    assert owner.execute(query, (package,)).fetchall() == [(size, priority)]


def test_customer_ids_differ(owner: psycopg.Connection) -> None:
    owner.execute(
        "insert into customers (email, business_name) select 'a@b.example', 'B' from generate_series(1, 2000)"
    )
    assert one(owner, "select count(distinct customer_id) from customers") == 2000


def test_every_change_is_a_newer_version(owner: psycopg.Connection) -> None:
    owner.execute("insert into directories (name, submission_url) values ('a', 'https://a.example/add')")
    customer = one(owner, "insert into customers (email, business_name) values ('a@b.example', 'B') returning id")
    first = owner.execute(
        "insert into jobs (customer_id) values (%s) returning version, updated_at", (customer,)
    ).fetchone()
    second = owner.execute("update jobs set status = 'paused', version = 1 returning version, updated_at").fetchone()
    assert first
    assert second
    assert (first[0], second[0]) == (1, 2)
    assert second[1] > first[1]
    before = one(owner, "select updated_at from directories")
    assert one(owner, "update directories set name = 'b' returning updated_at") > before


@pytest.mark.parametrize("table", ["queue_history", "staff_actions"])
@pytest.mark.parametrize("role", ["postgres", "service_role"])
def test_what_is_appended_stays(server: Postgres, owner: psycopg.Connection, table: str, role: str) -> None:
    owner.execute("insert into queue_history (event) values ('job_started')")
    owner.execute(
        "insert into staff_actions (request_id, role, act, target) values (gen_random_uuid(), 'admin', 'x', 'y')"
    )
    column = {"queue_history": "event", "staff_actions": "act"}[table]
    with caller(server.url, role) as connection:
        for statement in (
            f"update {table} set {column} = 'other'",
            f"delete from {table}",
            f"truncate {table}",
            f"insert into {table} select * from {table} on conflict (id) do update set {column} = 'other'",
        ):
            with pytest.raises((errors.InsufficientPrivilege, errors.GeneratedAlways)):
                connection.execute(statement.encode())
        assert one(connection, f"select count(*) from {table} where {column} <> 'other'") == 1


def test_the_service_role_writes_history(server: Postgres, owner: psycopg.Connection) -> None:
    with caller(server.url, "service_role") as connection:
        connection.execute("insert into queue_history (event) values ('flow_started'), ('job_started')")
    assert one(owner, "select array_agg(event order by id) from queue_history") == ["flow_started", "job_started"]
