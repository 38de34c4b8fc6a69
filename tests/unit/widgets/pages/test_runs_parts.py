"""The parts of the Runs page by themselves."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app import tasks
from app.actions.run_state import RunState, StepLine
from app.environments import Environments
from app.store.lines import DirectoryLine, JobLine
from services.domain.errors import Refused
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.unit.widgets.waiting import in_front, wait_for
from tests.waiting import until
from widgets.pages.runs.job_picker import JobPicker
from widgets.pages.runs.stage import Stage
from widgets.pages.runs.steps import StepList
from widgets.pages.runs.trace_row import TraceRow
from widgets.pages.runs.window_choice import WindowChoice
from widgets.parts import spans


def jpeg(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    image = QImage(64, 40, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    assert image.save(str(file))
    return file


def test_getting_the_keyboard_is_not_a_choice_of_a_step(qt_app: QApplication) -> None:
    steps = StepList()
    picked: list[int] = []
    steps.picked.connect(picked.append)
    steps.show_steps((StepLine(0, "Open the page", ""), StepLine(1, "Press the button", "")))
    in_front(steps)
    steps.setFocus()
    assert wait_for(steps.hasFocus)
    assert picked == []
    QTest.keyClick(steps, Qt.Key.Key_End)
    assert picked == [1]
    steps.close()


def test_pictures_from_elsewhere_are_not_read(
    qt_app: QApplication, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = jpeg(tmp_path_factory.mktemp("outside") / "x.jpg")
    link = tmp_path / "link.jpg"
    link.symlink_to(outside)
    stage = Stage(tmp_path)
    for path in (str(outside), str(link), str(tmp_path / ".." / outside.parent.name / "x.jpg"), "a\0b"):
        stage.show_picture(path)
        assert not stage.has_picture()
    stage.show_picture(str(jpeg(tmp_path / "inside.jpg")))
    assert stage.has_picture()
    stage.show_picture("", "No run yet")
    assert not stage.has_picture()


def test_a_job_is_searched_and_chosen_by_the_keyboard(qt_app: QApplication) -> None:
    jobs = [
        JobLine("j1", business="Old Mill Pizza", folded="old mill pizza", created_at=1.0),
        JobLine("j2", business="Moss & Main", created_at=2.0),
    ]
    picker = JobPicker(lambda: jobs)
    chosen: list[str] = []
    picker.chosen.connect(chosen.append)
    picker.resize(208, 28)
    in_front(picker)
    assert not picker.grab().isNull()
    QTest.keyClick(picker, Qt.Key.Key_A)
    assert not picker.popup.isVisible()
    QTest.keyClick(picker, Qt.Key.Key_Down)
    assert wait_for(picker.popup.isVisible)
    assert not picker.popup.grab().isNull()
    QTest.keyClicks(picker.popup.line, "pizza")
    assert picker.popup.model.rowCount() == 1
    QTest.keyClick(picker.popup.line, Qt.Key.Key_Return)
    assert chosen == ["j1"]
    picker.popup.close()
    picker.close()


def test_a_trace_is_suggested_for_a_retry_and_opened(qt_app: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    row = TraceRow(72)
    row.resize(300, 80)
    row.show()
    assert row.open_button.isHidden()
    row.suggest("j1", DirectoryLine("j1", "a.example", outcome="failed"))
    assert row.wanted()
    row.keep.click()
    row.suggest("j1", DirectoryLine("j1", "a.example", outcome="failed"))
    assert not row.wanted(), "a person's own choice was taken back"
    row.suggest("j1", DirectoryLine("j1", "b.example", outcome="waiting"))
    assert not row.wanted()
    row.show_run(RunState(run_id="r1", trace="/data/trace.zip", trace_bytes=2_100_000))
    assert row.words.text() == "kept, 2,100 kB"
    row.open_button.click()
    assert opened == []
    row.address_of = lambda path: f"http://127.0.0.1:8000{path}"
    row.open_button.click()
    assert opened == ["http://127.0.0.1:8000/data/trace.zip"]

    def gone(path: str) -> str:
        raise Refused("The trace is gone.")

    row.address_of = gone
    row.open_button.click()
    assert (row.problem.text(), row.problem.isVisible()) == ("The trace is gone.", True)
    assert not row.grab().isNull()
    row.show_run(RunState(run_id="r2"))
    assert row.problem.isHidden()
    assert "passwords too" in row.keep.toolTip()
    row.close()


def test_the_start_of_an_older_run_has_its_date() -> None:
    now = datetime(2026, 3, 2, 14, 3, 22).astimezone().timestamp()
    assert spans.day_clock(now - 60, now) == "14:02:22"
    assert spans.day_clock(now - 86_400, now) == "01 Mar, 14:03:22"


def test_whether_the_window_is_shown_is_remembered_and_off_where_it_cannot_be(
    qt_app: QApplication, tmp_path: Path
) -> None:
    async def act() -> None:
        world = DeskWorld(tmp_path, FakeQueues({}, time.time), time.time, "operator")
        choice = WindowChoice(world.desk.preferences, world.browsers)
        choice.show()
        assert not choice.wanted()
        choice.click()
        assert choice.wanted()
        await until(lambda: world.environments.shows_browser and not tasks.running())
        again = Environments(tmp_path / "environments.json")
        again.read()
        assert again.shows_browser
        assert WindowChoice(world.desk.preferences, world.browsers).wanted()
        world.browser_source.no_window = "This machine has no screen."
        world.browsers.found()
        choice.frame()
        assert (choice.isEnabled(), choice.wanted()) == (False, False)
        assert choice.toolTip() == "This machine has no screen."
        world.browser_source.no_window = ""
        world.browsers.found()
        choice.frame()
        assert choice.wanted(), "the choice was forgotten while it could not be had"
        choice.close()
        world.close()

    asyncio.run(act())
