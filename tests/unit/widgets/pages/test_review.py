"""To check: both lanes are worked down with the acts that fit, and a line goes when its fact comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QApplication, QLineEdit

from app import tasks
from app.store.lanes import waiting_count
from app.store.link import TableState
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.waiting import until
from widgets.pages.job.asking import ask_declare
from widgets.pages.review import ReviewPage, rows
from widgets.pages.runs.check_button import CheckButton
from widgets.parts.button import Button
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface

LOG: dict[str, Any] = {
    "score": 4, "doubt": "Counted on little", "final_url": "http://a.localhost:9/send",
    "signs": [{"kind": "word", "weight": 3, "words": "page says “Thanks”"}],
}  # fmt: skip


class Shown:
    def __init__(self, world: DeskWorld) -> None:
        self.body = Surface()
        self.body.resize(1272, 810)
        self.page = ReviewPage(world.desk, self.body)
        self.page.declare.connect(lambda *what: ask_declare(self.body, world.desk, *what))
        self.page.setParent(self.body)
        self.page.resize(1272, 810)
        self.world = world
        world.store.take_changed()
        self.body.show()

    def rows(self) -> list[str]:
        model = self.page.model
        return [model.line(row).directory.host for row in range(model.rowCount())]

    def take(self) -> None:
        self.page.take(self.world.store.take_changed())
        self.page.frame()

    def sheet(self) -> ConfirmSheet:
        (found,) = [one for one in self.body.findChildren(ConfirmSheet) if one.isVisible()]
        return found

    def confirm(self, reason: str, listing: str | None = None) -> None:
        sheet = self.sheet()
        boxes = [box for box in sheet.findChildren(QLineEdit) if box.isVisible()]
        found = next((box for box in boxes if box.accessibleName() == "Address of the listing"), None)
        next(box for box in boxes if box is not found).setText(reason)
        button = next(part for part in sheet.findChildren(Button) if part.words() != "Cancel")
        if found is not None and listing is not None:
            found.setText("javascript:alert(1)")
            assert not button.isEnabled()
            found.setText(listing)
        button.click()


def on_page(world: DeskWorld, act: Callable[[Shown], Awaitable[None]]) -> None:
    async def whole() -> None:
        shown = Shown(world)
        try:
            await act(shown)
        finally:
            shown.body.close()
            await tasks.shutdown()

    asyncio.run(whole())


def result(world: DeskWorld, host: str, status: str, log: dict[str, Any] | None = None, **more: Any) -> None:
    row = {"id": f"r-{host}", "job_id": "j1", "directory_name": host, "status": status, "response_log": log or {}}
    world.store.put("job_results", {**row, **more})


def make(folder: Path, **more: Any) -> DeskWorld:
    made = DeskWorld(folder, FakeQueues({}, time.time), time.time, more.pop("role", "operator"), **more)
    made.loaded("jobs", "directory_submissions", "job_results", "queue_history")
    made.job("j1", "Old Mill Pizza", "completed")
    result(made, "a.localhost", "submitted", LOG, listing_url="http://a.localhost:9/listing/7")
    for number, (host, ago) in enumerate((("b.localhost", 9000.0), ("c.localhost", 99000.0))):
        result(made, host, "submitting")
        made.event(number, "j1", "unknown", host, ago=ago, error="the connection broke")
    return made


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[DeskWorld]:
    made = make(tmp_path)
    yield made
    made.close()


def states(world: DeskWorld) -> list[str]:
    return [one.state for one in world.desk.operations.newest_first()]


def test_what_is_unknown_is_listed_oldest_first_and_goes_when_it_is_declared(world: DeskWorld) -> None:
    async def act(shown: Shown) -> None:
        page = shown.page
        assert shown.rows() == ["c.localhost", "b.localhost"]
        assert page.inspector.head.words() == "c.localhost"
        assert page.inspector.why.text() == "The connection broke."
        assert page.inspector.stands_button.isHidden()
        page.inspector.say_button.choose("submitted")
        shown.confirm("found it there", "http://c.localhost:9/listing/3")
        await until(lambda: states(world) == ["done"])
        assert world.staff.calls == [("j1", ["c.localhost", "submitted", "found it there"])]
        assert world.staff.listings == ["http://c.localhost:9/listing/3"]
        result(world, "c.localhost", "submitted", {"declared": {"outcome": "submitted"}})
        world.event(9, "j1", "submitted", "c.localhost", ago=-1)
        shown.take()
        assert shown.rows() == ["b.localhost"]
        assert page.inspector.head.words() == "b.localhost"

    on_page(world, act)


def test_a_doubtful_verdict_stands_at_one_press(world: DeskWorld) -> None:
    async def act(shown: Shown) -> None:
        page = shown.page
        page.show_lane("doubt")
        assert shown.rows() == ["a.localhost"]
        inspector = page.inspector
        assert inspector.why.text() == "Counted on little."
        assert inspector.evidence.told()[0] == "+3 Page says “Thanks”"
        addresses = [row.button.address for row in inspector.links.values()]
        assert addresses[:2] == ["http://a.localhost:9/listing/7", "http://a.localhost:9/send"]
        inspector.stands_button.click()
        assert not [one for one in shown.body.findChildren(ConfirmSheet) if one.isVisible()]
        await until(lambda: states(world) == ["done"])
        assert world.staff.calls == [("j1", ["a.localhost", "submitted", "submitted", ""])]
        result(world, "a.localhost", "submitted", {**LOG, "reviewed": {"outcome": "submitted"}})
        shown.take()
        assert shown.rows() == []
        assert page.faces.face_words() == "No verdict is in doubt."
        assert inspector.head.words() == "Nothing chosen"

    on_page(world, act)


def test_another_end_needs_a_reason_and_a_second_listing_a_moment_to_think(world: DeskWorld) -> None:
    async def act(shown: Shown) -> None:
        page = shown.page
        page.show_lane("doubt")
        page.inspector.say_button.choose("submitted")  # off: it counts as that
        page.inspector.say_button.choose("failed")
        button = next(part for part in shown.sheet().findChildren(Button) if part.words().startswith("Say not"))
        assert not button.isEnabled()
        shown.sheet().cancel()
        page.inspector.say_button.choose("skipped")
        shown.confirm("they left")
        await until(lambda: states(world) == ["done"])
        assert world.staff.calls == [("j1", ["a.localhost", "submitted", "skipped", "they left"])]

    on_page(world, act)


def test_a_link_is_opened_by_the_guarded_opener_and_a_question_copied(
    world: DeskWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))

    async def act(shown: Shown) -> None:
        shown.page.show_lane("doubt")
        shown.page.inspector.links["Listing"].button.click()
        assert opened == ["http://a.localhost:9/listing/7"]
        shown.page.inspector.copy_button.click()
        asked = QGuiApplication.clipboard().text()
        assert asked.startswith("Is Old Mill Pizza listed at a.localhost? Its form was sent")
        assert asked.endswith("directory-bolt://local/jobs/j1")
        jobs: list[str] = []
        shown.page.open_job.connect(jobs.append)
        shown.page.inspector.open_button.click()
        assert jobs == ["j1"]

    on_page(world, act)


def test_each_kind_of_nothing_is_said(qt_app: QApplication, tmp_path: Path) -> None:
    world = DeskWorld(tmp_path, FakeQueues({}, time.time), time.time, "viewer")

    async def act(shown: Shown) -> None:
        assert shown.page.faces.face_words() == ""  # being read
        world.store.set_state("job_results", TableState(kind="not_permitted", problem="Not readable."))
        shown.take()
        assert shown.page.faces.face_words() == "Not readable."
        assert (shown.page.tabs._tabs._counts, shown.page.as_of._words.text()) == ({}, "not read")
        assert CheckButton(world.store).words() == "To check"
        world.loaded("job_results")
        shown.take()
        assert shown.page.faces.face_words() == "No outcome is unknown."
        assert shown.page.tabs._tabs._counts == {"unknown": "0", "doubt": "0"}

    on_page(world, act)
    world.close()


def test_a_viewer_reads_what_saying_needs(qt_app: QApplication, tmp_path: Path) -> None:
    world = make(tmp_path, role="viewer")

    async def act(shown: Shown) -> None:
        assert shown.page.inspector.say_button.toolTip() == "Needs the role operator; you are viewer."
        shown.page.show_lane("doubt")
        assert not shown.page.inspector.stands_button.isEnabled()

    on_page(world, act)
    world.close()


def test_production_asks_before_it_notes_that_a_verdict_stands(qt_app: QApplication, tmp_path: Path) -> None:
    world = make(tmp_path, environment="production")

    async def act(shown: Shown) -> None:
        shown.page.show_lane("doubt")
        shown.page.inspector.stands_button.click()
        assert shown.sheet().isVisible()
        assert world.staff.calls == []

    on_page(world, act)
    world.close()


def test_very_many_come_in_over_several_frames(world: DeskWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_PORTION", 0.0)
    for number in range(5):
        world.job(f"k{number}", f"Business {number}", "completed")
        row = {"id": f"k{number}", "job_id": f"k{number}", "directory_name": "k.localhost", "status": "submitted"}
        world.store.put("job_results", {**row, "response_log": LOG})

    async def act(shown: Shown) -> None:
        shown.page.show_lane("doubt")
        assert len(shown.rows()) < 6
        for _ in range(6):
            shown.page.frame()
        assert len(shown.rows()) == 6
        assert waiting_count(world.store) == 8
        world.store.remove("job_results", "k3")
        shown.take()
        assert len(shown.rows()) == 5

    on_page(world, act)


def test_what_changed_behind_the_page_is_there_when_it_comes_to_the_front(world: DeskWorld) -> None:
    async def act(shown: Shown) -> None:
        shown.page.hide()
        result(world, "d.localhost", "submitting")
        world.event(7, "j1", "unknown", "d.localhost", ago=5)
        shown.take()
        assert "d.localhost" not in shown.rows()
        shown.page.show()
        assert shown.rows() == ["c.localhost", "b.localhost", "d.localhost"]

    on_page(world, act)
