"""A real run on a desk: claimed, written and audited like a worker's."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from psycopg import errors

from services.local.postgres import Postgres
from tests.contract.schema.rows import (
    ACTOR,
    add_job,
    caller,
    claim,
    claim_here,
    details,
    events,
    finish_here,
    items,
    job_row,
    key_of,
    one,
    operator,
    record,
    results,
    retry,
)

pytestmark = pytest.mark.stack


def ended_job(owner: psycopg.Connection, submitted: int = 1) -> str:
    """A job with two failed directories, a.example and b.example, as its worker ended it."""
    listed = {"a.example": "pending", "b.example": "pending"}
    job = add_job(owner, {**listed, **{f"s{n}.example": "submitted" for n in range(submitted)}})
    for host in ("a.example", "b.example"):
        claim(owner, job, host)
        record(owner, job, host, "failed")
    owner.execute("select finalize_job(%s, 'w-1')", (job,))
    return job


@pytest.mark.parametrize(
    ("status", "row"),
    [
        ("submitted", ("completed", 3, 3, 100, "1 of 3 submissions failed")),
        ("failed", ("completed", 3, 3, 100, "2 of 3 submissions failed")),
        ("unknown", ("completed", 2, 3, 66, "1 of 3 submissions failed, 1 outcome unknown")),
    ],
)
def test_an_ended_job_says_what_is_true_now(
    server: Postgres, owner: psycopg.Connection, status: str, row: tuple[object, ...]
) -> None:
    job, run = ended_job(owner), str(uuid.uuid4())
    assert job_row(owner, job) == ("completed", 3, 3, 100, "2 of 3 submissions failed")
    earlier = events(owner, job)
    with operator(server) as desk:
        assert claim_here(desk, job, "a.example", run) == "claimed"
        assert items(owner, job)["a.example"] == "submitting"
        assert job_row(owner, job)[1:4] == (2, 3, 66)
        assert finish_here(desk, job, "a.example", run, status)
    assert job_row(owner, job) == row
    assert items(owner, job)["a.example"] == ("submitting" if status == "unknown" else status)
    outcome = [status] if status == "unknown" else [status, "submission_complete"]
    assert events(owner, job) == [*earlier, "submitting", *outcome, "staff_run"], "it isn't finalized twice"
    assert len(results(owner, job)) == 2, "the failed row tells of it"


def test_the_last_failure_mended(server: Postgres, owner: psycopg.Connection) -> None:
    job = ended_job(owner, submitted=0)
    assert job_row(owner, job)[0] == "failed"
    rows = [("completed", "1 of 2 submissions failed"), ("completed", None)]
    with operator(server) as desk:
        for host, expected in zip(("a.example", "b.example"), rows, strict=True):
            run = str(uuid.uuid4())
            claim_here(desk, job, host, run)
            finish_here(desk, job, host, run, "submitted")
            row = job_row(owner, job)
            assert (row[0], row[4]) == expected


def test_the_act_is_audited(server: Postgres, owner: psycopg.Connection) -> None:
    job, run = ended_job(owner), str(uuid.uuid4())
    with operator(server) as desk:
        claim_here(desk, job, "a.example", run)
        finish_here(desk, job, "a.example", run, "submitted")
    audit = "select request_id::text, actor::text, role, act, target, after from staff_actions"
    assert owner.execute(audit).fetchall() == [
        (run, ACTOR, "operator", "run_here", f"{job}/a.example", {"status": "submitted"})
    ]
    assert details(owner, job, "staff_run") == {
        "actor": "desk@directory-bolt.example", "request_id": run, "status": "submitted",
    }  # fmt: skip
    assert one(owner, "select claim_owner from job_results where status = 'submitted'") == f"staff:{ACTOR}:{run}"


def test_written_once_and_said_again(server: Postgres, owner: psycopg.Connection) -> None:
    job, run = ended_job(owner), str(uuid.uuid4())
    with operator(server) as desk:
        claim_here(desk, job, "a.example", run)
        assert finish_here(desk, job, "a.example", run, "submitted")
        before = (events(owner, job), job_row(owner, job))
        assert finish_here(desk, job, "a.example", run, "submitted"), "for who didn't hear the answer"
        assert not finish_here(desk, job, "a.example", run, "failed")
        assert not finish_here(desk, job, "b.example", run, "submitted")
    assert (events(owner, job), job_row(owner, job)) == before
    assert one(owner, "select count(*) from staff_actions") == 1


def test_a_run_is_its_own_persons_only(server: Postgres, owner: psycopg.Connection) -> None:
    job, run = ended_job(owner), str(uuid.uuid4())
    with operator(server) as desk:
        claim_here(desk, job, "a.example", run)
        assert not finish_here(desk, job, "a.example", str(uuid.uuid4()), "submitted")
        with caller(server.url, "authenticated", "admin", actor=str(uuid.uuid4())) as colleague:
            assert claim_here(colleague, job, "a.example", str(uuid.uuid4())) == "in_flight"
            assert not finish_here(colleague, job, "a.example", run, "submitted")
        assert finish_here(desk, job, "a.example", run, "submitted")
        with caller(server.url, "authenticated", "admin", actor=str(uuid.uuid4())) as colleague:
            assert not finish_here(colleague, job, "a.example", run, "submitted")
        with pytest.raises(errors.InvalidParameterValue, match="another act"):
            claim_here(desk, job, "b.example", run)


@pytest.mark.parametrize(("asked", "given"), [(1, 30), (480, 480), (10**6, 2010)])
def test_a_claim_lasts_within_reason(server: Postgres, owner: psycopg.Connection, asked: int, given: int) -> None:
    job = ended_job(owner)
    with operator(server) as desk:
        key = key_of(job, "a.example")
        desk.execute("select staff_claim_run(%s, 'a.example', %s, '{}', %s, %s)", (job, key, str(uuid.uuid4()), asked))
    left = one(owner, "select extract(epoch from max(claim_expires_at) - clock_timestamp())::float from job_results")
    assert given - 10 < left <= given


def test_a_retry_and_a_run_of_the_same_directory(server: Postgres, owner: psycopg.Connection) -> None:
    job, run = ended_job(owner), str(uuid.uuid4())
    with operator(server) as desk:
        claim_here(desk, job, "a.example", run)
        assert retry(desk, job)["directories"] == ["b.example"], "what runs here isn't put back"
        assert claim(owner, job, "a.example", "w-2") == "in_flight"
        assert finish_here(desk, job, "a.example", run, "submitted")
        assert job_row(owner, job) == ("pending", 2, 3, 66, None), "queued: left to the worker"
        # The other one waits for the worker; a run here may still be first.
        run = str(uuid.uuid4())
        assert claim_here(desk, job, "b.example", run) == "claimed"
        finish_here(desk, job, "b.example", run, "submitted")
    assert claim(owner, job, "b.example", "w-2") == "duplicate"
    assert one(owner, "select finalize_job(%s, 'w-2')", job) == "completed"
    assert job_row(owner, job) == ("completed", 3, 3, 100, None)


def hold_here(connection: psycopg.Connection, job: str, run: str, why: str | None, seconds: int | None) -> bool:
    query = "select staff_hold_run(%s, 'a.example', %s, %s, %s, %s)"
    return bool(one(connection, query, job, key_of(job, "a.example"), run, why, seconds))


def test_a_run_that_waits_for_a_person_is_told_to_everybody(server: Postgres, owner: psycopg.Connection) -> None:
    job, run = ended_job(owner), str(uuid.uuid4())
    earlier = events(owner, job)
    with operator(server) as desk:
        assert not hold_here(desk, job, run, "captcha", 300), "nothing is claimed yet"
        claim_here(desk, job, "a.example", run)
        assert hold_here(desk, job, run, "captcha", 300)
        assert hold_here(desk, job, run, "", 0)
        assert not hold_here(desk, job, str(uuid.uuid4()), "captcha", 300), "another run of the same person"
        for why, seconds in (("lunch", 300), (None, 300), ("captcha", 2011), ("captcha", -1), ("captcha", None)):
            with pytest.raises(errors.InvalidParameterValue):
                hold_here(desk, job, run, why, seconds)
        finish_here(desk, job, "a.example", run, "unknown")
        assert not hold_here(desk, job, run, "captcha", 300), "it has ended"
    told = events(owner, job)[len(earlier) :]
    assert told == ["submitting", "staff_run_held", "staff_run_released", "unknown", "staff_run"]
    held = details(owner, job, "staff_run_held")
    assert (held["run_id"], held["why"], held["actor"]) == (run, "captcha", "desk@directory-bolt.example")
    left = one(
        owner,
        "select extract(epoch from (details ->> 'until')::timestamptz - created_at)::float from queue_history"
        " where event = 'staff_run_held'",
    )
    assert 299 < left < 302
    assert details(owner, job, "staff_run_released").keys() == {"run_id", "actor"}
    with caller(server.url, "authenticated", "viewer") as viewer, pytest.raises(errors.InsufficientPrivilege):
        hold_here(viewer, job, run, "captcha", 300)


def test_a_job_that_ends_while_staff_run_one_of_its_directories_says_so(
    server: Postgres, owner: psycopg.Connection
) -> None:
    job, run = add_job(owner, {"a.example": "pending", "b.example": "failed"}), str(uuid.uuid4())
    with operator(server) as desk:
        claim_here(desk, job, "a.example", run)
        assert one(owner, "select finalize_job(%s, 'w-1')", job) == "completed"
        assert job_row(owner, job) == ("completed", 1, 2, 50, "1 of 2 submissions failed, 1 still run by staff")
        assert details(owner, job, "job_finalized") == {
            "final_status": "completed", "total": 2, "submitted": 0, "failed": 1, "skipped": 0, "running": 1,
        }  # fmt: skip
        finish_here(desk, job, "a.example", run, "submitted")
    assert job_row(owner, job)[4] == "1 of 2 submissions failed"
