"""What staff say of a verdict in doubt: it stands, or it becomes what they say, once and audited."""

from __future__ import annotations

import uuid
from typing import Any

import psycopg
import pytest

from services.local.postgres import Postgres
from tests.contract.schema.rows import (
    add_job,
    claim,
    events,
    items,
    job_row,
    one,
    operator,
    record,
    refused,
    results,
    retry,
)

pytestmark = pytest.mark.stack


def review(
    desk: psycopg.Connection, job: str, expected: str, outcome: str, *, why: str | None = "seen", request: str = ""
) -> Any:
    query = "select staff_review_outcome(%s, %s, 'a.example', %s, %s, %s)"
    return one(desk, query, request or str(uuid.uuid4()), job, expected, outcome, why)


def ended_job(owner: psycopg.Connection, verdict: str) -> str:
    """A completed job with the verdict in doubt on a.example."""
    job = add_job(owner, {"a.example": "pending", "b.example": "submitted"}, status="in_progress")
    claim(owner, job, "a.example")
    record(owner, job, "a.example", verdict)
    one(owner, "select finalize_job(%s, 'w-1')", job)
    return job


def test_a_verdict_that_stands_is_noted_and_nothing_else_changes(server: Postgres, owner: psycopg.Connection) -> None:
    job = ended_job(owner, "submitted")
    before, told = job_row(owner, job), events(owner, job)
    with operator(server) as desk:
        review(desk, job, "submitted", "submitted", why=None)
    assert (job_row(owner, job), events(owner, job)) == (before, [*told, "staff_review"])
    log = one(owner, "select response_log from job_results where directory_name = 'a.example'")
    assert log == {
        "why": ["submitted"],
        "reviewed": {"outcome": "submitted", "before": "submitted", "by": "desk@directory-bolt.example"},
    }


@pytest.mark.parametrize(
    ("before", "after", "error", "end"),
    [
        ("submitted", "failed", "seen", "1 of 2 submissions failed"),
        ("failed", "submitted", None, None),
        ("failed", "skipped", "seen", None),
    ],
)
def test_a_verdict_that_does_not_stand_becomes_what_was_said(
    server: Postgres, owner: psycopg.Connection, before: str, after: str, error: str | None, end: str | None
) -> None:
    job = ended_job(owner, before)
    with operator(server) as desk:
        with refused("22023", "say why"):
            review(desk, job, before, after, why=" ")
        request = str(uuid.uuid4())
        first = review(desk, job, before, after, request=request)
        assert review(desk, job, before, after, request=request) == first
        with refused("PT409", f"is {after} by now"):
            review(desk, job, before, after)
    assert [(host, status) for host, status, _ in results(owner, job)] == [("a.example", after)]
    assert items(owner, job)["a.example"] == after
    assert job_row(owner, job) == ("completed", 2, 2, 100, end)
    assert events(owner, job)[-2:] == [after, "staff_review"]
    assert one(owner, "select error_message from job_results where directory_name = 'a.example'") == error


def test_what_was_said_not_to_be_submitted_can_be_retried(server: Postgres, owner: psycopg.Connection) -> None:
    job = ended_job(owner, "submitted")
    with operator(server) as desk:
        review(desk, job, "submitted", "failed")
        assert retry(desk, job)["directories"] == ["a.example"]
    assert claim(owner, job, "a.example") == "claimed"


def test_what_does_not_fit_is_refused(server: Postgres, owner: psycopg.Connection) -> None:
    job = add_job(owner, {"a.example": "pending"})
    with operator(server) as desk:
        for expected, outcome in (("submitting", "failed"), ("failed", "pending")):
            with refused("22023", "must be"):
                review(desk, job, expected, outcome)
        with refused("PT404"):
            review(desk, job, "submitted", "failed")
        claim(owner, job, "a.example")
        with refused("PT409", "submitting by now"):
            review(desk, job, "submitted", "failed")


def test_the_better_of_two_rows_is_the_one_that_counts(server: Postgres, owner: psycopg.Connection) -> None:
    job = ended_job(owner, "submitted")
    owner.execute(
        "insert into job_results (job_id, directory_name, status, idempotency_key)"
        " values (%s, 'a.example', 'failed', 'older formula')",
        (job,),
    )
    with operator(server) as desk:
        with refused("PT409", "is submitted by now"):
            review(desk, job, "failed", "skipped")
        review(desk, job, "submitted", "failed")
    assert {status for _, status, _ in results(owner, job)} == {"failed"}
