"""Pausing a directory, and saying that somebody has seen to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app import tasks
from app.actions import confirming
from app.actions.confirming import is_asked
from app.actions.registry import (
    ACKNOWLEDGE,
    CANCEL_JOB,
    PAUSE_DIRECTORY,
    PAUSE_JOB,
    REPLAY,
    RESUME_DIRECTORY,
    RETRY_FAILED,
    SCAN,
    Act,
)
from app.store.link import TableState
from app.store.needs import Need
from services.domain.errors import ConsoleError
from services.domain.times import to_iso
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.waiting import until

HOST = "mapnook.localhost"
NEED = Need("letter:m1", "dead_letter", "No job", "The message is not JSON.")


@pytest.fixture(params=["operator"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DeskWorld]:
    made = DeskWorld(tmp_path, FakeQueues({}, time.time), time.time, request.param)
    made.loaded("jobs", "directories", "paused_directories")
    made.store.put("directories", {"id": "d1", "name": "Mapnook", "submission_url": f"http://{HOST}:9/add"})
    made.job("j1", "Harbor Bakery", "in_progress")
    made.event(1, "j1", "submitting", HOST)
    made.store.take_changed()
    yield made
    made.close()


def run(act: Callable[[], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        try:
            async with asyncio.timeout(10):
                return await act()
        finally:
            await tasks.shutdown()

    return asyncio.run(whole())


def test_a_directory_is_paused_and_let_in_again(world: DeskWorld) -> None:
    acts = world.desk.directories
    assert (acts.act_for(HOST), acts.paused(HOST), acts.why_not(HOST)) == (PAUSE_DIRECTORY, None, "")
    ended = run(lambda: acts.set_paused(HOST, True, reason="its form changed", job_id="j1"))
    assert (ended.label, ended.state, ended.reason) == (f"Pause {HOST}", "done", "its form changed")
    assert world.staff.calls == [("d1", ["pause", "its form changed"])]
    # The row of the page where it was pressed shows it until the fact comes.
    (line,) = world.store.jobs.directories("j1")
    assert line.wish is not None
    assert line.wish.act == "Pause directory"
    assert acts.paused(HOST) is None, "an act is no fact"
    world.store.put("paused_directories", {"directory_id": "d1", "reason": "its form changed", "created_at": to_iso(7)})
    world.event(2, "", "staff_pause_directory", HOST, request_id=ended.id)
    world.store.take_changed()
    (line,) = world.store.jobs.directories("j1")
    assert line.wish is None
    found = acts.paused(HOST)
    assert found is not None
    assert (found.reason, found.created_at, acts.act_for(HOST)) == ("its form changed", 7.0, RESUME_DIRECTORY)
    with pytest.raises(ConsoleError, match="paused already"):
        run(lambda: acts.set_paused(HOST, True, reason="again"))
    run(lambda: acts.set_paused(HOST, False, reason="mended"))
    assert world.staff.calls[-1] == ("d1", ["resume", "mended"])
    world.store.remove("paused_directories", "d1")
    assert acts.act_for(HOST) is PAUSE_DIRECTORY


@pytest.mark.parametrize("world", ["viewer"], indirect=True)
def test_a_viewer_sees_why_not(world: DeskWorld) -> None:
    assert world.desk.directories.why_not(HOST) == "Needs the role operator; you are viewer."
    assert world.desk.needs.why_not(NEED) == "Needs the role operator; you are viewer."
    with pytest.raises(ConsoleError, match="you are viewer"):
        run(lambda: world.desk.directories.set_paused(HOST, True, reason="x"))
    with pytest.raises(ConsoleError, match="you are viewer"):
        run(lambda: world.desk.needs.acknowledge(NEED))
    assert world.staff.calls == []


def test_what_is_not_known_is_not_paused(world: DeskWorld) -> None:
    acts = world.desk.directories
    assert acts.why_not("") == "Choose a directory first."
    assert "isn't among" in acts.why_not("elsewhere.localhost")
    world.store.set_state("paused_directories", TableState(kind="not_installed", problem="This project lacks it."))
    assert acts.why_not(HOST) == "This project lacks it."
    world.store.set_state("paused_directories", TableState())
    assert "isn't known yet" in acts.why_not(HOST)


def test_two_presses_are_one_act(world: DeskWorld) -> None:
    async def press() -> None:
        world.staff.gate = asyncio.Event()
        acts, needs = world.desk.directories, world.desk.needs
        loop = asyncio.get_running_loop()
        doing = [
            loop.create_task(acts.set_paused(HOST, True, reason="x")), loop.create_task(needs.acknowledge(NEED))
        ]  # fmt: skip
        await until(lambda: len(world.staff.calls) == 2)
        assert acts.why_not(HOST) == "An act on this directory is running."
        assert needs.why_not(NEED) == "An act on this is running."
        world.staff.gate.set()
        for one in doing:
            await one

    run(press)


def test_what_is_acknowledged_is_named_by_its_job_or_its_message(world: DeskWorld) -> None:
    ended = run(lambda: world.desk.needs.acknowledge(NEED, reason="asked the customer"))
    assert world.staff.calls == [("m1", ["acknowledge", "asked the customer"])]
    assert (ended.act, ended.target, ended.state) == ("acknowledge", "m1", "done")
    assert ended.label == "Acknowledge No job: The message is not JSON."
    assert world.desk.needs.why_not(None) == "Choose a line first."
    assert world.desk.needs.why_not(None, "Nothing needs you.") == "Nothing needs you."


def test_a_lost_answer_is_looked_up_in_the_audit(world: DeskWorld) -> None:
    async def act() -> None:
        world.staff.lose_answers = True
        ended = await world.desk.directories.set_paused(HOST, True, reason="x")
        assert ended.state == "unknown"
        await until(lambda: [one.state for one in world.desk.operations.newest_first()] == ["done"])

    run(act)


@pytest.mark.parametrize(
    ("act", "count", "environment", "asked", "typed"),
    [
        (PAUSE_JOB, 1, "local", False, ""), (PAUSE_JOB, 1, "staging", False, ""),
        (PAUSE_JOB, 2, "local", True, ""), (PAUSE_JOB, 1, "production", True, "PRODUCTION"),
        (RETRY_FAILED, 1, "local", False, ""), (RETRY_FAILED, 50, "local", True, ""),
        (RETRY_FAILED, 51, "local", True, "LOCAL"), (CANCEL_JOB, 1, "local", True, ""),
        (PAUSE_DIRECTORY, 1, "local", True, ""), (PAUSE_DIRECTORY, 1, "production", True, "PRODUCTION"),
        (ACKNOWLEDGE, 1, "local", False, ""), (ACKNOWLEDGE, 1, "production", True, "PRODUCTION"),
        (REPLAY, 1, "local", False, ""), (REPLAY, 1, "production", True, "PRODUCTION"),
        (SCAN, 1, "production", False, "PRODUCTION"),
    ],
)  # fmt: skip
def test_more_is_asked_the_more_it_touches(act: Act, count: int, environment: str, asked: bool, typed: str) -> None:
    assert is_asked(act, count, environment) == asked
    assert confirming.typed(count, environment) == typed
