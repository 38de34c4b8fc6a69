"""The SQL files apply twice, on the local stack and on a hosted project whose owner isn't a superuser."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import errors
from psycopg.types.json import Jsonb

from resources import schema_files
from services.local.postgres import Postgres
from tests.contract.schema.rows import (
    TABLES,
    add_job,
    caller,
    claim,
    events,
    finish_here,
    items,
    job_row,
    one,
    record,
    retry,
)

pytestmark = pytest.mark.stack

_PLATFORM = """
create schema auth authorization supabase_admin;
create schema extensions authorization supabase_admin;
grant usage on schema extensions to anon, authenticated, service_role, project_owner;
create function auth.jwt() returns jsonb language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim', true), ''),
                  nullif(current_setting('request.jwt.claims', true), ''))::jsonb $$;
create function auth.uid() returns uuid language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''),
                  nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
grant usage on schema auth to anon, authenticated, service_role, project_owner;
grant usage on schema public to anon, authenticated, service_role;
alter schema public owner to project_owner;
alter default privileges for role project_owner in schema public
  grant all on tables to anon, authenticated, service_role;
alter default privileges for role project_owner in schema public
  grant all on sequences to anon, authenticated, service_role;
alter default privileges for role project_owner in schema public
  grant all on functions to anon, authenticated, service_role;
"""


@dataclass
class Project:
    """A hosted project's database, before our schema."""

    admin: psycopg.Connection
    owner: psycopg.Connection
    url: str
    """For a superuser, who may become any role."""

    def apply(self) -> list[str]:
        """Every schema file, as the owner, each in a transaction of its own; the warnings."""
        warnings: list[str] = []

        def hear(notice: psycopg.errors.Diagnostic) -> None:
            if notice.severity_nonlocalized == "WARNING":
                warnings.append(notice.message_primary or "")

        self.owner.add_notice_handler(hear)
        for file in schema_files(local=False):
            with self.owner.transaction():
                self.owner.execute(file.read_bytes())
        self.owner.remove_notice_handler(hear)
        return warnings

    def published(self) -> set[str]:
        rows = self.admin.execute(
            "select tablename from pg_publication_tables where pubname = 'supabase_realtime' and schemaname = 'public'"
        )
        return {row[0] for row in rows.fetchall()}


@pytest.fixture
def project(server: Postgres) -> Iterator[Project]:
    with hosted(server) as made:
        yield made


@contextmanager
def hosted(server: Postgres) -> Iterator[Project]:
    """A database as a hosted project has it, with an owner who isn't a superuser."""
    name = f"hosted_{uuid.uuid4().hex[:8]}"
    url = server.url.rpartition("/")[0] + "/" + name
    with psycopg.connect(server.url, autocommit=True) as local:
        if not local.execute("select 1 from pg_roles where rolname = 'project_owner'").fetchone():
            local.execute("create role supabase_admin superuser")
            local.execute("create role project_owner login password 'secret-of-the-test'")
            local.execute("grant anon, authenticated, service_role to project_owner")
        local.execute(f"create database {name}".encode())
        local.execute(f"grant create on database {name} to project_owner".encode())
        try:
            with psycopg.connect(url, autocommit=True) as admin:
                admin.execute(_PLATFORM.encode())
                owner_url = url.replace("//postgres:", "//project_owner:")
                with psycopg.connect(owner_url, autocommit=True) as owner:
                    assert one(owner, "select current_user::text") == "project_owner"
                    yield Project(admin, owner, url)
        finally:
            local.execute(f"drop database {name} with (force)".encode())


def test_every_file_applies_again_and_keeps_the_rows(server: Postgres, owner: psycopg.Connection) -> None:
    job = add_job(owner, {"a.example": "pending"})
    claim(owner, job, "a.example")
    record(owner, job, "a.example", "failed")
    before = (items(owner, job), job_row(owner, job), events(owner, job))
    files = schema_files()
    assert [file.name for file in files][:3] == ["platform.sql", "queue.sql", "0000_older_project.sql"]
    with psycopg.connect(server.url, autocommit=True) as connection:
        for file in files:
            for _ in range(2):
                connection.execute(file.read_bytes())
    assert (items(owner, job), job_row(owner, job), events(owner, job)) == before


def test_a_hosted_project_takes_the_schema_from_its_owner(project: Project) -> None:
    project.admin.execute("create publication supabase_realtime")
    project.admin.execute("alter publication supabase_realtime owner to project_owner")
    assert project.apply() == []
    assert project.published() == set(TABLES)
    assert project.apply() == []


@pytest.mark.parametrize("name", ["everything", "the schema"])
def test_a_publication_that_has_the_tables_already_is_left_alone(project: Project, name: str) -> None:
    what = {"everything": "all tables", "the schema": "tables in schema public"}[name]
    project.admin.execute(f"create publication supabase_realtime for {what}".encode())
    assert project.apply() == []
    assert project.published() >= set(TABLES)


@pytest.mark.parametrize("exists", [True, False])
def test_a_publication_of_somebody_else_is_a_warning(project: Project, exists: bool) -> None:
    if exists:
        project.admin.execute("create publication supabase_realtime")
    warnings = project.apply()
    assert len(warnings) == len(TABLES)
    assert "jobs" in warnings[1]
    assert project.published() == set()


