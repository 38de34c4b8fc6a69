"""A dead letter is edited on the page: findings and difference while one types, and what is refused isn't sent."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from app import tasks
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.unit.widgets.pages.test_dead_letters import on_page, until
from widgets.pages.dead_letters import DeadLettersPage
from widgets.pages.dead_letters.editing import EditView
from widgets.parts.sheet import ConfirmSheet

BODY = json.dumps({"job_id": "j0", "customer_id": "c-j0", "package_size": "starter", "priority": 3})
LETTERS = {"m0": BODY, "m1": "job_id=j0", "m2": json.dumps({"job_id": "j1"})}


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[DeskWorld]:
    made = DeskWorld(tmp_path, FakeQueues(LETTERS, time.time), time.time, "operator")
    made.job("j0", "Alder Bikes", "pending", package_type="professional", package_size=300)
    made.job("j1", "Birch Toys", "cancelled")
    item = {"id": "s1", "submission_queue_id": "j0", "directory_url": "https://d1.example/", "status": "pending"}
    made.store.put("directory_submissions", item)
    made.loaded("jobs")
    made.store.take_changed()
    yield made
    made.close()


def edit(page: DeadLettersPage, key: str) -> tuple[ConfirmSheet, EditView]:
    page.table.go_to(page.model.row_of(key))
    page.inspector.act("edit").click()
    assert page.sheet is not None
    [view] = page.sheet.findChildren(EditView)
    page.sheet.findChildren(QLineEdit)[0].setText("read wrongly")
    return page.sheet, view


def typed(view: EditView, body: str) -> None:
    view.editor.setPlainText(body)
    view.look_now()


def test_the_job_s_values_are_taken_shown_as_a_difference_and_sent(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        sheet, view = edit(page, "m0")
        assert "priority: 3 is read as “starter”." in view.words()
        assert (view.diff.lines(), sheet._confirm.toolTip()) == ([], "Nothing is changed. Replay it as it is.")
        view.correct_button.click()
        view.look_now()
        said = [(sign, text.strip()) for sign, text in view.diff.lines() if sign != " "]
        assert ("-", '"priority": 3') in said
        assert ("+", '"priority": "pro"') in said
        assert view.job.text() == "Its job: 1 send, 0 live."
        assert not [words for words in view.words() if "is read as" in words]
        sheet._confirm.click()
        await until(page, lambda: world.queues.sent)
        sent = json.loads(world.queues.sent[0])
        assert (sent["priority"], sent["package_size"]) == ("pro", 300)
        await until(page, lambda: "m0" not in world.queues.dead)
        await until(page, lambda: world.desk.operations.newest_first()[0].state == "done")
        wish = world.desk.operations.newest_first()[0]
        assert (wish.label, wish.reason) == ("Replay 1 edited message of job j0", "read wrongly")
        page.tabs.choose("archived")
        page.tabs.chosen.emit("archived")
        await until(page, lambda: page.kept.model.rowCount() == 1)
        shown = page.inspector.shown
        assert shown is not None
        assert (shown.words, shown.body) == ("Replayed with another body", BODY)
        assert "replayed with another body" in page.kept.put_back_button.toolTip()
        page.tabs.choose("journal")
        page.tabs.chosen.emit("journal")
        assert '"priority": "pro"' in page.inspector.message.value("Sent instead")

    on_page(world, act)


def test_what_is_refused_can_not_be_confirmed(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        sheet, view = edit(page, "m0")
        for body, why in (
            ("{", "The message is not JSON. The subscriber can't read it."),
            (BODY.replace("j0", "j9"), "It would start another job than the letter was sent for."),
            (BODY.replace("starter", "\x00"), "It has characters that a queue doesn't take."),
        ):
            typed(view, body.replace("\\u0000", "\x00"))
            assert not sheet._confirm.isEnabled()
            if "characters" not in why:
                assert view.words()[0].endswith(why)
            sheet.confirmed.emit("all the same")
        typed(view, BODY.replace("}", ', "' + '": 1, "'.join("abcdefghi") + '": 1}'))
        assert sheet._confirm.isEnabled()
        sheet.cancel()
        assert (world.queues.sent, world.desk.operations.newest_first()) == ([], [])

    on_page(world, act)


def test_a_body_that_nobody_can_read_is_made_whole_unless_its_job_would_not_run(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        assert not page.replay_button.isEnabled() or page.model.row_of("m1") != page.table.current_row()
        sheet, view = edit(page, "m1")
        assert not view.correct_button.isVisible()
        typed(view, json.dumps({"job_id": "j1"}))
        assert (view.job.text(), sheet._confirm.isEnabled()) == ("The job is cancelled.", False)
        typed(view, json.dumps({"job_id": "j0"}))
        assert sheet._confirm.isEnabled()
        sheet.cancel()

    on_page(world, act)


def test_a_letter_whose_job_would_not_run_is_not_replayed_by_one_click(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        page.table.go_to(page.model.row_of("m2"))
        assert not page.replay_button.isEnabled()
        assert page.replay_button.toolTip() == "The job is cancelled."

    on_page(world, act)


def test_the_keyboard_gets_into_the_editor_and_out_of_it(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        sheet, view = edit(page, "m0")
        sheet._confirm.setFocus()
        sheet.focusNextPrevChild(True)
        QTest.keyClick(sheet, Qt.Key.Key_Tab)
        assert sheet._stops == (view.editor, view.correct_button)
        sheet.cancel()
        await until(page, lambda: not tasks.running())

    on_page(world, act)


def test_who_may_not_send_may_not_edit(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        world.desk.dead_letters.role = "viewer"
        page._tick()
        button = page.inspector.act("edit")
        assert not button.isEnabled()
        assert "Needs the role operator" in button.toolTip()
        page._press_edit()
        assert page.sheet is None
        assert world.desk.dead_letters.why_not_edit(None) == "Choose a dead letter first."

    on_page(world, act)
