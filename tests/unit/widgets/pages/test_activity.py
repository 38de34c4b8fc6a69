"""The Activity page: it fills from the top, stands still while somebody reads, and says which kind of nothing it is."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.models.activity_feed import STEP
from app.store.link import TableState
from services.domain.times import to_iso
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.unit.widgets.waiting import in_front, wait_for
from widgets.pages.activity import ActivityPage
from widgets.pages.activity.page import AT_ONCE
from widgets.parts.cell import Cell

HISTORY = ("jobs", "queue_history", "staff_actions")


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[DeskWorld]:
    made = DeskWorld(tmp_path, FakeQueues({}, time.time), time.time, "operator")
    yield made
    made.close()


@pytest.fixture
def page(world: DeskWorld) -> Iterator[ActivityPage]:
    made = ActivityPage(world.desk)
    made.resize(1112, 600)
    made.show()
    yield made
    made.close()


def follow(page: ActivityPage, world: DeskWorld) -> None:
    """One frame."""
    page.take(world.store.take_changed())
    page.frame()


def shown(page: ActivityPage, *columns: int) -> list[str]:
    found = []
    for row in range(page.model.rowCount()):
        cells = [page.model.cell(row, column) for column in columns or (2,)]
        found.append(" ".join(cell.text for cell in cells if isinstance(cell, Cell)))
    return found


def busy(world: DeskWorld) -> None:
    """A job, two steps of it, an act of staff."""
    world.job("j1", "Nordwind Kaffee", "in_progress")
    world.event(1, "j1", "job_started", ago=300)
    world.event(2, "j1", "failed", "yelp.example", ago=200, error="No field “phone”.")
    world.event(
        3, "j1", "staff_retry", ago=100, actor="desk-4@directory-bolt.example", reason="new phone", request_id="r1"
    )
    world.loaded(*HISTORY)


def test_it_says_who_did_what_when_and_why(page: ActivityPage, world: DeskWorld) -> None:
    busy(world)
    follow(page, world)
    assert shown(page, 0, 1, 2, 3, 4, 5, 6) == [
        "1 min desk-4 Retry failed Nordwind Kaffee   new phone",
        "3 min  Failed Nordwind Kaffee yelp.example No field “phone”. ",
        "5 min  Job started Nordwind Kaffee   ",
    ]
    when = page.model.cell(0, 0)
    assert isinstance(when, Cell)
    assert when.tip.startswith(time.strftime("%Y-"))
    assert page.foot.words() == "Nothing is older."


def test_a_run_of_a_person_is_named_in_short_and_found_by_its_whole_name(page: ActivityPage, world: DeskWorld) -> None:
    who = "staff:68c2c7a8-1111-4111-8111-000000000000"
    row = {"id": "9", "job_id": "j1", "event": "submitted", "directory_name": "yelp.example", "worker_id": who}
    busy(world)
    world.store.put("queue_history", {**row, "details": {}, "created_at": to_iso(time.time())})
    follow(page, world)
    page.search.set_text(f"who:{who}")
    assert page.model.rowCount() == 1
    named = page.model.cell(0, 1)
    assert isinstance(named, Cell)
    assert (named.text, named.tip) == ("staff 68c2c7a8", who)


def test_a_line_leads_to_its_job(page: ActivityPage, world: DeskWorld) -> None:
    asked: list[str] = []
    page.open_job.connect(asked.append)
    busy(world)
    world.event(4, "gone", "job_started")
    follow(page, world)
    page.table.opened.emit(0)
    page.table.opened.emit(1)
    assert asked == ["j1"]


def test_tabs_and_words_choose_lines(page: ActivityPage, world: DeskWorld) -> None:
    busy(world)
    follow(page, world)
    for tab, lines in (("staff", ["Retry failed"]), ("pipeline", ["Failed", "Job started"]), ("wrong", ["Failed"])):
        page.tabs.choose(tab)
        page.tabs.chosen.emit(tab)
        assert shown(page) == lines
    for text, lines in (
        ("nordwind", ["Failed"]), ("retry", []), ("customer:nordwind dir:yelp", ["Failed"]),
    ):  # fmt: skip
        page.search.set_text(text)
        assert shown(page) == lines
    page._clear()
    for text, lines in (
        ("who:desk-4", ["Retry failed"]), ("what:retry why:phone", ["Retry failed"]), ("result:phone", ["Failed"]),
        ("job:j1 age:<4m", ["Retry failed", "Failed"]), ("“phone”", ["Failed"]),
    ):  # fmt: skip
        page.search.set_text(text)
        assert shown(page) == lines, text
    assert page._offers("who:")[0].text.strip() == "desk-4@directory-bolt.example"
    assert {offer.text.strip().strip('"') for offer in page._offers("what:")} >= {"retry failed", "job started"}
    page.search.set_text("nobody:x")
    assert page.search.hint.problem.startswith("There is no field")
    assert shown(page) == ["Failed"]
    page.search.set_text("xyz")
    assert page._faces.face_words() == "Nothing matches."
    page._faces.pressed.emit()
    assert len(shown(page)) == 3
    assert ActivityPage(world.desk, kept={"query": "who:desk-4"}).search.text() == "who:desk-4"


def test_names_that_come_late_are_found(page: ActivityPage, world: DeskWorld) -> None:
    world.event(1, "j1", "job_started")
    world.loaded("queue_history")
    page.search.set_text("nordwind")
    follow(page, world)
    assert shown(page) == []
    world.job("j1", "Nordwind Kaffee", "in_progress")
    world.loaded(*HISTORY)
    follow(page, world)
    assert shown(page) == ["Job started"]


def test_paused_it_stands_still_and_counts_what_is_new(page: ActivityPage, world: DeskWorld) -> None:
    busy(world)
    follow(page, world)
    in_front(page)
    page.table.setFocus()
    QTest.keyClick(page.table, Qt.Key.Key_P)
    assert page.stands_still
    before = shown(page)
    for number in range(10, 22):
        world.event(number, "j1", "submitting", f"d{number}.example")
    follow(page, world)
    page._tick()
    assert (shown(page), page.chip.words(), page.chip.isVisible()) == (before, "12 new", True)
    page.search.set_text("dir:d1")
    assert page.chip.words() == "10 new"
    page._clear()
    page.chip.click()
    assert (len(shown(page)), page.chip.isVisible(), page.pause_button.words()) == (15, False, "Go on")
    world.event(30, "j1", "job_started")
    follow(page, world)
    assert len(shown(page)) == 15
    page.pause_button.click()
    assert (len(shown(page)), page.stands_still, page.pause_button.words()) == (16, False, "Pause")


def test_under_the_pointer_nothing_moves(page: ActivityPage, world: DeskWorld) -> None:
    busy(world)
    follow(page, world)
    in_front(page)
    QTest.mouseMove(page.table.viewport(), QPoint(40, 10))
    assert wait_for(lambda: page.stands_still)
    world.event(10, "j1", "flow_completed")
    follow(page, world)
    assert len(shown(page)) == 3
    page.table.engaged.emit(False)
    follow(page, world)
    assert shown(page)[0] == "Flow completed"


def test_a_flood_comes_in_over_several_frames_and_old_lines_go(page: ActivityPage, world: DeskWorld) -> None:
    busy(world)
    follow(page, world)
    for number in range(100, 100 + 2 * STEP):
        world.event(number, "j1", "job_started", ago=0.5)
    page.take(world.store.take_changed())
    sizes = []
    while page._waiting:
        page.frame()
        sizes.append(page.model.rowCount())
    assert max(after - before for before, after in itertools.pairwise(sizes)) <= AT_ONCE
    # The act of staff stays, however old it is.
    assert page.model.rowCount() == STEP + 1
    world.event(9000, "j1", "job_started")
    world.store.remove("queue_history", "9000")
    follow(page, world)
    assert page.model.rowCount() == STEP + 1


def test_hidden_it_does_nothing_and_catches_up_when_shown(page: ActivityPage, world: DeskWorld) -> None:
    busy(world)
    follow(page, world)
    page.hide()
    world.event(10, "j1", "flow_completed")
    follow(page, world)
    page._tick()
    assert len(shown(page)) == 3
    page.show()
    assert shown(page)[0] == "Flow completed"


def test_an_act_of_this_console_appears_at_once(page: ActivityPage, world: DeskWorld) -> None:
    world.loaded(*HISTORY)
    follow(page, world)
    wish = world.desk.operations.plan("pause", "Pause", "j1", actor="desk-4@directory-bolt.example")
    world.desk.operations.move(wish.id, "failed", "This job is completed by now.")
    follow(page, world)
    assert shown(page, 1, 2, 5) == ["desk-4 Pause This job is completed by now."]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (TableState(), ""),
        (TableState(as_of=1.0), "Nothing has happened yet."),
        (TableState(kind="not_permitted", problem="Not for you."), "Not for you."),
        (TableState(kind="not_reachable", problem="No answer."), "No answer."),
    ],
)
def test_it_says_which_kind_of_nothing_it_is(
    page: ActivityPage, world: DeskWorld, state: TableState, words: str
) -> None:
    world.store.set_state("queue_history", state)
    follow(page, world)
    assert page._faces.face_words() == words
    assert page.foot.isHidden()


def test_it_says_what_of_it_is_missing(page: ActivityPage, world: DeskWorld) -> None:
    busy(world)
    world.store.set_state("staff_actions", TableState(kind="not_installed", problem="No table.", hint="Apply 0001."))
    follow(page, world)
    assert (page._lacks.words(), page._lacks.toolTip()) == ("Acts of staff are incomplete", "No table. Apply 0001.")
    world.store.set_state("staff_actions", TableState(as_of=1.0))
    world.store.set_state("queue_history", TableState(as_of=1.0, polled=True))
    follow(page, world)
    assert (page._lacks.words(), page._lacks.isHidden()) == ("Polled", False)


def test_older_events_come_when_asked_for(page: ActivityPage, world: DeskWorld) -> None:
    busy(world)
    world.store.jobs.history_from = time.time() - 5000
    follow(page, world)
    assert page.foot.words().startswith("Events of the pipeline back to ")

    async def scene() -> None:
        page.foot.button.click()
        page.frame()
        assert page.foot.words() == "Reading older events"
        world.older_fails = True
        world.older_may_come.set()
        while page.foot.words() == "Reading older events":
            await asyncio.sleep(0)
            page.frame()
        assert page.foot.words() == "Older events could not be read. The database does not answer."
        assert page.foot.button.words() == "Try again"
        world.older_fails = False
        page.foot.button.click()
        world.event(0, "j1", "flow_triggered", ago=9000)
        world.store.jobs.history_from = None
        while "flow" not in " ".join(shown(page)).lower():
            await asyncio.sleep(0)
            page.frame()

    asyncio.run(scene())
    assert shown(page)[-1] == "Flow triggered"
    assert page.foot.words() == "Nothing is older."


def test_events_that_are_held_are_listed_without_asking_anybody(page: ActivityPage, world: DeskWorld) -> None:
    world.job("j1", "Nordwind Kaffee", "in_progress")
    for number in range(3 * STEP // 2):
        world.event(number, "j1", "job_started", ago=9000 - number)
    world.loaded(*HISTORY)
    follow(page, world)
    while page._waiting:
        page.frame()
    page.foot.button.click()
    assert (page.model.rowCount(), world.asked_older) == (3 * STEP // 2, [])
    page.feed.count = 20_000
    page._show_foot()
    assert page.foot.words().startswith("20,000 events are the most")
