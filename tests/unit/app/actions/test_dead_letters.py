"""Replays of dead letters: one press is one send, undo sends nothing, failures are written down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app import tasks
from app.actions.dead_letters import DeadLetterActs
from app.actions.operations import Operations
from app.actions.registry import NOT_YET, READ_ONLY, SCAN, why_not
from app.replay.journal import Journal
from services.domain.errors import ConsoleError, NotReachable, Refused
from tests.fakes.queues import FakeQueues

GOOD = '{"job_id": "j1", "package_size": 3}'


class World:
    """Acts over queues in memory and real files."""

    def __init__(self, folder: Path, *, role: str | None = "operator", may_release: bool = True) -> None:
        self.queues = FakeQueues({"m1": GOOD, "m2": "not json"}, time.time, may_release=may_release)
        self.journal = Journal(folder / "replay.db")
        self.operations = Operations(folder / "operations.db")
        self.acts = DeadLetterActs(
            self.queues, self.journal, self.operations, actor="desk-1", role=role, undo_seconds=0.05
        )

    def run(self, act: Callable[[], Awaitable[Any]]) -> Any:
        async def whole() -> Any:
            try:
                return await act()
            finally:
                await tasks.shutdown()

        return asyncio.run(whole())

    def close(self) -> None:
        self.journal.close()
        self.operations.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_a_scan_lists_what_the_queue_holds(world: World) -> None:
    world.run(world.acts.scan)
    assert set(world.acts.lines) == {"m1", "m2"}
    assert world.acts.job_ids() == {"j1"}
    letter = world.acts.lines["m1"]
    assert letter.letter.sent_at is not None
    assert letter.expires_at == letter.letter.sent_at + 14 * 86400
    assert world.acts.lines["m2"].problem == "The message is not JSON."
    assert "It would only come back" in world.acts.why_not_replay(world.acts.lines["m2"])


@pytest.mark.parametrize("role", [READ_ONLY, NOT_YET])
def test_who_may_only_look_on_hides_no_letter_by_a_scan(tmp_path: Path, role: str) -> None:
    world = World(tmp_path, role=role)
    world.run(world.acts.follow)
    assert (world.acts.lines, world.acts.look.looking) == ({}, False)
    assert world.acts.look.problem == why_not(SCAN, role) != ""
    assert world.run(lambda: world.queues.figures("dlq")).in_flight == 0
    world.close()


def test_what_nobody_foresaw_leaves_nothing_running(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def send(*_: object) -> None:
        raise KeyError("MessageId")

    async def act() -> None:
        await world.acts.scan()
        monkeypatch.setattr(world.queues, "send", send)
        with pytest.raises(KeyError):
            await world.acts.replay("m1")

    world.run(act)
    # It may have been sent.
    assert world.acts.lines["m1"].doing == "unknown"
    [operation] = world.operations.newest_first()
    assert (operation.state, operation.words) == ("unknown", "Something unexpected happened in the middle.")


def test_two_presses_send_once(world: World) -> None:
    async def press_twice() -> None:
        await world.acts.scan()
        first = asyncio.ensure_future(world.acts.replay("m1"))
        await asyncio.sleep(0)
        assert world.acts.lines["m1"].doing == "planned"
        with pytest.raises(ConsoleError, match="is running"):
            await world.acts.replay("m1")
        answer = await first
        assert answer is not None
        assert answer.outcome == "replayed"

    world.run(press_twice)
    assert world.queues.sent == [GOOD]
    assert "m1" not in world.queues.dead
    assert "m1" not in world.acts.lines
    assert [(wish.state, wish.done) for wish in world.operations.newest_first()] == [("done", 1)]


def test_undo_sends_nothing_and_the_letter_can_be_replayed_again(world: World) -> None:
    async def undo_then_replay() -> None:
        await world.acts.scan()
        pending = asyncio.ensure_future(world.acts.replay("m1"))
        await asyncio.sleep(0)
        world.acts.undo("m1")
        assert await pending is None
        assert world.queues.sent == []
        assert world.acts.why_not_replay(world.acts.lines["m1"]) == ""
        await world.acts.replay("m1")

    world.run(undo_then_replay)
    assert world.queues.sent == [GOOD]
    assert [wish.state for wish in world.operations.newest_first()] == ["done", "undone"]


def test_a_journal_that_fails_ends_the_operation_and_sends_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(world.journal, "plan", full)

    async def fail() -> None:
        await world.acts.scan()
        with pytest.raises(Refused):
            await world.acts.replay("m1")

    world.run(fail)
    assert world.queues.sent == []
    assert [wish.state for wish in world.operations.newest_first()] == ["failed"]
    assert world.acts.lines["m1"].doing == ""


def test_a_send_without_an_answer_is_unknown_and_stays_so_after_a_scan(world: World) -> None:
    world.queues.faults["send"] = NotReachable("The queue did not answer.")

    async def lose() -> None:
        await world.acts.scan()
        await world.acts.replay("m1")
        world.queues.faults.clear()
        world.acts.lines.clear()
        world.queues._hidden.clear()
        await world.acts.scan()

    world.run(lose)
    assert world.acts.lines["m1"].doing == "unknown"
    assert [wish.state for wish in world.operations.newest_first()] == ["unknown"]
    assert "not repeated" in world.acts.why_not_replay(world.acts.lines["m1"])


def test_a_replay_waits_until_what_the_last_look_hid_is_visible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.replay.engine.LOOK_VISIBILITY", 1)
    world = World(tmp_path, may_release=False)

    async def replay_at_once() -> Any:
        await world.acts.scan()
        assert world.acts.look.hidden_until > time.time()
        return await world.acts.replay("m1")

    answer = world.run(replay_at_once)
    world.close()
    assert answer.outcome == "replayed"


def test_a_failed_look_keeps_the_list_and_says_why(world: World) -> None:
    async def scan_twice() -> None:
        await world.acts.scan()
        world.queues.faults["figures"] = NotReachable("The queue did not answer.", hint="Look at the connection.")
        await world.acts.scan()

    world.run(scan_twice)
    assert world.acts.look.problem == "The queue did not answer."
    assert not world.acts.look.looking
    assert set(world.acts.lines) == {"m1", "m2"}


def test_a_viewer_may_look_only(tmp_path: Path) -> None:
    world = World(tmp_path, role="viewer")
    world.run(world.acts.scan)
    assert "Needs the role operator" in world.acts.why_not_replay(world.acts.lines["m1"])
    world.close()
