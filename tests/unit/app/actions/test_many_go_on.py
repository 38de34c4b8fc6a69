"""An act on many jobs that a crash cut off is gone on with: for each job that is left, once, as it was confirmed."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest

from app import tasks
from app.actions import database_acts
from app.actions import many_jobs as module
from app.actions.database_acts import CERTAIN_AFTER
from app.actions.many_jobs import Ended, buttons, press
from app.actions.registry import PAUSE_JOB, RETRY_FAILED
from app.replay.pace import Options
from app.store.lines import JobLine
from app.store.link import TableState
from services.domain.errors import Refused
from services.domain.times import to_iso
from tests.unit.app.actions.test_many_jobs import World, row, run
from tests.waiting import until

JOBS = [f"f{number}" for number in range(5)]
HOSTS = {job: [f"{job}.localhost"] for job in JOBS}


class Killable(World):
    """The jobs of each start are read from the project; `status` as the person saw it."""

    def start(self) -> None:
        super().start()
        self.many.pace = Options(rate=0, ramp=())
        for job in JOBS:
            self.store.put("jobs", {"id": job, "status": "failed", "created_at": to_iso(time.time())})
            item = {"id": f"s{job}", "submission_queue_id": job, "directory_url": f"https://{job}.localhost/"}
            self.store.put("directory_submissions", {**item, "status": "failed"})
        self.store.take_changed()
        self.store.set_state("jobs", TableState(as_of=time.time()))

    def line(self, job: str) -> JobLine:
        found = self.store.jobs.get(job)
        assert found is not None
        return found


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Killable:
    monkeypatch.setattr(module, "LOOK_AGAIN", 0.01)
    monkeypatch.setattr(database_acts, "LOOK_AGAIN", 0.01)
    return Killable(tmp_path)


async def asked(world: Killable, calls: int) -> None:
    await until(lambda: len(world.staff.calls) == calls)


def cut_off(world: Killable, done: int, *, reached: bool) -> None:
    """Kill it while the act on a job is asked for, after so many; `reached`: the project has carried that one out."""

    async def act() -> None:
        lines = [world.line(job) for job in JOBS]
        gate = world.staff.gate = asyncio.Event()
        doing = tasks.spawn("retry", world.many.carry_out(RETRY_FAILED, lines, reason="fixed", hosts=HOSTS))
        for number in range(1, done + 1):
            await asked(world, number)
            gate.set()
            gate.clear()
        await asked(world, done + 1)
        whole = world.operations.newest_first()[0]
        item = world.operations.items(whole.id)[done]
        if reached:
            world.staff.audit[item.id] = {"request_id": item.id, "counts": {}}
        else:
            world.staff.calls.pop()
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)

    run(act)
    world.killed()


async def settled(world: Killable) -> str:
    """The next start finds out what became of it; the operation's id."""
    world.many.settle()
    tasks.spawn("settle acts", world.database.settle())
    world.late = CERTAIN_AFTER + 1
    await until(lambda: row(world)[0] == "failed")
    return world.operations.newest_first()[0].id


@pytest.mark.parametrize("reached", [True, False])
@pytest.mark.parametrize("done", [0, 2, 4])
def test_each_job_that_is_left_is_asked_for_once_with_its_directories(
    world: Killable, done: int, reached: bool
) -> None:
    cut_off(world, done, reached=reached)

    async def again() -> None:
        whole_id = await settled(world)
        assert buttons(world.many, world.operations.newest_first()[0]) == ("Go on",)
        press(world.many, whole_id, "Go on")
        await until(lambda: row(world)[0] == "done" and not world.operations.planned)
        assert buttons(world.many, world.operations.newest_first()[0]) == ()
        with pytest.raises(Refused, match="nothing to go on with"):
            await world.many.go_on(whole_id)

    if not (reached and done == 4):
        run(again)
    asked = Counter(job for job, _ in world.staff.calls)
    assert asked == Counter(JOBS)
    assert all(hosts == HOSTS[job] for job, hosts in world.staff.calls)
    reasons = {item.reason for item in world.operations.items(world.operations.newest_first()[0].id)}
    assert reasons == {"fixed"}
    if not (reached and done == 4):
        assert row(world) == ("done", 5, 5, "5 of 5 done")
    world.killed()
    assert world.operations.planned == set() or (reached and done == 4)
    world.operations.close()


def test_cut_off_again_it_is_gone_on_with_again(world: Killable) -> None:
    cut_off(world, 1, reached=True)

    async def half() -> None:
        whole_id = await settled(world)
        world.staff.gate = asyncio.Event()
        going = tasks.spawn("go on", world.many.go_on(whole_id))
        await until(lambda: len(world.staff.calls) == 3)
        assert not world.many.can_go_on(whole_id)
        assert world.many.progress(whole_id) == Ended(done=2)
        world.staff.calls.pop()
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)

    run(half)
    world.killed()

    async def rest() -> None:
        assert await world.many.go_on(await settled(world)) == Ended(done=5)

    run(rest)
    assert Counter(job for job, _ in world.staff.calls) == Counter(JOBS)
    world.operations.close()


def test_who_may_not_or_has_not_read_the_jobs_does_not_go_on(world: Killable) -> None:
    cut_off(world, 1, reached=True)

    async def act() -> None:
        whole_id = await settled(world)
        world.acts.role = "viewer"
        assert not world.many.can_go_on(whole_id)
        world.acts.role = "operator"
        world.store.set_state("jobs", TableState())
        with pytest.raises(Refused, match="not read yet"):
            await world.many.go_on(whole_id)
        assert world.many.can_go_on(whole_id)
        world.operations.close()
        world.store.set_state("jobs", TableState(as_of=time.time()))
        with pytest.raises(Exception, match="closed"):
            await world.many.go_on(whole_id)
        assert world.many.progress(whole_id) is None

    run(act)
    assert len(world.staff.calls) == 2


def test_what_was_stopped_or_is_gone_is_not_offered(world: Killable) -> None:
    async def act() -> None:
        lines = [world.line(job) for job in JOBS]
        world.staff.gate = asyncio.Event()
        doing = tasks.spawn("retry", world.many.carry_out(RETRY_FAILED, lines))
        await until(lambda: world.staff.calls)
        press(world.many, world.operations.newest_first()[0].id, "Stop")
        world.staff.gate.set()
        await doing
        assert buttons(world.many, world.operations.newest_first()[0]) == ()

    run(act)
    assert world.operations.planned == set()
    world.operations.close()


def test_without_a_place_for_the_plan_nothing_is_asked_for(world: Killable, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise Refused("The journal can't be written, so nothing was done.")

    monkeypatch.setattr(world.operations, "keep_plan", full)
    with pytest.raises(Refused, match="nothing was done"):
        run(lambda: world.many.carry_out(PAUSE_JOB, [world.line(job) for job in JOBS]))
    assert (world.staff.calls, row(world)[0]) == ([], "failed")
    world.operations.close()
    monkeypatch.undo()
    with pytest.raises(Refused, match="nothing was done"):
        world.operations.keep_plan("a", "{}")
