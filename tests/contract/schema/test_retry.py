"""Staff put failed directories back to work: who may, when, and once."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

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
    one,
    operator,
    record,
    refused,
    retry,
)

pytestmark = pytest.mark.stack

LIST = {"a.example": "failed", "b.example": "failed", "c.example": "submitted", "d.example": "skipped"}


def effects(owner: psycopg.Connection) -> tuple[int, int, int]:
    """(outbox rows, audit rows, staff_retry events)"""
    query = (
        "select (select count(*) from outbox), (select count(*) from staff_actions),"
        " (select count(*) from queue_history where event = 'staff_retry')"
    )
    return tuple(owner.execute(query).fetchall()[0])


def test_one_transaction_with_all_that_it_takes(server: Postgres, owner: psycopg.Connection) -> None:
    job = add_job(owner, LIST, status="completed")
    owner.execute("update jobs set error_message = '2 of 4 submissions failed'")
    request = str(uuid.uuid4())
    with operator(server) as desk:
        answer = retry(desk, job, request=request)
    assert answer["directories"] == ["a.example", "b.example"]
    assert items(owner, job) == {**LIST, "a.example": "pending", "b.example": "pending"}
    assert job_row(owner, job) == ("pending", 2, 4, 50, None)
    assert one(owner, "select completed_at is null from jobs")
    sent = owner.execute("select id, job_id::text, body, sent_at from outbox").fetchall()
    assert [(row[0], row[1], row[3]) for row in sent] == [(answer["outbox_id"], job, None)]
    body = sent[0][2]
    assert (body["job_id"], body["source"]) == (job, "staff_retry")
    assert body["metadata"] == {"request_id": request, "directories": ["a.example", "b.example"]}
    audit = "select request_id::text, actor::text, role, act, target, reason, counts, before, after from staff_actions"
    assert owner.execute(audit).fetchall() == [
        (
            request, ACTOR, "operator", "retry_failed", job, "fixed", {"directories": 2},
            {"status": "completed", "error_message": "2 of 4 submissions failed"}, answer,
        )
    ]  # fmt: skip
    assert details(owner, job, "staff_retry") == {
        "actor": "desk@directory-bolt.example", "reason": "fixed", "request_id": request,
        "directories": ["a.example", "b.example"],
    }  # fmt: skip


def test_only_failed_directories_of_the_list(server: Postgres, owner: psycopg.Connection) -> None:
    job = add_job(owner, LIST, status="completed")
    other = add_job(owner, {"b.example": "failed"}, status="failed")
    with operator(server) as desk:
        answer = retry(desk, job, ["b.example", "c.example", "elsewhere.example"])
        assert answer["directories"] == ["b.example"]
    assert items(owner, job) == {**LIST, "b.example": "pending"}
    assert items(owner, other) == {"b.example": "failed"}


@pytest.mark.parametrize("hosts", [["c.example"], ["elsewhere.example"], []])
def test_nothing_to_retry_is_refused(server: Postgres, owner: psycopg.Connection, hosts: list[str]) -> None:
    job = add_job(owner, LIST, status="completed")
    with operator(server) as desk, refused("PT409", "has failed"):
        retry(desk, job, hosts)
    assert items(owner, job) == LIST
    assert effects(owner) == (0, 0, 0)


def test_an_unknown_outcome_is_not_retried(server: Postgres, owner: psycopg.Connection) -> None:
    job = add_job(owner, {"a.example": "failed", "b.example": "pending", "c.example": "failed"})
    claim(owner, job, "b.example")
    record(owner, job, "b.example", "unknown")
    # A failed item whose directory has a claim that nobody ended: production's own list may say so.
    claim(owner, job, "c.example", lease=0)
    owner.execute("update directory_submissions set status = 'failed' where directory_url like '%c.example%'")
    owner.execute("select finalize_job(%s, 'w-1')", (job,))
    assert job_row(owner, job)[4] == "2 of 3 submissions failed, 1 outcome unknown"
    with operator(server) as desk:
        assert retry(desk, job)["directories"] == ["a.example"]
    assert items(owner, job) == {"a.example": "pending", "b.example": "submitting", "c.example": "failed"}


def test_a_job_that_broke_off_is_taken_up_again(server: Postgres, owner: psycopg.Connection) -> None:
    job = add_job(owner, {"a.example": "pending", "b.example": "failed", "c.example": "submitted"}, status="failed")
    with operator(server) as desk:
        assert retry(desk, job)["directories"] == ["a.example", "b.example"]
    assert effects(owner) == (1, 1, 1)
    job = add_job(owner, {"a.example": "pending"}, status="failed")
    with operator(server) as desk:
        assert retry(desk, job)["directories"] == ["a.example"]


@pytest.mark.parametrize("status", ["pending", "in_progress", "paused", "cancelled"])
def test_a_job_that_has_not_ended_is_refused(server: Postgres, owner: psycopg.Connection, status: str) -> None:
    job = add_job(owner, LIST, status=status)
    with operator(server) as desk, refused("PT409", "when it has ended"):
        retry(desk, job)
    assert (items(owner, job), effects(owner)) == (LIST, (0, 0, 0))


def test_another_request_waits_for_the_first_ones_end(server: Postgres, owner: psycopg.Connection) -> None:
    job = add_job(owner, LIST, status="completed")
    with operator(server) as desk:
        retry(desk, job, ["a.example"])
        with refused("PT409", "This job is pending"):
            retry(desk, job, ["b.example"])
    assert effects(owner) == (1, 1, 1)


@pytest.mark.parametrize(
    ("role", "staff"), [("authenticated", "viewer"), ("authenticated", None), ("anon", "admin"), ("service_role", None)]
)
def test_others_may_not(server: Postgres, owner: psycopg.Connection, role: str, staff: str | None) -> None:
    job = add_job(owner, LIST, status="completed")
    with caller(server.url, role, staff) as connection:
        for act in (
            lambda: retry(connection, job),
            lambda: claim_here(connection, job, "a.example", str(uuid.uuid4())),
            lambda: finish_here(connection, job, "a.example", str(uuid.uuid4()), "submitted"),
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                act()
    assert (items(owner, job), effects(owner), events(owner, job)) == (LIST, (0, 0, 0), [])


def test_an_admin_may(server: Postgres, owner: psycopg.Connection) -> None:
    job = add_job(owner, LIST, status="completed")
    with caller(server.url, "authenticated", "admin") as connection:
        retry(connection, job)
    assert one(owner, "select role from staff_actions") == "admin"


def test_the_same_request_again_gives_the_same_answer(server: Postgres, owner: psycopg.Connection) -> None:
    job, other = add_job(owner, LIST, status="completed"), add_job(owner, LIST, status="completed")
    request = str(uuid.uuid4())
    with operator(server) as desk:
        first = retry(desk, job, request=request)
        # Even when the job has run and ended meanwhile.
        owner.execute("update directory_submissions set status = 'failed'")
        owner.execute("update jobs set status = 'failed'")
        assert retry(desk, job, request=request) == first
        with pytest.raises(errors.InvalidParameterValue, match="another act"):
            retry(desk, other, request=request)
    assert effects(owner) == (1, 1, 1)


def test_the_same_request_twice_at_once_is_one_retry(server: Postgres, owner: psycopg.Connection) -> None:
    jobs = [add_job(owner, LIST, status="completed") for _ in range(8)]
    requests = [str(uuid.uuid4()) for _ in jobs]
    start = threading.Barrier(2)

    def ask() -> list[str]:
        with operator(server) as desk:
            answers = []
            for job, request in zip(jobs, requests, strict=True):
                start.wait(20)
                answers.append(str(retry(desk, job, request=request)))
            return answers

    with ThreadPoolExecutor(2) as pool:
        first, second = (found.result(30) for found in [pool.submit(ask) for _ in range(2)])
    assert first == second
    assert effects(owner) == (8, 8, 8)


def test_two_people_at_once_make_one_retry(server: Postgres, owner: psycopg.Connection) -> None:
    jobs = [add_job(owner, LIST, status="completed") for _ in range(8)]
    start = threading.Barrier(2)

    def ask() -> int:
        refused = 0
        with operator(server) as desk:
            for job in jobs:
                start.wait(20)
                try:
                    retry(desk, job)
                except psycopg.Error as error:
                    if error.sqlstate != "PT409":
                        raise
                    refused += 1
        return refused

    with ThreadPoolExecutor(2) as pool:
        assert sum(found.result(30) for found in [pool.submit(ask) for _ in range(2)]) == 8
    assert effects(owner) == (8, 8, 8)
