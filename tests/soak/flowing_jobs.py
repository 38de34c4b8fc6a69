"""Jobs that flow through a stack under fire, and the judgement on what became of them."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections import Counter
from typing import Any, Final

import httpx
import psycopg
from psycopg.types.json import Jsonb

from tests.local_stack import RunningStack

_KINDS: Final = ("plain", "select", "strict")
_CLAIMS: Final = {
    "sub": "00000000-0000-4000-8000-00000000000a",
    "email": "desk@directory-bolt.example",
    "role": "authenticated",
    "app_metadata": {"role": "operator"},
}


class FlowingJobs:
    """Jobs of one to four directories, each of a business with a name of its own, on sites that behave."""

    def __init__(self, stack: RunningStack) -> None:
        self._stack = stack
        self._database_url = stack.witness().database_url
        practice = stack.env["PRACTICE_URL"]
        sites = httpx.get(f"{practice}/_sites", trust_env=False, timeout=30).json()
        self._hosts = [site["host"] for site in sites if site["mode"] == "ok" and site["kind"] in _KINDS]
        self._port = practice.rsplit(":", 1)[1]
        self._names: dict[str, str] = {}
        self._asked: dict[str, list[str]] = {}
        self._sure: set[str] = set()
        self.figures: Counter[str] = Counter()

    def submit(self, rng: random.Random) -> None:
        """One paid job. With the database away nobody knows whether it was taken in; `judge` finds out."""
        job, customer = (str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(2))
        hosts = rng.sample(self._hosts, rng.randint(1, 4))
        self._names[job], self._asked[job] = f"Soak {job}", hosts
        try:
            with psycopg.connect(self._database_url, connect_timeout=2) as database:
                database.execute(
                    "insert into customers (id, email, business_name, package_type, phone, website, city, state)"
                    " values (%s, 'a@b.example', %s, 'starter', '2125550123', 'https://a.example', 'Troy', 'NY')",
                    (customer, self._names[job]),
                )
                database.execute(
                    "insert into jobs (id, customer_id, package_type, package_size, directories_total)"
                    " values (%s, %s, 'starter', 50, %s)",
                    (job, customer, len(hosts)),
                )
                database.execute(
                    "insert into directory_submissions (submission_queue_id, directory_url)"
                    " select %s, unnest(%s::text[])",
                    (job, [f"http://{host}:{self._port}/add" for host in hosts]),
                )
                # As urgent as what staff ask for: the orders that a fresh stack comes with take it some minutes.
                database.execute("select private.queue_job(%s, 'staff_retry')", (job,))
        except psycopg.OperationalError:
            self.figures["submits_cut_off"] += 1
        else:
            self._sure.add(job)

    def settle(self, limit: float) -> None:
        """Wait until every job has ended with nothing left to do; retries what failed, as staff would."""
        deadline = time.monotonic() + limit
        while True:
            try:
                open_jobs = self._open_jobs()
            except psycopg.OperationalError:
                open_jobs = ["the database is away"]
            if not open_jobs:
                return
            assert time.monotonic() < deadline, f"did not end: {open_jobs}"
            time.sleep(0.25)

    def judge(self) -> None:
        """Assert that each directory of each job was submitted exactly once, or that its outcome is called unknown."""
        listed = self._listings()
        with psycopg.connect(self._database_url) as database:
            known = {str(row[0]) for row in database.execute("select id from jobs where id = any(%s)", (self._ids(),))}
            lost = self._sure - known
            assert not lost, f"paid, taken in and lost: {lost}"
            rows = database.execute(
                "select job_id, directory_name, status from job_results where job_id = any(%s)", (self._ids(),)
            ).fetchall()
            told = database.execute(
                "select job_id, directory_name from queue_history where event = 'unknown' and job_id = any(%s)",
                (self._ids(),),
            ).fetchall()
        unknown = {(str(job), host) for job, host in told}
        status = {(str(job), host): state for job, host, state in rows}
        for job in known:
            for host in self._asked[job]:
                found, times = status.get((job, host), "no result"), listed[self._names[job], host]
                where = f"{host} of {job}: {found}, taken in {times} times"
                if found == "submitted":
                    assert times == 1, where
                else:
                    assert found == "submitting", where
                    assert (job, host) in unknown, where
                    assert times <= 1, where
                self.figures["submitted" if found == "submitted" else "unknown"] += 1
        self.figures["jobs"] = len(known)

    def _ids(self) -> list[str]:
        return list(self._asked)

    def _open_jobs(self) -> list[str]:
        with psycopg.connect(self._database_url, connect_timeout=2) as database:
            rows = database.execute(
                """
                select j.id::text, j.status,
                       exists (select from directory_submissions s
                                where s.submission_queue_id = j.id and s.status in ('failed', 'pending')) as failed,
                       exists (select from flow_runs f
                                where f.parameters ->> 'job_id' = j.id::text and f.ended_at is null) as running,
                       exists (select from sqs.messages m
                                where m.queue = 'DirectoryBolt-dlq' and m.body like '%%' || j.id || '%%') as dead
                  from jobs j where j.id = any(%s)
                """,
                (self._ids(),),
            ).fetchall()
            for job, status, failed, running, dead in rows:
                if dead:
                    # A message that was taken and cut off too often. Replayed as the console does: send, then delete.
                    database.execute("select private.queue_job(%s, 'staff_retry')", (job,))
                    database.execute("delete from sqs.messages where body like %s", (f"%{job}%",))
                    self.figures["dead_letters_replayed"] += 1
                elif status in ("completed", "failed") and failed and not running:
                    database.execute("select set_config('request.jwt.claims', %s::text, true)", (Jsonb(_CLAIMS),))
                    database.execute("select staff_retry_failed(gen_random_uuid(), %s::uuid)", (job,))
                    self.figures["retried_jobs"] += 1
        return [
            f"{job} {status}"
            for job, status, failed, running, dead in rows
            if status not in ("completed", "failed") or failed or running or dead
        ]

    def _listings(self) -> Counter[tuple[str, str]]:
        """How often each site has taken in each business."""
        found: Counter[tuple[str, str]] = Counter()
        for line in (self._stack.home / "local" / "practice" / "requests.jsonl").read_bytes().splitlines():
            entry = _object(line)
            if entry.get("listing") is not None:
                for value in entry["form"].values():
                    found[value, entry["host"]] += value.startswith("Soak ")
        return found


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}  # cut off by a kill
    return found if isinstance(found, dict) else {}
