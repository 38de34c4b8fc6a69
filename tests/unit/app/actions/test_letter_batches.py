"""Many dead letters as one act: it is weighed, carried out, steered, and gone on with after a crash."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app import tasks
from app.actions.dead_letters import DeadLetterActs
from app.actions.letter_batches import LetterBatches, buttons, press, start_archive, start_replay
from app.actions.operations import Operation, Operations
from app.actions.registry import ARCHIVE, READ_ONLY, REPLAY_MANY
from app.replay.choice import Choice
from app.replay.journal import Journal
from app.replay.pace import Options
from app.replay.xray import DONE
from app.store.link import TableState
from app.store.store import Store
from services.domain.errors import ConsoleError, NotPermitted
from services.ports.wishes import DeadLetter
from tests.fakes.queues import FakeQueues


def job(name: str) -> str:
    return json.dumps({"job_id": name})


class Program:
    """One start of the console's part that moves dead letters, on files and queues that outlive it."""

    def __init__(self, folder: Path, queues: FakeQueues, *, role: str = "operator", rate: float = 0.0) -> None:
        self.queues = queues
        self.operations = Operations(folder / "operations.db")
        self.journal = Journal(folder / "replay.db")
        self.store = Store()
        self.letters = DeadLetterActs(queues, self.journal, self.operations, actor="desk-1", role=role)
        self.batches = LetterBatches(
            queues, self.journal, self.letters, self.operations, self.store, actor="desk-1",
            pace=Options(rate=rate, ramp=(), claim_seconds=2),
        )  # fmt: skip

    def run(self, act: Callable[[], Awaitable[Any]]) -> Any:
        async def whole() -> Any:
            try:
                await self.letters.settle()
                await self.batches.settle()
                await self.letters.scan()
                return await act()
            finally:
                await tasks.shutdown()

        return asyncio.run(whole())

    def newest(self) -> Operation:
        return self.operations.newest_first()[0]

    async def until(self, happened: Callable[[], Any]) -> None:
        async with asyncio.timeout(20):
            while not happened():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    def close(self) -> None:
        self.operations.close()
        self.journal.close()


@pytest.fixture
def queues() -> FakeQueues:
    return FakeQueues({"m1": job("a"), "m2": job("b"), "m3": job("a"), "m4": "no json"}, time.time)


@pytest.fixture
def program(tmp_path: Path, queues: FakeQueues) -> Iterator[Program]:
    made = Program(tmp_path, queues)
    yield made
    made.close()


def test_it_is_weighed_and_carried_out(program: Program, queues: FakeQueues) -> None:
    async def act() -> None:
        choice = program.batches.weigh(["m1", "m2", "m3", "m4", "nowhere"])
        assert [one.message_id for one in choice.send] == ["m1", "m2"]
        assert list(choice.rest) == ["m3", "m4"]
        await program.batches.replay(choice, reason="the pool was down", archive=True)

    program.run(act)
    assert queues.sent == [job("a"), job("b")]
    assert list(queues.dead) == ["m4"]
    kept, sent = program.operations.newest_first()
    assert (sent.act, sent.state, sent.done, sent.total, sent.reason) == (
        "replay_many",
        "done",
        2,
        2,
        "the pool was down",
    )
    assert (kept.act, kept.state, kept.done) == ("archive", "done", 1)
    assert list(program.letters.lines) == ["m4"]


def test_what_is_known_of_the_jobs_counts(program: Program) -> None:
    async def act() -> None:
        program.store.set_state("jobs", TableState(as_of=1.0))
        program.store.put("jobs", {"id": "a", "status": "cancelled"})
        program.store.take_changed()
        choice = program.batches.weigh(["m1", "m2"])
        assert choice.rest == {"m1": "The job is cancelled.", "m2": "This job is not in the database."}

    program.run(act)


def test_it_is_off_where_it_has_no_sense(tmp_path: Path, program: Program, queues: FakeQueues) -> None:
    async def act() -> None:
        why = program.batches.why_not
        assert why(REPLAY_MANY, []) == "Choose dead letters first."
        program.letters.role = "viewer"
        assert "Needs the role operator" in why(ARCHIVE, ["m1"])
        with pytest.raises(ConsoleError, match="Needs the role"):
            await program.batches.archive(["m1"], reason="")
        program.letters.role = "operator"
        single = asyncio.ensure_future(program.letters.replay("m1"))
        await asyncio.sleep(0)
        assert why(REPLAY_MANY, ["m1", "m2"]) == "One of these is being replayed."
        program.letters.undo("m1")
        await single

    program.run(act)


