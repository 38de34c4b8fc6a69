"""Runs that are stopped, cancelled or cut off: nothing is claimed that nobody knows, and nothing is stuck."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app import tasks
from app.actions.operations import Operation, Operations, State
from app.actions.run_state import RunState
from app.actions.runs import start_run
from services.domain.errors import ConsoleError, Refused
from tests.fakes.runs import HOLD, SUBMIT
from tests.leaks.logs import Logged
from tests.unit.app.actions.run_world import (
    ENDED,
    HOST,
    JOB,
    KEY,
    STARTED,
    TARGET,
    World,
    step,
    verdict,
)
from tests.waiting import until


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.operations.close()


def slow_end(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """Set while "done" is being written down, and what lets it be written."""
    writing, may_write = threading.Event(), threading.Event()
    move = world.operations.move

    def slow(operation_id: str, state: State, words: str = "", *, done: int | None = None) -> Operation:
        if state == "done":
            writing.set()
            assert may_write.wait(30)
        return move(operation_id, state, words, done=done)

    monkeypatch.setattr(world.operations, "move", slow)
    return writing, may_write


@pytest.mark.parametrize("where", ["claim", "browser"])
def test_a_cancel_between_claim_and_finish_leaves_it_unknown(world: World, where: str) -> None:
    world.script(HOLD)
    if where == "claim":
        world.claims.gate = asyncio.Event()

    async def act() -> None:
        run = tasks.spawn("run", world.acts.run(TARGET, dry=False))
        await until(lambda: world.claims.calls if where == "claim" else world.runner.requests)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run

    world.in_loop(act)
    assert (world.acts.state.phase, world.acts.state.verdict) == ("ended", "unknown")
    assert world.runner.stopped == [world.acts.state.run_id]
    assert "finish" not in world.claims.calls
    assert world.wish.state == "unknown"


def test_a_cancelled_dry_run_sent_nothing(world: World) -> None:
    world.script(HOLD)

    async def act() -> None:
        run = tasks.spawn("run", world.acts.run(TARGET, dry=True))
        await until(lambda: world.runner.requests)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run

    world.in_loop(act)
    assert world.acts.state.verdict == "stopped"
    assert world.wish.state == "undone"


def test_a_cancel_while_the_end_is_written_down_loses_nothing_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.script(STARTED, step(0), step(1), verdict("submitted"), ENDED)
    writing, may_write = slow_end(world, monkeypatch)

    async def act() -> None:
        run = tasks.spawn("run", world.acts.run(TARGET, dry=False))
        await until(writing.is_set)
        run.cancel()
        await asyncio.sleep(0)
        may_write.set()
        with pytest.raises(asyncio.CancelledError):
            await run
        # The file may be closed from here on.
        assert world.wish.state == "done"
        kept = world.acts.kept.newest(JOB, HOST)
        assert kept is not None
        assert kept.verdict == "submitted"

    world.in_loop(act)


def test_a_run_that_begins_while_the_end_of_another_is_written_down_takes_nothing_from_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.script(STARTED, step(0), step(1), verdict("submitted"), ENDED)
    writing, may_write = slow_end(world, monkeypatch)

    async def act() -> None:
        first = tasks.spawn("run", world.acts.run(TARGET, dry=False))
        await until(writing.is_set)
        world.script(HOLD)
        second = tasks.spawn("run", world.acts.run(TARGET, dry=True))
        await asyncio.sleep(0)
        may_write.set()
        assert (await first).verdict == "submitted"
        kept = world.acts.kept.newest(JOB, HOST)
        assert kept is not None
        assert kept.verdict == "submitted"
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)

    world.in_loop(act)


def test_stop_ends_a_dry_run(world: World) -> None:
    world.script(STARTED, step(0), HOLD)

    async def act() -> RunState:
        run = tasks.spawn("run", world.acts.run(TARGET, dry=True))
        await until(lambda: world.acts.state.browser)
        assert world.acts.why_not_stop() == ""
        world.acts.stop()
        world.acts.stop()
        assert world.acts.why_not_stop() == "It is being stopped."
        return await run

    ended = world.in_loop(act)
    assert (ended.verdict, ended.words) == ("stopped", "Stopped; nothing was sent.")
    assert world.runner.stopped == [ended.run_id]
    assert world.acts.why_not_stop() == "No run is going on."


@pytest.mark.parametrize("dry", [True, False])
def test_stop_while_brain_plans_ends_before_anything(world: World, dry: bool) -> None:
    world.planner.gate = gate = asyncio.Event()

    async def act() -> RunState:
        run = tasks.spawn("run", world.acts.run(TARGET, dry=dry))
        await until(lambda: world.planner.asked)
        world.acts.stop()
        gate.set()
        return await run

    assert world.in_loop(act).verdict == "stopped"
    assert world.claims.calls == []
    assert world.runner.requests == []


def test_stop_during_the_claim_gives_it_back(world: World) -> None:
    world.claims.gate = gate = asyncio.Event()

    async def act() -> RunState:
        run = tasks.spawn("run", world.acts.run(TARGET, dry=False))
        await until(lambda: world.claims.calls)
        world.acts.stop()
        gate.set()
        return await run

    ended = world.in_loop(act)
    assert (ended.verdict, ended.words) == ("failed", "Stopped; nothing was sent.")
    assert world.runner.requests == []
    assert world.claims.rows[KEY][0] == "failed"


def test_a_real_run_that_is_stopped_is_judged_by_how_far_it_came(world: World) -> None:
    world.script(STARTED, step(SUBMIT, "running"), HOLD)

    async def act() -> RunState:
        run = tasks.spawn("run", world.acts.run(TARGET, dry=False))
        await until(lambda: world.acts.state.browser and world.acts.state.steps[SUBMIT].status == "running")
        world.acts.stop()
        return await run

    assert world.in_loop(act).verdict == "unknown"


def test_a_fault_of_ours_does_not_block_the_next_run(world: World) -> None:
    world.script(RuntimeError("a bug"))

    async def act() -> None:
        with pytest.raises(RuntimeError):
            await world.acts.run(TARGET, dry=False)

    world.in_loop(act)
    assert (world.acts.state.phase, world.acts.state.verdict) == ("ended", "unknown")
    assert world.runner.stopped == [world.acts.state.run_id]
    world.script(verdict("dry"), ENDED)
    assert world.run(dry=True).verdict == "dry"


def test_a_second_press_finds_the_first(world: World) -> None:
    world.script(HOLD)

    async def act() -> None:
        start_run(world.acts, TARGET, dry=True)
        assert world.acts.why_not_run(TARGET, dry=True) == "A run is going on."
        start_run(world.acts, TARGET, dry=True)
        assert tasks.running().count("run") == 1
        with pytest.raises(ConsoleError, match="A run is going on"):
            await world.acts.run(TARGET, dry=False)

    world.in_loop(act)


def test_nothing_runs_that_is_not_written_down(world: World) -> None:
    world.operations.close()
    ended = world.run(dry=False)
    assert ended.verdict == "failed"
    assert "nothing was done" in ended.words
    assert world.claims.calls == []
    assert world.planner.asked == []


def test_a_journal_that_fails_later_changes_no_verdict(world: World, logged: Logged) -> None:
    world.script(HOLD, verdict("submitted"), ENDED)

    async def act() -> RunState:
        run = tasks.spawn("run", world.acts.run(TARGET, dry=False))
        await until(lambda: world.runner.requests)
        world.operations.close()
        world.runner.go.set()
        return await run

    assert world.in_loop(act).verdict == "submitted"
    logged.take("could not be written down")


def test_runs_of_an_earlier_start_are_settled(world: World) -> None:
    ids = {}
    for name, act, state in (
        ("dry", "dry_run", "running"), ("begun", "real_run", "running"), ("planned", "real_run", "planned"),
        ("ended", "real_run", "done"), ("other", "replay", "running"),
    ):  # fmt: skip
        wish = world.operations.plan(act, name, f"{JOB}/{HOST}/{name}", actor="desk-1")
        world.operations.move(wish.id, state)  # type: ignore[arg-type]
        ids[name] = wish.id
    world.operations.close()
    world.operations = Operations(world.file)
    world.acts = world.make("operator")
    world.in_loop(world.acts.settle)
    known = {operation.id: operation.state for operation in world.operations.newest_first()}
    assert {name: known[id_] for name, id_ in ids.items()} == {
        "dry": "failed", "begun": "unknown", "planned": "failed", "ended": "done", "other": "running",
    }  # fmt: skip
    with sqlite3.connect(world.file) as file:
        assert file.execute("select state from operations where id = ?", (ids["begun"],)).fetchone() == ("unknown",)
    file.close()


def test_a_real_run_that_cannot_be_written_down_claims_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, logged: Logged
) -> None:
    def full(*_: object) -> None:
        raise Refused("The journal can't be written any more.", raw="disk full")

    plan = world.operations.plan

    def plan_then_full(*values: Any, **named: Any) -> Any:
        wish = plan(*values, **named)
        monkeypatch.setattr(world.operations, "_write", full)
        return wish

    monkeypatch.setattr(world.operations, "plan", plan_then_full)
    ended = world.run(dry=False)
    assert (ended.verdict, ended.words) == ("failed", "The journal can't be written any more.")
    assert world.claims.calls == []
    assert world.runner.requests == []
    logged.take("could not be written down")
