"""A run is held between its steps for as long as a person wants, and not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from services.domain.run_commands import EditStep, GoOn, Keys, MoreTime, OneStep, Pause, Pick, RunTo, SkipStep
from services.submission import control as controls
from services.submission.control import Control
from services.submission.edits import EditRefused
from services.submission.steps import PersonNeeded, StepFailed
from tests.waiting import until


class Held:
    """A control, what it told, and what was done of a plan of five steps."""

    def __init__(self, *, attended: bool = True) -> None:
        self.told: list[dict[str, Any]] = []
        self.control = Control(self.told.append, helper="desk-1" if attended else "")
        self.done: list[int] = []

    async def steps(self) -> None:
        for index in range(5):
            await self.control.before(index)
            self.done.append(index)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.told if event["kind"] == kind]

    async def held(self, times: int) -> None:
        await until(lambda: len(self.of("held")) == times)


async def asked() -> bool:
    return True


def in_loop(act: Callable[[Held], Awaitable[None]], *, attended: bool = True) -> Held:
    made = Held(attended=attended)
    asyncio.run(act(made))  # type: ignore[arg-type]
    return made


def test_pause_one_step_run_to_and_go_on() -> None:
    async def act(held: Held) -> None:
        held.control.take(GoOn())  # of a run that isn't held: nothing
        held.control.take(Pause())
        async with asyncio.TaskGroup() as group:
            group.create_task(held.steps())
            await held.held(1)
            assert held.done == []
            held.control.take(Pause())
            held.control.take(OneStep())
            await held.held(2)
            assert held.done == [0]
            held.control.take(RunTo(3))
            await held.held(3)
            assert held.done == [0, 1, 2]
            held.control.take(SkipStep())
            await until(lambda: held.of("refused"))
            held.control.take(RunTo(0))  # behind it: the next step
            await held.held(4)
            held.control.take(GoOn())

    held = in_loop(act)
    assert held.done == [0, 1, 2, 3, 4]
    assert [(event["index"], event["why"]) for event in held.of("held")] == [(at, "paused") for at in (0, 1, 3, 4)]
    assert [entry["index"] for entry in held.control.record] == [0, 1, 3, 4]
    assert held.of("refused") == [{"kind": "refused", "why": "Only a step that failed is skipped"}]


def test_run_to_before_anything_began() -> None:
    async def act(held: Held) -> None:
        held.control.take(RunTo(2))
        async with asyncio.TaskGroup() as group:
            group.create_task(held.steps())
            await held.held(1)
            assert held.done == [0, 1]
            held.control.take(GoOn())

    in_loop(act)


def test_the_time_limit_stands_still_while_it_is_held() -> None:
    async def act(held: Held) -> None:
        loop = asyncio.get_running_loop()
        held.control.take(Pause())
        async with asyncio.TaskGroup() as group:

            async def run() -> None:
                async with asyncio.timeout(60) as held.control.limit:
                    await held.steps()

            group.create_task(run())
            await held.held(1)
            assert held.control.limit is not None
            assert held.control.limit.when() is None
            before = loop.time()
            await until(lambda: loop.time() > before)
            held.control.take(OneStep())
            await held.held(2)
            held.control.limit.reschedule(loop.time())  # the browser broke down meanwhile
            await until(lambda: held.control.limit is not None and held.control.limit.expired())
            assert held.done == [0]
            raise asyncio.CancelledError

    with pytest.raises(BaseException) as ended:
        in_loop(act)
    assert "TimeoutError" in repr(ended.value)


def test_nobody_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controls, "PATIENCE_SECONDS", 0.05)

    async def act(held: Held) -> None:
        held.control.take(Pause())
        with pytest.raises(StepFailed, match="Nobody came back"):
            await held.control.before(0)
        # What is left of its patience is for all times together.
        assert await held.control.failed(1, StepFailed("No such field")) is None
        assert held.of("held")[1]["seconds"] == 0
        assert held.control.nobody == ["It waited 1 min for a person; nobody came"] * 2

    in_loop(act)


def test_a_step_that_failed_waits_for_a_person() -> None:
    async def act(held: Held) -> None:
        async def answer(times: int, *commands: Any) -> None:
            await held.held(times)
            for command in commands:
                held.control.take(command)

        async with asyncio.TaskGroup() as group:
            group.create_task(answer(1, GoOn()))
            assert await held.control.failed(2, StepFailed("gone")) == "again"
        async with asyncio.TaskGroup() as group:
            group.create_task(answer(2, GoOn(), SkipStep()))
            assert await held.control.failed(2, StepFailed("gone"), again="Sent once") == "skip"
        async with asyncio.TaskGroup() as group:
            group.create_task(answer(3, SkipStep(), OneStep()))
            assert await held.control.failed(4, StepFailed("gone"), skip="It sends") == "again"

    held = in_loop(act)
    assert held.of("held")[0] == {"kind": "held", "index": 2, "why": "failed", "seconds": 300, "error": "gone"}
    assert [event["why"] for event in held.of("refused")] == ["Sent once", "It sends"]


def test_a_person_may_have_more_time_and_nobody_is_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controls, "PATIENCE_SECONDS", 400.0)

    async def act(held: Held) -> None:
        async def answer() -> None:
            await held.held(1)
            for command in (Keys("a"), Pick(1, 1), MoreTime(), MoreTime(), GoOn()):
                held.control.take(command)

        async with asyncio.TaskGroup() as group:
            group.create_task(answer())
            assert await held.control.person(2, PersonNeeded("captcha"), asked)
        held.control._patience = 0.0
        assert not await held.control.person(2, PersonNeeded("captcha"), asked)

    held = in_loop(act)
    assert [event["why"] for event in held.of("held")] == ["captcha"] * len(held.of("held"))
    assert len(held.of("held")) >= 3
    assert held.control.record[0]["by"] == "desk-1"
    whys = [event["why"] for event in held.of("refused")]
    assert whys[:2] == ["No page is open yet", "No page is open yet"]


def test_a_run_that_nobody_watches_waits_for_nobody() -> None:
    async def act(held: Held) -> None:
        assert await held.control.failed(2, StepFailed("gone")) is None
        assert not await held.control.person(2, PersonNeeded("login"), asked)

    assert in_loop(act, attended=False).told == []


def test_only_steps_to_come_of_a_held_run_are_edited() -> None:
    edits: list[EditStep] = []

    async def revise(edit: EditStep) -> dict[str, Any]:
        if edit.where == "bad":
            raise EditRefused("No")
        edits.append(edit)
        return {"words": "Fill"}

    async def act(held: Held) -> None:
        held.control.revise = revise
        held.control.take(EditStep(3, "#a"))
        held.control.take(RunTo(2))
        async with asyncio.TaskGroup() as group:
            group.create_task(held.steps())
            await held.held(1)
            for command in (EditStep(1, "#a"), EditStep(2, "bad"), EditStep(2, "#b"), GoOn()):
                held.control.take(command)

    held = in_loop(act)
    assert [event["why"] for event in held.of("refused")] == ["Pause the run first", "This step is done", "No"]
    assert edits == [EditStep(2, "#b")]
    assert held.of("edited") == [{"kind": "edited", "index": 2, "words": "Fill"}]