def test_the_acts_work_on_a_hosted_project(project: Project) -> None:
    project.admin.execute("create publication supabase_realtime")
    project.apply()
    job = add_job(project.owner, {"a.example": "failed", "b.example": "failed"}, status="failed")
    run = str(uuid.uuid4())
    with caller(project.url, "authenticated", "operator") as desk:
        key = f"{job}:b.example"
        assert one(desk, "select staff_claim_run(%s, 'b.example', %s, '{}', %s)", job, key, run) == "claimed"
        assert finish_here(desk, job, "b.example", run, "submitted")
        assert retry(desk, job)["directories"] == ["a.example"]
    with caller(project.url, "service_role") as pipeline:
        assert claim(pipeline, job, "a.example") == "claimed"
        assert record(pipeline, job, "a.example", "submitted")
        assert one(pipeline, "select finalize_job(%s, 'w-1')", job) == "completed"
        pipeline.execute("insert into queue_history (job_id, event) values (%s, 'flow_completed')", (job,))


def test_a_hosted_projects_default_grants_are_taken_back(project: Project) -> None:
    project.admin.execute("create publication supabase_realtime")
    project.apply()
    add_job(project.owner, {"a.example": "failed"}, status="failed")
    for role, staff in (("anon", None), ("authenticated", None), ("authenticated", "admin")):
        with caller(project.url, role, staff) as connection:
            for table in TABLES:
                for statement in (
                    f"delete from {table}",
                    f"truncate {table} cascade",
                    f"insert into {table} default values",
                ):
                    with pytest.raises(errors.InsufficientPrivilege):
                        connection.execute(statement.encode())
            seen = one(connection, "select count(*) from jobs")
            assert seen == (1 if staff else 0)
    customers = project.owner.execute("select customer_id::text from jobs").fetchall()
    for customer, seen in ((customers[0][0], 1), (str(uuid.uuid4()), 0)):
        claims = Jsonb({"role": "authenticated", "app_metadata": {"customer_id": customer}})
        with caller(project.url, "authenticated") as connection:
            connection.execute("select set_config('request.jwt.claims', %s::text, false)", (claims,))
            for table, own in (("customers", seen), ("jobs", seen), ("directory_submissions", seen), ("outbox", 0)):
                assert one(connection, f"select count(*) from {table}") == own, table


@pytest.fixture(params=["local", "hosted"])
def reader(request: pytest.FixtureRequest, server: Postgres) -> Callable[[str], list[str]]:
    """Asks the catalogue of either kind of database."""
    if request.param == "local":
        url = server.url
    else:
        project: Project = request.getfixturevalue("project")
        project.admin.execute("create publication supabase_realtime")
        project.apply()
        url = project.url

    def ask(query: str) -> list[str]:
        with psycopg.connect(url) as connection:
            return [row[0] for row in connection.execute(query.encode()).fetchall()]

    return ask


_OURS = "from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('public', 'private')"


def test_functions_with_their_owners_rights_are_closed(reader: Callable[[str], list[str]]) -> None:
    definers = f"select p.proname {_OURS} and p.prosecdef"
    assert len(reader(definers)) > 10
    assert reader(f"{definers} and has_function_privilege('anon', p.oid, 'execute')") == []
    assert sorted(reader(f"{definers} and has_function_privilege('authenticated', p.oid, 'execute')")) == [
        "own_jobs", "project_facts", "staff_accept_form", "staff_acknowledge", "staff_allow_captchas",
        "staff_begin_replay", "staff_claim_run", "staff_declare_outcome", "staff_finish_run", "staff_hold_dlq",
        "staff_hold_run", "staff_note_replay", "staff_pause_directory", "staff_record_decision", "staff_release_dlq",
        "staff_requeue_job", "staff_retry_failed", "staff_review_outcome", "staff_set_job_status",
    ]  # fmt: skip
    unfixed = f"{definers} and not coalesce('search_path=\"\"' = any (p.proconfig), false)"
    assert reader(unfixed) == [], "a function with its owner's rights looks names up nowhere but where it says"


def test_row_level_security_is_on_everywhere(reader: Callable[[str], list[str]]) -> None:
    tables = "select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'"
    assert sorted(reader(tables)) == sorted(TABLES)
    assert reader(f"{tables} and not c.relrowsecurity") == []


def test_a_part_at_work_is_never_the_victim_of_the_files(server: Postgres, owner: psycopg.Connection) -> None:
    waits = b"select 1 from pg_locks where not granted and relation = 'worker_heartbeats'::regclass"
    with psycopg.connect(server.url) as part, ThreadPoolExecutor(1) as beside:
        part.execute("lock table worker_heartbeats in row exclusive mode")
        applied = beside.submit(server.apply_schema)
        end = time.monotonic() + 30
        while not owner.execute(waits).fetchone():
            assert time.monotonic() < end, "the files never met the part's lock"
        # The files hold this one and wait for the other: one of both has to give way.
        part.execute("lock table jobs in row exclusive mode")
        part.commit()
        applied.result(30)
