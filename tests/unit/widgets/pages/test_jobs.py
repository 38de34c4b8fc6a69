"""The list of jobs: what it shows, and that nothing moves away from under a person."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.models import table_model
from app.store.lines import JobLine
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.unit.widgets.waiting import in_front, wait_for
from widgets.pages.jobs import JobsPage
from widgets.pages.jobs.fields import job_fields, job_query, picking

NAMES = ("Ash Books", "Birch Yoga", "Cedar Motors", "Dogwood Dental")


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[DeskWorld]:
    made = DeskWorld(tmp_path, FakeQueues({}, time.time), time.time, "operator")
    yield made
    made.close()


@pytest.fixture
def page(world: DeskWorld) -> Iterator[JobsPage]:
    world.loaded("jobs")
    for number, name in enumerate(NAMES):
        world.job(f"j{number}", name, "in_progress", age=100.0 + number)
    made = JobsPage(world.desk)
    made.resize(1200, 500)
    in_front(made)
    made.table.sort_by(1)
    take(made, world)
    yield made
    made.close()


def take(page: JobsPage, world: DeskWorld) -> None:
    """A frame after which rows may move, and the turn in which they do."""
    page._moved_at = 0.0
    page.take(world.store.take_changed())
    assert wait_for(lambda: page.table.is_engaged or not page.model.holds_back)


def names(page: JobsPage) -> list[str]:
    return [page.model.line(row).business for row in range(page.model.rowCount())]


def point_at(page: JobsPage, row: int) -> None:
    viewport = page.table.viewport()
    # A pointer that is there already tells nothing: it comes from another place.
    QTest.mouseMove(viewport, QPoint(300, page.table.rowViewportPosition(row) + 4))
    QTest.mouseMove(viewport, QPoint(310, page.table.rowViewportPosition(row) + 9))
    assert wait_for(lambda: page.table.pointed == row)


def test_nothing_moves_while_the_pointer_is_in_the_rows(page: JobsPage, world: DeskWorld) -> None:
    point_at(page, 1)
    world.job("j9", "Aspen Pizza", "pending")
    world.job("j0", "Zelkova Books", "in_progress", age=100.0, version=2)
    take(page, world)
    assert names(page) == ["Zelkova Books", *NAMES[1:]]
    assert (page.chip.isVisible(), page.chip.accessibleName() or page.chip.text()) == (True, "1 new")
    page.chip.click()
    assert names(page) == ["Aspen Pizza", *NAMES[1:], "Zelkova Books"]
    assert not page.chip.isVisible()


def test_what_waited_comes_in_when_the_pointer_leaves(page: JobsPage, world: DeskWorld) -> None:
    point_at(page, 0)
    world.job("j9", "Aspen Pizza", "pending")
    take(page, world)
    assert len(names(page)) == 4
    page.table.leaveEvent(None)  # type: ignore[arg-type]
    assert names(page)[1] == "Aspen Pizza"
    assert not page.chip.isVisible()


def test_a_job_that_goes_is_greyed_where_it_stands(page: JobsPage, world: DeskWorld) -> None:
    point_at(page, 0)
    world.store.remove("jobs", "j1")
    take(page, world)
    assert names(page) == list(NAMES)
    assert [page.table.is_old(row) for row in range(4)] == [False, True, False, False]
    assert page.chip.isVisible()
    page.chip.click()
    assert names(page) == [NAMES[0], *NAMES[2:]]


def test_a_row_that_has_the_keyboard_stays_too(page: JobsPage, world: DeskWorld) -> None:
    page.table.setFocus()
    assert wait_for(page.table.hasFocus)
    world.job("j8", "Alder Florist", "pending")
    take(page, world)
    assert names(page)[0] == "Alder Florist"
    QTest.keyClick(page.table, Qt.Key.Key_J)
    world.job("j9", "Acacia Legal", "pending")
    take(page, world)
    assert "Acacia Legal" not in names(page)
    page.search.take_focus()
    assert wait_for(lambda: names(page)[0] == "Acacia Legal")


def test_the_first_read_is_never_held_back(qt_app: QApplication, world: DeskWorld) -> None:
    page = JobsPage(world.desk)
    page.resize(1200, 500)
    in_front(page)
    page.table.engaged.emit(True)  # not read yet, so there is nothing to hold still
    world.job("j1", "Ash Books", "pending")
    take(page, world)
    assert names(page) == ["Ash Books"]
    page.close()


def test_rows_move_only_so_often_and_values_at_once(page: JobsPage, world: DeskWorld) -> None:
    world.job("j3", "Aspen Dental", "failed", age=103.0, version=2)
    page.take(world.store.take_changed())
    assert names(page)[3] == "Aspen Dental"
    assert not page.chip.isVisible()
    assert wait_for(lambda: names(page)[1] == "Aspen Dental")


def test_very_many_rows_move_bit_by_bit(page: JobsPage, world: DeskWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_model, "MOVES", 1)
    take(page, world)
    page._moved_at = time.monotonic() + 60.0  # not yet
    for number, name in enumerate(reversed(NAMES)):
        world.job(f"j{number}", name, "in_progress", age=100.0, version=2)
    page.take(world.store.take_changed())
    assert page.model.waiting() == (0, 4)
    page._move_now()
    assert page.model.waiting() == (0, 3)
    # Nothing else comes in: the rest follows by itself.
    assert wait_for(lambda: not page.model.holds_back)
    assert names(page) == list(NAMES)


def test_a_tab_that_gets_empty_says_so(page: JobsPage, world: DeskWorld) -> None:
    page.show_status("in_progress")
    assert page.table.isVisible()
    for number in range(len(NAMES)):
        world.job(f"j{number}", NAMES[number], "completed", age=100.0, version=2)
    take(page, world)
    assert page.model.rowCount() == 0
    assert not page.table.isVisible()


def test_a_filter_over_very_many_says_so_once_it_has_found_none(
    page: JobsPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_model, "AT_ONCE", 2)
    page.search.set_text("zzz")
    page._filter()
    assert page.model.sorting
    assert wait_for(lambda: not page.model.busy)
    assert not page.table.isVisible()
    page.search.set_text("")
    page._filter()
    assert wait_for(lambda: not page.model.busy)
    assert page.table.isVisible()


def test_a_job_that_went_is_none_of_those_that_match(page: JobsPage, world: DeskWorld) -> None:
    page._engage(True)
    page.select_matching()
    world.store.remove("jobs", "j1")
    page.take(world.store.take_changed())
    assert page.model.is_gone(page.model.row_of("j1"))
    assert {line.id for line in page.selected()} == {"j0", "j2", "j3"}
    page.select_matching()
    assert {line.id for line in page.selected()} == {"j0", "j2", "j3"}


def test_a_row_whose_count_moved_flashes(page: JobsPage, world: DeskWorld) -> None:
    world.event(1, "j2", "submitted", "mapnook.localhost")
    take(page, world)
    assert set(page.table.flashes()) == {2}


def test_tabs_and_search_show_what_they_say(page: JobsPage, world: DeskWorld) -> None:
    world.job("j5", "Elm Gym", "failed")
    take(page, world)
    page.show_status("failed")
    assert names(page) == ["Elm Gym"]
    page.show_status("all")
    page.search.set_text("CEDAR")
    assert names(page) == ["Cedar Motors"]
    page.search.set_text("nobody")
    assert names(page) == []


def test_what_leads_to_some_jobs_filters_them_once(page: JobsPage, monkeypatch: pytest.MonkeyPatch) -> None:
    filtered: list[str] = []
    set_filter = page.model.set_filter

    def counted(*how: Any) -> None:
        filtered.append(page.search.text())
        set_filter(*how)

    monkeypatch.setattr(page.model, "set_filter", counted)
    for query in ("cedar", "cedar", ""):
        page.show_status("all", query)
    assert filtered == ["cedar", "cedar", ""]
    assert names(page) == list(NAMES)
    page.search.set_text("cedar")
    assert names(page) == ["Cedar Motors"]


@pytest.mark.parametrize(
    ("tab", "needle", "shown"),
    [
        ("all", "", "abc"), ("failed", "", "b"), ("unknown", "", "c"), ("all", "acme", "ab"), ("failed", "acme", "b"),
        ("failed", "other", ""), ("all", "id-c", "c"), ("all", "cust-a", "a"),
    ],
)  # fmt: skip
def test_what_a_tab_and_a_search_let_through(tab: str, needle: str, shown: str) -> None:
    lines = [
        JobLine("id-a", "cust-a", folded="acme one", status="pending"),
        JobLine("id-b", "cust-b", folded="acme two", status="failed"),
        JobLine("id-c", "cust-c", folded="other", status="completed", unknown=1),
    ]
    accepts, pick = picking(tab, job_query(needle, job_fields(time.time)))
    assert [line.id[-1] for line in lines if accepts is None or accepts(line)] == list(shown)
    places = list(range(3)) if pick is None else pick([*lines, None])
    assert [lines[place].id[-1] for place in places] == list(shown)
