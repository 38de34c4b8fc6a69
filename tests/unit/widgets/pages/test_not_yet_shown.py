"""What pages show that isn't confirmed now: the state of an earlier start, and acts whose effect is still to come."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from app.store.link import TableState
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.unit.widgets.waiting import wait_for
from widgets.pages.job.page import JobPage
from widgets.pages.jobs import JobsPage
from widgets.parts import spans
from widgets.parts.surface import Surface


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[DeskWorld]:
    made = DeskWorld(tmp_path, FakeQueues({}, time.time), time.time, "operator")
    made.loaded("jobs", "directory_submissions", "job_results", "queue_history")
    made.job("j1", "Old Mill Pizza", "failed")
    for number, (host, error) in enumerate((("a.localhost", "captcha"), ("b.localhost", "captcha"))):
        row = {"id": number, "job_id": "j1", "directory_name": host, "status": "failed", "error_message": error}
        made.store.put("job_results", row)
    yield made
    made.close()


def jobs_page(world: DeskWorld) -> JobsPage:
    page = JobsPage(world.desk)
    page.take(world.store.take_changed())
    page.show()
    page._tick()
    return page


def job_page(world: DeskWorld) -> JobPage:
    world.store.take_changed()
    page = JobPage(world.desk, Surface())
    page.show_job("j1")
    page.show()
    page._tick()
    return page


def diagnosis(page: JobsPage) -> str:
    line = page.model.line(0)
    cells: Any = page.model._cells
    return str(cells[-1](line).text)


def test_the_state_of_an_earlier_start_says_as_of_when(world: DeskWorld) -> None:
    then = datetime.now().astimezone().replace(hour=14, minute=5).timestamp()
    for table in ("jobs", "job_results"):
        world.store.set_state(table, TableState(then, kept=True))
    world.store.set_link("offline")
    page, job = jobs_page(world), job_page(world)
    for as_of in (page._as_of, job._as_of):
        assert as_of._words.text() == "as of 14:05, offline"
        assert as_of._pill.isVisibleTo(as_of)
    day = datetime.fromtimestamp(then - 86400).astimezone()
    assert spans.as_of(then - 86400, then, kept=True) == f"as of {day:%d %b %H:%M}, offline"
    page.close()
    job.close()


def test_an_act_is_on_its_rows_until_the_effect_comes(world: DeskWorld) -> None:
    page, job = jobs_page(world), job_page(world)
    before = diagnosis(page)
    world.store.jobs.wishes.begin("w", "Retry failed", "j1", ["b.localhost"])
    changes = world.store.take_changed()
    page.take(changes)
    job.take(changes)
    wish = next(iter(world.store.jobs.wishes))
    words = f"Retry failed: pending since {spans.hour(wish.since)}"
    assert diagnosis(page) == words
    assert (job._wish_words.text(), job._wish_row.isVisibleTo(job)) == (wish.whole(spans.clock(wish.since)), True)
    directories: Any = job.directories.model
    rows = [directories.line(row) for row in range(directories.rowCount())]
    shown = {line.host: str(directories._cells[2](line).text) for line in rows}
    assert shown == {"a.localhost": "The page asks for a captcha", "b.localhost": words}
    world.store.jobs.wishes.failed("w", "The job has not ended yet.")
    changes = world.store.take_changed()
    page.take(changes)
    job.take(changes)
    assert diagnosis(page) == "Retry failed: not done. The job has not ended yet."
    assert job._wish_words.text() == "Retry failed: not done. The job has not ended yet."
    world.event(1, "j1", "staff_retry", request_id="w")
    changes = world.store.take_changed()
    page.take(changes)
    job.take(changes)
    assert (diagnosis(page), job._wish_row.isVisibleTo(job)) == (before, False)
    page.close()
    job.close()


def test_a_job_says_why_its_directories_failed(world: DeskWorld) -> None:
    job = job_page(world)
    assert (job._why.text(), job._why_row.isVisibleTo(job)) == ("2 × The page asks for a captcha", True)
    for number in (0, 1):
        world.store.put("job_results", {"id": number, "status": "submitted"})
    job.take(world.store.take_changed())
    assert not job._why_row.isVisibleTo(job)
    job.close()


def test_a_job_that_is_not_read_yet_says_so_and_shows_nothing_as_known(world: DeskWorld) -> None:
    job = JobPage(world.desk, Surface())
    world.store.set_state("jobs", TableState())
    job.show_job("j9")
    job.show()
    assert job.inspector._scroll.isHidden(), "nothing is known of a directory, and nothing can be pressed"
    assert wait_for(lambda: job._faces.currentWidget() is job._faces._loading)
    world.store.set_state("jobs", TableState(kind="not_permitted", problem="This sign-in may not read the jobs."))
    job.take(world.store.take_changed())
    assert job._faces.face_words() == "This sign-in may not read the jobs."
    world.store.set_state("jobs", TableState(as_of=1.0))
    job.take(world.store.take_changed())
    assert job._faces.face_words() == "This job is not there."
    job.close()
