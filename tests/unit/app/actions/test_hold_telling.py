"""A claimed run that waits for a person is told to the project, for the lists of everybody."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import tasks
from app.actions.run_state import RunState
from app.store.pending import LIMIT, Pending
from services.domain.errors import ConsoleError, NotInstalled, NotReachable
from tests.fakes.runs import HOLD
from tests.unit.app.actions.run_world import ENDED, HOST, JOB, STARTED, TARGET, World, verdict
from tests.waiting import until

HELD = {"kind": "held", "index": 2, "why": "captcha", "seconds": 300}
MORE = {**HELD, "seconds": 290}
RELEASED = {"kind": "released", "index": 2, "ms": 900}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def run(
    world: World, *, dry: bool, before_it_goes_on: Callable[[], Any], events: tuple[Any, ...] = (HELD,)
) -> RunState:
    world.script(STARTED, *events, HOLD, RELEASED, HOLD, verdict("submitted"), ENDED)

    async def act() -> RunState:
        going = tasks.spawn("run", world.acts.run(TARGET, dry=dry))
        await until(lambda: world.acts.state.held is not None)
        await until(before_it_goes_on)
        world.runner.go.set()
        return await going

    ended = world.in_loop(act)
    assert isinstance(ended, RunState)
    return ended


def test_it_is_told_that_it_waits_for_longer_and_that_it_goes_on(world: World) -> None:
    ended = run(world, dry=False, before_it_goes_on=lambda: world.claims.holds, events=(HELD, MORE))
    assert ended.verdict == "submitted"
    assert world.claims.holds[0] in (("captcha", 290), ("captcha", 300))
    assert world.claims.holds[-1] == ("", 0)


def test_a_dry_run_has_claimed_nothing_and_tells_nothing(world: World) -> None:
    assert run(world, dry=True, before_it_goes_on=lambda: True).dry
    assert world.claims.holds == []


def test_a_project_that_did_not_answer_is_told_again(world: World) -> None:
    world.claims.hold_faults = [NotReachable("Gone."), NotReachable("Gone."), None]
    run(world, dry=False, before_it_goes_on=lambda: world.claims.holds)
    assert world.claims.holds[0] == ("captcha", 300)


def test_nobody_is_told_of_a_hold_that_is_over(world: World) -> None:
    world.claims.hold_faults = [NotReachable("Gone.")]
    over = {**HELD, "seconds": 0}
    run(world, dry=False, before_it_goes_on=lambda: not world.claims.hold_faults, events=(over,))
    assert ("captcha", 1) not in world.claims.holds


def test_a_project_without_the_function_changes_nothing_of_the_run(world: World) -> None:
    faults: list[ConsoleError | None] = [NotInstalled("Not there."), NotInstalled("Not there.")]
    world.claims.hold_faults = faults
    ended = run(world, dry=False, before_it_goes_on=lambda: len(faults) == 1)
    assert (ended.verdict, world.claims.holds) == ("submitted", [])


def test_the_mark_of_a_run_that_goes_on_never_says_that_its_outcome_is_unknown(world: World) -> None:
    now = time.time()
    world.pending = world.acts._pending = Pending(lambda: now, lambda *_: None)

    def much_later() -> bool:
        nonlocal now
        now += 100 * LIMIT
        world.pending.tick(None)
        wish = world.pending.of(JOB, HOST)
        return wish is not None and wish.state == "asked"

    run(world, dry=False, before_it_goes_on=much_later)


def test_a_program_that_ends_in_a_hold_tells_that_it_is_over(world: World) -> None:
    world.script(STARTED, HELD, HOLD)

    async def act() -> None:
        tasks.spawn("run", world.acts.run(TARGET, dry=False))
        await until(lambda: world.claims.holds)
        await tasks.shutdown()

    world.in_loop(act)
    assert world.claims.holds == [("captcha", 300), ("", 0)]