def test_it_can_be_paused_gone_on_with_and_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.actions.speed.FIRST_SECONDS", 0.0)
    queues = FakeQueues({f"m{n}": job(f"j{n}") for n in range(40)}, time.time)
    program = Program(tmp_path, queues, rate=20.0)

    async def act() -> None:
        whole = program.batches.weigh(list(queues.dead))
        choice = Choice(whole.send[1:], {"m0": DONE}, whole.send[:1])
        start_replay(program.batches, choice, reason="why", archive=True, instead={})
        await program.until(lambda: queues.sent)
        wish = program.newest()
        assert "is running" in program.batches.why_not(REPLAY_MANY, ["m1"])
        assert buttons(program.batches, wish) == ("Pause", "Cancel")
        press(program.batches, wish.id, "Pause")
        assert buttons(program.batches, wish) == ("Go on", "Cancel")
        await program.letters.scan()
        assert not program.letters.look.looking
        press(program.batches, wish.id, "Go on")
        sent = len(queues.sent)
        await program.until(lambda: len(queues.sent) > sent + 1)
        assert program.batches.rate(wish.id) > 0
        press(program.batches, wish.id, "Cancel")
        await program.until(lambda: program.newest().ended)
        await program.until(lambda: not program.letters.in_batch and not tasks.running())
        # Nor is archived what was to be archived with it.
        assert (program.newest().act, program.newest().state) == ("replay_many", "undone")
        assert buttons(program.batches, program.newest()) == ()

    program.run(act)
    assert len(queues.sent) + len(queues.dead) == 40
    program.close()


def test_one_that_waits_for_its_turn_has_its_buttons(program: Program, queues: FakeQueues) -> None:
    async def act() -> None:
        async with program.letters.engine.turn:
            start_archive(program.batches, ["m4"], reason="junk")
            await program.until(
                lambda: (
                    program.operations.newest_first()
                    and buttons(program.batches, program.newest()) == ("Pause", "Cancel")
                )
            )
            wish = program.newest()
            assert program.batches.why_not(ARCHIVE, ["m1"])
            assert program.batches.rate(wish.id) == 0
        await program.until(lambda: program.newest().ended)

    program.run(act)
    assert "m4" not in queues.dead


def test_a_second_press_is_refused_and_a_duplicate_stays_when_nothing_was_sent(
    program: Program, queues: FakeQueues
) -> None:
    async def act() -> None:
        queues.faults["send"] = NotPermitted("You may not send.")
        await program.batches.replay(program.batches.weigh(["m1", "m3"]), reason="", archive=True)
        assert "m3" in queues.dead
        wish = program.newest()
        assert wish.act == "replay_many"
        queues.faults.clear()
        answers = await asyncio.gather(
            program.batches.resume(wish.id), program.batches.resume(wish.id), program.batches.give_up(wish.id),
            return_exceptions=True,
        )  # fmt: skip
        assert [isinstance(one, ConsoleError) for one in answers] == [False, True, True]
        assert program.newest().state == "done"

    program.run(act)
    assert queues.sent == [job("a")]


def test_after_an_error_that_nobody_expected_batches_go_on(program: Program, queues: FakeQueues) -> None:
    async def act() -> None:
        queues.faults["send"] = ValueError("odd")  # type: ignore[assignment]
        with pytest.raises(ExceptionGroup):
            await program.batches.replay(program.batches.weigh(["m1"]), reason="")
        assert program.newest().state == "unknown"
        assert program.batches.why_not(REPLAY_MANY, ["m2"]) == ""
        assert not program.batches.is_running(program.newest().id)

    program.run(act)


def test_a_line_that_stopped_is_resumed_or_given_up(program: Program, queues: FakeQueues) -> None:
    async def act() -> None:
        queues.faults["send"] = NotPermitted("You may not send.")
        await program.batches.replay(program.batches.weigh(["m1", "m2"]), reason="")
        wish = program.newest()
        assert (wish.state, wish.done) == ("unknown", 0)
        assert "may not send" in wish.words
        assert buttons(program.batches, wish) == ("Resume", "Give up")
        queues.faults.clear()
        press(program.batches, wish.id, "Resume")
        await program.until(lambda: program.newest().state == "done" and not program.batches.why_not(ARCHIVE, ["m3"]))
        queues.faults["send"] = NotPermitted("You may not send.")
        await program.batches.replay(program.batches.weigh(["m3"]), reason="")
        press(program.batches, program.newest().id, "Give up")
        await program.until(lambda: program.newest().state == "undone")

    program.run(act)
    assert queues.sent == [job("a"), job("b")]
    assert set(queues.dead) == {"m3", "m4"}


