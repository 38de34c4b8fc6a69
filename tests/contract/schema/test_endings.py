"""How a job ends, and how its end is worked out again."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from services.local.postgres import Postgres
from tests.contract.schema.rows import add_job, claim, details, events, items, job_row, one, record

pytestmark = pytest.mark.stack


def spread(**counts: int) -> dict[str, str]:
    """A work list with so many directories of each status."""
    return {f"{status}-{n}.example": status for status, count in counts.items() for n in range(count)}


def finalize(connection: psycopg.Connection, job: str) -> str:
    return str(one(connection, "select finalize_job(%s, 'w-1')", job))


@pytest.mark.parametrize(
    ("counts", "final", "message"),
    [
        ({}, "failed", "No directories processed"),
        ({"failed": 3}, "failed", "3 of 3 submissions failed"),
        ({"submitted": 3}, "completed", None),
        ({"skipped": 2}, "completed", None),
        ({"submitted": 1, "skipped": 1}, "completed", None),
        ({"submitted": 47, "failed": 3}, "completed", "3 of 50 submissions failed"),
        ({"skipped": 1, "failed": 1}, "completed", "1 of 2 submissions failed"),
        ({"submitted": 1, "submitting": 1}, "completed", "1 outcome unknown"),
        ({"submitting": 2}, "completed", "2 outcomes unknown"),
        ({"failed": 2, "submitting": 1}, "completed", "2 of 3 submissions failed, 1 outcome unknown"),
    ],
)
def test_endings(owner: psycopg.Connection, counts: dict[str, int], final: str, message: str | None) -> None:
    job = add_job(owner, spread(**counts))
    assert finalize(owner, job) == final
    total = sum(counts.values())
    done = total - counts.get("submitting", 0)
    assert job_row(owner, job) == (final, done, total, done * 100 // total if total else 0, message)
    assert one(owner, "select completed_at is not null from jobs where id = %s", job)
    said = {"final_status": final, "total": total, **{s: counts.get(s, 0) for s in ("submitted", "failed", "skipped")}}
    if counts.get("submitting"):
        said["unknown"] = counts["submitting"]
    assert details(owner, job, "job_finalized") == said


def test_an_outcome_after_the_end_counts(owner: psycopg.Connection) -> None:
    job = add_job(owner, {"a.example": "pending", "b.example": "failed"})
    claim(owner, job, "a.example", lease=0)
    finalize(owner, job)
    assert job_row(owner, job) == ("completed", 1, 2, 50, "1 of 2 submissions failed, 1 outcome unknown")
    ended = one(owner, "select completed_at from jobs")
    record(owner, job, "a.example", "submitted")
    assert job_row(owner, job) == ("completed", 2, 2, 100, "1 of 2 submissions failed")
    assert one(owner, "select completed_at from jobs") == ended
    assert events(owner, job).count("job_finalized") == 1


@pytest.mark.parametrize("status", ["pending", "in_progress", "paused", "cancelled"])
def test_a_job_that_has_not_ended_is_left_to_its_worker(owner: psycopg.Connection, status: str) -> None:
    job = add_job(owner, {"a.example": "pending"}, status=status)
    claim(owner, job, "a.example")
    record(owner, job, "a.example", "failed")
    assert job_row(owner, job) == (status, 1, 1, 100, None)


def test_a_job_that_broke_off_keeps_its_reason(owner: psycopg.Connection) -> None:
    job = add_job(owner, {"a.example": "pending", "b.example": "pending"}, status="failed")
    owner.execute("update jobs set error_message = 'No browser was found'")
    for host, row in (
        ("a.example", ("failed", 1, 2, 50, "No browser was found")),
        ("b.example", ("completed", 2, 2, 100, None)),
    ):
        claim(owner, job, host)
        record(owner, job, host, "submitted")
        assert job_row(owner, job) == row


def test_an_end_waits_for_an_outcome_that_is_being_written(server: Postgres, owner: psycopg.Connection) -> None:
    job = add_job(owner, {"a.example": "pending", "b.example": "submitted"})
    claim(owner, job, "a.example", "desk")
    with psycopg.connect(server.url) as desk, ThreadPoolExecutor(1) as pool:
        record(desk, job, "a.example", "failed", "desk")
        ending = pool.submit(finalize, owner, job)
        wait_for_a_lock(server)
        desk.commit()
        assert ending.result(20) == "completed"
    assert job_row(owner, job) == ("completed", 2, 2, 100, "1 of 2 submissions failed")
    assert details(owner, job, "job_finalized")["failed"] == 1


def test_an_outcome_waits_for_an_end_that_is_being_written(server: Postgres, owner: psycopg.Connection) -> None:
    job = add_job(owner, {"a.example": "pending", "b.example": "submitted"})
    claim(owner, job, "a.example", "desk")
    with psycopg.connect(server.url) as worker, ThreadPoolExecutor(1) as pool:
        finalize(worker, job)
        writing = pool.submit(record, owner, job, "a.example", "submitted", "desk")
        wait_for_a_lock(server)
        worker.commit()
        assert writing.result(20)
    assert job_row(owner, job) == ("completed", 2, 2, 100, None)
    assert items(owner, job)["a.example"] == "submitted"


def wait_for_a_lock(server: Postgres) -> None:
    """Return once a session of our database waits for another."""
    query = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    deadline = time.monotonic() + 20
    with psycopg.connect(server.url, autocommit=True) as watcher:
        while not one(watcher, query):
            assert time.monotonic() < deadline, "nobody waits"
