"""The sheet of many dead letters: corrected bodies beside what they change, and the plan as a file."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit
from shiboken6 import isValid

from app import tasks
from app.actions import letter_edits
from app.actions.letter_batches import AT_ONCE, XRay
from app.replay.pace import Options
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.unit.widgets.pages.test_dead_letters import on_page, until
from widgets.pages.dead_letters import DeadLettersPage
from widgets.pages.dead_letters.xray_view import XRayView
from widgets.parts.check_box import CheckBox
from widgets.parts.export_button import ExportButton
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.sheet import ConfirmSheet

BODIES = {
    "m0": json.dumps({"job_id": "j0", "customer_id": "c-j0", "package_size": "starter", "priority": 3}),
    "m1": json.dumps({"job_id": "j1", "customer_id": "c-j1", "package_size": 3, "priority": "pro"}),
    "m2": json.dumps({"job_id": "j2", "customer_id": "c-j2", "package_size": 300, "priority": 2}),
    "m3": "job_id=j3",
}


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[DeskWorld]:
    made = DeskWorld(tmp_path, FakeQueues(BODIES, time.time), time.time, "operator")
    for n in range(3):
        made.job(f"j{n}", f"Business {n}", "pending", package_type="professional", package_size=300)
        item = {"id": f"s{n}", "submission_queue_id": f"j{n}", "directory_url": f"https://d{n}.example/"}
        made.store.put("directory_submissions", {**item, "status": "pending"})
    made.desk.batches.pace = Options(rate=0, ramp=())
    made.loaded("jobs")
    made.store.take_changed()
    yield made
    made.close()


def ask(page: DeadLettersPage) -> tuple[ConfirmSheet, XRayView]:
    page.table.selectAll()
    page.replay_button.click()
    assert page.sheet is not None
    [view] = page.sheet.findChildren(XRayView)
    page.sheet.findChildren(QLineEdit)[0].setText("read wrongly")
    return page.sheet, view


def ask_grouped(page: DeadLettersPage) -> tuple[ConfirmSheet, QLineEdit]:
    page.replay_button.click()
    assert page.sheet is not None
    reason = page.sheet.findChildren(QLineEdit)[0]
    reason.setText("why")
    return page.sheet, reason


def asked(page: DeadLettersPage) -> ConfirmSheet | None:
    return page.sheet


def box(sheet: ConfirmSheet, words: str) -> CheckBox:
    return next(one for one in sheet.findChildren(CheckBox) if one.text().startswith(words))


async def exported(world: DeskWorld, page: DeadLettersPage, press: Callable[[], object]) -> list[dict[str, Any]]:
    press()
    await until(page, lambda: not tasks.running())
    done = world.desk.operations.newest_first()[0]
    assert (done.act, done.state) == ("export", "done")
    found: list[dict[str, Any]] = json.loads(text_of(done.target))
    return found


def text_of(file: str) -> str:
    return Path(file).read_text(encoding="utf-8")


def test_one_corrected_body_is_ticked_beside_its_difference_and_sent(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        sheet, view = ask(page)
        await until(page, lambda: not view.unread())
        assert view.can_correct() == 2
        view.jobs.go_to(view.jobs_model.row_of("j1"))
        assert not view.correct.isVisible()
        assert not view.diff.isVisible()
        view.jobs.go_to(view.jobs_model.row_of("j0"))
        assert "priority: 3 is read as “starter”." in view.says.text()
        shown = [(sign, text.strip().rstrip(",")) for sign, text in view.diff.lines() if sign != " "]
        assert ("-", '"priority": 3') in shown
        assert ("+", '"priority": "pro"') in shown
        assert not view.correct.isChecked()
        view.correct.click()
        assert view.jobs_model.cell(view.jobs_model.row_of("j0"), 1).text == "send 1 corrected"  # type: ignore[attr-defined]
        assert not box(sheet, "Correct the 2").isChecked()
        sheet._confirm.click()
        await until(page, lambda: len(world.queues.sent) == 3)
        sent = {json.loads(body)["job_id"]: json.loads(body) for body in world.queues.sent}
        assert (sent["j0"]["priority"], sent["j0"]["package_size"]) == ("pro", 300)
        assert json.dumps(sent["j2"]) == BODIES["m2"]
        await until(page, lambda: world.desk.operations.newest_first()[0].ended)
        assert world.desk.operations.newest_first()[0].label == "Replay 3 dead letters, 1 edited"
        [kept] = world.journal.archived()
        assert (kept.message_id, kept.body, json.loads(kept.sent_body)["priority"]) == ("m0", BODIES["m0"], "pro")

    on_page(world, act)


def test_what_comes_into_the_sheet_later_is_seen_without_scrolling(world: DeskWorld) -> None:
    async def laid_out(page: DeadLettersPage, condition: Callable[[], object]) -> None:
        def seen() -> object:
            QApplication.processEvents()  # parts have their places only then
            return condition()

        await until(page, seen)

    async def act(page: DeadLettersPage) -> None:
        page.resize(1280, 560)
        sheet, view = ask(page)
        begins = view.height()
        await laid_out(page, lambda: not view.unread() and view.diff.isVisible())
        inside = sheet._inside
        assert inside is not None
        await laid_out(page, lambda: inside.verticalScrollBar().maximum() == 0)
        every = box(sheet, "Correct the 2")
        assert every.width() >= every.sizeHint().width()
        assert not every.visibleRegion().isEmpty()
        assert (
            not next(part for part in sheet.findChildren(QLabel) if part.text().startswith("1 not sent"))
            .visibleRegion()
            .isEmpty()
        )
        page.resize(1280, 760)
        await laid_out(page, lambda: view.height() == view.maximumHeight())
        assert begins < view.height()
        sheet.cancel()
        # In a high window the tables have all their room from the start.
        sheet, view = ask(page)
        assert view.height() == view.maximumHeight()
        sheet.cancel()

    on_page(world, act)


def test_all_corrected_bodies_are_ticked_at_once_and_stand_in_the_plan_s_file(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        sheet, view = ask(page)
        every = box(sheet, "Looking at 2 read otherwise")
        assert (every.isVisible(), every.isEnabled()) == (True, False)
        await until(page, lambda: not view.unread())
        assert (every.text(), every.isEnabled()) == ("Correct the 2 read otherwise", True)
        every.click()
        assert set(view.edits()) == {"m0", "m2"}
        view.jobs.go_to(view.jobs_model.row_of("j2"))
        assert view.correct.isChecked()
        view.correct.click()
        assert (set(view.edits()), every.isChecked()) == ({"m0"}, False)
        [plan] = sheet.findChildren(ExportButton)
        rows = await exported(world, page, lambda: plan.choose("json"))
        found = {row["message_id"]: row for row in rows}
        assert {key: (row["what"], row["directory"], row["fate"]) for key, row in found.items()} == {
            "m0": ("send", "d0.example", "will submit"), "m1": ("send", "d1.example", "will submit"),
            "m2": ("send", "d2.example", "will submit"), "m3": ("not sent", "", ""),
        }  # fmt: skip
        assert json.loads(found["m0"]["sent_instead"])["priority"] == "pro"
        assert (found["m2"]["sent_instead"], found["m3"]["why_not"]) == ("", "The message is not JSON.")
        assert (found["m0"]["customer"], world.queues.sent) == ("Business 0", [])
        sheet.cancel()

    on_page(world, act)


def test_the_window_s_thread_works_no_correction_out(world: DeskWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []

    def watched(act: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            threads.append(threading.current_thread())
            return act(*args, **kwargs)

        return call

    for name in ("corrected", "weigh"):
        monkeypatch.setattr(letter_edits, name, watched(getattr(letter_edits, name)))

    async def act(page: DeadLettersPage) -> None:
        sheet, view = ask(page)
        assert view.unread() == ["m0", "m2"]
        await until(page, lambda: not view.unread())
        box(sheet, "Correct the 2").click()
        assert set(view.edits()) == {"m0", "m2"}
        assert len(threads) == 4
        assert threading.main_thread() not in threads
        # Of one that is closed before its corrections are there nothing is left to show them.
        sheet.cancel()
        sheet, view = ask(page)
        sheet.cancel()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        assert not isValid(view)
        await until(page, lambda: not tasks.running())

    on_page(world, act)


def test_what_is_not_sent_is_counted_by_its_reason_and_nothing_is_promised_for_it(world: DeskWorld) -> None:
    world.job("j1", "Business 1", "cancelled", package_type="professional", package_size=300)
    world.store.take_changed()

    async def act(page: DeadLettersPage) -> None:
        sheet, view = ask(page)
        said = [part.text() for part in sheet.findChildren(QLabel)]
        assert (
            said.count("1 not sent: The job is cancelled.") == said.count("1 not sent: The message is not JSON.") == 1
        )
        facts = [part.words() for part in sheet.findChildren(GlyphLabel)]
        assert facts[:2] == ["2 will submit", "0 already live"]
        view.jobs.go_to(view.jobs_model.row_of("j1"))
        [directory] = [view.directories_model.line(row) for row in range(view.directories_model.rowCount())]
        assert (directory.fate, directory.why) == ("blocked", "The job is cancelled.")
        sheet.cancel()
        assert [page.inventory._seen(job) for job in ("j0", "j1")] == ["1 send, 0 live", "not sent: cancelled"]

    on_page(world, act)


def test_a_sheet_that_would_do_nothing_can_not_be_confirmed(world: DeskWorld) -> None:
    for n in range(2):
        world.job(f"j{n}", f"Business {n}", "completed")
    done = {"id": "s0", "submission_queue_id": "j0", "directory_url": "https://d0.example/", "status": "submitted"}
    world.store.put("directory_submissions", done)
    world.store.take_changed()

    async def act(page: DeadLettersPage) -> None:
        for key in ("m0", "m3"):
            page.table.selectionModel().clear()
            page.inventory.model.set_filter(lambda row, key=key: row.line.id in ("m3", key))  # type: ignore[misc]
            page.table.selectAll()
            page.inventory.group_by("error" if key == "m3" else "")
            page.inventory.groups.selectAll()
            sheet, _ = ask_grouped(page)
            if key == "m0":
                assert (sheet._confirm.words(), sheet._confirm.isEnabled()) == ("Archive only", True)
                box(sheet, "Archive the 1").click()
            assert sheet._confirm.toolTip() == "None of these can be sent"
            sheet.cancel()

    on_page(world, act)


def test_archive_and_journal_are_written_to_a_file(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        assert not page.kept.export_button.isEnabled()
        await world.desk.batches.archive(["m1", "m3"], reason="=junk")
        await world.desk.records.read()
        page.frame()
        rows = await exported(world, page, lambda: page.kept.export_button.choose("json"))
        assert {row["message_id"]: (row["customer"], row["came_from"], row["body"]) for row in rows} == {
            "m1": ("Business 1", "dlq", BODIES["m1"]), "m3": ("", "dlq", BODIES["m3"]),
        }  # fmt: skip
        rows = await exported(world, page, lambda: page.journal.export_button.choose("json"))
        assert {(row["message_id"], row["state"], row["operation"], row["reason"]) for row in rows} == {
            (key, "archived", "Archive 2 dead letters", "=junk") for key in ("m1", "m3")
        }
        page.kept.export_button.choose("csv")
        await until(page, lambda: not tasks.running())
        # A spreadsheet is not to take it for a formula.
        assert '"\'=junk"' in text_of(world.desk.operations.newest_first()[0].target)
        world.desk.jobs.role = "locked"
        page.kept.show_face()
        page.kept.export_button.chosen.emit("csv")
        assert not page.kept.export_button.isEnabled()

    on_page(world, act)


def test_many_are_weighed_while_the_window_goes_on(qt_app: QApplication, tmp_path: Path) -> None:
    bodies = {f"m{n}": json.dumps({"job_id": f"j{n}"}) for n in range(3 * AT_ONCE)} | {"odd": "no json"}
    world = DeskWorld(tmp_path, FakeQueues(bodies, time.time), time.time, "operator")
    for n in range(3 * AT_ONCE):
        world.job(f"j{n}", f"Business {n}", "pending")
    world.loaded("jobs")
    world.store.take_changed()

    async def look(page: DeadLettersPage) -> None:
        page.table.selectAll()
        seen: list[int] = []
        batches, look_into = world.desk.batches, world.desk.batches.look_into
        looked: list[str] = []

        def counted(job_id: str) -> XRay | None:
            looked.append(job_id)
            return look_into(job_id)

        batches.look_into = counted  # type: ignore[method-assign]
        page.replay_button.click()
        while asked(page) is None:
            seen.append(len(looked))
            await asyncio.sleep(0)
        assert max(after - before for before, after in pairwise(seen)) == AT_ONCE
        sheet = asked(page)
        assert sheet is not None
        assert "Replay 61 dead letters: 60 sends" in " ".join(part.text() for part in sheet.findChildren(QLabel))
        sheet.cancel()
        page.sheet = None
        # What has begun meanwhile keeps the sheet away.
        page.replay_button.click()
        world.desk.dead_letters.role = "viewer"
        await until(page, lambda: "weigh letters" not in tasks.running())
        assert asked(page) is None

    on_page(world, look)
    world.close()
