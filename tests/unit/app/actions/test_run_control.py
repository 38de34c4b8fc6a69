"""Steering a run: what may be pressed when, what the child is told, and what it says back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app import tasks
from app.actions.run_state import Held, Picked, RunState, StepLine, taken
from services.domain.run_commands import (
    EditStep,
    GoOn,
    Keys,
    MoreTime,
    Mouse,
    OneStep,
    Pause,
    Pick,
    RunTo,
    SkipStep,
    Stay,
)
from tests.fakes.runs import HOLD
from tests.unit.app.actions.run_world import ENDED, STARTED, TARGET, World, step, verdict
from tests.waiting import until

PAUSED = {"kind": "held", "index": 2, "why": "paused", "seconds": 60}
FAILED = {"kind": "held", "index": 2, "why": "failed", "seconds": 60, "error": "No such field: #name"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.operations.close()


def during(world: World, events: list[dict[str, Any]], look: Callable[[], None]) -> RunState:
    """Look while the run waits behind these events; gives how it ended."""
    world.script(STARTED, *events, HOLD, verdict("dry"), ENDED)

    async def act() -> RunState:
        run = tasks.spawn("run", world.acts.run(TARGET, dry=True))
        await until(lambda: world.acts.state.phase == "running" and len(world.runner.told) == 0 and seen())
        look()
        world.runner.go.set()
        return await run

    def seen() -> bool:
        held = any(event["kind"] == "held" for event in events)
        return (world.acts.state.held is not None) == held and bool(world.acts.state.browser)

    ended = world.in_loop(act)
    assert isinstance(ended, RunState)
    return ended


def test_without_a_run_nothing_is_told(world: World) -> None:
    control = world.acts.control
    for act in (control.pause, control.go_on, control.step, control.leave_out):
        act()
    control.run_to(0)
    control.edit(0, where="#a", value=None)
    assert world.runner.told == []
    assert control.why_not_pause() == "No run is going on."
    assert world.acts.why_not_stop() == "No run is going on."


def test_a_run_that_goes_on_may_be_held_only(world: World) -> None:
    control = world.acts.control

    def look() -> None:
        assert control.why_not_go_on() == "It isn't held."
        assert control.why_not_edit(3) == "Pause the run first."
        control.go_on()
        control.edit(3, where="#a", value=None)
        control.pause()
        control.run_to(3)
        control.run_to(9)
        assert world.runner.told == [Pause(), RunTo(3)]
        assert world.runner.requests[0].helper == "desk-1"

    during(world, [step(0)], look)


def test_a_held_run_goes_on_as_it_is_told(world: World) -> None:
    control = world.acts.control

    def look() -> None:
        held = world.acts.state.held
        assert held is not None
        assert (held.index, held.why, held.until - held.since) == (2, "paused", 60)
        assert control.why_not_pause() == "It is held already."
        assert control.why_not_run_to(2) == "It is held before this step."
        assert control.why_not_run_to(0) == "Choose a step that has not begun."
        assert control.why_not_skip() == "Only a step that failed is skipped."
        assert control.why_not_edit(1) == "Choose a step that has not begun."
        control.edit(2, where=None, value=None)
        control.edit(2, where=None, value="Blue")
        control.step()
        control.run_to(4)
        control.go_on()
        control.leave_out()
        assert world.runner.told == [EditStep(2, None, "Blue"), OneStep(), RunTo(4), GoOn()]

    assert during(world, [step(0), step(1), PAUSED], look).held is None


def test_a_person_uses_the_page_of_a_held_run_only(world: World) -> None:
    control = world.acts.control

    def use() -> None:
        control.mouse("down", 1.0, 2.0)
        control.keys("a", "")
        control.pick(3.0, 4.0)
        control.more_time()
        control.stay()

    use()
    assert world.runner.told == []

    def look() -> None:
        use()
        assert world.runner.told == [Mouse("down", 1.0, 2.0), Keys("a"), Pick(3.0, 4.0), MoreTime(), Stay()]

    during(world, [step(0), step(1, "failed"), {**FAILED, "why": "captcha"}], look)


def test_a_step_that_failed_may_be_edited_and_skipped(world: World) -> None:
    control = world.acts.control

    def look() -> None:
        control.edit(2, where="#shop", value=None)
        control.leave_out()
        assert world.runner.told == [EditStep(2, "#shop"), SkipStep()]
        assert world.acts.state.held is not None
        assert world.acts.state.held.error == "No such field: #name"

    during(world, [step(0), step(1), step(2, "failed"), FAILED], look)


@pytest.mark.parametrize("role", [None, "locked"])
def test_who_may_not_run_may_not_steer(role: str | None, world: World) -> None:
    world.acts.role = role
    assert world.acts.control.why_not_pause() == world.acts.control.why_not_go_on() != ""


def test_what_the_child_says_of_its_steps() -> None:
    state = RunState(steps=(StepLine(0, "Open", "x"), StepLine(1, "Fill", "#a", action="fill")))
    told = {"kind": "started", "steps": [{"value": None}, {"value": "Blue"}]}
    state = taken(state, told)
    assert [line.value for line in state.steps] == ["", "Blue"]
    odds: tuple[Any, ...] = (None, [1], [1, 2], {})
    for odd in odds:
        assert taken(state, {**told, "steps": odd}).steps == state.steps
    edit = {"kind": "edited", "index": 1, "words": "Fill b", "detail": "#b", "value": "•••", "matches": 1}
    edited = taken(state, edit)
    assert (edited.steps[1].words, edited.steps[1].detail, edited.steps[1].value) == ("Fill b", "#b", "•••")
    assert (edited.edited, edited.refused) == ((("#a", "#b"),), "")
    assert taken(edited, edit).edited == edited.edited
    assert taken(state, {**edit, "matches": 0}).refused == "The page has none of #b now"
    assert taken(state, {**edit, "matches": 50}).refused == "The page has 50 of #b now"
    assert taken(state, {**edit, "matches": None}).refused == ""
    assert taken(state, {**edit, "index": 7}) is state
    picked = taken(state, {"kind": "picked", "selector": "#b", "name": "Shop"})
    assert picked.picked == Picked("#b", "Shop")
    refused = taken(state, {"kind": "refused", "why": "No"})
    assert refused.refused == "No"
    held = taken(refused, {"kind": "held", "index": "x", "why": "?", "seconds": None}, 5.0)
    assert (held.held, held.refused) == (Held(0, "paused", 5.0, 5.0), "")
    assert taken(held, {"kind": "released"}) == msgspec.structs.replace(state)
