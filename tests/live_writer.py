"""A writer that changes the real database by chance, as the pipeline and staff do, at a steady pace."""

from __future__ import annotations

import random
import threading
import time
from typing import Final

import psycopg
from psycopg.types.json import Jsonb

_KEPT: Final = 500
"""Results and work items at most: what is above that is deleted, so that the database stays as large as it is."""


class Writer:
    """Writes in a thread between `start` and `stop`; a database that is away is waited for. Never raises."""

    def __init__(self, database_url: str, seed: int, *, per_second: float, jobs: int = 100) -> None:
        self._url = database_url
        self._chance = random.Random(seed)
        self._pause = 1.0 / per_second
        self._count = jobs
        self._jobs: list[str] = []
        self._thread: threading.Thread | None = None
        self._go = threading.Event()
        self.written = 0
        """Statements that were committed."""

    def prepare(self) -> None:
        """Customers and their jobs."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            for number in range(self._count):
                row = connection.execute(
                    "with c as (insert into customers (business_name, email) values (%s, 'owner@shop.example')"
                    " returning id) insert into jobs (customer_id) select id from c returning id::text",
                    (f"Shop {number}",),
                ).fetchone()
                assert row is not None
                self._jobs.append(row[0])

    def start(self) -> None:
        """Write on."""
        self._go.set()
        self._thread = threading.Thread(target=self._run, name="writer")
        self._thread.start()

    def stop(self) -> None:
        """Write no more; what was begun is committed or never will be."""
        self._go.clear()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while self._go.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True, connect_timeout=5) as connection:
                    self._write(connection)
            except psycopg.Error:
                time.sleep(0.2)

    def _write(self, connection: psycopg.Connection) -> None:
        due = time.monotonic()
        while self._go.is_set():
            self._once(connection)
            self.written += 1
            due = max(due + self._pause, time.monotonic() - 1.0)
            time.sleep(max(0.0, due - time.monotonic()))

    def _once(self, connection: psycopg.Connection) -> None:
        chance, job = self._chance, self._chance.choice(self._jobs)
        what = chance.random()
        if what < 0.35:
            connection.execute(
                "update jobs set progress = %s, status = %s where id = %s",
                (chance.randrange(101), chance.choice(["pending", "in_progress", "completed", "failed"]), job),
            )
        elif what < 0.5:
            connection.execute(
                "insert into job_results (job_id, directory_name, idempotency_key, payload)"
                " values (%s, %s, gen_random_uuid()::text, %s)",
                (
                    job,
                    f"directory-{chance.randrange(50)}.example",
                    Jsonb({"text": "x" * chance.choice([5, 500, 5000])}),
                ),
            )
        elif what < 0.65:
            connection.execute(
                "update job_results set status = %s where id = (select id from job_results offset %s limit 1)",
                (chance.choice(["submitting", "submitted", "failed"]), chance.randrange(_KEPT)),
            )
        elif what < 0.75:
            connection.execute(
                "insert into queue_history (job_id, event, details) values (%s, 'submitting', %s)",
                (job, Jsonb({"n": chance.randrange(1000)})),
            )
        elif what < 0.8:
            connection.execute(
                "insert into directory_submissions (submission_queue_id, directory_url)"
                " values (%s, 'https://' || gen_random_uuid() || '.example')",
                (job,),
            )
        elif what < 0.9:
            for table in ("job_results", "directory_submissions"):
                connection.execute(
                    f"delete from {table} where id in (select id from {table} order by created_at desc offset %s)",
                    (_KEPT,),
                )
        elif what < 0.95:
            connection.execute(
                "update customers set phone = %s where id = (select customer_id from jobs where id = %s)",
                (str(chance.random()), job),
            )
        elif what < 0.97:
            with connection.transaction():
                connection.execute("update jobs set progress = (progress + 1) %% 100 where priority_level = 3")
        else:
            connection.execute(
                "insert into worker_heartbeats (worker_id) values (%s)"
                " on conflict (worker_id) do update set last_heartbeat = now()",
                (f"worker {chance.randrange(5)}",),
            )
