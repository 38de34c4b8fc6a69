"""A replay that is cut short between its receive and its send sends nothing more, and gives back what it held."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from app.replay.writer import EVERY, SECONDS
from services.domain.errors import Busy, NotReachable, Refused
from services.ports.wishes import DeadLetter, Outgoing
from tests.unit.app.replay.test_batch import FAST, Desk, bodies
from tests.unit.app.replay.test_batch import make as make_desk
from tests.unit.app.replay.test_writer import Consoles, make, run

__all__ = ["make", "make_desk"]


def test_what_a_receive_brings_after_a_cancel_is_given_back(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(bodies(3))
    receive = desk.queues.receive_dead

    async def cancel_meanwhile(**how: Any) -> list[DeadLetter]:
        found = await receive(**how)
        desk.lines[-1].cancel()
        return found

    async def act() -> None:
        letters = (await desk.engine.look()).letters
        await desk.many.plan("b1", "replay", letters, actor="desk-1", reason="", options=FAST)
        desk.queues.receive_dead = cancel_meanwhile  # type: ignore[method-assign]
        progress = await desk.run()
        assert (progress.state, progress.skipped, desk.queues.main) == ("cancelled", 3, {})
        assert all(one.visible_at <= asyncio.get_running_loop().time() for one in desk.queues.dead.values())

    run(act())


def test_a_lease_that_is_lost_while_the_queue_is_busy_ends_the_waiting(make: Callable[..., Consoles]) -> None:
    world = make(1)

    async def busy(messages: Sequence[Outgoing]) -> list[Busy]:
        world.shared.leases["dlq"] = ("another", "desk-2", 1e9)
        world.slept += EVERY
        return [Busy("The queue asks to go slower.") for _ in messages]

    async def act() -> None:
        await world.plan(0)
        world.queues.send_many = busy  # type: ignore[method-assign, assignment]
        progress = await world.many(0).run("b1")
        assert (progress.state, progress.waiting) == ("stopped", 1)
        assert "desk-2 works on these dead letters" in progress.words

    run(act())


def test_one_letter_is_given_back_when_the_lease_is_lost_before_its_send(make: Callable[..., Consoles]) -> None:
    world = make(1)
    receive = world.queues.receive_dead

    async def taken_meanwhile(**how: Any) -> list[DeadLetter]:
        world.shared.leases["dlq"] = ("another", "desk-2", 1e9)
        world.slept = EVERY
        return await receive(**how)

    async def act() -> None:
        [letter] = (await world.engines[0].look()).letters
        await world.engines[0].plan(letter, actor="desk", reason="why")
        world.queues.receive_dead = taken_meanwhile  # type: ignore[method-assign]
        answer = await world.engines[0].replay("m0", request_id="r1")
        assert (answer.outcome, world.queues.main) == ("failed", {})
        assert "desk-2 works on these dead letters" in answer.words
        entry = world.journals[0].entry("m0")
        assert entry is not None
        assert entry.state == "failed"
        assert world.queues.dead["m0"].visible_at == 0.0

    run(act())


def test_a_queue_that_goes_away_under_a_single_replay_is_told_to_the_others(make: Callable[..., Consoles]) -> None:
    world = make(1)

    async def act() -> None:
        [letter] = (await world.engines[0].look()).letters
        await world.engines[0].plan(letter, actor="desk", reason="why")

        async def away(**_: Any) -> list[DeadLetter]:
            raise NotReachable("The queue does not answer.")

        world.queues.receive_dead = away  # type: ignore[method-assign]
        with pytest.raises(NotReachable):
            await world.engines[0].replay("m0", request_id="r1")
        assert world.shared.notes[-1] == ("r1", "unknown", 0)

    run(act())


def test_a_lease_is_renewed_without_a_word_where_there_is_nothing_to_tell(make: Callable[..., Consoles]) -> None:
    world = make(1)

    async def act() -> None:
        async with world.engines[0].writer as writer:
            world.slept = EVERY
            await writer.keep()
            assert world.shared.calls.count("hold") == 2
            assert world.shared.notes == []
            world.shared.faults["hold"] = NotReachable("The database does not answer.")
            world.slept += EVERY
            await writer.keep()
            world.slept += SECONDS - 25.0
            with pytest.raises(Refused, match="could not be renewed"):
                await writer.keep()

    run(act())
