"""One act on many jobs: each is tried, and the count says how it ended."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from app import tasks
from app.actions.database_acts import DatabaseActs
from app.actions.jobs import JobActs
from app.actions.many_jobs import Ended, carry_out, fit, start
from app.actions.operations import Operations
from app.actions.registry import PAUSE_JOB, RETRY_FAILED
from app.store.lines import JobLine
from app.store.store import Store
from services.domain.errors import Refused
from tests.fakes.staff import FakeStaff

LINES = [
    JobLine("j1", status="pending"), JobLine("j2", status="paused"), JobLine("j3", status="failed", failed=2),
    JobLine("j4", status="in_progress"), JobLine("j5", status="paused"),
]  # fmt: skip


class World:
    def __init__(self, folder: Path) -> None:
        self.staff = FakeStaff()
        self.operations = Operations(folder / "operations.db")
        wishes = Store(time.time).jobs.wishes
        database = DatabaseActs(self.staff, self.operations, wishes, actor="desk-1", clock=time.time)
        self.acts = JobActs(self.staff, database, role="operator")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_only_those_that_an_act_fits(world: World) -> None:
    found = fit(world.acts, PAUSE_JOB, LINES)
    assert [line.id for line in found.jobs] == ["j1", "j4"]
    assert found.others == (("The job is paused.", 2), ("The job is failed.", 1))
    assert found.why_not == ""
    assert [line.id for line in fit(world.acts, RETRY_FAILED, LINES).jobs] == ["j3"]
    world.operations.close()


def test_each_is_written_down_and_one_refusal_stops_nobody(world: World) -> None:
    told: list[Ended] = []

    async def whole() -> None:
        start(world.acts, PAUSE_JOB, [LINES[0], LINES[1], LINES[3]], "asked", told.append)
        async with asyncio.timeout(10):
            while not told:  # noqa: ASYNC110  (told by a call)
                await asyncio.sleep(0.01)
        world.staff.lose_answers = True
        lost = await carry_out(world.acts, RETRY_FAILED, [LINES[2]])
        assert lost == Ended(unknown=1)
        world.staff.lose_answers = False
        world.staff.refusal = Refused("No.")
        assert await carry_out(world.acts, RETRY_FAILED, [LINES[2]]) == Ended(failed=1)
        await tasks.shutdown()

    asyncio.run(whole())
    # The paused one was refused before anything was written or asked.
    assert told == [Ended(done=2, failed=1)]
    assert [call[0] for call in world.staff.calls] == ["j1", "j4", "j3", "j3"]
    assert len(world.operations.newest_first()) == 4
    world.operations.close()
