"""What staff decide: who may, in which state, once for each request, and with what trace."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import errors

from services.local.postgres import Postgres
from tests.contract.schema.rows import (
    ACTOR,
    add_directory,
    add_job,
    claim,
    details,
    events,
    items,
    job_row,
    one,
    operator,
    record,
    refused,
    results,
)

pytestmark = pytest.mark.stack

Act = Callable[..., Any]


def request_id() -> str:
    return str(uuid.uuid4())


def requeue(desk: psycopg.Connection, job: str, *, request: str = "", expected: str | None = None) -> Any:
    return one(desk, "select staff_requeue_job(%s, %s, %s, 'lost')", request or request_id(), job, expected)


def set_status(
    desk: psycopg.Connection, job: str, to: str, *, request: str = "", expected: str | None = None, why: str = "asked"
) -> Any:
    query = "select staff_set_job_status(%s, %s, %s, %s, %s)"
    return one(desk, query, request or request_id(), job, to, expected, why)


def declare(
    desk: psycopg.Connection, job: str, outcome: str, *, request: str = "", why: str = "seen", host: str = "a.example"
) -> Any:
    query = "select staff_declare_outcome(%s, %s, %s, %s, %s, 'https://a.example/1')"
    return one(desk, query, request or request_id(), job, host, outcome, why)


def pause_directory(
    desk: psycopg.Connection, directory: str, paused: bool = True, *, request: str = "", why: str = "changed"
) -> Any:
    query = "select staff_pause_directory(%s, %s, %s, %s)"
    return one(desk, query, request or request_id(), directory, paused, why)


def acknowledge(desk: psycopg.Connection, target: str, *, request: str = "") -> Any:
    return one(desk, "select staff_acknowledge(%s, %s, 'seen')", request or request_id(), target)


def run_of(owner: psycopg.Connection, job: str, state: str, lease: str = "1 minute") -> None:
    owner.execute(
        "insert into flow_runs (idempotency_key, deployment, parameters, state, lease_until)"
        " values (gen_random_uuid()::text, 'd', jsonb_build_object('job_id', %s::text), %s,"
        " clock_timestamp() + %s::interval)",
        (job, state, lease),
    )


def unknown_job(owner: psycopg.Connection, *, status: str = "completed") -> str:
    """A job whose a.example nobody knows the outcome of."""
    job = add_job(owner, {"a.example": "pending", "b.example": "submitted"}, status="in_progress")
    claim(owner, job, "a.example")
    record(owner, job, "a.example", "unknown")
    owner.execute("update jobs set status = %s", (status,))
    return job


def directory_of(owner: psycopg.Connection) -> str:
    add_directory(owner, "https://a.example/add", 50)
    return str(one(owner, "select id::text from directories"))


def outbox(owner: psycopg.Connection) -> list[tuple[Any, ...]]:
    return owner.execute("select job_id::text, body ->> 'source' from outbox order by id").fetchall()


def audit(owner: psycopg.Connection) -> list[tuple[Any, ...]]:
    return owner.execute("select actor::text, role, act, target, reason from staff_actions order by id").fetchall()


# Each act on something that it fits, by its name in the audit.
ACTS: dict[str, tuple[Callable[[psycopg.Connection], str], Act]] = {
    "requeue": (lambda owner: add_job(owner, {"a.example": "pending"}, status="pending"), requeue),
    "pause": (
        lambda owner: add_job(owner, {"a.example": "pending"}),
        lambda desk, job, **more: set_status(desk, job, "paused", **more),
    ),
    "resume": (
        lambda owner: add_job(owner, {"a.example": "pending"}, status="paused"),
        lambda desk, job, **more: set_status(desk, job, "pending", **more),
    ),
    "cancel": (
        lambda owner: add_job(owner, {"a.example": "pending"}),
        lambda desk, job, **more: set_status(desk, job, "cancelled", **more),
    ),
    "declare": (unknown_job, lambda desk, job, **more: declare(desk, job, "submitted", **more)),
    "pause_directory": (directory_of, pause_directory),
    "acknowledge": (lambda owner: add_job(owner, {}), acknowledge),
}


@pytest.mark.parametrize("name", ACTS)
def test_an_act_leaves_one_audit_row_and_one_event(server: Postgres, owner: psycopg.Connection, name: str) -> None:
    make, act = ACTS[name]
    target = make(owner)
    with operator(server) as desk:
        act(desk, target)
    ((actor, role, said, about, reason),) = audit(owner)
    assert (actor, role, said) == (ACTOR, "operator", name)
    assert about.split("/")[0] == target
    assert reason
    event = owner.execute("select details from queue_history where event = %s", (f"staff_{name}",)).fetchall()
    assert event[0][0]["actor"] == "desk@directory-bolt.example"
    assert event[0][0]["reason"] == reason


@pytest.mark.parametrize("name", ACTS)
def test_the_same_request_is_done_once_and_answered_twice(
    server: Postgres, owner: psycopg.Connection, name: str
) -> None:
    make, act = ACTS[name]
    target, request = make(owner), request_id()

    def ask(_: int) -> Any:
        with operator(server) as desk:
            return act(desk, target, request=request)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(ask, range(4)))
    assert answers[0]
    assert all(answer == answers[0] for answer in answers)
    assert len(audit(owner)) == 1
    assert len(outbox(owner)) == (1 if name in ("requeue", "resume") else 0)


@pytest.mark.parametrize("name", ACTS)
def test_a_request_id_belongs_to_one_act(server: Postgres, owner: psycopg.Connection, name: str) -> None:
    make, act = ACTS[name]
    target, request = make(owner), request_id()
    with operator(server) as desk:
        one(desk, "select staff_acknowledge(%s, 'elsewhere')", request)
        with pytest.raises(errors.InvalidParameterValue):
            act(desk, target, request=request)
        with pytest.raises(errors.InvalidParameterValue, match="p_request_id"):
            one(desk, "select staff_acknowledge(null, 'elsewhere')")


@pytest.mark.parametrize("name", ["requeue", "pause", "resume", "cancel"])
def test_a_job_that_has_moved_on_is_left_alone(server: Postgres, owner: psycopg.Connection, name: str) -> None:
    make, act = ACTS[name]
    job = make(owner)
    before = job_row(owner, job)
    with operator(server) as desk:
        with refused("PT409", "by now"):
            act(desk, job, expected="completed")
        with refused("PT404"):
            act(desk, request_id())
    assert job_row(owner, job) == before
    assert (audit(owner), outbox(owner)) == ([], [])


@pytest.mark.parametrize(
    ("status", "to"),
    [
        ("completed", "paused"), ("failed", "paused"), ("cancelled", "paused"), ("paused", "paused"),
        ("pending", "pending"), ("in_progress", "pending"), ("completed", "pending"),
        ("completed", "cancelled"), ("failed", "cancelled"), ("cancelled", "cancelled"),
    ],
)  # fmt: skip
def test_states_from_which_a_job_does_not_go_there(
    server: Postgres, owner: psycopg.Connection, status: str, to: str
) -> None:
    job = add_job(owner, {"a.example": "pending"}, status=status)
    with operator(server) as desk, refused("PT409"):
        set_status(desk, job, to)
    assert job_row(owner, job)[0] == status


def test_a_resumed_job_is_queued_unless_its_worker_is_still_at_it(server: Postgres, owner: psycopg.Connection) -> None:
    idle = add_job(owner, {"a.example": "pending"}, status="paused")
    busy = add_job(owner, {"a.example": "pending"}, status="paused")
    run_of(owner, busy, "running")
    run_of(owner, idle, "running", "-1 second")
    with operator(server) as desk:
        assert set_status(desk, idle, "pending")["status"] == "pending"
        assert set_status(desk, busy, "pending")["status"] == "in_progress"
    assert outbox(owner) == [(idle, "staff_resume")]
    assert (job_row(owner, idle)[0], job_row(owner, busy)[0]) == ("pending", "in_progress")


def test_what_is_under_way_is_not_queued_again(server: Postgres, owner: psycopg.Connection) -> None:
    job = add_job(owner, {"a.example": "pending"}, status="in_progress")
    with operator(server) as desk:
        run_of(owner, job, "running")
        with refused("PT409", "A worker has this job"):
            requeue(desk, job)
        owner.execute("update flow_runs set lease_until = now() - interval '1 s'")
        with refused("PT409", "waits for a worker"):
            requeue(desk, job)
        owner.execute("update flow_runs set state = 'failed'")
        requeue(desk, job)
        assert job_row(owner, job)[0] == "pending"
        with refused("PT409", "waits to be queued"):
            requeue(desk, job)
    assert outbox(owner) == [(job, "staff_requeue")]


@pytest.mark.parametrize("status", ["completed", "failed", "paused", "cancelled"])
def test_only_an_open_job_is_queued_again(server: Postgres, owner: psycopg.Connection, status: str) -> None:
    job = add_job(owner, {"a.example": "pending"}, status=status)
    with operator(server) as desk, refused("PT409"):
        requeue(desk, job)


@pytest.mark.parametrize(
    ("outcome", "end"), [("submitted", None), ("failed", "1 of 2 submissions failed"), ("skipped", None)]
)
def test_a_declared_outcome_ends_the_doubt(
    server: Postgres, owner: psycopg.Connection, outcome: str, end: str | None
) -> None:
    job = unknown_job(owner)
    with operator(server) as desk:
        declare(desk, job, outcome)
        with refused("PT409", "not unknown"):
            declare(desk, job, outcome)
    assert results(owner, job) == [("a.example", outcome, None)]
    assert items(owner, job) == {"a.example": outcome, "b.example": "submitted"}
    assert job_row(owner, job) == ("completed", 2, 2, 100, end)
    assert events(owner, job)[-2:] == [outcome, "staff_declare"]
    assert details(owner, job, outcome)["declared"] is True
    log = one(owner, "select response_log from job_results")
    assert log["declared"] == {"outcome": outcome, "by": "desk@directory-bolt.example", "reason": "seen"}
    assert log["why"] == ["unknown"]


def test_a_submission_that_runs_is_not_declared(server: Postgres, owner: psycopg.Connection) -> None:
    job = add_job(owner, {"a.example": "pending"})
    claim(owner, job, "a.example", lease=60)
    with operator(server) as desk:
        with refused("PT409", "at the moment"):
            declare(desk, job, "failed")
        with refused("PT409", "not unknown"):
            declare(desk, job, "failed", host="b.example")
    assert results(owner, job) == [("a.example", "submitting", "w-1")]


def test_a_late_outcome_does_not_undo_a_declaration(server: Postgres, owner: psycopg.Connection) -> None:
    job = add_job(owner, {"a.example": "pending"})
    claim(owner, job, "a.example", lease=0)
    with operator(server) as desk:
        declare(desk, job, "skipped")
    assert not record(owner, job, "a.example", "submitted")
    assert results(owner, job) == [("a.example", "skipped", None)]


def test_a_paused_directory_is_on_no_new_work_list(server: Postgres, owner: psycopg.Connection) -> None:
    directory = directory_of(owner)
    add_directory(owner, "https://b.example/add", 40)
    before, after, again = (add_job(owner, {}, status="pending") for _ in range(3))
    with operator(server) as desk:
        one(owner, "select create_work_list(%s)", before)
        assert pause_directory(desk, directory)["directory"] == "a.example"
        with refused("PT409", "paused already"):
            pause_directory(desk, directory)
        one(owner, "select create_work_list(%s)", after)
        pause_directory(desk, directory, False)
        with refused("PT409", "in use already"):
            pause_directory(desk, directory, False)
        one(owner, "select create_work_list(%s)", again)
        with refused("PT404"):
            pause_directory(desk, request_id())
    assert [sorted(items(owner, job)) for job in (before, after, again)] == [
        ["a.example", "b.example"], ["b.example"], ["a.example", "b.example"],
    ]  # fmt: skip


def test_what_is_missing_or_wrong_is_named(server: Postgres, owner: psycopg.Connection) -> None:
    job = unknown_job(owner)
    open_job = add_job(owner, {"a.example": "pending"})
    directory = directory_of(owner)
    with operator(server) as desk:
        wrong: list[tuple[str, Callable[[], Any]]] = [
            ("p_reason", lambda: declare(desk, job, "submitted", why="  ")),
            ("p_outcome", lambda: declare(desk, job, "perhaps")),
            ("p_reason", lambda: set_status(desk, open_job, "cancelled", why="")),
            ("p_to", lambda: set_status(desk, open_job, "gone")),
            ("p_reason", lambda: pause_directory(desk, directory, why="")),
            ("p_paused", lambda: one(desk, "select staff_pause_directory(%s, %s, null, 'x')", request_id(), directory)),
            ("p_target", lambda: acknowledge(desk, " ")),
            ("p_target", lambda: acknowledge(desk, "x" * 201)),
        ]
        for named, call in wrong:
            with pytest.raises(errors.InvalidParameterValue, match=named):
                call()
    assert audit(owner) == []


def test_a_job_that_is_acknowledged_has_it_in_its_history(server: Postgres, owner: psycopg.Connection) -> None:
    job = add_job(owner, {})
    with operator(server) as desk:
        acknowledge(desk, job)
        acknowledge(desk, f"{job}/stuck")
        acknowledge(desk, "message 7")
    assert events(owner, job) == ["staff_acknowledge"] * 2


@pytest.mark.parametrize("helper", ["answered(null, 'x', 'y')", "audit(null, 'x', 'y', null, null, '{}')"])
def test_helpers_are_closed(server: Postgres, owner: psycopg.Connection, helper: str) -> None:
    with operator(server) as desk, pytest.raises(errors.InsufficientPrivilege):
        desk.execute(f"select private.{helper}".encode())
