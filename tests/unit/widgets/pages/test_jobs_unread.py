"""The list of jobs before anything is known of them: no number and no time that nobody knows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from app.store.link import TableState
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from widgets.pages.jobs import JobsPage


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[DeskWorld]:
    made = DeskWorld(tmp_path, FakeQueues({}, time.time), time.time, "viewer")
    yield made
    made.close()


def words(page: JobsPage) -> set[str]:
    """All that is said on the page and by its tabs."""
    tabs = {part.accessibleName() for part in page.tabs.findChildren(QWidget)}
    return tabs | {part.text() for part in page.findChildren(QLabel) if not part.isHidden()}


def shown(world: DeskWorld) -> JobsPage:
    page = JobsPage(world.desk)
    page.show()
    page.take(world.store.take_changed())
    return page


def test_while_jobs_are_read_no_tab_has_a_number(world: DeskWorld) -> None:
    page = shown(world)
    assert "All" in words(page)
    world.loaded("jobs")
    page.take(world.store.take_changed())
    assert "All 0" in words(page)
    page.close()


def test_jobs_that_may_not_be_read_say_so_and_nothing_else(world: DeskWorld) -> None:
    world.store.set_state("jobs", TableState(None, kind="not_permitted", problem="No.", hint="Ask an admin."))
    page = shown(world)
    assert words(page) >= {"All", "not read", "No.", "Ask an admin."}
    page.close()
