"""The overview shows what the store holds, and every number leads to its list."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton, QApplication

from app.actions.letter_line import LetterLine
from app.models.table_model import CELL_ROLE
from app.replay.reading import Reading
from app.store.link import TableState
from services.domain.messages import JobMessage
from services.ports.wishes import DeadLetter, QueueFigures
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.unit.widgets.waiting import wait_for
from widgets.pages.overview import OverviewPage
from widgets.pages.overview.figures import figures
from widgets.pages.overview.page import LISTED_AT_ONCE

TABLES = ("jobs", "queue_history", "job_results", "worker_heartbeats")


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[DeskWorld]:
    made = DeskWorld(tmp_path, FakeQueues({}, time.time), time.time, "operator", undo_seconds=0.02)
    yield made
    made.close()


def follow(page: OverviewPage, world: DeskWorld) -> None:
    """Let the page see what changed, as the first two frames do after a tenth of a second."""
    page.take(world.store.take_changed())
    page._needs_at = page._told_at = 0.0
    page.frame()
    page.frame()


def shown(world: DeskWorld) -> OverviewPage:
    page = OverviewPage(world.desk)
    page.resize(1272, 810)
    page.show()
    follow(page, world)
    return page


def texts(page: OverviewPage, panel: str) -> list[list[str]]:
    model = getattr(page, panel).model
    return [
        [model.index(row, column).data(CELL_ROLE).text for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def stat(world: DeskWorld, key: str) -> tuple[str, str]:
    found = next(one for one in figures(world.desk) if one.key == key)
    return found.value, found.note


def test_each_figure_leads_to_its_list(world: DeskWorld) -> None:
    world.loaded(*TABLES)
    page = shown(world)
    asked: list[str] = []
    page.show_jobs.connect(asked.append)
    page.show_dead_letters.connect(lambda: asked.append("letters"))
    for tile in page.stats.findChildren(QAbstractButton):
        tile.click()
    assert asked == ["pending", "in_progress", "completed", "failed", "paused", "all", "pending", "letters"]
    page.close()


def test_figures_say_what_is_known_and_why_the_rest_is_not(world: DeskWorld) -> None:
    assert stat(world, "pending") == ("—", "reading")
    assert stat(world, "dead_letters") == ("—", "not looked at yet")
    assert stat(world, "success") == ("—", "reading")
    world.loaded(*TABLES)
    assert stat(world, "success") == ("—", "nothing was tried")
    world.job("j1", "Old Mill Pizza", "pending", age=3700)
    world.event(1, "j1", "submitted", "mapnook.localhost", ago=10)
    world.event(2, "j1", "failed", "citylist.localhost", ago=10)
    world.store.take_changed()
    letters = world.desk.dead_letters
    letters.look = type(letters.look)(figures=QueueFigures(3, 1, 0), main=QueueFigures(7, 2, 0))
    letters.lines["m1"] = LetterLine(
        DeadLetter("m1", "r", "{}", sent_at=time.time() - 86400), Reading(), kept_seconds=14 * 86400.0
    )
    assert stat(world, "pending") == ("1", "oldest 1 h 1")
    assert stat(world, "success") == ("50.0 %", "1/2, goal 90 %")
    assert stat(world, "main") == ("7", "2 in flight")
    assert stat(world, "dead_letters") == ("4", "first expires in 12 d")


def test_figures_that_are_older_than_they_should_be_are_grey_and_say_how_old(world: DeskWorld) -> None:
    world.store.set_state("queue_history", TableState(kind="not_permitted", problem="Not for this sign-in."))
    assert stat(world, "success") == ("—", "Not for this sign-in.")
    world.loaded(*TABLES)
    world.event(1, "j1", "submitted", "mapnook.localhost", ago=10)
    page = shown(world)
    assert not page._as_of._pill.isVisible()
    assert {one.tone for one in figures(world.desk)} == {"primary"}
    world.store.set_link("offline")
    page.refresh()
    assert page._as_of._pill.isVisible()
    assert {one.tone for one in figures(world.desk)[:6]} == {"tertiary"}
    assert (page.outcomes.bars._old, page.throughput.chart._old) == (True, True)
    page.close()


def test_needs_you_lists_follows_and_opens(world: DeskWorld) -> None:
    world.loaded(*TABLES)
    world.job("j1", "Maple & <b>Main</b>", "pending", age=900)
    world.job("j2", "Quick Lime", "failed", error_message="No business profile")
    world.job("j3", "Old Mill Pizza", "completed")
    page = shown(world)
    assert [row[:2] for row in texts(page, "needs")] == [["Lost", "Maple & <b>Main</b>"], ["Failed", "Quick Lime"]]
    asked: list[str] = []
    page.open_job.connect(asked.append)
    page.needs.table.pressed_cell.emit(0, 4)
    page.needs.table.pressed_cell.emit(1, 1)
    assert asked == ["j1"]
    world.job("j1", "Maple & <b>Main</b>", "completed", age=900)
    follow(page, world)
    assert [row[1] for row in texts(page, "needs")] == ["Quick Lime"]
    page.close()


def test_dead_letters_need_you_with_or_without_a_job(world: DeskWorld) -> None:
    world.loaded(*TABLES)
    world.job("j1", "Old Mill Pizza", "pending", age=10)
    page = shown(world)
    letters = world.desk.dead_letters
    letters.lines = {
        "m1": LetterLine(DeadLetter("m1", "r", "x"), Reading(message=JobMessage("j1"))),
        "m2": LetterLine(DeadLetter("m2", "r", "y"), Reading(problem="The message is not JSON.")),
    }
    letters.version += 1
    page.frame()
    assert sorted(row[1] for row in texts(page, "needs")) == ["No job", "Old Mill Pizza"]
    asked: list[str] = []
    page.show_dead_letters.connect(lambda: asked.append("letters"))
    page.needs.table.opened.emit(0)
    assert asked == ["letters"]
    letters.lines = {}
    letters.version += 1
    page.frame()
    assert texts(page, "needs") == []
    page.close()


def test_activity_is_newest_first_and_tells_each_outcome_once(world: DeskWorld) -> None:
    world.loaded(*TABLES)
    world.job("j1", "Old Mill Pizza", "in_progress")
    world.event(1, "j1", "submitting", "mapnook.localhost", ago=3)
    page = shown(world)
    world.event(2, "j1", "submitted", "mapnook.localhost", ago=1)
    world.event(3, "j1", "submission_complete", "mapnook.localhost", ago=1, status="submitted")
    world.event(4, "j1", "submission_complete", "citylist.localhost", status="failed")
    follow(page, world)
    assert [row[1:] for row in texts(page, "activity")] == [
        ["Old Mill Pizza", "citylist.localhost", "failed"],
        ["Old Mill Pizza", "mapnook.localhost", "submitted"],
        ["Old Mill Pizza", "mapnook.localhost", "submitting"],
    ]
    model = page.activity.model
    shapes = [model.index(row, 3).data(CELL_ROLE).shape for row in range(model.rowCount())]
    assert shapes == ["failed", "ok", "waiting"], "what began goes on no more"
    page.close()


def test_a_silent_worker_is_said_to_be_silent(world: DeskWorld) -> None:
    world.loaded(*TABLES)
    world.job("j1", "Old Mill Pizza", "in_progress")
    for name, ago, job in (("w-1", 5, "j1"), ("w-2", 700, "j1"), ("w-3", 2, None)):
        beat = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() - ago))
        world.store.put("worker_heartbeats", {"worker_id": name, "current_job_id": job, "last_heartbeat": beat})
    page = shown(world)
    assert [row[:2] for row in texts(page, "workers")] == [
        ["w-1", "Old Mill Pizza"],
        ["w-2", "silent, last job Old Mill Pizza"],
        ["w-3", "idle"],
    ]
    page.close()


def test_panels_say_which_kind_of_nothing_it_is(world: DeskWorld) -> None:
    page = shown(world)
    assert page.needs.faces.face_words() == ""
    world.store.set_state("jobs", TableState(kind="not_permitted", problem="You may not read jobs.", hint="Ask."))
    page.refresh()
    assert page.needs.faces.face_words() == "You may not read jobs."
    world.loaded(*TABLES)
    page.refresh()
    assert page.needs.faces.face_words() == "Nothing needs you."
    assert page.activity.faces.face_words() == "Nothing has happened yet."
    world.store.set_link("reconnecting")
    page.refresh()
    assert page.needs.stale
    page.close()


def test_the_chart_is_drawn_once_the_page_is_shown(world: DeskWorld) -> None:
    world.loaded(*TABLES)
    world.job("j1", "Old Mill Pizza", "in_progress")
    world.event(1, "j1", "submitted", "mapnook.localhost", ago=1)
    page = shown(world)

    def drawn() -> bool:
        page.frame()
        return (
            "1 submitted" in page.throughput.chart.accessibleName()
            and "mapnook.localhost 100.0 %" in page.outcomes.bars.accessibleDescription()
        )

    assert wait_for(drawn, 20)
    page.close()


def test_on_a_low_page_the_charts_leave_room_to_the_lists(world: DeskWorld) -> None:
    page = shown(world)
    high = page.throughput.height()
    page.resize(960, 560)
    assert page.throughput.height() < high
    page.resize(1272, 810)
    assert page.throughput.height() == high
    page.close()


def test_many_changed_jobs_are_looked_at_bit_by_bit_until_all_are(world: DeskWorld) -> None:
    world.loaded(*TABLES)
    page = shown(world)
    for number in range(LISTED_AT_ONCE + 50):
        world.job(f"j{number}", f"Shop {number}", "failed", error_message="no phone")
    follow(page, world)
    assert page.needs.model.total() == LISTED_AT_ONCE
    follow(page, world)
    assert page.needs.model.total() == LISTED_AT_ONCE + 50
    page.close()
