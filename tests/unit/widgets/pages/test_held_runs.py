"""A run that waits for a person, on whoever's desk, as each list shows it: the hand, the words and the time left."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from app.actions.run_state import Held, RunState
from app.actions.runs import RunActs
from app.models.table_model import CELL_ROLE
from app.store.holds import Hold
from app.store.lines import DirectoryLine, JobLine
from app.store.store import Changes
from services.domain.times import to_iso
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from widgets.pages.job.page import JobPage
from widgets.pages.jobs import JobsPage
from widgets.pages.operations.rows import operation_row
from widgets.pages.overview import OverviewPage
from widgets.pages.runs import words
from widgets.parts import spans
from widgets.parts.cell import Cell
from widgets.parts.surface import Surface

HOST = "mapnook.localhost"


class World:
    """A completed job of which one directory is tried again on a colleague's desk, held for five minutes."""

    def __init__(self, folder: Path) -> None:
        self.now = float(int(time.time()))
        self.base = DeskWorld(folder, FakeQueues({}, time.time), lambda: self.now, "operator")
        self.base.loaded("jobs", "job_results", "directory_submissions", "queue_history")
        self.base.job("j1", "Old Mill Pizza", "completed", age=900, started_at=to_iso(self.now - 900))
        row = {"id": "r1", "job_id": "j1", "directory_name": HOST, "status": "submitting"}
        self.base.store.put("job_results", {**row, "updated_at": to_iso(self.now)})
        self.base.event(1, "j1", "submitting", HOST)
        until = to_iso(self.now + 300)
        self.base.event(
            2, "j1", "staff_run_held", HOST, why="captcha", until=until, actor="desk-2@directory-bolt.example"
        )
        self.base.store.take_changed()


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.base.close()


def cells(model: Any) -> list[Cell]:
    return [model.index(0, column).data(CELL_ROLE) for column in range(model.columnCount())]


def test_jobs_show_it_where_their_diagnosis_stands(world: World) -> None:
    page = JobsPage(world.base.desk)
    page.take(Changes(jobs={"j1"}))
    told = cells(page.model)[-1]
    assert (told.icon, told.tone) == ("hand", "paused")
    assert told.text == "Held, 5:00 left, waiting for a person: a captcha"
    assert "desk-2@directory-bolt.example" in told.tip
    world.now += 48
    assert cells(page.model)[-1].text.startswith("Held, 4:12 left")
    page.table.sort_by(len(cells(page.model)) - 1)
    assert not page.grab().isNull()
    page.close()


def test_a_job_shows_it_with_its_directory(world: World) -> None:
    body = Surface()
    page = JobPage(world.base.desk, body)
    page.show_job("j1")
    outcome, _, told, *_ = cells(page.directories.model)
    assert (outcome.text, outcome.icon, outcome.tone) == ("Held", "hand", "paused")
    assert told.text == "5:00 left, waiting for a person: a captcha"
    assert page.inspector._sentence.text() == "Held, waiting for a person: a captcha."
    spoken = page.directories.model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == f"Held, {HOST}, Held, waiting for a person: a captcha"
    body.close()
    page.close()


def test_it_needs_somebody_before_all_else(world: World) -> None:
    world.base.job("j2", "Quick Lime", "failed", error_message="No business profile", age=600)
    world.base.store.take_changed()
    page = OverviewPage(world.base.desk)
    what, who, why, *_ = cells(page.needs.model)
    assert (what.text, what.icon, who.text) == ("Held", "hand", "Old Mill Pizza")
    assert why.text == f"{HOST}: 5:00 left, waiting for a person: a captcha"
    page.close()


def test_a_directory_that_is_held_is_not_run_a_second_time() -> None:
    hold = Hold(HOST, "a captcha", 1.0, 301.0)
    line = DirectoryLine("j1", HOST, outcome="running", hold=hold)
    assert words.directory_words(line) == f"{HOST}, held"
    assert words.why_not_again(line) == "Held, waiting for a person: a captcha."
    assert ("paused", "Held, waiting for a person: a captcha") in words.checks(JobLine("j1"), line, "")
    assert words.directory_words(DirectoryLine("j1", HOST, outcome="running")) == f"{HOST}, running"


def test_the_operation_of_a_run_that_is_held_here_says_until_when(world: World) -> None:
    desk = world.base.desk
    one = desk.operations.plan("dry_run", "Dry run: mapnook", f"j1/{HOST}/run-1", actor="desk-1")
    held = Held(2, "login", world.now, world.now + 300)
    runs = cast(RunActs, SimpleNamespace(kept=None, state=RunState(run_id="run-1", held=held)))
    row = operation_row(one, dataclasses.replace(desk, runs=runs))
    assert (row.shape, row.words, row.more) == (
        "paused", "Held, waiting for a person: a sign-in", f"until {spans.clock(world.now + 300)}",
    )  # fmt: skip
    assert operation_row(one, desk).shape == "waiting"
