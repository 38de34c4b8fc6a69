"""Run failed here: what the job page offers, asks and starts, and what the Operations list shows of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication, QShortcut
from PySide6.QtWidgets import QApplication

from app.actions.operations import Operation
from services.domain.keys import idempotency_key
from tests.fakes.desk import DeskWorld
from tests.fakes.runs import HOLD, SUBMIT
from tests.unit.widgets.pages.test_job import Shown, make, on_page, press, states
from tests.waiting import until
from widgets.pages.operations import rows
from widgets.parts.label import tip_text

BUSINESS = "Old Mill Pizza"
HOSTS = ("cityguide.localhost", "mapnook.localhost", "pagesplus.localhost")


@pytest.fixture(params=["operator"])
def world(request: pytest.FixtureRequest, qt_app: QApplication, tmp_path: Path) -> Iterator[DeskWorld]:
    made = make(tmp_path, role=request.param)
    failed_job(made)
    yield made
    made.close()


def failed_job(world: DeskWorld) -> None:
    """Job j1 with three directories that failed, and one that was tried for a business of another name."""
    world.job("j1", BUSINESS, "completed")
    for number, host in enumerate((*HOSTS, "renamed.localhost")):
        name = "Old Mill" if host.startswith("renamed") else BUSINESS
        key = idempotency_key("j1", host, {"name": name, "dir": host})
        url = f"http://{host}:9/add"
        item = {"id": str(number), "submission_queue_id": "j1", "directory_url": url, "status": "failed"}
        world.store.put("directory_submissions", item)
        row = {"id": str(number), "job_id": "j1", "directory_name": host, "status": "failed", "idempotency_key": key}
        world.store.put("job_results", {**row, "error_message": "Timeout: the page did not open"})
    world.runner.script = (
        {"kind": "started", "browser": "chromium 140", "sandbox": True}, HOLD,
        {"kind": "step", "index": SUBMIT, "status": "running"},
        {"kind": "verdict", "status": "submitted", "reasons": ["The page thanks"], "before_submit": False},
        {"kind": "ended", "status": "done", "ms": 1},
    )  # fmt: skip


def hit(shown: Shown, key: str) -> None:
    """What the page does on a key."""
    found = [one for one in shown.page.findChildren(QShortcut) if one.key().toString() == key]
    found[0].activated.emit()


def newest(world: DeskWorld) -> Operation:
    return world.desk.operations.newest_first()[0]


def test_it_is_asked_about_and_its_row_is_steered(world: DeskWorld) -> None:
    async def act(shown: Shown) -> None:
        button = shown.page.run_failed_button
        assert (button.words(), button.isEnabled()) == ("Run failed here…", True)
        hit(shown, "Shift+H")
        sheet = shown.sheet()
        assert sheet is not None
        assert press(sheet).words() == "Submit 3"
        assert not press(sheet).isEnabled(), "a reason is wanted"
        shown.confirm("the form is mended")
        await until(lambda: len(world.runner.requests) == 2)
        shown.page.frame()
        assert not button.isEnabled()
        assert button.toolTip() == tip_text("Its failed directories are being run here.")
        row = rows.operation_row(newest(world), world.desk)
        assert (row.name, row.acts, row.shape) == (
            f"Run 3 failed directories here: {BUSINESS}", ("Pause", "Cancel"), "running",
        )  # fmt: skip
        rows.pressed(world.desk, row.key, "Pause")
        row = rows.operation_row(newest(world), world.desk)
        assert (row.acts, row.shape, row.more) == (("Go on", "Cancel"), "paused", "paused")
        rows.pressed(world.desk, row.key, "Go on")
        world.runner.go.set()
        await until(lambda: newest(world).ended)
        assert newest(world).words == "3 of 3 submitted"

    on_page(world, act)
    assert (newest(world).state, newest(world).reason) == ("done", "the form is mended")
    assert sorted(request.directory for request in world.runner.requests) == list(HOSTS)
    assert [status for status, _ in world.claims.rows.values()] == ["submitted"] * 3


def test_what_was_left_can_be_gone_on_with_and_copied(world: DeskWorld) -> None:
    world.runner.script = ({"kind": "ended", "status": "crashed", "ms": 1, "error": "no browser"},)

    async def act(shown: Shown) -> None:
        shown.page.run_failed_button.click()
        shown.confirm()
        await until(lambda: "unknown" in states(world))
        # Three that can't be begun end it, and all of them can be tried again.
        row = rows.operation_row(newest(world), world.desk)
        assert (row.shape, row.acts) == ("unknown", ("Resume", "Give up"))
        QGuiApplication.clipboard().clear()
        rows.pressed(world.desk, row.key, "Copy")
        await until(QGuiApplication.clipboard().text)
        copied = QGuiApplication.clipboard().text()
        assert "3 in a row could not be begun" in copied
        assert "Real run: mapnook.localhost for Old Mill Pizza: Not begun: no browser" in copied

    on_page(world, act)


@pytest.mark.parametrize("world", ["viewer"], indirect=True)
def test_a_viewer_reads_why_it_is_off(world: DeskWorld) -> None:
    async def act(shown: Shown) -> None:
        button = shown.page.run_failed_button
        assert not button.isEnabled()
        assert button.toolTip() == tip_text("Needs the role operator; you are viewer.")
        hit(shown, "Shift+H")
        assert shown.sheet() is None

    on_page(world, act)
