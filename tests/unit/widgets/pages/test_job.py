"""The job page: which acts are offered, what is asked before them, and that an act reaches the database once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from app import tasks
from app.actions.pictures import Pictures
from app.store.lines import DirectoryLine
from services.domain.case_file import unpack
from services.domain.result import Result
from tests.fakes.desk import DeskWorld
from tests.fakes.pictures import FakePictures
from tests.fakes.queues import FakeQueues
from tests.waiting import until
from widgets.pages.job.inspector import Inspector
from widgets.pages.job.page import JobPage
from widgets.parts.button import Button
from widgets.parts.export_button import PLAN
from widgets.parts.json_tree import JsonTree
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface

HOST = "mapnook.localhost"


class Shown:
    """A window with the page of job j1 in it."""

    def __init__(self, world: DeskWorld) -> None:
        self.world = world
        self.body = Surface()
        self.body.resize(1272, 810)
        self.page = JobPage(world.desk, self.body)
        self.page.setParent(self.body)
        self.page.resize(1272, 810)
        world.store.take_changed()
        self.page.show_job("j1")
        self.body.show()

    def sheet(self) -> ConfirmSheet | None:
        found = [one for one in self.body.findChildren(ConfirmSheet) if one.isVisible()]
        return found[0] if found else None

    def confirm(self, reason: str = "asked", typed: str = "") -> None:
        """Fill the sheet that is open and press its button."""
        sheet = self.sheet()
        assert sheet is not None
        boxes = [
            box for box in sheet.findChildren(QLineEdit)
            if box.isVisible() and box.accessibleName() != "Address of the listing"
        ]  # fmt: skip
        for box, text in zip(boxes, (reason, typed), strict=False):
            box.setText(text)
        press(sheet).click()

    def choose_directory(self) -> None:
        self.page.directories.table.selectRow(0)


def press(sheet: ConfirmSheet) -> Button:
    """The button that confirms, beside Cancel and Export plan."""
    return next(part for part in sheet.findChildren(Button) if part.words() not in ("Cancel", PLAN[0]))


def words(part: QWidget) -> str:
    return part.toolTip()


def make(folder: Path, *, role: str = "operator", environment: str = "local", undo_seconds: float = 0.02) -> DeskWorld:
    queues = FakeQueues({}, time.time)
    made = DeskWorld(folder, queues, time.time, role, environment=environment, undo_seconds=undo_seconds)
    made.loaded("jobs", "directory_submissions", "job_results", "queue_history")
    return made


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[DeskWorld]:
    made = make(tmp_path)
    yield made
    made.close()


def on_page(world: DeskWorld, act: Callable[[Shown], Awaitable[None]]) -> None:
    """Run `act` in a loop that the acts find running."""

    async def whole() -> None:
        shown = Shown(world)
        try:
            await act(shown)
        finally:
            shown.body.close()
            await tasks.shutdown()

    asyncio.run(whole())


def work(world: DeskWorld, status: str, item: str) -> None:
    """Job j1 with one directory."""
    world.job("j1", "Old Mill Pizza", status)
    url = f"http://{HOST}:9/add"
    world.store.put(
        "directory_submissions", {"id": "i1", "submission_queue_id": "j1", "directory_url": url, "status": item}
    )


def doubtful(world: DeskWorld) -> None:
    """Nobody knows how the directory of j1 ended."""
    work(world, "completed", "submitting")
    world.event(1, "j1", "submitting", HOST, ago=9000)
    world.event(2, "j1", "unknown", HOST, ago=8000, error="the connection broke")


def states(world: DeskWorld) -> list[str]:
    return [one.state for one in world.desk.operations.newest_first()]


def test_pausing_needs_no_sheet(world: DeskWorld) -> None:
    work(world, "in_progress", "pending")

    async def act(shown: Shown) -> None:
        shown.page.more.choose("pause")
        assert shown.sheet() is None
        await until(lambda: states(world) == ["done"])

    on_page(world, act)
    assert world.staff.calls == [("j1", ["paused", "in_progress"])]


@pytest.mark.parametrize(
    ("name", "status", "call"),
    [
        ("cancel", "in_progress", ["cancelled", "in_progress"]),
        ("resume", "paused", ["pending", "paused"]),
        ("requeue", "pending", ["requeue", "pending"]),
    ],
)
def test_what_can_not_be_taken_back_is_asked_about(world: DeskWorld, name: str, status: str, call: list[str]) -> None:
    work(world, status, "pending")

    async def act(shown: Shown) -> None:
        shown.page.more.choose(name)
        sheet = shown.sheet()
        assert sheet is not None
        assert not press(sheet).isEnabled()
        sheet.cancel()
        assert world.staff.calls == []
        shown.page.more.choose(name)
        shown.confirm()
        await until(lambda: states(world) == ["done"])

    on_page(world, act)
    assert world.staff.calls == [("j1", call)]
    assert world.desk.operations.newest_first()[0].reason == "asked"


def test_production_is_typed(qt_app: QApplication, tmp_path: Path) -> None:
    world = make(tmp_path, environment="production")
    work(world, "failed", "failed")
    world.event(1, "j1", "failed", HOST, ago=60)

    async def act(shown: Shown) -> None:
        shown.page.retry_button.click()
        shown.confirm(typed="PRODUCTOIN")
        assert world.staff.calls == []
        shown.confirm(typed="PRODUCTION")
        await until(lambda: states(world) == ["done"])

    on_page(world, act)
    assert len(world.staff.calls) == 1
    world.close()


def test_the_key_retries_what_can_be_retried(world: DeskWorld) -> None:
    work(world, "failed", "failed")
    world.event(1, "j1", "failed", HOST, ago=60)

    async def act(shown: Shown) -> None:
        shown.page.ask_retry()
        await until(lambda: states(world) == ["done"])

    on_page(world, act)
    assert world.staff.calls == [("j1", [HOST])]


def test_the_key_does_nothing_where_nothing_failed(world: DeskWorld) -> None:
    work(world, "in_progress", "pending")

    async def act(shown: Shown) -> None:
        shown.page.ask_retry()
        assert shown.sheet() is None

    on_page(world, act)
    assert world.staff.calls == []


def test_one_directory_is_retried_at_once(world: DeskWorld) -> None:
    work(world, "failed", "failed")
    world.event(1, "j1", "failed", HOST, ago=60)

    async def act(shown: Shown) -> None:
        shown.choose_directory()
        shown.page.inspector.retry_button.click()
        assert shown.sheet() is None
        await until(lambda: states(world) == ["done"])

    on_page(world, act)
    assert world.staff.calls == [("j1", [HOST])]


def test_an_unknown_outcome_is_declared_with_a_reason(world: DeskWorld) -> None:
    doubtful(world)
    log = {"score": 2, "signs": [{"kind": "form_gone", "weight": 2, "words": "form gone"}]}
    row = {"id": "r1", "job_id": "j1", "directory_name": HOST, "status": "submitting"}
    world.store.put("job_results", {**row, "response_log": log})

    async def act(shown: Shown) -> None:
        shown.choose_directory()
        assert shown.page.inspector.declare_button.isVisible()
        assert shown.page.inspector.evidence.told()[0] == "+2 Form gone"
        shown.page.inspector.declare_button.choose("submitted")
        shown.confirm("seen on the site")
        await until(lambda: states(world) == ["done"])

    on_page(world, act)
    assert world.staff.calls == [("j1", [HOST, "submitted", "seen on the site"])]


def test_not_submitted_takes_a_moment_to_think(world: DeskWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    doubtful(world)
    late = 0.0
    monkeypatch.setattr("widgets.parts.sheet.monotonic", lambda: late)

    async def act(shown: Shown) -> None:
        nonlocal late
        shown.choose_directory()
        shown.page.inspector.declare_button.choose("failed")
        shown.confirm("looked, it isn't there")
        assert world.staff.calls == []
        sheet = shown.sheet()
        assert sheet is not None
        assert press(sheet).words() == "Declare not submitted (10 s)"
        late = 10.0
        shown.confirm("looked, it is not there")
        await until(lambda: states(world) == ["done"])

    on_page(world, act)
    assert world.staff.calls == [("j1", [HOST, "failed", "looked, it is not there"])]


def test_what_is_off_says_why(qt_app: QApplication, tmp_path: Path) -> None:
    world = make(tmp_path, role="viewer")
    work(world, "in_progress", "pending")

    async def act(shown: Shown) -> None:
        assert shown.page.more._why["cancel"] == "Needs the role operator; you are viewer."
        shown.page.more.choose("cancel")
        assert shown.sheet() is None

    on_page(world, act)
    assert world.staff.calls == []
    world.close()


def test_a_case_is_copied_and_exported(world: DeskWorld, tmp_path: Path) -> None:
    work(world, "failed", "failed")

    async def act(shown: Shown) -> None:
        shown.page.more.choose("case link")
        assert QGuiApplication.clipboard().text() == "directory-bolt://local/jobs/j1"
        shown.page.more.choose("csv")
        await until(lambda: states(world) == ["done"])
        shown.page.more.choose("case file")
        await until(lambda: states(world) == ["done", "done"])

    on_page(world, act)
    case, file = sorted((tmp_path / "exports").iterdir())
    assert unpack(case)[0].business == "Old Mill Pizza"
    assert file.name.startswith("directories-old-mill-pizza-")
    assert HOST in file.read_text(encoding="utf-8-sig")


def test_a_known_outcome_is_not_declared(world: DeskWorld) -> None:
    work(world, "failed", "failed")
    world.event(1, "j1", "failed", HOST, ago=60)

    async def act(shown: Shown) -> None:
        shown.choose_directory()
        assert not shown.page.inspector.declare_button.isVisible()
        assert shown.page.inspector.retry_button.isVisible()
        assert "completed" not in words(shown.page.more)

    on_page(world, act)


def cut_off(world: DeskWorld) -> None:
    """The newest events are held, and the job is older than they are."""
    world.job("j1", "Larkfield Bikes", "complete", age=9000.0)
    world.loaded("jobs", "queue_history")
    world.store.jobs.history_from = world.store.now() - 60


def test_older_events_are_read_when_somebody_looks_at_the_job(world: DeskWorld) -> None:
    async def act(shown: Shown) -> None:
        shown.page.frame()
        assert shown.page.activity.older_words() == "Reading older events"
        world.older_may_come.set()
        await until(lambda: not tasks.running())
        shown.page.frame()
        assert shown.page.activity.older_words() == ""
        shown.page.show_job("j1")
        assert world.asked_older == ["j1"]

    cut_off(world)
    on_page(world, act)


def test_older_events_that_can_not_be_read_are_said_and_asked_for_again(world: DeskWorld) -> None:
    async def act(shown: Shown) -> None:
        world.older_may_come.set()
        await until(lambda: not tasks.running())
        shown.page.frame()
        said = shown.page.activity.older_words()
        assert said == "Older events could not be read. The database does not answer."
        shown.page.show_job("j1")  # not over and over again
        assert world.asked_older == ["j1"]
        world.older_fails = False
        shown.page.activity.try_again.emit()
        await until(lambda: not tasks.running())
        shown.page.frame()
        assert shown.page.activity.older_words() == ""
        assert world.asked_older == ["j1", "j1"]

    cut_off(world)
    world.older_fails = True
    on_page(world, act)


def test_another_job_takes_the_place_of_the_one_that_is_read(world: DeskWorld) -> None:
    async def act(shown: Shown) -> None:
        await until(lambda: world.asked_older == ["j1"])
        shown.page.show_job("j2")
        world.older_may_come.set()
        await until(lambda: not tasks.running())
        shown.page.frame()
        assert world.asked_older == ["j1", "j2"]
        assert world.store.jobs.holds_all_events("j2")
        assert not world.store.jobs.holds_all_events("j1")
        assert shown.page.activity.older_words() == ""

    cut_off(world)
    world.job("j2", "Larkfield Cafe", "complete", age=9000.0)
    on_page(world, act)


def test_a_job_that_is_opened_from_its_list_shows_its_own_facts_at_once(world: DeskWorld) -> None:
    async def act(shown: Shown) -> None:
        shown.page.hide()
        world.job("j2", "Larkfield Cafe", "complete", package_type="enterprise", package_size=7)
        world.store.take_changed()
        shown.page.show_job("j2")
        assert {shown.page._facts[name].text() for name in ("Package", "Priority")} == {"Enterprise, 7", "enterprise"}

    on_page(world, act)


def test_what_others_wrote_into_a_result_is_shown_without_passwords(qt_app: QApplication, tmp_path: Path) -> None:
    plan = [{"action": "fill", "selector": "#password", "value": "correct horse"}, {"action": "click"}]
    row = {
        "id": "r",
        "payload": {"business": {"name": "Old Mill"}, "plan": plan},
        "response_log": {"api_key": "abcdef"},
    }
    inspector = Inspector(tmp_path, Pictures(FakePictures()))
    inspector.show_line(DirectoryLine("j1", HOST, result=Result.from_row(row)))
    tree = inspector.findChild(JsonTree)
    assert tree is not None
    model = tree.model()
    match = Qt.MatchFlag.MatchContains | Qt.MatchFlag.MatchRecursive

    def seen(words: str) -> int:
        return len(model.match(model.index(0, 1), Qt.ItemDataRole.DisplayRole, words, -1, match))

    assert [seen(words) for words in ("correct horse", "abcdef", "•••", "[redacted]", "Old Mill")] == [0, 0, 1, 1, 1]
    inspector.close()
