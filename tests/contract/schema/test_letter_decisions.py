"""What staff decide about dead letters is in the project's audit: once, by whom, and for good."""

from __future__ import annotations

import uuid
from typing import Any

import psycopg
import pytest
from psycopg import errors

from services.local.postgres import Postgres
from tests.contract.schema.rows import add_job, caller, one, operator, refused

pytestmark = pytest.mark.stack

REQUEST, OTHER = (str(uuid.UUID(int=number)) for number in (1, 2))


def say(
    desk: psycopg.Connection, request: str = REQUEST, *, act: str = "decide", target: str = "m1",
    said: str = "It was sent.", reason: str = "the queue has it", job: str | None = None,
) -> Any:  # fmt: skip
    query = "select staff_record_decision(%s, %s, %s, %s, %s, '2026-11-27T08:00:00Z', %s)"
    return one(desk, query, request, act, target, said, reason, job)


def test_a_decision_is_written_once_and_shown_to_all(server: Postgres, owner: psycopg.Connection) -> None:
    job = add_job(owner, {"a.example": "pending"})
    with operator(server) as desk:
        answer = say(desk, job=job)
        assert say(desk, job=job) == answer
        assert (answer["said"], answer["said_at"][:16]) == ("It was sent.", "2026-11-27T08:00")
        with refused("22023", "another act"):
            say(desk, target="m2")
        say(desk, OTHER, job="no job")
    found = owner.execute("select act, target, role, reason from staff_actions order by id").fetchall()
    assert found == [("decide", "m1", "operator", "the queue has it")] * 2
    told = owner.execute("select job_id::text from queue_history where event = 'staff_decide' order by id").fetchall()
    assert told == [(job,), (None,)]
    assert one(owner, "select count(*) from staff_operations where act = 'decide' and state = 'done'") == 2
    with pytest.raises(errors.DatabaseError):
        owner.execute("update staff_actions set target = 'm3'")


def test_that_queues_belong_together_is_an_admin_s_word(server: Postgres, owner: psycopg.Connection) -> None:
    for role, allowed in ((None, False), ("viewer", False), ("operator", False), ("admin", True)):
        with caller(server.url, "authenticated", role) as desk:
            if allowed:
                assert say(desk, act="confirm_target", target="arn")["said"] == "It was sent."
                continue
            with refused("42501"):
                say(desk, act="confirm_target", target="arn")
    with caller(server.url, "anon", "admin") as stranger, refused("42501"):
        say(stranger)
    assert one(owner, "select count(*) from staff_actions") == 1


@pytest.mark.parametrize("more", [{"act": "replay"}, {"target": ""}, {"said": ""}, {"reason": " "}])
def test_odd_arguments_are_refused(server: Postgres, owner: psycopg.Connection, more: dict[str, str]) -> None:
    with operator(server) as desk, refused("22023"):
        say(desk, **more)
