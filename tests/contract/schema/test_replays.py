"""One writer for each dead letter queue, and what all consoles see of an operation."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import errors

from services.local.postgres import Postgres
from tests.contract.schema.rows import add_job, caller, one, operator, refused, retry

pytestmark = pytest.mark.stack

DLQ = "arn:aws:sqs:us-east-2:000000000000:DirectoryBolt-dlq"
OTHER = "00000000-0000-4000-8000-00000000000b"
MINE, THEIRS, REQUEST = (str(uuid.UUID(int=number)) for number in (1, 2, 3))


def hold(desk: psycopg.Connection, token: str = MINE, *, seconds: int = 60) -> Any:
    return one(desk, "select staff_hold_dlq(%s, %s, 'desk-1', %s)", DLQ, token, seconds)


def begin(desk: psycopg.Connection, token: str = MINE, *, act: str = "replay", total: int = 12) -> Any:
    query = "select staff_begin_replay(%s, %s, %s, %s, 'Replay 12 dead letters', %s, 'the pool was down')"
    return one(desk, query, REQUEST, DLQ, token, act, total)


def test_the_first_one_has_it_and_the_second_learns_who(server: Postgres, owner: psycopg.Connection) -> None:
    with operator(server) as desk, caller(server.url, "authenticated", "operator", actor=OTHER) as other:
        assert hold(desk)["held"] is True
        again = hold(desk)
        assert again["held"] is True
        refused = hold(other, THEIRS)
        assert (refused["held"], refused["who"], refused["machine"]) == (False, "desk@directory-bolt.example", "desk-1")
        assert 50 < refused["seconds"] <= 60
        # Neither another console of the same person, nor somebody else with the same token.
        assert hold(desk, THEIRS)["held"] is False
        assert hold(other, MINE)["held"] is False
        assert one(other, "select staff_release_dlq(%s, %s)", DLQ, MINE) is False
        assert one(desk, "select staff_release_dlq(%s, %s)", DLQ, MINE) is True
        assert hold(other, THEIRS)["held"] is True


def test_it_is_taken_over_only_when_the_database_says_that_it_is_over(
    server: Postgres, owner: psycopg.Connection
) -> None:
    with operator(server) as desk, caller(server.url, "authenticated", "operator", actor=OTHER) as other:
        hold(desk)
        owner.execute("update replay_leases set held_until = clock_timestamp() + interval '1 hour'")
        assert hold(other, THEIRS)["held"] is False
        owner.execute("update replay_leases set held_until = clock_timestamp()")
        assert hold(other, THEIRS)["held"] is True
        assert hold(desk)["held"] is False
        with refused("PT409", "not yours"):
            begin(desk)


def test_of_many_at_once_one_has_it(server: Postgres, owner: psycopg.Connection) -> None:
    together = threading.Barrier(8)

    def take(number: int) -> bool:
        with operator(server) as desk:
            together.wait(30)
            return bool(hold(desk, str(uuid.UUID(int=number)))["held"])

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(1, 9))) == 1


def test_an_operation_is_in_the_audit_before_anything_is_sent(server: Postgres, owner: psycopg.Connection) -> None:
    with operator(server) as desk:
        with refused("PT409"):
            begin(desk)
        assert one(owner, "select count(*) from staff_actions") == 0
        hold(desk)
        assert begin(desk) == begin(desk) == {"letters": 12}
        assert (
            one(owner, "select count(*) from staff_actions where act = 'replay' and reason = 'the pool was down'") == 1
        )
        assert one(owner, "select count(*) from queue_history where event = 'staff_replay'") == 1
        assert one(desk, "select staff_note_replay(%s, 'running', '5 moved', 5)", REQUEST) is True
        query = "select who, machine, label, state, words, done, total from staff_operations"
        assert desk.execute(query).fetchall() == [
            ("desk@directory-bolt.example", "desk-1", "Replay 12 dead letters", "running", "5 moved", 5, 12)
        ]
        one(desk, "select staff_note_replay(%s, 'unknown', 'cut off', 5)", REQUEST)
        begin(desk)
        assert one(desk, "select state from staff_operations") == "running"
        with pytest.raises(errors.CheckViolation):
            one(desk, "select staff_note_replay(%s, 'over', '', 0)", REQUEST)
    with caller(server.url, "authenticated", "operator", actor=OTHER) as other:
        assert one(other, "select staff_note_replay(%s, 'done', '', 12)", REQUEST) is False


def test_somebody_else_who_goes_on_with_it_is_in_the_audit_too(server: Postgres, owner: psycopg.Connection) -> None:
    with operator(server) as desk, caller(server.url, "authenticated", "operator", actor=OTHER) as other:
        hold(desk)
        began = begin(desk)
        one(desk, "select staff_release_dlq(%s, %s)", DLQ, MINE)
        hold(other, THEIRS)
        assert begin(other, THEIRS) == begin(other, THEIRS) == began
        assert one(other, "select staff_note_replay(%s, 'running', '7 moved', 7)", REQUEST) is True
        # Who began it has it no more.
        assert one(desk, "select staff_note_replay(%s, 'done', '', 12)", REQUEST) is False
        assert owner.execute("select actor::text, act from staff_actions order by id").fetchall()[1:] == [
            (OTHER, "replay_taken_over")
        ]
        assert owner.execute("select actor::text, done from staff_operations").fetchall() == [(OTHER, 7)]


def test_the_acts_of_the_database_are_shown_to_all(server: Postgres, owner: psycopg.Connection) -> None:
    owner.execute(
        "insert into staff_operations (id, who, act, target, state) values (%s, 'x', 'a', 't', 'done')", (MINE,)
    )
    owner.execute("alter table staff_operations disable trigger touch")
    owner.execute("update staff_operations set updated_at = now() - interval '8 days'")
    owner.execute("alter table staff_operations enable trigger touch")
    job = add_job(owner, {"a.example": "failed", "b.example": "failed"}, status="failed")
    with operator(server) as desk:
        retry(desk, job)
        query = "select who, act, target, state, done, total from staff_operations"
        assert desk.execute(query).fetchall() == [
            ("desk@directory-bolt.example", "retry_failed", job, "done", 2, 2)
        ]  # what was old is gone


@pytest.mark.parametrize(
    "call",
    [
        f"staff_hold_dlq('{DLQ}', '{MINE}', 'desk-1', 60)",
        f"staff_release_dlq('{DLQ}', '{MINE}')",
        f"staff_begin_replay('{REQUEST}', '{DLQ}', '{MINE}', 'replay', '', 1)",
        f"staff_note_replay('{REQUEST}', 'done', '', 1)",
    ],
)
def test_only_operators_work_on_dead_letters(server: Postgres, owner: psycopg.Connection, call: str) -> None:
    for role, staff in (("anon", "admin"), ("authenticated", None), ("authenticated", "viewer")):
        with caller(server.url, role, staff) as connection, pytest.raises(errors.InsufficientPrivilege):
            connection.execute(f"select {call}".encode())


@pytest.mark.parametrize(
    "call",
    [
        f"staff_hold_dlq('', '{MINE}', 'desk-1', 60)",
        f"staff_hold_dlq('{DLQ}', null, 'desk-1', 60)",
        f"staff_hold_dlq('{DLQ}', '{MINE}', 'desk-1', 6000)",
        f"staff_begin_replay('{REQUEST}', '{DLQ}', '{MINE}', 'purge', '', 1)",
        f"staff_begin_replay('{REQUEST}', '{DLQ}', '{MINE}', 'replay', '', 0)",
    ],
)
def test_odd_arguments_are_refused(server: Postgres, owner: psycopg.Connection, call: str) -> None:
    with operator(server) as desk, pytest.raises(errors.InvalidParameterValue):
        desk.execute(f"select {call}".encode())
