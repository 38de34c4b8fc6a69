"""A hold is renewed where that is allowed, and nothing is done under one that ran out."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from app.replay.awake import Clock
from app.replay.claims import Claims
from tests.fakes.unkind_queues import Fault, UnkindQueues
from tests.fakes.virtual_time import ThreadlessLoop, run_virtually


def run(coro: Coroutine[Any, Any, Any]) -> Any:
    return run_virtually(coro, ThreadlessLoop)


async def held_for(seconds: float, faults: list[Fault], *, may: bool = True) -> tuple[Claims, UnkindQueues, bool]:
    queues = UnkindQueues.holding({"m1": "one"})
    queues.may_release = may
    claims = Claims(queues, 60, Clock(lambda: queues.slept))
    assert len(await claims.take({"m1"}, 10, wait=0)) == 1
    await asyncio.sleep(seconds)
    queues.faults = faults
    return claims, queues, await claims.still_hold("m1")


def test_a_hold_that_is_about_to_end_is_renewed() -> None:
    async def act() -> None:
        claims, queues, holds = await held_for(55, [])
        assert holds
        assert queues.calls[-1] == "hold"
        await asyncio.sleep(30)
        assert claims.receipt("m1")

    run(act())


def test_a_fresh_hold_is_left_alone() -> None:
    _, queues, holds = run(held_for(5, []))
    assert (holds, queues.calls) == (True, ["receive"])


def test_what_can_not_be_renewed_is_let_go() -> None:
    cases: list[tuple[list[Fault], bool]] = [(["unreachable"], True), ([], False)]
    for faults, may in cases:
        claims, _, holds = run(held_for(55, faults, may=may))
        assert not holds
        assert claims.may_change == may


def test_a_hold_that_is_over_is_not_asked_for() -> None:
    _, queues, holds = run(held_for(61, []))
    assert (holds, queues.calls) == (False, ["receive"])


def test_a_message_that_comes_twice_is_given_out_once_and_its_newest_receipt_counts() -> None:
    async def act() -> None:
        queues = UnkindQueues.holding({"m1": "one"})
        queues.faults = ["twice"]
        claims = Claims(queues, 60, Clock(lambda: queues.slept))
        [first] = await claims.take({"m1"}, 10, wait=0)
        assert await claims.take({"m1"}, 10, wait=0) == []
        assert claims.receipt("m1") == queues.dead["m1"].receipt != first.receipt
        # While it is sent it is in no plan, and is deleted afterwards.
        queues.dead["m1"].visible_at = 0.0
        assert await claims.take((), 10, wait=0) == []
        assert claims.receipt("m1") == queues.dead["m1"].receipt

    run(act())


def test_what_can_not_be_given_back_now_comes_back_by_itself() -> None:
    async def act() -> None:
        claims, queues, _ = await held_for(5, [])
        queues.faults = ["unreachable"]
        await claims.give_back("m1")
        assert (claims.receipt("m1"), claims.may_change, queues.calls[-1]) == ("", True, "release")
        await asyncio.sleep(60)
        assert len(await claims.take({"m1"}, 10, wait=0)) == 1

    run(act())


def test_letters_may_be_hidden_by_a_receive_whose_answer_was_lost() -> None:
    async def act() -> None:
        queues = UnkindQueues.holding({"m1": "one"})
        queues.faults = ["lost_reply", "busy"]
        claims = Claims(queues, 60, Clock(lambda: queues.slept))
        assert await claims.take({"m1"}, 10, wait=0) == []
        assert claims.hidden_until == 60.0

    run(act())
