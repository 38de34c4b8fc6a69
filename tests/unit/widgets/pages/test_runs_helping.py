"""Runs: a person holds the run, edits a step in a sheet, and lets it go on."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.actions.run_state import taken
from services.domain.run_commands import (
    AskSolver,
    EditStep,
    GoOn,
    Keys,
    MoreTime,
    OneStep,
    Pause,
    Pick,
    RunTo,
    SkipStep,
    Stay,
    Watch,
)
from tests.fakes.runs import HOLD
from tests.unit.widgets.pages.test_runs import DRY, World, ended, jpeg, press, until
from tests.unit.widgets.waiting import in_front
from widgets.pages.runs import RunsPage
from widgets.pages.runs.step_edit import StepEdit
from widgets.parts.label import tip_text

STARTED = {
    "kind": "started", "browser": "chromium 140", "sandbox": True,
    "steps": [{"value": ""}, {"value": ""}, {"value": "Old Mill Pizza"}, {"value": ""}, {"value": ""}],
}  # fmt: skip


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def held(index: int, why: str = "paused", **more: Any) -> dict[str, Any]:
    return {"kind": "held", "index": index, "why": why, "seconds": 300, **more}


def step(index: int, status: str = "done") -> dict[str, Any]:
    return {"kind": "step", "index": index, "status": status, "ms": 5}


def told(world: World) -> list[Any]:
    """What the run was told, but for who looks."""
    return [command for command in world.runner.told if not isinstance(command, Watch)]


async def begin(page: RunsPage, world: World, *script: dict[str, Any]) -> None:
    world.runner.script = (STARTED, *script, HOLD, *DRY)
    page.prepare("j1", "b.localhost")
    in_front(page)
    page.start(dry=True)
    await until(page, lambda: world.acts.state.browser)
    await until(
        page,
        lambda: (
            not page.helping.pause_button.isHidden()
            and (world.acts.state.held is None) == all(part["kind"] != "held" for part in script)
        ),
    )


def test_a_run_that_goes_on_is_paused_by_button_and_key(world: World) -> None:
    async def look(page: RunsPage) -> None:
        assert page.helping.pause_button.isHidden()
        await begin(page, world)
        assert page.run_button.isHidden()
        assert page.inspector.turn.isHidden()
        assert page.helping.pause_button.words() == "Pause"
        assert page.helping.step_button.toolTip() == "It isn't held."
        press(page.helping.pause_button)
        QTest.keyClick(page, Qt.Key.Key_F8)
        assert told(world) == [Pause(), Pause()]
        page.steps.picked.emit(3)
        page.steps.mark(3)
        QTest.keyClick(page, Qt.Key.Key_F9)
        assert told(world)[-1] == RunTo(3)
        world.runner.go.set()
        await ended(page, world)
        assert page.run_button.isVisible()
        assert page.helping.pause_button.isHidden()

    world.on_page(look)


def test_a_paused_run_says_so_and_is_steered_from_the_card(world: World) -> None:
    async def look(page: RunsPage) -> None:
        await begin(page, world, step(0), held(1))
        card = page.inspector.turn
        assert card.isVisible()
        assert card.title.text() == "Paused before step 2"
        assert card.words.text() == "Next: Press the button. If nobody comes back in time, the run ends."
        assert card.left.text() in ("5:00", "4:59")
        assert card.skip_button.isHidden()
        assert page.steps.marked() == 1
        named = [page.steps.model().index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) for row in (1, 2)]
        assert [words.rpartition(", ")[2] for words in named] == ["waiting for you", "waiting"]
        page.helping.tick()
        press(card.step_button)
        press(card.go_button)
        press(page.helping.pause_button)
        assert page.helping.pause_button.words() == "Go on"
        assert told(world) == [OneStep(), GoOn(), GoOn()]
        world.runner.go.set()
        await ended(page, world)
        assert card.isHidden()
        assert "waiting for you" not in page.steps.model().index(1, 0).data(Qt.ItemDataRole.AccessibleTextRole)

    world.on_page(look)


def test_a_step_that_failed_is_edited_in_a_sheet(world: World) -> None:
    async def look(page: RunsPage) -> None:
        refused = {"kind": "refused", "why": "The page has none of it"}
        await begin(page, world, step(0), step(1), step(2, "failed"), held(2, "failed", error="No such field"), refused)
        card = page.inspector.turn
        assert card.title.text() == "Step 3 failed"
        assert card.words.text().startswith("Fill the name: No such field.")
        await until(page, lambda: card.note.text() == "The page has none of it")
        assert card.go_button.words() == "Try again"
        assert card.step_button.isHidden()
        press(card.skip_button)
        press(card.edit_button)
        sheet = page.helping.sheet
        assert sheet is not None
        form = sheet.findChild(StepEdit)
        assert isinstance(form, StepEdit)
        assert form.where_box.text() == "#name"
        assert form.value_box.text() == "Old Mill Pizza"
        assert (form.where, form.value) == (None, None)
        form.where_box.box.setText("#shop")
        press(sheet._confirm)
        QTest.keyClick(page, Qt.Key.Key_F2)
        again = page.helping.sheet
        assert again is not None
        assert again is not sheet
        again.cancel()
        assert told(world) == [SkipStep(), EditStep(2, "#shop")]
        world.runner.go.set()
        await ended(page, world)

    world.on_page(look)


def test_the_page_is_shown_live_while_it_is_looked_at(world: World, tmp_path: Path) -> None:
    file = jpeg(tmp_path / "frame.jpg")
    frame = {"kind": "frame", "data": base64.b64encode(file.read_bytes()).decode(), "width": 64, "height": 40}
    told = {"kind": "picture", "index": 0, "path": str(jpeg(tmp_path / "step.jpg"))}
    second = {"kind": "picture", "index": 1, "path": str(jpeg(tmp_path / "second.jpg"))}

    async def look(page: RunsPage) -> None:
        await begin(page, world, step(0), frame, told, step(1), second, step(2, "running"))
        await until(page, lambda: world.acts.state.steps[2].status == "running" and not world.runner.go.is_set())
        await until(page, lambda: page.stage._scale.text().startswith("1 frame/s, 64 × 40 at "))
        assert world.runner.told == [Watch(True)]
        page.steps.picked.emit(1)
        page.frame()
        assert world.runner.told[-1] == Watch(False)
        files: list[str] = []
        page.stage.picture.show_file = lambda file: files.append(file.name) or True  # type: ignore[method-assign,func-returns-value]
        QTest.keyClick(page.stage._when, Qt.Key.Key_Right)
        QTest.keyClick(page.stage._when, Qt.Key.Key_Left)
        assert files == ["step.jpg", "second.jpg"]
        page.steps.picked.emit(-1)
        page.frame()
        assert world.runner.told[-1] == Watch(True)
        page.hide()
        assert world.runner.told[-1] == Watch(False)
        world.runner.go.set()

    world.on_page(look)


def frame_of(file: Path) -> dict[str, Any]:
    return {
        "kind": "frame", "data": base64.b64encode(file.read_bytes()).decode(), "width": 1280, "height": 800,
    }  # fmt: skip


def test_a_person_solves_a_captcha_in_the_picture(world: World, tmp_path: Path) -> None:
    frame = frame_of(jpeg(tmp_path / "frame.jpg"))

    async def look(page: RunsPage) -> None:
        asks = held(2, "captcha", error="This directory asks for a captcha; a person is needed")
        await begin(page, world, step(0), frame, step(2, "failed"), asks)
        card, picture = page.inspector.turn, page.stage.picture
        await until(page, page.has_picture)
        assert card.title.text() == "Your turn: a captcha"
        assert "Take over, and solve it" in card.words.text()
        assert card.go_button.isHidden()
        QTest.mouseClick(picture, Qt.MouseButton.LeftButton, pos=picture.place().center())
        assert told(world) == []
        QTest.keyClick(page, Qt.Key.Key_T, Qt.KeyboardModifier.ShiftModifier)
        assert page.helping.touches
        assert card.take_button.words() == "Give it back"
        QTest.mouseClick(picture, Qt.MouseButton.LeftButton, pos=picture.place().center())
        for key in (Qt.Key.Key_A, Qt.Key.Key_Tab, Qt.Key.Key_Return):
            QTest.keyClick(picture, key)
        QTest.keyClick(picture, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        down, up, *keys = [command for command in told(world) if getattr(command, "what", "") != "move"]
        assert (down.what, up.what, round(down.x / 10), round(down.y / 10)) == ("down", "up", 64, 40)
        assert keys == [Keys("a"), Keys(key="Tab"), Keys(key="Enter"), Keys(key="ControlOrMeta+a")]
        press(card.more_button)
        press(card.take_button)
        assert card.take_button.words() == "Take over"
        assert card.stay_button.isHidden()
        state = taken(world.acts.state, {"kind": "clearing", "index": 2, "seconds": 3}, time.time())
        page.helping.show_run(state)
        assert card.words.text() in [f"The page no longer asks for it: going on in {left} s." for left in (3, 2, 1)]
        assert card.ask_button.toolTip() == tip_text("No admin has allowed it, or no key is set: see Settings.")
        press(card.stay_button)
        page.helping.show_run(taken(state, {"kind": "clearing", "index": 2, "seconds": 0}, time.time()))
        assert "Take over, and solve it" in card.words.text()
        QTest.keyClick(page, Qt.Key.Key_F8)
        assert told(world)[-3:] == [MoreTime(), Stay(), GoOn()]
        world.runner.go.set()

    world.on_page(look)


def test_2captcha_is_asked_from_the_card_where_that_is_allowed(world: World) -> None:
    async def look(page: RunsPage) -> None:
        world.acts.role = "operator"
        await begin(page, world, step(0), held(2, "captcha", error="A captcha", solver=True))
        card = page.inspector.turn
        press(card.ask_button)
        press(card.ask_button)
        sheet = page.helping.sheet
        assert sheet is not None
        assert told(world) == []
        press(sheet._confirm)
        assert (page.helping.sheet, told(world)) == (None, [AskSolver()])
        state = taken(world.acts.state, {"kind": "asking", "index": 2, "seconds": 120})
        world.acts.state = state
        page.helping.show_run(state)
        assert card.ask_button.words() == "2Captcha is asked…"
        assert card.ask_button.toolTip() == tip_text("2Captcha is asked already.")
        state = taken(state, {"kind": "asked", "index": 2, "ms": 9, "error": "2Captcha does not answer"})
        world.acts.state = state
        page.helping.show_run(state)
        assert (card.ask_button.words(), card.note.text()) == ("Ask 2Captcha", "2Captcha does not answer")
        page.helping.show_run(taken(taken(state, {"kind": "released"}), {"kind": "asking"}))
        assert (card.title.text(), card.ask_button.isHidden(), card.note.isHidden()) == (
            "2Captcha is asked",
            True,
            True,
        )
        page.helping.show_run(state)
        assert card.take_button.isVisible()
        world.runner.go.set()

    world.on_page(look)


def test_a_field_that_is_pointed_at_gets_into_the_plan(world: World, tmp_path: Path) -> None:
    frame = frame_of(jpeg(tmp_path / "frame.jpg"))
    picture_of = {"kind": "picture", "index": 0, "path": str(jpeg(tmp_path / "step.jpg"))}

    async def look(page: RunsPage) -> None:
        failed = held(2, "failed", error="No such field")
        await begin(page, world, step(0), picture_of, frame, step(2, "failed"), failed)
        await until(page, page.has_picture)
        await until(page, lambda: world.acts.live.number)
        press(page.inspector.turn.pick_button)
        assert page.inspector.turn.pick_button.words() == "Click it in the picture"
        picture = page.stage.picture
        QTest.mouseClick(picture, Qt.MouseButton.LeftButton, pos=picture.place().center())
        pointed = told(world)[-1]
        assert (type(pointed), round(pointed.x / 10), round(pointed.y / 10)) == (Pick, 64, 40)
        state = taken(world.acts.state, {"kind": "picked", "selector": "#shop", "name": "Shop"})
        page.helping.show_run(state)
        sheet = page.helping.sheet
        assert sheet is not None
        press(sheet._confirm)
        assert told(world)[-1] == EditStep(2, "#shop")
        world.runner.go.set()

    world.on_page(look)


def test_a_run_in_a_window_asks_for_help_there(world: World) -> None:
    async def look(page: RunsPage) -> None:
        page.window_choice.click()
        asks = held(2, "captcha", error="This directory asks for a captcha; a person is needed")
        await begin(page, world, {**STARTED, "window": True}, step(0), asks)
        assert [request.headless for request in world.runner.requests] == [False]
        card = page.inspector.turn
        assert card.words.text() == (
            "Solve it in the browser's window. Then press Go on: the run itself sends the form."
        )
        assert page.inspector.facts["Browser"].text() == "Chromium 140, in a window"
        await until(page, lambda: page.banner.browser.text() == "Chromium 140 in a window, sandbox on")
        world.runner.go.set()

    world.on_page(look)
