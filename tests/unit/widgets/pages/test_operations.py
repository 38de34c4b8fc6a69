"""The Operations page: all that is held, one of them with its items, and the ways to it from the drawer."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app import tasks
from app.actions import operations as module
from app.actions.operations import Operation
from app.actions.registry import PAUSE_JOB
from services.domain.errors import Refused
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.unit.widgets.waiting import in_front, wait_for
from tests.waiting import until
from widgets.pages.operations import OperationsPage
from widgets.pages.operations import page as operations_page
from widgets.pages.operations.rows import operation_row, summary
from widgets.parts.drawer import Drawer


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[DeskWorld]:
    made = DeskWorld(tmp_path, FakeQueues({}, time.time), time.time, "operator")
    made.loaded("jobs")
    yield made
    made.close()


def on_page(world: DeskWorld, act: Callable[[OperationsPage], Awaitable[None]]) -> None:
    async def whole() -> None:
        page = OperationsPage(world.desk)
        page.resize(1100, 700)
        in_front(page)
        try:
            await act(page)
        finally:
            page.close()
            page.deleteLater()
            await tasks.shutdown()

    asyncio.run(whole())


def many(world: DeskWorld) -> Operation:
    """One act on three jobs, of which one failed and one was tried twice."""
    operations = world.desk.operations
    whole = operations.plan("many_jobs", "Pause: 3 jobs", "pause", actor="desk-1", reason="asked", total=3)
    for target, state, words in (
        ("j1", "failed", "Not carried out."), ("j2", "failed", "The job is completed by now."),
        ("j3", "done", "Paused"), ("j1", "done", "Paused"),
    ):  # fmt: skip
        item = operations.plan("pause", f"Pause {target}", target, actor="desk-1", parent=whole.id)
        operations.move(item.id, state, words)  # type: ignore[arg-type]
    return operations.move(whole.id, "failed", "2 of 3 done, 1 failed", done=2)


def items(page: OperationsPage) -> list[tuple[str, str]]:
    page.frame()
    model = page.detail.model
    return [(model.line(row).label, model.line(row).words) for row in range(model.rowCount())]


def face(page: OperationsPage) -> str:
    page.frame()
    shown = page.detail.faces._face
    return shown.title.text() if shown is not None else ""


def test_all_are_listed_and_the_chosen_one_has_its_items_the_wrong_ones_first(world: DeskWorld) -> None:
    async def act(page: OperationsPage) -> None:
        page.frame()
        assert page.model.rowCount() == 21
        page.show_operation(whole.id)
        await until(
            lambda: (
                items(page)
                == [("Pause j2", "The job is completed by now."), ("Pause j3", "Paused"), ("Pause j1", "Paused")]
            )
        )
        assert page.detail._head.words() == "Pause: 3 jobs"
        assert page.detail._facts["Why"].text() == "asked"
        assert [one.words() for one in page.detail.buttons if not one.isHidden()] == ["Copy"]
        page.table.go_to(0)
        await until(lambda: face(page) == "It is about one thing.")
        assert items(page) == []

    whole = many(world)
    for number in range(20):
        one = world.desk.operations.plan("pause", f"Pause {number}", f"x{number}", actor="desk-1")
        world.desk.operations.move(one.id, "done", "Paused", done=1)
    on_page(world, act)


def test_what_goes_on_is_followed_and_can_be_stopped(world: DeskWorld) -> None:
    for number in range(3):
        world.job(f"o{number}", f"Business {number}", "in_progress")
    world.store.take_changed()
    lines = [world.store.jobs.lines[f"o{number}"] for number in range(3)]

    async def act(page: OperationsPage) -> None:
        world.staff.gate = asyncio.Event()
        doing = asyncio.get_running_loop().create_task(world.desk.many.carry_out(PAUSE_JOB, lines))
        await until(lambda: world.staff.calls)
        page.changed()
        await until(lambda: items(page) == [("Pause Business 0", "")])
        assert [one.words() for one in page.detail.buttons if not one.isHidden()] == ["Pause", "Stop"]
        page.detail.buttons[1].click()
        world.staff.gate.set()
        await doing
        page.changed()
        await until(lambda: [words[:7] for _, words in items(page)] == ["Paused:"])
        assert page.detail._words.text().startswith("1 of 3 done, 2 not begun")

    on_page(world, act)


def test_each_kind_of_nothing_is_said(world: DeskWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> list[Operation]:
        raise sqlite3.OperationalError("disk I/O error")

    async def act(page: OperationsPage) -> None:
        page.frame()
        assert page.detail.isHidden()
        assert page.faces._face is not None
        assert page.faces._face.title.text() == "Nothing was done yet."
        plan = world.desk.operations.plan
        page.show_operation(plan("export", "Export", "", actor="desk-1", total=2).id)
        await until(lambda: face(page) == "No items of it are kept here.")
        monkeypatch.setattr(world.desk.operations, "items", broken)
        page.show_operation(plan("pause", "Pause", "j", actor="desk-1").id)
        await until(lambda: face(page) == "The items can't be read: disk I/O error.")

    on_page(world, act)


def test_older_ones_come_on_request_and_the_end_is_said(world: DeskWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 4)
    operations = world.desk.operations
    for number in range(10):
        operations.move(operations.plan("pause", f"Pause {number}", "x", actor="desk-1").id, "done", "Paused")

    async def act(page: OperationsPage) -> None:
        page.frame()
        assert (page.model.rowCount(), page.foot.button.words()) == (4, "Show older")
        assert page.foot.words().startswith("Acts on this computer back to 20")
        assert summary(operations.newest_first(), operations.back_to) == "None running, more than 4 done today"
        page.table.go_to(3)
        chosen = page.detail._head.words()
        for count in (8, 10):
            page.foot.button.click()
            page.frame()
            assert (page.foot.words(), page.foot.button.isHidden()) == ("Reading older acts", True)
            await until(lambda: not page.older.reading)
            page.frame()
            assert page.model.rowCount() == count
            assert page.detail._head.words() == chosen
        assert (page.foot.words(), page.foot.button.isHidden()) == ("Nothing older was done on this computer.", True)
        # The oldest of them is an act like any other.
        page.table.go_to(9)
        assert page.detail._head.words() == "Pause 0"
        await until(lambda: face(page) == "It is about one thing.")

    on_page(world, act)


def test_older_ones_that_cannot_be_read_or_are_too_many_are_said_so(
    world: DeskWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise Refused("Older acts can't be read.")

    async def act(page: OperationsPage) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(operations, "reach_back", broken)
            page.foot.button.click()
            await until(lambda: not page.older.reading)
            page.frame()
            assert (page.foot.words(), page.foot.button.words()) == ("Older acts can't be read.", "Try again")
        monkeypatch.setattr(operations_page, "MOST", 4)
        page.foot.button.click()
        await until(lambda: not page.older.reading)
        page.frame()
        assert page.foot.words().startswith("4 acts are the most that is listed.")

    monkeypatch.setattr(module, "KEPT", 2)
    operations = world.desk.operations
    for number in range(6):
        operations.move(operations.plan("pause", f"Pause {number}", "x", actor="desk-1").id, "done", "Paused")
    on_page(world, act)


def test_escape_leads_back(world: DeskWorld) -> None:
    async def act(page: OperationsPage) -> None:
        gone: list[bool] = []
        page.back.connect(lambda: gone.append(True))
        page.back_button.click()
        page.table.setFocus()
        assert wait_for(page.table.hasFocus)
        QTest.keyClick(page.table, Qt.Key.Key_Escape)
        assert gone == [True, True]

    many(world)
    on_page(world, act)


def test_the_drawer_leads_to_one_of_them_and_to_all(world: DeskWorld) -> None:
    drawer, asked = Drawer(), list[str]()
    drawer.opened.connect(asked.append)
    assert drawer.all_button.isHidden()
    whole = many(world)
    drawer.show_operations([operation_row(whole, world.desk)], "None running")
    drawer.resize(1000, 200)
    drawer.show()
    drawer.set_open(True)
    QApplication.processEvents()
    drawer.all_button.click()
    item = drawer._list.itemAt(0)
    row = item.widget() if item is not None else None
    assert row is not None
    QTest.mouseClick(row, Qt.MouseButton.LeftButton)
    assert asked == ["", whole.id]
    drawer.close()
