"""Acts of the job page beside those on the job itself: its directories paused, what needs somebody acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from services.domain.times import to_iso
from tests.fakes.desk import DeskWorld
from tests.unit.widgets.pages.test_job import HOST, Shown, make, on_page, press, states, work
from tests.waiting import until
from widgets.pages.acknowledging import ask_acknowledge
from widgets.parts.label import tip_text


@pytest.fixture(params=["operator"])
def world(request: pytest.FixtureRequest, qt_app: QApplication, tmp_path: Path) -> Iterator[DeskWorld]:
    made = make(tmp_path, role=request.param)
    made.loaded("directories", "paused_directories")
    made.store.put("directories", {"id": "d1", "name": "Mapnook", "submission_url": f"http://{HOST}:9/add"})
    work(made, "in_progress", "pending")
    yield made
    made.close()


def follow(shown: Shown) -> None:
    shown.page.take(shown.world.store.take_changed())
    shown.page.frame()


def test_a_directory_is_paused_after_a_reason_and_let_in_again(world: DeskWorld) -> None:
    async def act(shown: Shown) -> None:
        button = shown.page.inspector.pause_button
        assert (button.words(), button.isEnabled()) == ("Pause directory…", True)
        button.click()
        sheet = shown.sheet()
        assert sheet is not None
        assert not press(sheet).isEnabled()
        shown.confirm("its form changed")
        await until(lambda: states(world) == ["done"])
        follow(shown)
        assert button.words() == "Pause directory…", "it is paused when the fact says so"
        world.store.put("paused_directories", {"directory_id": "d1", "reason": "its form changed"})
        follow(shown)
        assert button.words() == "Resume directory…"
        assert "its form changed" in shown.page.inspector._use_words.text()
        button.click()
        shown.confirm("mended")
        await until(lambda: states(world) == ["done", "done"])
        world.store.remove("paused_directories", "d1")
        follow(shown)
        assert button.words() == "Pause directory…"

    on_page(world, act)
    assert world.staff.calls == [("d1", ["pause", "its form changed"]), ("d1", ["resume", "mended"])]


@pytest.mark.parametrize("world", ["viewer"], indirect=True)
def test_a_viewer_reads_why_these_are_off(world: DeskWorld) -> None:
    async def act(shown: Shown) -> None:
        button = shown.page.inspector.pause_button
        assert not button.isEnabled()
        assert button.toolTip() == tip_text("Needs the role operator; you are viewer.")

    on_page(world, act)


def test_it_is_off_while_it_runs(world: DeskWorld) -> None:
    async def act(shown: Shown) -> None:
        world.staff.gate = asyncio.Event()
        shown.page.inspector.pause_button.click()
        shown.confirm()
        await until(lambda: world.staff.calls)
        follow(shown)
        assert shown.page.inspector.pause_button.toolTip() == tip_text("An act on this directory is running.")
        world.staff.gate.set()
        await until(lambda: states(world) == ["done"])

    on_page(world, act)


def test_a_job_that_needs_somebody_is_acknowledged_once(world: DeskWorld) -> None:
    world.job("j1", "Old Mill Pizza", "failed", error_message="No business profile", age=600)

    async def act(shown: Shown) -> None:
        shown.page.acknowledge.connect(lambda need: ask_acknowledge(shown.body, world.desk, need))
        shown.page.more.choose("acknowledge")
        assert shown.sheet() is None
        await until(lambda: states(world) == ["done"])
        row = {"id": 1, "request_id": "r", "act": "acknowledge", "target": "j1/failed"}
        world.store.put("staff_actions", {**row, "created_at": to_iso(world.store.now())})
        follow(shown)
        assert shown.page.more._why["acknowledge"] == "Nothing of it needs you."
        shown.page.more.choose("acknowledge")

    on_page(world, act)
    assert world.staff.calls == [("j1/failed", ["acknowledge", ""])]


def test_what_needs_no_sheet_can_be_taken_back(qt_app: QApplication, tmp_path: Path) -> None:
    world = make(tmp_path, undo_seconds=30)
    work(world, "in_progress", "pending")

    async def undo(shown: Shown, act: str) -> None:
        shown.page.more.choose(act)
        assert shown.sheet() is None
        await until(lambda: any(world.desk.jobs.can_undo(one.id) for one in world.desk.operations.open()))
        follow(shown)
        assert shown.page.more._why[act] == f"An act on this {'job ' if act == 'pause' else ''}is running."
        world.desk.jobs.undo(world.desk.operations.open()[0].id)
        await until(lambda: not world.desk.operations.open())
        follow(shown)
        assert shown.page.more._why[act] == ""

    async def act(shown: Shown) -> None:
        await undo(shown, "pause")
        world.job("j1", "Old Mill Pizza", "failed", error_message="No business profile", age=600)
        shown.page.acknowledge.connect(lambda need: ask_acknowledge(shown.body, world.desk, need))
        follow(shown)
        await undo(shown, "acknowledge")

    on_page(world, act)
    assert (states(world), world.staff.calls) == (["undone", "undone"], [])
    world.close()


def test_a_job_that_goes_well_has_nothing_to_acknowledge(world: DeskWorld) -> None:
    async def act(shown: Shown) -> None:
        assert shown.page.more._why["acknowledge"] == "Nothing of it needs you."
        shown.page.acknowledge.connect(lambda need: ask_acknowledge(shown.body, world.desk, need))
        shown.page._ask_act("acknowledge")
        assert shown.sheet() is None

    on_page(world, act)
    assert world.staff.calls == []


def test_pausing_is_asked_about_in_production(qt_app: QApplication, tmp_path: Path) -> None:
    world = make(tmp_path, environment="production")
    work(world, "in_progress", "pending")

    async def act(shown: Shown) -> None:
        shown.page.more.choose("pause")
        shown.confirm(typed="PRODUCTION")
        await until(lambda: states(world) == ["done"])
        world.job("j1", "Old Mill Pizza", "failed", error_message="No business profile", age=600)
        follow(shown)
        shown.page.acknowledge.connect(lambda need: ask_acknowledge(shown.body, world.desk, need))
        shown.page.more.choose("acknowledge")
        assert len(world.staff.calls) == 1
        shown.confirm("seen", typed="PRODUCTION")
        await until(lambda: states(world) == ["done", "done"])

    on_page(world, act)
    assert world.staff.calls == [("j1", ["paused", "in_progress"]), ("j1/failed", ["acknowledge", "seen"])]
    world.close()
