"""A project in production's older shape, over the real clients: what is there is read as what it means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import psycopg
import pytest
from psycopg.types.json import Jsonb

from app.store.store import Store
from app.sync.engine import Engine
from app.sync.timings import Timings
from services.clients.supabase_feed import SupabaseFeed
from services.clients.supabase_reads import SupabaseReads
from services.domain.passwords import hash_password
from services.local.postgres import Postgres
from tests.contract.clients.test_reads import signed_in
from tests.contract.gateway.running import PASSWORD, until
from tests.postgres import running_postgres

pytestmark = pytest.mark.stack

# No versions, no progress columns, other spellings, ids of three types, times without a zone, results without any;
# no work list, no outbox; directories that this sign-in may not read; a history that is not in the publication.
_SHAPE = """
drop table public.customers, public.jobs, public.directory_submissions, public.job_results, public.queue_history,
  public.worker_heartbeats, public.outbox, public.staff_actions, public.flow_runs, public.paused_directories,
  public.form_fingerprints,
  public.replay_leases, public.staff_operations cascade;
create table public.customers (id text primary key, customer_id text, business_name text, email text,
  package_type text, created_at timestamp default (now() at time zone 'utc'));
create table public.jobs (id text primary key, customer_id text unique, package_type text, package_size int,
  directory_limit int, status text check (status in ('pending', 'in_progress', 'complete', 'failed')),
  error_message text, started_at timestamp, completed_at timestamp,
  created_at timestamp default (now() at time zone 'utc'), updated_at timestamp default (now() at time zone 'utc'));
create table public.job_results (id bigint generated always as identity primary key, job_id text, directory_name text,
  submission_status text, response_log jsonb, screenshot_url text, error_message text);
create table public.queue_history (id uuid primary key default gen_random_uuid(), customer_id text, status_from text,
  status_to text, directories_processed int, directories_failed int, error_message text, metadata jsonb,
  created_at timestamptz default clock_timestamp());
create table public.worker_heartbeats (worker_id text primary key, status text, last_seen timestamp);
alter publication supabase_realtime add table public.customers, public.jobs, public.job_results,
  public.worker_heartbeats;
revoke select on public.directories from anon, authenticated;
grant select on public.customers, public.jobs, public.job_results, public.queue_history, public.worker_heartbeats
  to authenticated;
"""
_TABLES = ("customers", "jobs", "job_results", "queue_history", "worker_heartbeats")


@pytest.fixture(scope="module")
def production() -> Iterator[Postgres]:
    with running_postgres() as server:
        with psycopg.connect(server.url) as connection:
            connection.execute(
                "insert into auth.users (email, password_hash, app_metadata) values (%s, %s, %s)",
                ("operator@directory-bolt.example", hash_password(PASSWORD), Jsonb({"role": "operator"})),
            )
            connection.execute(_SHAPE)
            for table in _TABLES:
                connection.execute(f"alter table public.{table} enable row level security")
                connection.execute(
                    f"create policy staff_read on public.{table} for select to authenticated"
                    " using ((select private.staff_role()) is not null)"
                )
        yield server


class Project:
    """The owner's hands in the database, and a live store over it."""

    def __init__(self, owner: psycopg.Connection, store: Store, engine: Engine) -> None:
        self.store = store
        self._owner = owner
        self._engine = engine

    def write(self, statement: str, *values: object) -> None:
        self._owner.execute(statement, values)

    def customer(self, key: str, job: str, status: str, **columns: object) -> None:
        self.write("insert into customers (id, business_name) values (%s, %s)", key, f"Business {key}")
        names = ["id", "customer_id", "status", *columns]
        marks = ", ".join(["%s"] * len(names))
        self.write(f"insert into jobs ({', '.join(names)}) values ({marks})", job, key, status, *columns.values())

    def result(self, job: str, host: str, status: str, error: str | None = None, **log: object) -> None:
        self.write(
            "insert into job_results (job_id, directory_name, submission_status, error_message, response_log)"
            " values (%s, %s, %s, %s, %s)", job, host, status, error, Jsonb(log),
        )  # fmt: skip

    def history(self, customer: str | None, came: str | None = None, to: str | None = None, **more: object) -> None:
        error = more.pop("error_message", None)
        self.write(
            "insert into queue_history (customer_id, status_from, status_to, error_message, metadata)"
            " values (%s, %s, %s, %s, %s)", customer, came, to, error, Jsonb(more) if more else None,
        )  # fmt: skip

    async def shows(self, condition: Callable[[], object]) -> None:
        await until(lambda: self.store.take_changed() is not None and condition())


