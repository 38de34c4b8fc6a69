"""One act on many jobs: one row with an item for each, and the count says how it ended."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from app import tasks
from app.actions import database_acts
from app.actions import many_jobs as module
from app.actions.database_acts import CERTAIN_AFTER, DatabaseActs
from app.actions.jobs import JobActs
from app.actions.many_jobs import Ended, ManyJobs, buttons, fit, press
from app.actions.operations import Operations
from app.actions.registry import PAUSE_JOB, RETRY_FAILED, Act
from app.actions.retry_pace import STOPPED
from app.replay.pace import Options
from app.store.lines import JobLine
from app.store.store import Store
from services.domain.errors import NotReachable, Refused
from services.domain.times import to_iso
from tests.fakes.staff import FakeStaff
from tests.waiting import until

LINES = [
    JobLine("j1", status="pending"), JobLine("j2", status="paused"), JobLine("j3", status="failed", failed=2),
    JobLine("j4", status="in_progress"), JobLine("j5", status="paused"),
]  # fmt: skip


OPEN = [JobLine(f"o{number}", status="in_progress") for number in range(4)]


class World:
    def __init__(self, folder: Path) -> None:
        self.file = folder / "operations.db"
        self.staff = FakeStaff()
        self.late = 0.0
        self.start()

    def start(self) -> None:
        self.operations = Operations(self.file)
        self.store = Store(time.time)
        wishes = self.store.jobs.wishes
        self.database = DatabaseActs(
            self.staff, self.operations, wishes, actor="desk-1", clock=lambda: time.time() + self.late
        )
        self.acts = JobActs(self.staff, self.database, role="operator")
        self.many = ManyJobs(
            self.acts, self.operations, self.store, actor="desk-1",
            pace=Options(rate=0, ramp=(1, 2), poll_seconds=0.01, result_seconds=20),
        )  # fmt: skip

    def killed(self) -> None:
        """The program dies and starts anew."""
        self.operations.close()
        self.staff.gate = None
        self.start()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(module, "LOOK_AGAIN", 0.01)
    monkeypatch.setattr(database_acts, "LOOK_AGAIN", 0.01)
    return World(tmp_path)


def test_only_those_that_an_act_fits(world: World) -> None:
    found = fit(world.acts, PAUSE_JOB, LINES)
    assert [line.id for line in found.jobs] == ["j1", "j4"]
    assert found.others == (("The job is paused.", 2), ("The job is failed.", 1))
    assert found.why_not == ""
    assert [line.id for line in fit(world.acts, RETRY_FAILED, LINES).jobs] == ["j3"]
    world.operations.close()


def run(act: Callable[[], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        try:
            async with asyncio.timeout(20):
                return await act()
        finally:
            await tasks.shutdown()

    return asyncio.run(whole())


def row(world: World) -> tuple[str, int, int, str]:
    """The one row of the list."""
    (whole,) = world.operations.newest_first()
    return whole.state, whole.done, whole.total, whole.words


def test_one_act_on_many_is_one_row_and_one_refusal_stops_nobody(world: World) -> None:
    told: list[Ended] = []

    async def act() -> None:
        world.many.start(PAUSE_JOB, [LINES[0], LINES[1], LINES[3]], "asked", told.append)
        await until(lambda: told)

    run(act)
    assert told == [Ended(done=2, failed=1)]
    # The paused one was refused before anything was asked.
    assert [call[0] for call in world.staff.calls] == ["j1", "j4"]
    assert row(world) == (
        "failed", 2, 3, "2 of 3 done, 1 failed. Pause j2: The job is paused",
    )  # fmt: skip
    (whole,) = world.operations.newest_first()
    assert (whole.label, whole.reason) == ("Pause: 3 jobs", "asked")
    items = world.operations.items(whole.id)
    assert [(item.target, item.state, item.reason) for item in items] == [
        ("j1", "done", "asked"), ("j2", "failed", "asked"), ("j4", "done", "asked")
    ]  # fmt: skip
    # Each item's id is the request id that the audit has.
    assert set(world.staff.audit) <= {item.id for item in items} <= world.operations.own_ids
    world.operations.close()


def test_one_job_is_a_row_of_its_own(world: World) -> None:
    assert run(lambda: world.many.carry_out(RETRY_FAILED, [LINES[2]])) == Ended(done=1)
    (only,) = world.operations.newest_first()
    assert (only.act, only.target) == ("retry_failed", "j3")
    world.staff.refusal = Refused("No.")
    assert run(lambda: world.many.carry_out(RETRY_FAILED, [LINES[2]])) == Ended(failed=1)
    world.operations.close()


@pytest.mark.parametrize("act", [PAUSE_JOB, RETRY_FAILED])
def test_one_job_can_be_taken_back(world: World, act: Act) -> None:
    told: list[Ended] = []

    async def press() -> None:
        line = LINES[2] if act is RETRY_FAILED else LINES[0]
        world.many.start(act, [line], "", told.append, undo_seconds=30)
        await until(lambda: any(world.acts.can_undo(one.id) for one in world.operations.open()))
        world.acts.undo(world.operations.open()[0].id)
        await until(lambda: told)

    run(press)
    assert (told, world.staff.calls, row(world)[0]) == ([Ended()], [], "undone")


def test_it_is_paused_goes_on_and_is_stopped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.actions.speed.FIRST_SECONDS", 0.0)

    async def act() -> None:
        world.staff.gate = asyncio.Event()
        doing = asyncio.get_running_loop().create_task(world.many.carry_out(PAUSE_JOB, OPEN))
        await until(lambda: world.staff.calls)
        (whole,) = world.operations.newest_first()
        assert buttons(world.many, whole) == ("Pause", "Stop")
        assert (world.many.progress(whole.id), world.many.rate(whole.id)) == (Ended(), 0.0)
        press(world.many, whole.id, "Pause")
        assert buttons(world.many, whole) == ("Go on", "Stop")
        world.staff.gate.set()
        await until(lambda: row(world) == ("running", 1, 4, "1 of 4 done"))
        assert world.many.progress(whole.id) == Ended(done=1)
        assert len(world.staff.calls) == 1
        assert world.many.rate(whole.id) > 0
        press(world.many, whole.id, "Go on")
        world.staff.gate.clear()
        await until(lambda: len(world.staff.calls) == 2)
        press(world.many, whole.id, "Stop")
        world.staff.gate.set()
        assert await doing == Ended(done=2)
        assert buttons(world.many, whole) == ()
        assert not world.many.is_paused(whole.id)
        for pressed in ("Pause", "Stop"):
            press(world.many, whole.id, pressed)

    run(act)
    assert row(world) == ("failed", 2, 4, "2 of 4 done, 2 not begun")
    world.operations.close()


def test_lost_answers_are_followed_until_each_is_known(world: World) -> None:
    async def act() -> None:
        world.staff.lose_answers = True
        world.staff.read_fault = NotReachable("Gone.")
        assert await world.many.carry_out(PAUSE_JOB, OPEN) == Ended(unknown=4)
        assert row(world) == ("unknown", 0, 4, "0 of 4 done, 4 not known yet")
        world.staff.read_fault = None
        await until(lambda: row(world) == ("done", 4, 4, "4 of 4 done"))

    run(act)
    world.operations.close()


@pytest.mark.parametrize("reached", [True, False])
def test_after_a_crash_the_row_says_what_was_done_and_what_not_begun(world: World, reached: bool) -> None:
    async def act() -> None:
        world.staff.gate = asyncio.Event()
        doing = asyncio.get_running_loop().create_task(world.many.carry_out(PAUSE_JOB, OPEN))
        await until(lambda: world.staff.calls)
        (item,) = world.operations.items(world.operations.newest_first()[0].id)
        if reached:
            world.staff.audit[item.id] = {"request_id": item.id, "counts": {}}
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)

    async def again() -> None:
        world.many.settle()
        tasks.spawn("settle acts", world.database.settle())
        await until(lambda: row(world)[0] not in ("planned", "running"))
        world.late = CERTAIN_AFTER + 1
        await until(lambda: row(world)[0] != "unknown")

    run(act)
    world.killed()
    run(again)
    words = "1 of 4 done, 3 not begun" if reached else "0 of 4 done, 1 failed, 3 not begun"
    assert row(world)[:3] == ("failed", int(reached), 4)
    assert row(world)[3].startswith(words)
    world.killed()
    assert len(world.operations.newest_first()) == 1
    world.operations.close()


def test_without_a_journal_nothing_more_is_asked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = world.operations.plan

    def full(*given: Any, **more: Any) -> Any:
        if len(world.staff.calls) == 2:
            raise Refused("The journal can't be written, so nothing was done.")
        return plan(*given, **more)

    monkeypatch.setattr(world.operations, "plan", full)
    with pytest.raises(Refused, match="nothing was done"):
        run(lambda: world.many.carry_out(PAUSE_JOB, OPEN))
    assert len(world.staff.calls) == 2
    assert row(world)[0] == "failed"
    world.operations.close()


def test_what_nobody_foresaw_leaves_no_row_running(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    one = world.acts.set_status

    async def odd(*given: Any, **more: Any) -> Any:
        if len(world.staff.calls) == 2:
            raise RuntimeError("odd")
        return await one(*given, **more)

    async def act() -> None:
        with pytest.raises(RuntimeError, match="odd"):
            await world.many.carry_out(PAUSE_JOB, OPEN)
        await until(lambda: row(world)[0] == "failed")

    monkeypatch.setattr(world.acts, "set_status", odd)
    run(act)
    assert row(world)[3].startswith("2 of 4 done, 2 not begun")
    world.operations.close()


def test_of_very_many_failures_the_first_are_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_NAMED", 1)
    world.staff.refusal = Refused("The job has ended.")
    run(lambda: world.many.carry_out(PAUSE_JOB, OPEN))
    assert row(world)[3] == "0 of 4 done, 4 failed. Pause o0: The job has ended; and 3 more"
    world.operations.close()


def test_a_list_of_before_gets_its_new_column(tmp_path: Path) -> None:
    file = tmp_path / "operations.db"
    with sqlite3.connect(file) as before:
        before.execute(
            "create table operations (id text primary key, act text not null, label text not null,"
            " target text not null, actor text not null, reason text not null, state text not null,"
            " words text not null,"
            " done integer not null, total integer not null, started_at real not null, changed_at real not null) strict"
        )
        before.execute(
            "insert into operations values ('a', 'pause', 'Pause', 'j', 'x', '', 'done', '', 1, 1, 1.0, 1.0)"
        )
    before.close()
    opened = Operations(file)
    (kept,) = opened.newest_first()
    assert (kept.id, kept.parent) == ("a", "")
    opened.plan("pause", "Pause", "j", actor="x", parent="p")
    assert len(opened.items("p")) == 1
    opened.close()


FAILED = [JobLine(f"f{number}", status="failed", failed=2) for number in range(6)]


def says(world: World, words: str) -> bool:
    return any(words in one.words for one in world.operations.newest_first())


def told(store: Store, job_id: str, event: str) -> None:
    row = {"id": f"{job_id} {event}", "job_id": job_id, "event": event, "created_at": to_iso(time.time() + 1)}
    store.put("queue_history", row)


def test_a_few_are_retried_first_and_what_they_come_to_is_waited_for(world: World) -> None:
    hosts = {line.id: ["a.localhost"] for line in FAILED}

    async def act() -> None:
        running = tasks.spawn("retry", world.many.carry_out(RETRY_FAILED, FAILED, reason="fixed", hosts=hosts))
        await until(lambda: says(world, "waits for 1 job"))
        (whole,) = (one for one in world.operations.newest_first() if not one.parent)
        assert world.many.waits_for(whole.id) == 1
        assert world.staff.calls == [("f0", ["a.localhost"])]
        told(world.store, "f0", "submitted")
        await until(lambda: says(world, "waits for 2 jobs"))
        assert len(world.staff.calls) == 3
        told(world.store, "f1", "submitted")
        told(world.store, "f2", "skipped_duplicate")
        await until(lambda: world.many.waits_for(whole.id) == 0)
        assert await running == Ended(6)

    asyncio.run(act())
    [whole] = [one for one in world.operations.newest_first() if not one.parent]
    assert (whole.state, whole.done, whole.words) == ("done", 6, "6 of 6 done")


def test_those_that_fail_again_stop_the_line(world: World) -> None:
    async def act() -> None:
        running = tasks.spawn("retry", world.many.carry_out(RETRY_FAILED, FAILED, reason="fixed"))
        await until(lambda: says(world, "waits for 1 job"))
        told(world.store, "f0", "failed")
        told(world.store, "f0", "job_finalized")
        assert await running == Ended(1)

    asyncio.run(act())
    [whole] = [one for one in world.operations.newest_first() if not one.parent]
    assert whole.state == "failed"
    assert whole.words == f"{STOPPED} 1 of 6 done, 5 not begun"
    assert [call[0] for call in world.staff.calls] == ["f0"]


def test_a_job_without_a_result_counts_as_failed_and_a_wait_can_be_stopped(world: World) -> None:
    world.many.pace = Options(rate=0, ramp=(2,), poll_seconds=0.01, result_seconds=0.05)
    assert asyncio.run(world.many.carry_out(RETRY_FAILED, FAILED)) == Ended(2)
    world.staff.calls.clear()
    world.many.pace = Options(rate=0, ramp=(1,), poll_seconds=0.01)

    async def act() -> None:
        running = tasks.spawn("retry", world.many.carry_out(RETRY_FAILED, FAILED))
        await until(lambda: says(world, "waits for"))
        press(world.many, next(one.id for one in world.operations.newest_first() if not one.parent), "Stop")
        assert await running == Ended(1)

    asyncio.run(act())
    assert len(world.staff.calls) == 1


def test_those_that_are_refused_at_the_start_stop_it_too(world: World) -> None:
    world.staff.refusal = Refused("This job is pending: retry when it has ended.")
    assert asyncio.run(world.many.carry_out(RETRY_FAILED, FAILED)) == Ended(failed=1)
