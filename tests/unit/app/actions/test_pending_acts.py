"""What an act shows on its row while nobody knows yet what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.actions.database_acts import CERTAIN_AFTER
from app.actions.operations import Operations
from app.actions.registry import PAUSE_JOB
from services.domain.errors import NotPermitted, NotReachable, Refused
from tests.unit.app.actions.run_world import ENDED, HOST, STARTED, verdict
from tests.unit.app.actions.run_world import JOB as RUN_JOB
from tests.unit.app.actions.run_world import World as RunWorld
from tests.unit.app.actions.test_jobs import DOUBTFUL, JOB, OPEN, World, world
from tests.waiting import until

__all__ = ["world"]


def shown(world: World) -> list[tuple[str, str]]:
    return [(wish.act, wish.state) for wish in world.pending]


def test_the_row_shows_the_act_from_the_press_on(world: World) -> None:
    async def act() -> None:
        world.staff.gate = asyncio.Event()
        doing = asyncio.get_running_loop().create_task(world.acts.set_status(PAUSE_JOB, OPEN))
        await until(lambda: world.staff.calls)
        assert shown(world) == [("Pause", "asked")]
        world.staff.gate.set()
        await doing
        assert shown(world) == [("Pause", "answered")]

    world.run(act)
    (wish,) = world.pending
    event = {"id": 1, "job_id": OPEN.id, "event": "staff_pause", "details": {"request_id": wish.id}}
    world.store.put("queue_history", event)
    assert shown(world) == []


def test_a_refusal_is_said_on_the_row(world: World) -> None:
    world.staff.refusal = Refused("The job has ended.")
    world.run(lambda: world.acts.declare(OPEN, DOUBTFUL, "skipped", reason="x"))
    wish = world.pending.of(OPEN.id, DOUBTFUL.host)
    assert wish is not None
    assert wish.whole("") == "Declare: not done. The job has ended."


@pytest.mark.parametrize(("reached", "end"), [(True, "answered"), (False, "failed")])
def test_a_lost_answer_shows_as_unknown_until_the_audit_tells(world: World, reached: bool, end: str) -> None:
    world.staff.read_fault = NotReachable("Gone.")
    if reached:
        world.staff.lose_answers = True
    else:
        world.staff.refusal = NotReachable("Gone.")

    async def act() -> None:
        await world.acts.retry_failed(JOB, ["a.localhost"])
        assert shown(world) == [("Retry failed", "unknown")]
        world.staff.read_fault = None
        world.late = CERTAIN_AFTER + 1
        await until(lambda: shown(world) == [("Retry failed", end)])

    world.run(act)


def test_after_a_crash_the_row_says_that_the_end_is_not_known(world: World) -> None:
    world.operations.plan("pause", "Pause Old Mill Pizza", OPEN.id, actor="desk-1")
    world.killed()
    world.staff.read_fault = NotPermitted("No.")
    world.run(world.database.settle)
    world.run(world.database.settle)
    assert shown(world) == [("Pause", "unknown")]


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[RunWorld]:
    made = RunWorld(tmp_path)
    yield made
    made.operations.close()


def run_shown(world: RunWorld) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(wish.act, wish.state, wish.hosts) for wish in world.pending]


@pytest.mark.parametrize(("status", "state"), [("submitted", "answered"), ("failed", "failed"), ("unknown", "unknown")])
def test_a_real_run_shows_on_its_directory(runs: RunWorld, status: str, state: str) -> None:
    runs.script(STARTED, verdict(status), ENDED)
    runs.run(dry=False)
    assert run_shown(runs) == [("Real run", state, (HOST,))]
    assert [wish.id for wish in runs.pending] == [runs.acts.state.run_id]


def test_a_dry_run_asks_for_nothing(runs: RunWorld) -> None:
    runs.script(STARTED, verdict("dry"), ENDED)
    runs.run(dry=True)
    assert run_shown(runs) == []


def test_a_real_run_that_a_crash_cut_off_shows_as_unknown(runs: RunWorld) -> None:
    wish = runs.operations.plan("real_run", "Real run", f"{RUN_JOB}/{HOST}/run-7", actor="desk-1")
    runs.operations.move(wish.id, "running")
    runs.operations.close()
    runs.operations = Operations(runs.file)
    runs.acts = runs.make("operator")
    runs.in_loop(runs.acts.settle)
    assert run_shown(runs) == [("Real run", "unknown", (HOST,))]