@asynccontextmanager
async def project(server: Postgres) -> AsyncIterator[Project]:
    with psycopg.connect(server.url, autocommit=True) as owner:
        owner.execute(f"truncate {', '.join(_TABLES)}")
        async with signed_in(server) as session:
            store = Store()
            timings = Timings(poll=0.2, recent=0.4, flush=0.05)
            engine = Engine(SupabaseReads(session), SupabaseFeed(session), store, timings, chance=lambda: 0.0)
            running = asyncio.get_running_loop().create_task(engine.run())
            try:
                await until(lambda: store.link.live)
                yield Project(owner, store, engine)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)


def test_production_is_read_as_what_it_means(production: Postgres) -> None:
    async def suite() -> None:
        async with asyncio.timeout(90), project(production) as there:
            store = there.store
            lines = store.jobs.lines
            # 12. Each table says which kind of nothing it is, and the rest works.
            kinds = {table: store.state(table).kind for table in store.tables()}
            assert {table for table, kind in kinds.items() if kind == "not_installed"} == {
                "directory_submissions", "form_fingerprints", "outbox", "paused_directories", "replay_leases",
                "staff_actions", "staff_operations",
            }  # fmt: skip
            assert kinds["directories"] == "not_permitted"
            # 1, 2, 5, 7. The total comes from the limit, spellings are ours, a customer has one job.
            there.customer("7", "42", "complete", directory_limit=4, error_message="2 of 4 submissions failed")
            there.customer("c-9", "5e0e2a30-0000-4000-8000-000000000001", "in_progress", package_size=50)
            await there.shows(lambda: len(lines) == 2)
            assert (lines["42"].status, lines["42"].total, lines["42"].business) == ("completed", 4, "Business 7")
            assert lines["42"].created_at is not None
            assert abs(lines["42"].created_at - store.now()) < 600
            assert lines["5e0e2a30-0000-4000-8000-000000000001"].total == 50
            # 3, 9, 10. Every spelling of a result; several rows for one directory are one outcome.
            there.result("42", "a.example", "approved")
            there.result("42", "a.example", "error", "late and wrong")
            there.result("42", "b.example", "captcha_failed")
            there.result("42", "c.example", "2fa_required")
            there.result("42", "d.example", "requires_manual")
            await there.shows(lambda: (lines["42"].submitted, lines["42"].failed) == (1, 3))
            words = {line.host: line.words for line in store.jobs.directories("42")}
            assert words["b.example"] == "This directory asks for a captcha; a person is needed"
            assert words["c.example"] == "This directory asks for a code that it sent by e-mail; a person is needed"
            assert words["d.example"] == "A person is needed for this directory"
            assert "2 of 4 submissions failed" in lines["42"].diagnosis.words
            there.write("update jobs set status = 'failed', error_message = null where id = '42'")
            await there.shows(lambda: lines["42"].status == "failed")
            # A row goes without a word of its columns.
            there.write("delete from job_results where submission_status = 'requires_manual'")
            await there.shows(lambda: lines["42"].failed == 2)
            # 6. A sign of life under its other name.
            there.write("insert into worker_heartbeats values ('w1', 'running', now() at time zone 'utc')")
            await there.shows(lambda: store.rows("worker_heartbeats"))
            assert abs(store.get("worker_heartbeats", "w1").last_heartbeat - store.now()) < 600

    asyncio.run(suite())


def test_the_older_history_tells_of_the_hops(production: Postgres) -> None:
    async def suite() -> None:
        async with asyncio.timeout(90), project(production) as there:
            store = there.store
            there.customer("1", "j1", "pending", package_size=50)
            there.customer("2", "j2", "in_progress", package_size=50)
            await there.shows(lambda: len(store.jobs.lines) == 2)
            # 4. By its customer, by its metadata; as an event, and as a step from one status to another.
            there.history("1", event="queue_claimed", message_id="m")
            there.history(None, job_id="j1", event="flow_triggered")
            there.history("2", "pending", "in_progress")
            there.history(
                "2", job_id="j2", event="failed", directory_name="x.example",
                error_message="Page.goto: Timeout 30000ms exceeded.",
            )  # fmt: skip
            # 13. The feed tells nothing of this table: it is read every few seconds instead.
            await there.shows(lambda: len(store.rows("queue_history")) == 4)
            assert [event.event for event in store.jobs.history("j1")] == ["queue_claimed", "flow_triggered"]
            assert store.jobs.lines["j1"].diagnosis.words == "Flow triggered, waiting for a worker"
            assert [event.event for event in store.jobs.history("j2")] == ["pending -> in_progress", "failed"]
            (directory,) = store.jobs.directories("j2")
            assert (directory.host, directory.outcome) == ("x.example", "failed")
            assert directory.words == "The page did not load in time"
            there.history("2", "in_progress", "complete")
            there.write("update jobs set status = 'complete' where id = 'j2'")
            await there.shows(lambda: store.jobs.lines["j2"].status == "completed")
            await until(lambda: store.state("queue_history").polled)

    asyncio.run(suite())
