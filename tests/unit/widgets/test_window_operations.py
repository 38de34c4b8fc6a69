"""Acts on many jobs in the window: their row of the drawer, what is copied of it, the page of all of them."""

from __future__ import annotations

import asyncio
import time

import pytest
from PySide6.QtWidgets import QAbstractButton

from app import tasks
from app.actions.registry import PAUSE_JOB, RETRY_FAILED
from app.replay.pace import Options
from app.store.lines import JobLine
from services.domain.errors import Refused
from services.domain.times import to_iso
from tests.fakes.desk import DeskWorld
from tests.unit.widgets.test_console_window import copied_from, window, world
from tests.waiting import until
from widgets.console_window import ConsoleWindow
from widgets.parts.cell import Bar

__all__ = ["window", "world"]


def test_all_operations_are_a_page_that_leads_back(window: ConsoleWindow, world: DeskWorld) -> None:
    one = world.desk.operations.plan("pause", "Pause Old Mill Pizza", "j1", actor="desk-1")

    async def act() -> None:
        window.show_page("overview")
        window.drawer.opened.emit("")
        window.drawer.opened.emit(one.id)
        assert window.current_page() == "operations"
        await until(window.operations.detail.isVisible)
        assert not any(part.isChecked() for part in window.rail.findChildren(QAbstractButton)), "it is in no rail"
        window.operations.back.emit()
        assert window.current_page() == "overview"
        await tasks.shutdown()

    asyncio.run(act())


def test_one_act_on_many_jobs_is_one_row_with_its_progress(window: ConsoleWindow, world: DeskWorld) -> None:
    for number in range(3):
        world.job(f"o{number}", f"Business {number}", "in_progress")
    world.store.take_changed()
    lines = [world.store.jobs.lines[f"o{number}"] for number in range(3)]

    def rows() -> list[tuple[str, str, str]]:
        window._frame()
        return [(one.name, one.shape, one.words) for one in window.drawer._operations]

    async def act() -> None:
        world.staff.gate = asyncio.Event()
        doing = asyncio.get_running_loop().create_task(world.desk.many.carry_out(PAUSE_JOB, lines))
        await until(lambda: world.staff.calls)
        window._frame()
        (row,) = window.drawer._operations
        assert (row.acts, row.bar) == (("Pause", "Stop"), Bar((("send", 0), ("failed", 0), ("unknown", 0)), 3))
        window.drawer.pressed.emit(row.key, "Pause")
        window._frame()
        (row,) = window.drawer._operations
        assert (row.shape, row.more, row.acts) == ("paused", "paused", ("Go on", "Stop"))
        world.staff.gate.set()
        await until(lambda: rows() == [("Pause: 3 jobs", "paused", "1 of 3 done")])
        window.drawer.pressed.emit(row.key, "Go on")
        await doing
        await tasks.shutdown()

    asyncio.run(act())
    # What the project tells of each item isn't somebody else's.
    for item in world.desk.operations.items(world.desk.operations.newest_first()[0].id):
        shared = {"id": item.id, "who": "desk-1", "act": "pause", "target": item.target, "state": "done"}
        world.store.put("staff_operations", {**shared, "started_at": "2026-11-27T00:00:00Z"})
    window._take(world.store.take_changed())
    assert rows() == [("Pause: 3 jobs", "ok", "3 of 3 done")]
    assert window.drawer._operations[0].acts == ()


def test_how_long_a_retry_takes_is_not_said_while_it_waits_for_results(
    window: ConsoleWindow, world: DeskWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.actions.speed.FIRST_SECONDS", 0.0)
    for number in range(3):
        world.job(f"o{number}", f"Business {number}", "failed")
        row = {"id": f"r{number}", "job_id": f"o{number}", "directory_name": "a.b", "status": "failed", "version": 1}
        world.store.put("job_results", row)
    world.store.take_changed()
    lines = [world.store.jobs.lines[f"o{number}"] for number in range(3)]
    world.desk.many.pace = Options(rate=0, ramp=(1,), poll_seconds=0.01)

    async def act() -> None:
        doing = asyncio.get_running_loop().create_task(
            world.desk.many.carry_out(RETRY_FAILED, lines, reason="fixed", hosts={one.id: ["a.b"] for one in lines})
        )

        def said() -> list[str]:
            window._frame()
            return [word for one in window.drawer._operations[:1] for word in (one.words, one.more)]

        await until(lambda: said()[:1] == ["1 of 3 done, waits for 1 job"])
        assert said()[1].endswith("/s")
        event = {"id": "e", "job_id": "o0", "event": "submitted", "created_at": to_iso(time.time() + 1)}
        world.staff.gate = asyncio.Event()
        world.store.put("queue_history", event)
        await until(lambda: said()[1].endswith(" left"))
        world.staff.gate.set()
        await doing
        await tasks.shutdown()

    asyncio.run(act())


def test_what_failed_of_many_is_copied_job_by_job(window: ConsoleWindow, world: DeskWorld) -> None:
    lines = [JobLine(f"o{number}", business=f"Business {number}", status="in_progress") for number in range(2)]
    world.staff.refusal = Refused("The job has ended.")

    async def act() -> None:
        await world.desk.many.carry_out(PAUSE_JOB, lines)
        await tasks.shutdown()

    asyncio.run(act())
    window._frame()
    (row,) = window.drawer._operations
    assert (row.shape, row.acts) == ("failed", ("Copy",))
    assert copied_from(window, 0).endswith("Pause Business 0: The job has ended.\nPause Business 1: The job has ended.")
