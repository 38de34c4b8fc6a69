"""A machine that slept under a hold knows that it ran out: nothing is sent or deleted under it."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.replay.awake import JUMP, Clock, Jumps, sleep_counter
from app.replay.claims import Claims
from app.replay.engine import Replayed, ReplayEngine
from app.replay.journal import Journal, Move, State
from app.replay.many import ManyEngine
from app.replay.pace import Options
from app.replay.writer import Writer
from tests.fakes.replays import FakeReplays
from tests.fakes.unkind_queues import UnkindQueues
from tests.fakes.virtual_time import ThreadlessLoop, run_virtually

NIGHT = 8 * 3600.0


def run(coro: Coroutine[Any, Any, Any]) -> Any:
    return run_virtually(coro, ThreadlessLoop)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "replay.db")
    yield made
    made.close()


def sleeps_at(queues: UnkindQueues, call: str) -> Callable[[str], None]:
    """The lid is closed for a night, the first time that the queue comes to this point."""

    def step(name: str) -> None:
        if name == call and not queues.slept:
            queues.slept = NIGHT

    return step


def test_sleep_counts_and_a_clock_that_is_set_back_does_not() -> None:
    wall, awake = [1000.0], [0.0]
    slept = Jumps(lambda: wall[0], lambda: awake[0])
    for moved, went, want in (
        (60.0, 60.0, 0.0),  # both go on
        (JUMP / 2, 0.0, 0.0),  # a clock that is put right a little
        (NIGHT, 0.0, NIGHT + JUMP / 2),
        (-3600.0, 0.0, NIGHT + JUMP / 2),
        (600.0, 0.0, NIGHT + JUMP / 2 + 600.0),
    ):
        wall[0] += moved
        awake[0] += went
        assert slept() == want


def test_the_system_keeps_the_count_or_the_clock_on_the_wall_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sleep_counter()() == 0.0
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    wall = time.time()
    monkeypatch.setattr(time, "time", lambda: wall)
    slept = sleep_counter()
    wall += NIGHT
    assert slept() == pytest.approx(NIGHT, abs=60.0)


def test_a_hold_does_not_outlast_a_night() -> None:
    async def act() -> None:
        queues = UnkindQueues.holding({"m1": "one", "m2": "two"})
        claims = Claims(queues, 60, Clock(lambda: queues.slept))
        await claims.take({"m1"}, 10, wait=0)
        assert claims.receipt("m1")
        queues.slept = NIGHT
        assert claims.receipt("m1") == ""
        assert not await claims.still_hold("m1")
        assert queues.calls == ["receive"]

    run(act())


@pytest.mark.parametrize("call", ["receive: after", "send: after", "delete: before"])
def test_a_batch_over_night_deletes_nothing_under_an_old_receipt(journal: Journal, call: str) -> None:
    async def act() -> None:
        queues = UnkindQueues.holding({f"m{n}": f'{{"job_id": "job-{n}"}}' for n in range(10)})
        engine = ReplayEngine(queues, journal, clock=Clock(lambda: queues.slept))
        many = ManyEngine(queues, journal, engine)
        letters = (await engine.look()).letters
        queues.step = sleeps_at(queues, call)
        options = Options(rate=0, ramp=(), lanes=1)
        await many.plan("b1", "replay", letters, actor="desk-1", reason="", options=options)
        progress = await many.run("b1")
        assert queues.slept == NIGHT
        assert progress.moved == 10
        assert (len(queues.main), queues.dead) == (10, {})
        # The call that was on its way is the only one that nobody could have stopped.
        assert queues.stale == (10 if call == "delete: before" else 0)

    run(act())


def sleeps_after_writing(journal: Journal, queues: UnkindQueues, state: State) -> None:
    """The lid is closed for a night while the journal waits for the disk."""
    write = journal.move_many

    def slow(moves: Sequence[Move]) -> None:
        write(moves)
        if any(move.state == state for move in moves) and not queues.slept:
            queues.slept = NIGHT

    journal.move_many = slow  # type: ignore[method-assign]


def test_a_batch_that_slept_over_its_journal_holds_the_letters_again_before_it_sends(journal: Journal) -> None:
    async def act() -> None:
        queues = UnkindQueues.holding({f"m{n}": f'{{"job_id": "job-{n}"}}' for n in range(10)})
        engine = ReplayEngine(queues, journal, clock=Clock(lambda: queues.slept))
        many = ManyEngine(queues, journal, engine)
        letters = (await engine.look()).letters
        sleeps_after_writing(journal, queues, "sending")
        await many.plan("b1", "replay", letters, actor="desk-1", reason="", options=Options(rate=0, ramp=(), lanes=1))
        assert (await many.run("b1")).moved == 10
        assert (len(queues.main), queues.dead, queues.stale) == (10, {}, 0)
        states = [step.state for step in journal.steps("m0")]
        assert states == ["planned", "claimed", "sending", "planned", "claimed", "sending", "sent", "deleted"]

    run(act())


@pytest.mark.parametrize("shared", [None, FakeReplays()])
def test_one_letter_that_slept_over_its_journal_is_not_sent(journal: Journal, shared: FakeReplays | None) -> None:
    async def act() -> None:
        queues = UnkindQueues.holding({"m1": "one"})
        writer = Writer(queues, shared, token="mine", machine="tower", wall=queues.now)
        engine = ReplayEngine(queues, journal, writer, clock=Clock(lambda: queues.slept))
        [letter] = (await engine.look()).letters
        await engine.plan(letter, actor="desk-1", reason="")
        sleeps_after_writing(journal, queues, "sending")
        answer = await engine.replay("m1")
        assert (answer.outcome, queues.main) == ("failed", {})
        assert ("lease" if shared else "hold") in answer.words
        await engine.plan(letter, actor="desk-1", reason="")
        assert (await engine.replay("m1")).outcome == "replayed"

    run(act())


def replay_one(queues: UnkindQueues, journal: Journal, call: str) -> tuple[Replayed, Replayed]:
    """One letter, a night at `call`, and what it takes to bring it to its end."""

    async def act() -> tuple[Replayed, Replayed]:
        engine = ReplayEngine(queues, journal, clock=Clock(lambda: queues.slept))
        [letter] = (await engine.look()).letters
        await engine.plan(letter, actor="desk-1", reason="")
        queues.step = sleeps_at(queues, call)
        first = await engine.replay("m1")
        if first.outcome == "failed":
            assert not queues.main
            await engine.plan(letter, actor="desk-1", reason="")
        return first, await engine.replay("m1")

    answers: tuple[Replayed, Replayed] = run(act())
    return answers


@pytest.mark.parametrize(("call", "outcome"), [("receive: after", "failed"), ("send: after", "duplicate_possible")])
def test_one_letter_over_night_is_held_again_before_more_is_done(journal: Journal, call: str, outcome: str) -> None:
    queues = UnkindQueues.holding({"m1": "one"})
    first, second = replay_one(queues, journal, call)
    assert first.outcome == outcome
    assert "ran out" in first.words
    assert second.outcome == "replayed"
    assert (len(queues.main), queues.dead, queues.stale) == (1, {}, 0)
