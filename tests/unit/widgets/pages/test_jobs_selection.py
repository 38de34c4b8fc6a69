"""Selecting jobs and acting on them, and the query bar: what it keeps, offers and says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from app.actions import confirming, many_jobs
from app.actions.many_jobs import Ended, Fit
from app.actions.registry import PAUSE_JOB, RESUME_JOB, RETRY_FAILED
from app.store.link import TableState
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.unit.widgets.waiting import focused, in_front, wait_for
from widgets.pages.jobs import JobsPage
from widgets.pages.jobs import selection as subject
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface

MANY = 60


class Shown:
    """A page with MANY jobs below a body for its sheets; `started` has what was asked for."""

    def __init__(self, world: DeskWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = world
        self.kept: dict[str, Any] = {}
        self.ends: list[tuple[str, str]] = []
        self.goes_on = True
        self.undo_seconds = -1.0
        self.started: list[tuple[str, list[str], str]] = []
        monkeypatch.setattr(world.desk.many, "start", self._start)
        world.loaded("jobs")
        for number in range(MANY):
            world.job(f"j{number:02}", f"Shop {number:02}", ("pending", "failed", "paused")[number % 3])
        self.body = Surface()
        self.page = JobsPage(
            world.desk, self.body, kept=self.kept, say_end=lambda words, shape: self.ends.append((words, shape))
        )
        self.page.resize(1200, 600)
        self.body.resize(1200, 600)
        in_front(self.body)
        self.take()

    def take(self) -> None:
        self.page._moved_at = 0.0
        self.page.take(self.world.store.take_changed())
        assert wait_for(lambda: self.page.table.is_engaged or not self.page.model.holds_back)

    def bar(self) -> tuple[str, str]:
        bar = self.page.selection
        return bar.words.text(), bar.all_button.accessibleName() if bar.all_button.isVisible() else ""

    def sheet(self) -> ConfirmSheet:
        found = [part for part in self.body.findChildren(ConfirmSheet) if part.isVisible()]
        assert len(found) == 1
        return found[0]

    def _start(self, act: Any, lines: Any, reason: str, told: Any, hosts: Any, *, undo_seconds: float) -> None:
        self.started.append((act.name, [line.id for line in lines], reason))
        self.undo_seconds = undo_seconds
        told(Ended(done=len(lines) - 1, failed=1) if self.goes_on else Ended())


@pytest.fixture
def shown(qt_app: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shown]:
    world = DeskWorld(tmp_path, FakeQueues({}, time.time), time.time, "operator")
    made = Shown(world, monkeypatch)
    yield made
    made.body.close()
    world.close()


def test_the_rows_on_the_screen_then_all_that_match(shown: Shown) -> None:
    page = shown.page
    assert not page.selection.isVisible()
    page.table.toggle_all()
    seen = len(page.table.selected_rows())
    assert 5 < seen < 25
    assert shown.bar() == (f"{seen} selected", f"Select all {MANY} matching")
    page.selection.all_button.click()
    assert shown.bar() == (f"All {MANY} matching are selected", "")
    assert {line.id for line in page.selected()} == {f"j{number:02}" for number in range(MANY)}
    assert page.table.checked_share() == 1.0
    # One that comes later was never chosen.
    shown.world.job("j99", "Shop 99", "pending")
    shown.take()
    assert "j99" not in {line.id for line in page.selected()}
    assert [page.table.is_selected(page.model.row_of(key)) for key in ("j99", "j00")] == [False, True]
    # Choosing a single row ends it.
    page.table.go_to(0)
    assert len(page.selected()) == 1
    page.table.toggle_all()
    assert not page.selection.isVisible()


def test_all_that_match_are_those_of_the_filter(shown: Shown) -> None:
    shown.page.search.set_text("status:failed")
    shown.page.select_matching()
    assert {line.status for line in shown.page.selected()} == {"failed"}
    assert shown.bar()[0] == "All 20 matching are selected"
    shown.page.show_status("all")
    assert not shown.page.selection.isVisible()


def test_an_act_goes_to_those_that_it_fits_after_its_sheet_said_how_many(shown: Shown) -> None:
    shown.page.table.sort_by(1, descending=True)
    names = ("Shop 59", "Shop 56", "Shop 53")
    shown.page.select_matching()
    assert not shown.page.selection.acts[RETRY_FAILED.name].isEnabled()
    shown.page.selection.acts[RESUME_JOB.name].click()
    sheet = shown.sheet()
    said = {part.text() for part in sheet.findChildren(QLabel)}
    assert said >= {"Resume 20 jobs in LOCAL", f"{', '.join(names)} and others"}
    sheet.confirmed.emit("they asked for it")
    name, ids, reason = shown.started[0]
    assert (name, len(ids), reason) == ("resume", 20, "they asked for it")
    assert all(int(key[1:]) % 3 == 2 for key in ids)
    assert shown.undo_seconds == 0
    assert shown.ends == [("Resume: 19 of 20 done, 1 failed", "failed")]
    sheet.cancel()


def test_one_job_is_paused_at_once_and_many_need_the_environments_name(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = shown.page
    page.search.set_text("status:pending")
    page.table.go_to(0)
    shown.goes_on = False
    page.selection.ask(PAUSE_JOB)
    assert (len(shown.started), shown.undo_seconds, shown.ends) == (1, 1.0, []), "undone says nothing more"
    shown.goes_on = True
    monkeypatch.setattr(confirming, "TYPED_FROM", 20)
    page.select_matching()
    page.selection.ask(PAUSE_JOB)
    assert shown.sheet()._typed_wanted == "LOCAL"
    shown.sheet().cancel()
    monkeypatch.setattr(subject, "MOST", 19)
    page.select_matching()
    assert not page.selection.acts[PAUSE_JOB.name].isEnabled()
    page.selection.ask(PAUSE_JOB)
    assert len(shown.started) == 1


def test_shift_r_asks_for_the_selected_ones(shown: Shown) -> None:
    for number in range(3):
        shown.world.store.put(
            "job_results",
            {"id": f"r{number}", "job_id": "j01", "directory_name": f"d{number}.localhost", "status": "failed"},
        )
    shown.take()
    shown.page.search.set_text("failed:3")
    shown.page.table.setFocus()
    shown.page.table.go_to(0)
    assert wait_for(shown.page.table.hasFocus)
    QTest.keyClick(shown.page.table, Qt.Key.Key_R, Qt.KeyboardModifier.ShiftModifier)
    sheet = shown.sheet()
    sheet.confirmed.emit("again")
    assert shown.started == [("retry_failed", ["j01"], "again")]
    sheet.cancel()


def test_a_wrong_query_says_so_and_leaves_the_rows(shown: Shown) -> None:
    page = shown.page
    page.search.set_text("status:failed")
    assert page.model.rowCount() == 20
    page.search.set_text("status:done")
    assert page.model.rowCount() == 20
    assert page.search.hint.isVisible()
    assert page.search.hint.problem.startswith("status: “done” is not one of")
    page.search.set_text("status:paused")
    assert not page.search.hint.isVisible()
    assert shown.kept["query"] == "status:paused"
    again = JobsPage(shown.world.desk, kept=shown.kept)
    assert (again.search.text(), again.table.columns) == ("status:paused", page.table.columns)
    again.take(shown.world.store.take_changed())
    again.close()


def test_tab_takes_what_is_offered(shown: Shown) -> None:
    box = shown.page.search
    box.take_focus()
    assert wait_for(box.has_cursor)
    line = focused()
    QTest.keyClicks(line, "stat")
    assert [offer.text for offer in box.hint.offers] == ["status:"]
    QTest.keyClick(line, Qt.Key.Key_Tab)
    assert box.text() == "status:"
    QTest.keyClicks(line, "fa")
    assert not box.hint.problem
    QTest.mouseMove(box.hint, QPoint(30, 12))
    QTest.mouseClick(box.hint, Qt.MouseButton.LeftButton, pos=QPoint(20, 12))
    assert box.text() == "status:failed "
    box.hint.grab()
    QTest.keyClick(line, Qt.Key.Key_Tab)
    assert wait_for(lambda: not box.has_cursor())
    assert not box.hint.isVisible()


def test_a_directory_finds_its_jobs_whatever_became_of_it(shown: Shown) -> None:
    has = shown.page._desk.store.jobs.having("mapnook")
    for number, job_id in enumerate(("j01", "j02")):
        row = {"id": f"m{number}", "job_id": job_id, "directory_name": "mapnook.localhost", "status": "failed"}
        assert not has(job_id)
        shown.world.store.put("job_results", row)
        shown.world.store.take_changed()
        assert has(job_id)
    shown.page.search.set_text("dir:mapnook")
    assert set(shown.page.model.shown_keys()) == {"j01", "j02"}


def test_real_directories_are_offered(shown: Shown) -> None:
    shown.world.store.put("directories", {"id": "d1", "submission_url": "https://mapnook.localhost/add"})
    assert [offer.text for offer in shown.page._offers("dir:map")] == ["mapnook.localhost "]


def test_a_filter_on_ages_goes_on_with_the_clock(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    page = shown.page
    page.search.set_text("age:>2m")
    assert page.model.rowCount() == 0
    shown.world.store.set_offset(120.0)
    page._again = 0
    page._tick()
    assert page.model.rowCount() == MANY


def test_what_is_polled_and_what_is_being_sorted_is_said(shown: Shown) -> None:
    page = shown.page
    assert not page._polled.isVisible()
    shown.world.store.set_state("jobs", TableState(as_of=time.time(), polled=True))
    page._tick()
    assert (page._polled.isVisible(), page._polled.words()) == (True, "Jobs are polled")
    assert not page.sorting.isVisible()
    page.model._long.start([], page.model._rule)
    page.model.sorting_changed.emit()
    assert page.sorting.isVisible()
    assert wait_for(lambda: not page.model.busy)
    assert not page.sorting.isVisible()


def test_an_act_that_fits_nobody_says_why() -> None:
    assert Fit(()).why_not == "Choose jobs first."
    assert Fit((), (("The job is paused.", 3),)).why_not == "The job is paused."
    assert many_jobs.MOST == 500
