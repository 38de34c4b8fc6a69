"""The SQL files on a project with tables of the older shape: nothing is lost, and staff can act."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

from services.domain.records import HistoryEvent, Job
from services.domain.result import Result
from tests.contract.schema.rows import TABLES, caller, claim, one, retry
from tests.contract.schema.test_applying import Project, project

__all__ = ["project"]
pytestmark = pytest.mark.stack

CUSTOMER, JOB = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"

OLDER = """
create table customers (id uuid primary key default gen_random_uuid(), business_name text, email text);
create table jobs (
  id uuid primary key default gen_random_uuid(), customer_id uuid unique references customers,
  status text not null default 'pending' check (status in ('pending', 'in_progress', 'complete', 'failed')),
  package_size int default 50, priority_level int,
  created_at timestamp default now(), updated_at timestamp default now(),
  error_message text);
create table directory_submissions (
  id uuid primary key default gen_random_uuid(), submission_queue_id uuid, directory_url text, status text);
create table job_results (
  id uuid primary key default gen_random_uuid(), job_id uuid, directory_name text, submission_status text,
  idempotency_key text unique, response_log jsonb);
create table queue_history (
  id uuid primary key default gen_random_uuid(), customer_id text, status_from text, status_to text,
  directories_processed int, directories_failed int, error_message text, metadata jsonb,
  created_at timestamp default now());
create table worker_heartbeats (worker_id text primary key, last_seen timestamptz default now());
insert into customers (id, business_name, email) values ('%(customer)s', 'Old Mill Pizza', 'a@b.example');
insert into jobs (id, customer_id, status) values ('%(job)s', '%(customer)s', 'complete');
insert into directory_submissions (submission_queue_id, directory_url, status)
  values ('%(job)s', 'https://a.example/add', 'submitted'), ('%(job)s', 'https://b.example/add', 'failed');
insert into job_results (job_id, directory_name, submission_status, idempotency_key)
  values ('%(job)s', 'a.example', 'success', 'ka'), ('%(job)s', 'b.example', 'rejected', 'kb');
insert into queue_history (customer_id, status_from, status_to, metadata)
  values ('%(customer)s', 'pending', 'complete', '{"job_id": "%(job)s"}');
insert into worker_heartbeats values ('w-old', now() - interval '1 day');
"""


@pytest.fixture
def older(project: Project) -> Project:
    project.admin.execute("create publication supabase_realtime")
    project.admin.execute("alter publication supabase_realtime owner to project_owner")
    project.owner.execute((OLDER % {"customer": CUSTOMER, "job": JOB}).encode())
    return project


def test_the_files_apply_twice_and_keep_what_was_there(older: Project) -> None:
    for _ in range(2):
        assert older.apply() == []
    assert older.published() == set(TABLES)
    assert one(older.owner, "select status from jobs") == "complete"
    with caller(older.url, "authenticated", "viewer") as desk:
        assert one(desk, "select count(*) from jobs") == 1
        results = desk.execute("select directory_name, status from job_results order by 1").fetchall()
        assert results == [("a.example", "submitted"), ("b.example", "failed")]
    with caller(older.url, "anon") as nobody:
        assert one(nobody, "select count(*) from jobs") == 0


def test_what_was_submitted_before_is_not_submitted_again(older: Project) -> None:
    older.apply()
    with caller(older.url, "service_role") as pipeline:
        assert claim(pipeline, JOB, "a.example", key="another") == "duplicate"
        # A worker of old writes the column of old.
        pipeline.execute(
            "insert into job_results (job_id, directory_name, submission_status, idempotency_key)"
            " values (%s, 'c.example', 'processing', 'kc')",
            (JOB,),
        )
        pipeline.execute("update job_results set submission_status = 'success' where idempotency_key = 'kc'")
        assert claim(pipeline, JOB, "c.example", key="kc") == "duplicate"


def test_staff_can_retry_what_failed(older: Project) -> None:
    older.apply()
    older.owner.execute("update jobs set status = 'failed'")
    with caller(older.url, "authenticated", "operator") as desk:
        assert retry(desk, JOB)["directories"] == ["b.example"]
    with caller(older.url, "service_role") as pipeline:
        assert claim(pipeline, JOB, "b.example", key="kb") == "claimed"
    assert one(older.owner, "select count(*) from outbox") == 1


@pytest.mark.parametrize("applied", [False, True])
def test_the_console_reads_its_rows_either_way(older: Project, applied: bool) -> None:
    if applied:
        older.apply()

    def rows(table: str) -> list[dict[str, object]]:
        query = f"select to_jsonb(t) from {table} t"
        return [row[0] for row in older.admin.execute(query.encode()).fetchall()]

    assert [(job.id, job.status) for job in map(Job.from_row, rows("jobs"))] == [(JOB, "completed")]
    assert {(r.directory_name, r.status) for r in map(Result.from_row, rows("job_results"))} >= {
        ("a.example", "submitted")
    }
    (event,) = map(HistoryEvent.from_row, rows("queue_history"))
    assert (event.job_id, event.event) == (JOB, "pending -> complete")


def test_ids_that_are_no_uuids_are_refused_with_nothing_changed(project: Project) -> None:
    project.owner.execute("create table jobs (id bigint primary key, customer_id text, status text)")
    with pytest.raises(errors.FeatureNotSupported, match=r"jobs\.id is bigint here"):
        project.apply()
    assert one(project.owner, "select count(*) from information_schema.columns where table_name = 'jobs'") == 3
    with pytest.raises(psycopg.errors.UndefinedTable):
        project.owner.execute("select from outbox")
