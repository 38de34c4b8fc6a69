"""Runs: what is chosen is what runs, a real run asks first, and the view follows the run."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from app import tasks
from app.actions.kept_runs import KeptRuns
from app.actions.runs import RunActs
from app.desk import Desk
from app.models.table_model import CELL_ROLE
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.fakes.runs import HOLD, SUBMIT, FakeClaims, FakePlanner, FakeRunner
from tests.waiting import until as holds
from widgets.pages.runs import RunsPage
from widgets.parts.button import Button

HOSTILE = "<img src='/etc/passwd'> & Söhne"
POST = {"kind": "blocked", "method": "POST", "url": "http://a.localhost/add", "bytes": 1100, "body": "name=<b>x</b>"}
DRY = ({"kind": "verdict", "status": "dry", "reasons": []}, {"kind": "ended", "status": "done", "ms": 5})


class World:
    """A desk with two jobs, over fakes."""

    def __init__(self, folder: Path, role: str | None = "operator", environment: str = "local") -> None:
        self.base = DeskWorld(folder, FakeQueues({}, time.time), time.time, role)
        self.runner = FakeRunner()
        self.claims = FakeClaims()
        self.planner = FakePlanner()
        acts = RunActs(
            self.planner, self.runner, self.claims, self.base.desk.operations, self.base.store.jobs.wishes,
            kept=KeptRuns(folder / "artifacts", 10**9), actor="desk-1", role=role, pauses=(),
        )  # fmt: skip
        self.desk: Desk = dataclasses.replace(self.base.desk, runs=acts, environment=environment)
        self.acts = acts
        self.store = self.base.store
        self.base.job("j1", "Old Mill Pizza", "completed", age=90)
        self.base.job("j2", HOSTILE, "pending", age=10)
        self.store.put(
            "customers",
            {
                "id": "c-j1", "email": "hello@oldmill.example", "phone": "(555) 0148", "address": "1 Mill Lane",
                "city": "Fernhill", "state": "OR", "zip": "97001",
            },
        )  # fmt: skip
        for number, (host, status) in enumerate((("a.localhost", "submitted"), ("b.localhost", "failed"))):
            self.item("j1", number, host, status)
        self.item("j2", 8, "b.localhost", "pending")
        self.item("j2", 9, "c.localhost", "pending")
        self.store.take_changed()

    def item(self, job_id: str, number: int, host: str, status: str) -> None:
        row = {"id": f"{job_id}-{number}", "submission_queue_id": job_id, "status": status}
        self.store.put("directory_submissions", {**row, "directory_url": f"http://{host}:8000/add"})
        self.store.put(
            "job_results",
            {"id": f"r-{job_id}-{number}", "job_id": job_id, "directory_name": host, "status": status},
        )

    def on_page(self, act: Callable[[RunsPage], Awaitable[None]]) -> None:
        async def whole() -> None:
            page = RunsPage(self.desk)
            page.resize(1272, 810)
            page.show()
            try:
                await act(page)
            finally:
                page.close()
                await tasks.shutdown()

        asyncio.run(whole())

    def close(self) -> None:
        self.base.close()


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


async def until(page: RunsPage, condition: Callable[[], Any]) -> None:
    def met() -> Any:
        page.frame()
        return condition()

    await holds(met)


async def ended(page: RunsPage, world: World) -> None:
    await until(page, lambda: world.acts.state.phase == "ended" and not tasks.running())


def jpeg(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    image = QImage(64, 40, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    assert image.save(str(file))
    return file


def press(part: QPushButton) -> None:
    QTest.mouseClick(part, Qt.MouseButton.LeftButton)


def sheet_buttons(page: RunsPage) -> tuple[Button, Button]:
    """Cancel, and the button that confirms."""
    assert page.sheet is not None
    cancel, confirm = page.sheet.findChildren(Button)
    assert cancel.words() == "Cancel"
    return cancel, confirm


def test_nothing_is_chosen_at_first(world: World) -> None:
    async def look(page: RunsPage) -> None:
        assert not page.run_button.isEnabled()
        assert page.run_button.toolTip() == "Choose a job and a directory first."
        assert page.stop_button.toolTip() == "No run is going on."
        assert page.inspector.exports.case_button.toolTip() == "There is nothing to export."
        assert page.inspector.exports.plan_button.toolTip() == "No plan is known yet: a dry run gets one."
        assert page.side.faces.face_words() == "No run yet."
        assert not page.has_picture()

    world.on_page(look)


def test_prepare_chooses_job_and_directory(world: World) -> None:
    async def look(page: RunsPage) -> None:
        page.mode.choose("real")
        page.prepare("j1", "a.localhost")
        assert page.mode.current() == "dry"
        assert page.job_picker.words() == "Old Mill Pizza"
        assert page.directory_choice.key() == "a.localhost"
        assert page.directory_choice.currentText() == "a.localhost, submitted"
        assert page.stage.address.text() == "http://a.localhost:8000/add"
        assert page.run_button.isEnabled()
        page.prepare("j1")
        assert page.directory_choice.key() == "b.localhost"  # the one that failed
        fields = page.inspector.fields
        assert fields["Address"].value.text() == "1 Mill Lane, Fernhill, OR 97001"
        press(fields["Phone"].copy_button)
        assert QGuiApplication.clipboard().text() == "(555) 0148"

    world.on_page(look)


def test_prepare_waits_for_facts_that_come_later(world: World) -> None:
    async def look(page: RunsPage) -> None:
        page.prepare("j3", "e.localhost")
        assert not page.run_button.isEnabled()
        world.base.job("j3", "Late Bloom", "pending")
        page.take(world.store.take_changed())
        world.item("j3", 1, "d.localhost", "failed")
        world.item("j3", 2, "e.localhost", "pending")
        page.take(world.store.take_changed())
        assert page.directory_choice.key() == "e.localhost"
        assert page.run_button.isEnabled()

    world.on_page(look)


def test_the_search_finds_a_job_by_part_of_anything(world: World) -> None:
    async def look(page: RunsPage) -> None:
        chosen: list[str] = []
        page.job_picker.chosen.connect(chosen.append)
        press(page.job_picker)  # type: ignore[arg-type]
        search = page.job_picker.popup
        assert search.isVisible()
        assert [search.model.line(row).id for row in range(search.model.rowCount())] == ["j2", "j1"]
        for needle in ("mill", "hello@old", "j1"):
            search.line.setText(needle)
            assert [search.model.line(row).id for row in range(search.model.rowCount())] == ["j1"]
        search.line.setText("nobody")
        assert search.faces.face_words() == "Nothing matches."
        search.line.setText("")
        QTest.keyClick(search.line, Qt.Key.Key_Down)
        QTest.keyClick(search.line, Qt.Key.Key_Return)
        assert chosen == ["j1"]
        assert not search.isVisible()
        assert page.job_picker.words() == "Old Mill Pizza"

    world.on_page(look)


def test_a_dry_run_shows_what_would_be_sent(world: World, tmp_path: Path) -> None:
    picture = jpeg(tmp_path / "artifacts" / "runs" / "final.jpg")
    world.runner.script = (
        {"kind": "started", "browser": "chromium 140.0.1", "sandbox": False},
        {"kind": "step", "index": 0, "status": "done", "ms": 620},
        {"kind": "step", "index": SUBMIT, "status": "blocked", "ms": 80},
        {"kind": "picture", "index": SUBMIT, "path": str(picture)},
        {**POST, "kind": "passed", "body": "step=1"},
        POST, POST, {**POST, "url": "http://stats.localhost/beacon", "body": ""}, *DRY,
    )  # fmt: skip

    async def look(page: RunsPage) -> None:
        page.prepare("j1", "b.localhost")
        press(page.run_button)
        assert page.run_button.toolTip() == "A run is going on."
        assert page.stop_button.isEnabled()
        await ended(page, world)
        assert world.claims.calls == []
        assert page.has_picture()
        assert page.banner.browser.text() == "Headless Chromium 140, sandbox off"
        texts = [page.below.requests.model.index(row, 3).data(CELL_ROLE).text for row in range(3)]
        assert texts == ["blocked, 2 times", "blocked", "passed, before submit"]
        assert page.below.requests.model.index(0, 2).data(CELL_ROLE).text == "1.1 kB"
        assert page.below.requests.body.toPlainText() == "name=<b>x</b>"
        page.below.requests.table.go_to(1)
        assert page.below.requests.body.isHidden()
        page.below.requests.table.go_to(2)
        assert page.below.requests.body.toPlainText() == "step=1"
        assert page.steps.marked() == SUBMIT
        assert page.side.note.text().startswith("2 of 5")
        assert page.inspector.verdict.isVisible()
        assert page.inspector.verdict.title.text() == "Dry run done"
        assert page.inspector.facts["Sandbox"].text() == "off"
        assert page.run_button.isEnabled()
        press(page.inspector.exports.case_button)
        await until(page, lambda: not tasks.running())
        assert world.desk.operations.newest_first()[0].label == "Export the case of Old Mill Pizza, b.localhost"
        press(page.inspector.exports.plan_button)
        await until(page, lambda: not tasks.running())
        written = world.desk.operations.newest_first()[0]
        assert written.label == "Export the plan of Old Mill Pizza, b.localhost"
        files.append(written.target)

    files: list[str] = []
    world.on_page(look)
    assert '"selector": "#send"' in Path(files[0]).read_text()


def test_a_real_run_asks_first_and_cancel_is_the_default(world: World) -> None:
    signs = [{"kind": "word", "weight": 3, "words": "page says “Thanks”"}]
    log = {"score": 3, "signs": signs, "doubt": "Counted on little"}
    reasons = ["Page says “Thanks”", "The page asked “Sure?”"]
    world.runner.script = ({"kind": "verdict", "status": "submitted", "reasons": reasons, "log": log},)

    async def look(page: RunsPage) -> None:
        page.prepare("j1", "b.localhost")
        QTest.keyClick(page.mode, Qt.Key.Key_Right)
        press(page.run_button)
        cancel, _ = sheet_buttons(page)
        assert world.acts.state.phase == "idle"
        press(cancel)
        assert page.sheet is None
        assert world.acts.state.phase == "idle"
        press(page.run_button)
        _, confirm = sheet_buttons(page)
        assert confirm.words() == "Submit 1"
        press(confirm)
        await ended(page, world)
        assert world.claims.calls == ["claim", "finish"]
        assert page.inspector.verdict.title.text() == "Submitted"
        assert page.inspector.verdict.reasons.text() == "The page asked “Sure?”"
        assert page.inspector.verdict.evidence.told() == [
            "+3 Page says “Thanks”", "+3 in all; 4 count as submitted, 6 leave no doubt", "Counted on little.",
        ]  # fmt: skip
        assert page.below.requests.faces.face_words() == "Nothing is held back."

    world.on_page(look)


def test_production_asks_for_its_name(qt_app: QApplication, tmp_path: Path) -> None:
    world = World(tmp_path, environment="production")

    async def look(page: RunsPage) -> None:
        page.prepare("j1", "b.localhost")
        page.mode.choose("real")
        page._ask()
        _, confirm = sheet_buttons(page)
        assert not confirm.isEnabled()
        assert confirm.toolTip() == "Type PRODUCTION first"

    world.on_page(look)
    world.close()


def test_a_fact_that_came_while_the_sheet_was_open_stops_the_run(world: World) -> None:
    async def look(page: RunsPage) -> None:
        page.prepare("j1", "b.localhost")
        page.mode.choose("real")
        page._ask()
        _, confirm = sheet_buttons(page)
        world.item("j1", 1, "b.localhost", "submitted")
        page.take(world.store.take_changed())
        press(confirm)
        assert world.acts.state.phase == "idle"
        assert page.run_button.toolTip() == "This directory is already submitted for this job."

    world.on_page(look)


def test_what_is_submitted_may_be_run_dry_only(world: World) -> None:
    async def look(page: RunsPage) -> None:
        page.prepare("j1", "a.localhost")
        assert page.run_button.isEnabled()
        page.start(dry=False)
        assert world.acts.state.phase == "idle"
        assert page.mode.current() == "real"
        assert page.run_button.toolTip() == "This directory is already submitted for this job."
        assert "This directory is already submitted for this job" in page.inspector.check_words()

    world.on_page(look)


def test_a_viewer_reads_what_a_real_run_needs(qt_app: QApplication, tmp_path: Path) -> None:
    world = World(tmp_path, role="viewer")

    async def look(page: RunsPage) -> None:
        page.prepare("j1", "b.localhost")
        assert page.run_button.isEnabled()
        page.mode.choose("real")
        page._show_acts()
        assert page.run_button.toolTip() == "Needs the role operator; you are viewer."
        assert "Needs the role operator; you are viewer" in page.inspector.check_words()

    world.on_page(look)
    world.close()


def test_the_view_follows_the_run_and_stop_ends_it(world: World) -> None:
    world.runner.script = ({"kind": "step", "index": 1, "status": "running"}, HOLD)

    async def look(page: RunsPage) -> None:
        page.prepare("j1", "b.localhost")
        page.start(dry=True)
        await until(page, lambda: page.steps.marked() == 1)
        assert not page.banner.show_button.isVisible()
        page.prepare("j2", "b.localhost")  # the same directory of another job
        assert page.banner.show_button.isVisible()
        assert page.banner.words.text() == "b.localhost for Old Mill Pizza"
        assert page.side.faces.face_words() == "No run yet."
        assert page.run_button.toolTip() == "A run is going on."
        press(page.banner.show_button)
        assert page.directory_choice.key() == "b.localhost"
        assert page.steps.marked() == 1
        press(page.stop_button)
        await ended(page, world)
        assert page.inspector.verdict.title.text() == "Stopped"
        opened: list[str] = []
        page.open_job.connect(opened.append)
        press(page.inspector.verdict.open_button)
        assert opened == ["j1"]

    world.on_page(look)


def test_a_step_that_is_clicked_shows_its_own_picture(world: World, tmp_path: Path) -> None:
    first, last = jpeg(tmp_path / "step-00.jpg"), jpeg(tmp_path / "final.jpg")
    world.runner.script = (
        {"kind": "step", "index": 0, "status": "done", "ms": 1}, {"kind": "picture", "index": 0, "path": str(first)},
        {"kind": "step", "index": 1, "status": "done", "ms": 1}, {"kind": "picture", "index": 1, "path": str(last)},
        *DRY,
    )  # fmt: skip

    async def look(page: RunsPage) -> None:
        shown: list[str] = []
        page.stage.picture.show_file = lambda file: shown.append(file.name) or True  # type: ignore[method-assign,func-returns-value]
        page.prepare("j1", "b.localhost")
        page.start(dry=True)
        await ended(page, world)
        assert shown[-1] == "final.jpg"
        count = len(shown)
        world.acts.version += 1
        page.frame()
        assert len(shown) == count  # a path is read once
        row = page.steps.visualRect(page.steps.model().index(0, 0)).center()
        QTest.mouseClick(page.steps.viewport(), Qt.MouseButton.LeftButton, pos=row)
        assert shown[-1] == "step-00.jpg"
        page.steps.setFocus()
        QTest.keyClick(page.steps, Qt.Key.Key_Down)
        assert shown[-1] == "final.jpg"

    world.on_page(look)


def test_hostile_names_stay_plain(world: World) -> None:
    async def look(page: RunsPage) -> None:
        page.prepare("j2")
        assert page.job_picker.words() == HOSTILE
        assert "&lt;img" in page.job_picker.toolTip()
        assert page.inspector.fields["Name"].value.text() == HOSTILE

    world.on_page(look)
