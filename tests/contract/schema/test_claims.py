"""A directory of a job is held by one, and its outcome is written once, whole."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import errors

from services.local.postgres import Postgres
from tests.contract.schema.rows import (
    add_job,
    claim,
    details,
    events,
    items,
    job_row,
    key_of,
    one,
    record,
    refused,
    results,
)

pytestmark = pytest.mark.stack


def test_the_first_claim_is_written_down(owner: psycopg.Connection) -> None:
    job = add_job(owner, {"a.example": "pending", "b.example": "pending"})
    assert claim(owner, job, "a.example") == "claimed"
    assert results(owner, job) == [("a.example", "submitting", "w-1")]
    assert items(owner, job) == {"a.example": "submitting", "b.example": "pending"}
    assert events(owner, job) == ["submitting"]
    assert details(owner, job, "submitting") == {"idem": key_of(job, "a.example")}
    left = one(owner, "select extract(epoch from claim_expires_at - clock_timestamp())::float from job_results")
    assert 50 < left <= 60


def test_a_claim_of_another_is_in_flight(owner: psycopg.Connection) -> None:
    job = add_job(owner, {"a.example": "pending"})
    claim(owner, job, "a.example")
    assert claim(owner, job, "a.example", "w-2") == "in_flight"
    assert claim(owner, job, "a.example", "w-2", key="of another plan") == "in_flight"
    assert results(owner, job) == [("a.example", "submitting", "w-1")]
    assert events(owner, job) == ["submitting"]


@pytest.mark.parametrize("by", ["w-1", "w-2"])
def test_an_expired_claim_has_an_unknown_outcome(owner: psycopg.Connection, by: str) -> None:
    job = add_job(owner, {"a.example": "pending"})
    claim(owner, job, "a.example", lease=0)
    for key in ("", "of another plan"):
        assert claim(owner, job, "a.example", by, key=key) == "outcome_unknown"
    assert results(owner, job) == [("a.example", "submitting", "w-1")]
    assert items(owner, job) == {"a.example": "submitting"}


def test_its_own_claim_taken_again_is_not_a_second_permission(owner: psycopg.Connection) -> None:
    job = add_job(owner, {"a.example": "pending"})
    claim(owner, job, "a.example")
    assert claim(owner, job, "a.example") == "outcome_unknown"


@pytest.mark.parametrize("status", ["submitted", "skipped"])
@pytest.mark.parametrize("key", ["", "of another plan"])
def test_a_done_directory_is_a_duplicate(owner: psycopg.Connection, status: str, key: str) -> None:
    job = add_job(owner, {"a.example": "pending", "b.example": "pending"})
    claim(owner, job, "a.example")
    record(owner, job, "a.example", status)
    owner.execute("update directory_submissions set status = 'pending'")
    assert claim(owner, job, "a.example", "w-2", key=key) == "duplicate"
    assert events(owner, job)[-1] == "skipped_duplicate"
    assert details(owner, job, "skipped_duplicate") == {"idem": key or key_of(job, "a.example")}
    assert items(owner, job) == {"a.example": status, "b.example": "pending"}
    assert job_row(owner, job)[1:4] == (1, 2, 50)
    assert results(owner, job) == [("a.example", status, "w-1")]


def test_a_failed_row_is_claimed_again_as_the_same_row(owner: psycopg.Connection) -> None:
    job = add_job(owner, {"a.example": "pending", "b.example": "pending"})
    claim(owner, job, "a.example")
    record(owner, job, "a.example", "failed")
    row = one(owner, "select id from job_results")
    assert job_row(owner, job)[1:4] == (1, 2, 50)
    assert claim(owner, job, "a.example", "w-2") == "claimed"
    assert one(owner, "select id from job_results") == row
    assert results(owner, job) == [("a.example", "submitting", "w-2")]
    assert job_row(owner, job)[1:4] == (0, 2, 0), "it is not done any more"
    left = owner.execute("select response_log, screenshot_url, listing_url, error_message from job_results")
    assert left.fetchall() == [({}, None, None, None)], "the row tells of this try only"


@pytest.mark.parametrize(
    ("plan", "typed", "written"),
    [
        ([{"value": "a"}, {"value": "•••"}], {"1": "b"}, [{"value": "a"}, {"value": "b"}]),
        ([{"value": "•••"}], None, [{"value": "•••"}]),
        ([{"action": "goto"}, "odd"], {"0": "x", "1": "y", "7": "z"}, [{"action": "goto", "value": "x"}, "odd"]),
        ([], {"0": "x"}, []),
        ("odd", {"0": "x"}, "odd"),
        ([{"value": "•••"}], ["odd"], [{"value": "•••"}]),
    ],
)
def test_what_proved_to_be_no_password_comes_into_the_plan_with_the_outcome(
    owner: psycopg.Connection, plan: Any, typed: Any, written: Any
) -> None:
    job = add_job(owner, {"a.example": "pending"})
    claim(owner, job, "a.example", payload={"business": {"name": "A"}, "plan": plan})
    assert record(owner, job, "a.example", "submitted", typed=typed)
    (row,) = owner.execute("select payload, response_log from job_results").fetchall()
    assert row == ({"business": {"name": "A"}, "plan": written}, {"why": ["submitted"]})


def test_the_best_of_several_rows_decides(owner: psycopg.Connection) -> None:
    job = add_job(owner, {"a.example": "pending"})
    for key, status in (("1", "failed"), ("2", "submitting"), ("3", "submitted"), ("4", "submitting")):
        owner.execute(
            "insert into job_results (job_id, directory_name, idempotency_key, status)"
            " values (%s, 'a.example', %s, %s)",
            (job, key, status),
        )
    for key in ("1", "2", "3", "5"):
        assert claim(owner, job, "a.example", key=key) == "duplicate"
    owner.execute("update job_results set status = 'failed' where status = 'submitted'")
    assert claim(owner, job, "a.example", key="1") == "outcome_unknown"


def test_one_job_says_nothing_of_another(owner: psycopg.Connection) -> None:
    job, other = add_job(owner, {"a.example": "pending"}), add_job(owner, {"a.example": "pending"})
    claim(owner, job, "a.example")
    assert record(owner, job, "a.example", "failed")
    assert claim(owner, other, "a.example") == "claimed"
    for where, host in ((other, "b.example"), (job, "b.example")):
        with pytest.raises(errors.InvalidParameterValue):
            claim(owner, where, host, key=key_of(job, "a.example"))
    with refused("PT404"):
        claim(owner, str(uuid.uuid4()), "a.example")
    assert results(owner, job) == [("a.example", "failed", "w-1")]


@pytest.mark.parametrize("keys", ["one key", "two keys"])
def test_of_two_at_once_one_gets_it(server: Postgres, owner: psycopg.Connection, keys: str) -> None:
    hosts = [f"d{number}.example" for number in range(12)]
    job = add_job(owner, dict.fromkeys(hosts, "pending"))
    start = threading.Barrier(2)

    def take(name: str) -> list[str]:
        with psycopg.connect(server.url, autocommit=True) as connection:
            answers = []
            for host in hosts:
                key = key_of(job, host) + (name if keys == "two keys" else "")
                start.wait(20)
                answers.append(claim(connection, job, host, name, key=key))
            return answers

    with ThreadPoolExecutor(2) as pool:
        first, second = (found.result(30) for found in [pool.submit(take, name) for name in ("w-1", "w-2")])
    assert [sorted(pair) for pair in zip(first, second, strict=True)] == [["claimed", "in_flight"]] * 12
    assert len(results(owner, job)) == 12
    assert events(owner, job) == ["submitting"] * 12


def test_a_claim_waits_for_one_that_is_not_committed(server: Postgres, owner: psycopg.Connection) -> None:
    job = add_job(owner, {"a.example": "pending"})
    with psycopg.connect(server.url) as first, ThreadPoolExecutor(1) as pool:
        assert claim(first, job, "a.example") == "claimed"
        second = pool.submit(claim, owner, job, "a.example", "w-2")
        first.rollback()
        assert second.result(20) == "claimed", "what is taken back was never taken"
    assert results(owner, job) == [("a.example", "submitting", "w-2")]


@pytest.mark.parametrize("status", ["submitted", "failed", "skipped"])
def test_an_outcome_is_row_events_and_counts(owner: psycopg.Connection, status: str) -> None:
    job = add_job(owner, {"a.example": "pending", "b.example": "pending", "c.example": "pending"})
    claim(owner, job, "a.example")
    assert record(owner, job, "a.example", status)
    assert events(owner, job) == ["submitting", status, "submission_complete"]
    said = details(owner, job, "submission_complete")
    assert said == {**details(owner, job, status), "status": status}
    assert said["idem"] == key_of(job, "a.example")
    assert (said["duration_ms"], said["screenshot_url"]) == (12, "/shot.jpg")
    row = owner.execute(
        "select status, response_log, screenshot_url, listing_url, error_message, claim_expires_at <= clock_timestamp()"
        " from job_results"
    ).fetchone()
    words = None if status == "submitted" else "said no"
    assert row == (status, {"why": [status]}, "/shot.jpg", "https://x.example/1", words, True)
    assert items(owner, job)["a.example"] == status
    assert job_row(owner, job) == ("in_progress", 1, 3, 33, None)


def test_an_outcome_is_one_transaction(server: Postgres, owner: psycopg.Connection) -> None:
    job = add_job(owner, {"a.example": "pending"})
    claim(owner, job, "a.example")
    before = (items(owner, job), job_row(owner, job), events(owner, job), results(owner, job))
    with psycopg.connect(server.url) as connection:
        assert record(connection, job, "a.example", "submitted")
        connection.rollback()
    assert (items(owner, job), job_row(owner, job), events(owner, job), results(owner, job)) == before


def test_an_outcome_of_another_writes_nothing(owner: psycopg.Connection) -> None:
    job, other = add_job(owner, {"a.example": "pending"}), add_job(owner, {"a.example": "pending"})
    claim(owner, job, "a.example")
    assert not record(owner, job, "a.example", "submitted", "w-2")
    assert not record(owner, job, "b.example", "submitted", key=key_of(job, "a.example"))
    assert not record(owner, other, "a.example", "submitted", key=key_of(job, "a.example"))
    assert not record(owner, job, "a.example", "submitted", key="another")
    assert results(owner, job) == [("a.example", "submitting", "w-1")]
    assert (events(owner, job), events(owner, other)) == (["submitting"], [])
    assert record(owner, job, "a.example", "submitted")
    assert not record(owner, job, "a.example", "failed"), "an outcome stays"
    assert results(owner, job) == [("a.example", "submitted", "w-1")]


def test_an_unknown_outcome_waits_for_a_person(owner: psycopg.Connection) -> None:
    job = add_job(owner, {"a.example": "pending", "b.example": "submitted"})
    claim(owner, job, "a.example")
    assert record(owner, job, "a.example", "unknown")
    assert events(owner, job) == ["submitting", "unknown"], "it is no outcome"
    assert results(owner, job) == [("a.example", "submitting", None)]
    assert one(owner, "select claim_expires_at <= clock_timestamp() from job_results")
    assert one(owner, "select response_log from job_results") == {"why": ["unknown"]}
    assert items(owner, job)["a.example"] == "submitting"
    assert job_row(owner, job)[1:4] == (1, 2, 50)
    assert not record(owner, job, "a.example", "submitted"), "not even by its worker"
    for by in ("w-1", "w-2"):
        assert claim(owner, job, "a.example", by) == "outcome_unknown"


def test_a_late_outcome_counts(owner: psycopg.Connection) -> None:
    job = add_job(owner, {"a.example": "pending"})
    claim(owner, job, "a.example", lease=0)
    assert claim(owner, job, "a.example", "w-2") == "outcome_unknown"
    assert record(owner, job, "a.example", "submitted")
    assert items(owner, job) == {"a.example": "submitted"}


@pytest.mark.parametrize("status", ["dry", "", "Submitted", None])
def test_no_other_word_is_an_outcome(owner: psycopg.Connection, status: str) -> None:
    job = add_job(owner, {"a.example": "pending"})
    claim(owner, job, "a.example")
    with pytest.raises(errors.InvalidParameterValue):
        record(owner, job, "a.example", status)
