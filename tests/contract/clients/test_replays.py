"""What consoles share about dead letters, over the wire."""

from __future__ import annotations

import asyncio
import uuid

import psycopg
import pytest

from services.clients.supabase_replays import SupabaseReplays
from services.domain.errors import NotInstalled, NotPermitted, Refused
from services.local.postgres import Postgres
from services.ports.wishes import Decision
from tests.contract.clients.test_reads import signed_in

pytestmark = pytest.mark.stack


def test_a_queue_is_held_an_operation_recorded_and_given_up(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite() -> None:
        mine, theirs, request = (str(uuid.uuid4()) for _ in range(3))
        async with signed_in(server) as session:
            shared = SupabaseReplays(session)
            begin = {"request_id": request, "dlq": "arn", "token": mine, "act": "replay", "label": "Replay 2"}
            with pytest.raises(Refused, match="not yours to work on"):
                await shared.begin(**begin, total=2, reason="why")
            lease = await shared.hold(dlq="arn", token=mine, machine="desk-1", seconds=60)
            assert (lease.held, lease.who, lease.machine) == (True, "operator@directory-bolt.example", "desk-1")
            assert 50 < lease.seconds <= 60
            assert (await shared.hold(dlq="arn", token=theirs, machine="desk-2", seconds=60)).machine == "desk-1"
            await shared.begin(**begin, total=2, reason="why")
            await shared.note(request_id=request, state="running", words="1 moved", done=1)
            await shared.release(dlq="arn", token=mine)
            assert (await shared.hold(dlq="arn", token=theirs, machine="desk-2", seconds=60)).held
        async with signed_in(server, "viewer") as session:
            with pytest.raises(NotPermitted):
                await SupabaseReplays(session).hold(dlq="arn", token=mine, machine="desk-1", seconds=60)

    asyncio.run(suite())
    assert owner.execute("select label, state, words, done from staff_operations").fetchall() == [
        ("Replay 2", "running", "1 moved", 1)
    ]


def test_a_decision_is_recorded_once(server: Postgres, owner: psycopg.Connection) -> None:
    decision = Decision(str(uuid.uuid4()), "decide", "m1", "It was sent.", "the queue has it", "", "desk-1", 0.0)

    async def suite() -> None:
        async with signed_in(server) as session:
            for _ in range(2):
                await SupabaseReplays(session).record(decision)

    asyncio.run(suite())
    found = owner.execute("select request_id::text, act, target, reason from staff_actions").fetchall()
    assert found == [(decision.request_id, "decide", "m1", "the queue has it")]


def test_a_project_without_it_says_so(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite() -> None:
        async with signed_in(server) as session:
            with pytest.raises(NotInstalled):
                await SupabaseReplays(session).hold(dlq="arn", token=str(uuid.uuid4()), machine="m", seconds=60)

    owner.execute("alter function staff_hold_dlq rename to hold_away")
    try:
        asyncio.run(suite())
    finally:
        owner.execute("alter function hold_away rename to staff_hold_dlq")