@pytest.mark.parametrize("role", ["viewer", READ_ONLY])
def test_who_may_not_send_can_neither_resume_a_line_nor_give_it_up(
    program: Program, queues: FakeQueues, role: str
) -> None:
    async def act() -> None:
        queues.faults["send"] = NotPermitted("You may not send.")
        await program.batches.replay(program.batches.weigh(["m1"]), reason="")
        queues.faults.clear()
        wish = program.newest()
        program.letters.role = role
        assert buttons(program.batches, wish) == ()
        for press_it in (program.batches.resume, program.batches.give_up):
            with pytest.raises(ConsoleError):
                await press_it(wish.id)
        assert program.newest() == wish

    program.run(act)
    assert queues.sent == []


@pytest.mark.parametrize("planned", [True, False])
def test_after_a_crash_it_can_be_gone_on_with(tmp_path: Path, queues: FakeQueues, planned: bool) -> None:
    killed = Program(tmp_path, queues)

    async def press_and_die() -> None:
        wish = killed.operations.plan("replay_many", "Replay 2 dead letters", "", actor="desk-1", total=2)
        if planned:
            letters = [killed.letters.lines[key].letter for key in ("m1", "m2")]
            options = '{"rate": 0, "ramp": []}'
            killed.journal.plan_batch(wish.id, "replay", letters, actor="desk-1", reason="", options=options)

    killed.run(press_and_die)
    killed.close()
    again = Program(tmp_path, queues)

    async def look() -> None:
        wish = again.newest()
        assert wish.state == ("unknown" if planned else "failed")
        if planned:
            assert again.batches.can_resume(wish)
            await again.batches.resume(wish.id)
            assert again.newest().state == "done"

    again.run(look)
    assert queues.sent == ([job("a"), job("b")] if planned else [])
    again.close()


def test_a_batch_that_ended_just_before_the_crash_is_known_to_have(tmp_path: Path, queues: FakeQueues) -> None:
    killed = Program(tmp_path, queues)

    async def end_and_die() -> None:
        wish = killed.operations.plan("archive", "Archive 1 dead letter", "", actor="desk-1")
        killed.journal.plan_batch(wish.id, "archive", [], actor="desk-1", reason="")
        killed.journal.end_batch(wish.id, "done", "1 moved.")

    killed.run(end_and_die)
    killed.close()
    again = Program(tmp_path, queues)

    async def nothing() -> None:
        assert (again.newest().state, again.newest().words) == ("done", "1 moved.")

    again.run(nothing)
    again.close()


def test_no_journal_nothing_is_done(program: Program, queues: FakeQueues) -> None:
    async def act() -> None:
        choice = program.batches.weigh(["m1", "m2"])
        program.journal.close()
        with pytest.raises(ConsoleError, match="can't be used"):
            await program.batches.replay(choice, reason="")
        assert program.newest().state == "failed"

    program.run(act)
    assert queues.sent == []


def test_the_archive_is_one_act_too(program: Program, queues: FakeQueues) -> None:
    async def act() -> None:
        start_archive(program.batches, ["m4"], reason="junk")
        await program.until(lambda: program.operations.newest_first() and program.newest().ended)

    program.run(act)
    assert "m4" not in queues.dead
    entry = program.journal.entry("m4")
    assert entry is not None
    assert (entry.state, entry.body) == ("archived", "no json")


def test_what_was_left_out_of_the_plan_makes_it_a_failure_that_names_it(program: Program, queues: FakeQueues) -> None:
    for old, new in (("x1", "x2"), ("x2", "x3"), ("x3", "m1")):
        program.journal.plan(DeadLetter(old, "", job("a")), actor="desk-1", reason="")
        program.journal.move(old, "deleted", new_message_id=new)

    async def act() -> None:
        await program.batches.replay(program.batches.weigh(["m1", "m2"]), reason="", archive=False, instead={})
        wish = program.newest()
        assert (wish.state, wish.done, wish.total) == ("failed", 1, 2)
        assert wish.words == "1 moved. Not m1: It was replayed 3 times and came back: quarantined."

    program.run(act)
    assert queues.sent == [job("b")]
    assert "m1" in queues.dead
