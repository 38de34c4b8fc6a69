"""The list of dead letters follows the queue without bothering it: a look hides messages and ages them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app import tasks
from app.actions.dead_letters import DeadLetterActs
from app.actions.operations import Operations
from app.replay.journal import Journal
from services.domain.errors import NotPermitted, NotReachable
from tests.fakes.queues import FakeQueues
from tests.fakes.virtual_time import VirtualLoop

BODY = '{"job_id": "j1"}'
FOR_EVER = 1e9


class World:
    """Acts whose clock is the loop's, which jumps to the next timer."""

    def __init__(self, folder: Path, *, may_release: bool = True) -> None:
        self.loop = VirtualLoop()
        self.queues = FakeQueues({f"m{n}": BODY for n in range(5)}, self.loop.time, may_release=may_release)
        self.journal = Journal(folder / "replay.db")
        self.operations = Operations(folder / "operations.db")
        self.acts = DeadLetterActs(
            self.queues, self.journal, self.operations, actor="desk-1", role="operator", clock=self.loop.time
        )

    def run(self, act: Callable[[], Awaitable[Any]]) -> Any:
        async def whole() -> Any:
            try:
                return await act()
            finally:
                await tasks.shutdown()

        return self.loop.run_until_complete(whole())

    def follow(self, rounds: int = 1) -> int:
        """Follow so many times, every 5 s; how often messages were asked for."""

        async def follow() -> int:
            before = self.queues.received
            for _ in range(rounds):
                await self.acts.follow()
                await asyncio.sleep(5.0)
            return self.queues.received - before

        return int(self.run(follow))

    def close(self) -> None:
        self.journal.close()
        self.operations.close()
        self.loop.close()


@pytest.fixture(autouse=True)
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls for a thread run at once: the jumping clock knows nothing of threads."""

    async def run(call: Callable[..., Any], *args: Any, **named: Any) -> Any:
        return call(*args, **named)

    monkeypatch.setattr(asyncio, "to_thread", run)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_a_quiet_queue_is_looked_at_once(world: World) -> None:
    assert world.follow() > 0
    assert set(world.acts.lines) == set(world.queues.dead)
    assert world.follow(20) == 0
    assert world.acts.look.as_of == world.loop.time() - 5.0, "the counts were compared just now"


def test_what_others_hold_is_no_reason_to_look_again_and_again(world: World) -> None:
    for message_id in ("m0", "m1", "m2"):
        world.queues.hide(message_id, FOR_EVER)
    world.follow()
    assert set(world.acts.lines) == {"m3", "m4"}
    assert world.follow(20) == 0


def test_what_others_give_back_is_shown(world: World) -> None:
    world.queues.hide("m0", FOR_EVER)
    world.follow()
    world.queues.hide("m0", 0.0)
    world.follow()
    assert set(world.acts.lines) == set(world.queues.dead)
    assert world.follow(5) == 0


def test_what_comes_and_what_goes_is_shown(world: World) -> None:
    world.follow()
    world.queues.dead["m9"] = BODY
    world.follow()
    assert "m9" in world.acts.lines
    del world.queues.dead["m0"]
    world.follow()
    assert set(world.acts.lines) == {"m1", "m2", "m3", "m4", "m9"}


def test_what_others_take_and_delete_is_shown(world: World) -> None:
    world.queues.hide("m0", FOR_EVER)
    world.follow()
    del world.queues.dead["m0"]
    world.follow()
    assert world.follow(5) == 0
    assert len(world.acts.lines) == 4


def test_more_than_a_look_shows_is_no_reason_to_look_again_and_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.replay.engine._SCAN_LIMIT", 10)
    world.queues.dead.update({f"n{n}": BODY for n in range(30)})
    world.follow()
    assert world.follow(20) == 0


def test_without_the_right_to_give_back_the_list_stays_while_its_messages_are_hidden(tmp_path: Path) -> None:
    world = World(tmp_path, may_release=False)
    world.follow()
    assert world.acts.look.hidden_until > world.loop.time()
    assert world.follow(20) == 0
    world.run(world.acts.scan)
    world.run(world.acts.scan)
    assert len(world.acts.lines) == 5, "the second look came while the first hid everything"
    world.close()


def test_without_the_right_to_give_back_two_replays_find_their_letters(tmp_path: Path) -> None:
    world = World(tmp_path, may_release=False)

    async def replay_two() -> list[str]:
        await world.acts.scan()
        answers = await asyncio.gather(world.acts.replay("m3"), world.acts.replay("m4"))
        return [answer.outcome for answer in answers if answer is not None]

    assert world.run(replay_two) == ["replayed", "replayed"]
    assert len(world.queues.sent) == 2
    world.close()


def test_a_replay_that_runs_is_no_reason_to_look(world: World) -> None:
    async def replay() -> int:
        await world.acts.scan()
        pressed = asyncio.ensure_future(world.acts.replay("m0"))
        await asyncio.sleep(1.0)
        asked = world.queues.received
        await world.acts.follow()
        await world.acts.follow()
        looked = world.queues.received - asked
        await pressed
        return looked

    assert world.run(replay) == 0


def test_a_queue_that_does_not_answer_is_told_and_looked_at_when_it_does(world: World) -> None:
    world.follow()
    world.queues.faults["figures"] = NotReachable("The queue did not answer.", hint="Look at the connection.")
    assert world.follow(3) == 0
    assert (world.acts.look.problem, world.acts.look.hint) == ("The queue did not answer.", "Look at the connection.")
    assert len(world.acts.lines) == 5
    world.queues.faults.clear()
    assert world.follow() > 0
    assert world.acts.look.problem == ""


def test_a_queue_that_may_not_be_read_is_told(world: World) -> None:
    world.queues.faults["receive"] = NotPermitted("This key may not receive.")
    world.follow(2)
    assert world.acts.look.problem == "This key may not receive."
    assert world.acts.look.as_of is None


def test_without_the_journal_nothing_is_offered_as_new(world: World) -> None:
    world.journal.close()
    world.follow(2)
    assert "isn't known what was sent" in world.acts.look.problem
    assert world.acts.lines == {}


def test_a_deleted_letter_that_shows_again_is_not_sent_again(world: World) -> None:
    async def replay_ghost() -> Any:
        await world.acts.scan()
        await world.acts.replay("m0")
        world.queues.dead["m0"] = BODY
        world.queues.hide("m0", 0.0)
        await world.acts.scan()
        assert world.acts.lines["m0"].doing == "duplicate_possible"
        return await world.acts.replay("m0")

    assert world.run(replay_ghost).outcome == "replayed"
    assert len(world.queues.sent) == 1
    assert "m0" not in world.queues.dead


def test_a_sent_letter_that_is_hidden_is_not_taken_for_one_that_was_never_sent(world: World) -> None:
    world.queues.faults["delete"] = NotReachable("The queue did not answer.")

    async def replay_again_too_early() -> None:
        await world.acts.scan()
        first = await world.acts.replay("m0")
        assert first is not None
        assert first.outcome == "duplicate_possible"
        world.queues.faults.clear()
        second = await world.acts.replay("m0")
        assert second is not None
        assert second.outcome == "duplicate_possible", "the letter is still hidden by the first try"
        await asyncio.sleep(61.0)
        await world.acts.scan()
        assert world.acts.lines["m0"].doing == "duplicate_possible"
        await world.acts.replay("m0")

    world.run(replay_again_too_early)
    assert len(world.queues.sent) == 1
    assert "m0" not in world.queues.dead
