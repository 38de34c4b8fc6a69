"""Every list can be written to a file: what is listed or selected, and the button says why it can't be."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from app import tasks
from app.actions.registry import NOT_YET
from app.store.store import Changes
from services.domain.case_links import case_link
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from widgets.pages.activity import ActivityPage
from widgets.pages.dead_letters import DeadLettersPage
from widgets.pages.jobs import JobsPage

LETTERS = {f"m{number}": json.dumps({"job_id": f"j{number}"}) for number in (1, 2)}


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[DeskWorld]:
    made = DeskWorld(tmp_path, FakeQueues(LETTERS, time.time), time.time, "viewer")
    made.job("j1", "=Nordwind", "failed")
    made.job("j2", "Old Mill", "completed")
    made.event(1, "j1", "failed", "one.example", error="No field")
    made.loaded("jobs", "queue_history", "staff_actions")
    made.store.take_changed()
    yield made
    made.close()


def exported(world: DeskWorld, press: Callable[[], object]) -> list[dict[str, Any]]:
    """What is in the file that pressing this makes."""

    async def scene() -> None:
        press()
        while tasks.running():  # noqa: ASYNC110  (its end is what is waited for)
            await asyncio.sleep(0)

    asyncio.run(scene())
    done = world.desk.operations.newest_first()[0]
    assert (done.act, done.state) == ("export", "done")
    found: list[dict[str, Any]] = json.loads(Path(done.target).read_text(encoding="utf-8"))
    return found


def test_jobs_that_are_listed_or_selected(world: DeskWorld) -> None:
    page = JobsPage(world.desk)
    page.take(Changes(jobs={"j1", "j2"}, states=True))
    rows = exported(world, lambda: page.export_button.choose("json"))
    assert {row["business"] for row in rows} == {"=Nordwind", "Old Mill"}
    page.show_status("failed")
    assert [row["job_id"] for row in exported(world, lambda: page.export_button.choose("json"))] == ["j1"]
    page.show_status("all")
    page.table.selectRow(page.model.row_of("j2"))
    assert [row["job_id"] for row in exported(world, lambda: page.export_button.choose("json"))] == ["j2"]
    page.close()


def test_a_pasted_case_link_finds_its_job(world: DeskWorld) -> None:
    page = JobsPage(world.desk)
    page.take(Changes(jobs={"j1", "j2"}, states=True))
    page.search.set_text(case_link("production", "j2"))
    assert page.model.shown_keys() == ["j2"]
    page.close()


def test_what_the_activity_page_lists(world: DeskWorld) -> None:
    page = ActivityPage(world.desk)
    page.show()
    rows = exported(world, lambda: page.export_button.choose("json"))
    assert [(row["what"], row["customer"], row["result"]) for row in rows] == [("Failed", "=Nordwind", "No field")]
    page.close()


def test_dead_letters(world: DeskWorld) -> None:
    page = DeadLettersPage(world.desk)
    asyncio.run(world.desk.dead_letters.scan())
    page.frame()
    rows = exported(world, lambda: page.inventory.export_button.choose("json"))
    assert {(row["message_id"], row["customer"]) for row in rows} == {("m1", "=Nordwind"), ("m2", "Old Mill")}
    page.close()


def test_nothing_is_exported_where_that_is_off(world: DeskWorld) -> None:
    world.desk.jobs.role = NOT_YET
    page = JobsPage(world.desk)
    page.take(Changes(jobs={"j1", "j2"}, states=True))
    assert not page.export_button.isEnabled()
    assert page.export_button.toolTip().startswith("Not before the project has answered")
    page.export_button.chosen.emit("csv")
    assert world.desk.operations.newest_first() == []
    page.close()
