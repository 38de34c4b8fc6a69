"""A PostgreSQL, a queue and business rows for the pipeline's tests."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from services.local.postgres import Postgres
from services.local.queue.app import build_app
from services.pipeline.database import Pool, open_pool
from services.pipeline.sqs import open_client
from services.settings import Settings
from tests.local_http import serve
from tests.postgres import running_postgres

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient


class Records:
    """The database as a test sets it up and looks at it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._pool.connection() as database:
            cursor = database.execute(query, values)
            return [tuple(row.values()) for row in cursor.fetchall()] if cursor.description else []

    def job(self, hosts: list[str], *, name: str = "Blue Door Bakery", package: str = "starter") -> str:
        """A customer and a job with a work list of these hosts; the job's id."""
        customer = str(uuid.uuid4())
        self.ask(
            "insert into customers (id, email, business_name, phone, package_type)"
            " values (%s, 'a@b.example', %s, '555-0123', %s)",
            customer, name, package,
        )  # fmt: skip
        job = str(uuid.uuid4())
        self.ask("insert into jobs (id, customer_id, package_type) values (%s, %s, %s)", job, customer, package)
        for rank, host in enumerate(hosts):
            self.ask(
                "insert into directories (name, submission_url, domain_authority, field_selectors) values (%s, %s, %s,"
                """ '{"fields": {"business_name": "#n", "phone": "#p"}, "submit": "#s", "rate_limit_ms": 0}')"""
                " on conflict do nothing",
                host, f"http://{host}/add", 90 - rank,
            )  # fmt: skip
            self.ask(
                "insert into directory_submissions (submission_queue_id, directory_url, created_at)"
                " values (%s, %s, '2026-11-01')",
                job, f"http://{host}/add",
            )  # fmt: skip
        return job

    def events(self, job: str) -> list[str]:
        """The job's history in order; an event of a directory as `host event`."""
        rows = self.ask("select directory_name, event from queue_history where job_id = %s order by id", job)
        return [f"{host} {event}" if host else event for host, event in rows]

    def details(self, job: str, event: str) -> list[dict[str, Any]]:
        found = self.ask("select details from queue_history where job_id = %s and event = %s order by id", job, event)
        return [row[0] for row in found]

    def run_for(self, job: str) -> str:
        """A flow run that waits for a worker; its id."""
        rows = self.ask(
            "insert into flow_runs (idempotency_key, deployment, parameters) values (%s, 'process_job/production',"
            " jsonb_build_object('job_id', %s::text, 'priority', 'starter', 'package_size', 50)) returning id::text",
            str(uuid.uuid4()), job,
        )  # fmt: skip
        return str(rows[0][0])


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def database_url(postgres_server: Postgres) -> str:
    return postgres_server.url


@pytest.fixture(scope="session")
def pool(database_url: str) -> Iterator[Pool]:
    opened = open_pool(database_url, size=6)
    yield opened
    opened.close()


@pytest.fixture
def records(pool: Pool) -> Records:
    """The database without business rows."""
    with pool.connection() as database:
        database.execute("set local session_replication_role = replica")
        database.execute(
            "truncate customers, jobs, directories, directory_submissions, job_results, queue_history,"
            " worker_heartbeats, outbox, flow_runs, paused_directories, form_fingerprints"
        )
    return Records(pool)


@pytest.fixture(scope="session")
def queue_origin(database_url: str) -> Iterator[str]:
    with serve(lambda origin: build_app(database_url, origin)) as origin:
        yield origin


@pytest.fixture
def settings_for(database_url: str, tmp_path: Path) -> Callable[..., Settings]:
    """Settings of a role: no pauses, short limits."""

    def make(**changes: Any) -> Settings:
        values: dict[str, Any] = {
            "data_dir": str(tmp_path),
            "database_url": database_url,
            "aws_access_key_id": "local-key",
            "aws_secret_access_key": "local-secret",
            "brain_token": "right-token",
            "sqs_wait_seconds": 0,
            "relay_poll_seconds": 0.05,
            "retry_base_seconds": 0.0,
            "worker_poll_seconds": 0.05,
            "heartbeat_seconds": 0.2,
        }
        return Settings(**{**values, **changes})

    return make


@pytest.fixture
def settings(settings_for: Callable[..., Settings], queue_origin: str) -> Settings:
    """Settings with a queue of their own."""
    name = f"queue-{uuid.uuid4().hex[:10]}"
    found = settings_for(queue_url=f"{queue_origin}/000000000000/{name}")
    client = open_client(found)
    client.create_queue(QueueName=name)
    client.close()
    return found


@pytest.fixture
def queue(settings: Settings) -> Iterator[SQSClient]:
    client = open_client(settings)
    yield client
    client.close()
