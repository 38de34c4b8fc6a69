"""The archive and the journal on the page of dead letters: what they list, put back, and a person's word."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit

from app import tasks
from app.models.table_model import CELL_ROLE
from services.domain.errors import NotReachable
from services.ports.wishes import DeadLetter
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.unit.widgets.pages.test_dead_letters import on_page, toasts, until
from widgets.pages.dead_letters import DeadLettersPage
from widgets.pages.dead_letters.xray_view import XRayView
from widgets.parts.check_box import CheckBox
from widgets.parts.label import ElidedLabel
from widgets.parts.sheet import ConfirmSheet

BODIES = {f"m{n}": json.dumps({"job_id": f"j{n}", "priority": "pro", "package_size": 3}) for n in range(3)}


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[DeskWorld]:
    made = DeskWorld(tmp_path, FakeQueues(BODIES, time.time), time.time, "operator")
    for n in range(3):
        made.job(f"j{n}", f"Business {n}", "pending")
    made.loaded("jobs", "queue_history")
    made.store.take_changed()
    yield made
    made.close()


def cells(page: DeadLettersPage, view: str, key: str) -> list[str]:
    model = page.views[view].model
    row = model.row_of(key)
    return [model.index(row, column).data(CELL_ROLE).text for column in range(model.columnCount())]


def show(page: DeadLettersPage, tab: str) -> None:
    page.tabs.choose(tab)
    page.tabs.chosen.emit(tab)


def said(sheet: ConfirmSheet) -> str:
    return " ".join(part.text() for part in sheet.findChildren(QLabel))


def test_what_is_archived_is_listed_with_body_reason_when_and_by_whom_and_put_back(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        await world.desk.batches.archive(["m0", "m1"], reason="ordered twice")
        show(page, "archived")
        await until(page, lambda: page.kept.model.rowCount() == 2)
        row = cells(page, "archived", "m0")
        assert row[0] == "Archived"
        assert row[2:] == ["Business 0", "j0", "ordered twice", "desk-1", "pro, 3 directories"]
        assert not page.replay_button.isVisible()
        world.job("j0", "Renamed", "pending")
        page.take(world.store.take_changed())
        assert (cells(page, "archived", "m0")[2], cells(page, "journal", "m0")[2]) == ("Renamed", "Renamed")
        page.kept.table.go_to(page.kept.model.row_of("m0"))
        shown = page.inspector
        assert shown.body.toPlainText() == BODIES["m0"]
        assert (shown.message.value("By"), shown.message.value("Reason")) == ("desk-1", "ordered twice")
        page.kept.table.selectAll()
        assert page.kept.put_back_button.accessibleName() == "Put back 2…"
        page.kept.put_back_button.click()
        sheet = page.kept.sheet
        assert sheet is not None
        assert "Put back 2 archived letters in LOCAL" in said(sheet)
        [view] = sheet.findChildren(XRayView)
        assert view.jobs_model.rowCount() == 2
        assert set(world.queues.dead) == {"m2"}
        sheet.confirmed.emit("it was one order")
        await until(page, lambda: page.kept.faces.face_words() == "Nothing is archived.")
        assert sorted(world.queues.dead.values()) == sorted(BODIES.values())
        assert world.queues.sent == []
        wish = world.desk.operations.newest_first()[0]
        assert (wish.act, wish.state, wish.done, wish.reason) == ("put_back", "done", 2, "it was one order")
        await until(page, lambda: page.model.rowCount() == 3)

    on_page(world, act)


def test_of_those_that_are_chosen_the_ones_go_back_that_can(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        records = world.desk.records
        await world.desk.batches.archive(["m0", "m1", "m2"], reason="")
        await records.read()
        records.doing.add("m1")
        show(page, "archived")
        page._show_records()
        page.kept.table.selectAll()
        page._show_current()
        assert page.kept.put_back_button.accessibleName() == "Put back 2…"
        page.kept.put_back()
        assert page.kept.sheet is not None
        assert "1 of the 3 chosen stay in the archive: One of these is being put back." in said(page.kept.sheet)
        page.kept.sheet.confirmed.emit("why")
        await until(page, lambda: len(world.queues.dead) == 2)
        await until(page, lambda: set(records.kept) == {"m1"})
        told = "Put back: 2 of 2 done."
        await until(
            page, lambda: told in [part.text() for one in toasts(page) for part in one.findChildren(ElidedLabel)]
        )

    on_page(world, act)


def test_what_cannot_be_put_back_is_named_and_stays(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        await world.desk.batches.archive(["m0", "m1"], reason="")
        await world.desk.records.read()
        world.queues.faults["send"] = NotReachable("The queue does not answer.")
        await world.desk.records.put_back(["m0", "m1"], reason="why")
        wish = world.desk.operations.newest_first()[0]
        assert (wish.state, wish.done) == ("unknown", 0)
        nobody = "Nobody knows whether it was put back: The queue does not answer."
        assert wish.words == f"0 of 2 done. m0: {nobody} m1: {nobody}"
        show(page, "archived")
        await until(page, lambda: page.kept.model.rowCount() == 2)
        assert cells(page, "archived", "m0")[0] == "Put back unknown"
        page.kept.table.selectAll()
        assert "Say so in the journal" in page.kept.put_back_button.toolTip()
        page.kept.put_back()
        assert page.kept.sheet is None
        # What became of it is a person's to say.
        world.queues.faults.clear()
        show(page, "journal")
        await until(page, lambda: page.journal.open_decisions() == 2)
        await world.desk.records.decide("m0", sent=False, reason="the queue has none")
        await world.desk.records.decide("m1", sent=True, reason="the queue has it")
        assert {key: kept.archived.state for key, kept in world.desk.records.kept.items()} == {"m0": "archived"}

    on_page(world, act)


def test_of_whose_queue_nothing_is_known_a_person_says_that_it_belongs_here(world: DeskWorld) -> None:
    """As an earlier version has archived m0; m1 came from another queue."""
    for key, dlq in (("m0", ""), ("m1", "arn:aws:sqs:us-east-2:1:Staging-dlq")):
        letter = DeadLetter(key, "", world.queues.dead.pop(key))
        world.journal.plan_batch(key, "archive", [letter], actor="desk-1", reason="junk", dlq=dlq)
        world.journal.move(key, "archiving")
        world.journal.move(key, "archived")
        world.journal.end_batch(key, "done", "")

    async def act(page: DeadLettersPage) -> None:
        show(page, "archived")
        await until(page, lambda: page.kept.model.rowCount() == 2)
        page.kept.table.go_to(page.kept.model.row_of("m1"))
        assert page.kept.put_back_button.toolTip() == "It came from Staging-dlq, and this console works on dlq."
        page.kept.table.go_to(page.kept.model.row_of("m0"))
        assert page.inspector.message.value("Came from") == "not known"
        page.kept.put_back_button.click()
        sheet = page.kept.sheet
        assert sheet is not None
        sheet.findChildren(QLineEdit)[0].setText("it was one order")
        assert sheet._confirm.toolTip() == "Say first where they belong"
        [box] = [box for box in sheet.findChildren(CheckBox) if box.isVisible()]
        assert box.text() == "It belongs to dlq"
        box.click()
        assert sheet._confirm.isEnabled()
        sheet._confirm.click()
        await until(page, lambda: len(world.queues.dead) == 2)

    on_page(world, act)


async def lose_a_send(world: DeskWorld, page: DeadLettersPage) -> None:
    """The send of m0 has no answer."""
    world.queues.faults["send"] = NotReachable("The queue did not answer.")
    await world.desk.batches.replay(world.desk.batches.weigh(["m0"]), reason="the pool was down")
    world.queues.faults.clear()
    await until(page, lambda: not tasks.running())
    show(page, "journal")
    await until(page, lambda: page.journal.open_decisions() == 1)
    page.journal.table.go_to(page.journal.model.row_of("m0"))
    await until(page, lambda: world.desk.records.steps.get("m0"))


@pytest.mark.parametrize("sent", [True, False])
def test_a_send_without_an_answer_is_decided_on_its_evidence(world: DeskWorld, sent: bool) -> None:
    async def act(page: DeadLettersPage) -> None:
        await lose_a_send(world, page)
        row = cells(page, "journal", "m0")
        assert (row[0], row[2], row[3], row[7]) == ("Send unknown", "Business 0", "j0", "Decide")
        shown = page.inspector
        await until(page, lambda: "Nothing came in the history" in " ".join(shown.evidence.words()))
        assert "The last look at the dead letters still shows it." in shown.evidence.words()
        if sent:
            world.event(1, "j0", "queue_claimed", ago=-1.0)
            page.take(world.store.take_changed())
            assert "it seems to have arrived" in " ".join(shown.evidence.words())
        assert shown.shown is not None
        assert [one.words for one in shown.shown.acts] == ["It was sent…", "It was not sent…"]
        shown.act("sent" if sent else "not sent").click()
        sheet = page.journal.sheet
        assert sheet is not None
        assert f"Say that 1 message was {'' if sent else 'not '}sent in LOCAL" in said(sheet)
        sheet.findChildren(QLineEdit)[0].setText("I looked at the queue")
        # What may start a job twice is not said at once.
        assert sheet._confirm.isEnabled() == sent
        sheet.confirmed.emit("I looked at the queue")
        await until(page, lambda: not world.desk.records.records["m0"].is_open)
        entry = world.journal.entry("m0")
        assert entry is not None
        assert entry.state == ("delete_unconfirmed" if sent else "skipped")
        assert entry.why == f"desk-1 says that it was {'' if sent else 'not '}sent: I looked at the queue"
        assert world.desk.dead_letters.lines["m0"].doing == ("duplicate_possible" if sent else "")
        await until(page, lambda: toasts(page))
        await until(page, lambda: shown.evidence.words() == [] and not shown.acts[0].isVisible())
        last = "Not deleted" if sent else "Not sent"
        await until(page, lambda: shown.steps._rows[0][0].text() == last)
        wish = world.desk.operations.newest_first()[0]
        assert (wish.act, wish.state, wish.reason) == ("decide", "done", "I looked at the queue")

    on_page(world, act)


def test_a_viewer_reads_why_they_may_not_decide(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        await lose_a_send(world, page)
        world.desk.dead_letters.role = "viewer"
        page._tick()
        button = page.inspector.act("sent")
        assert not button.isEnabled()
        assert "Needs the role operator" in button.toolTip()
        with pytest.raises(Exception, match="Needs the role"):
            await world.desk.records.decide("m0", sent=True, reason="")
        with pytest.raises(Exception, match="Choose archived letters first"):
            await world.desk.records.put_back([], reason="")

    on_page(world, act)


def test_an_operation_that_was_cut_off_is_given_up_from_its_letter(world: DeskWorld) -> None:
    letter = DeadLetter("m0", "", BODIES["m0"])
    wish = world.desk.operations.plan("archive", "Archive 1 dead letter", "", actor="desk-1", reason="junk")
    world.journal.plan_batch(wish.id, "archive", [letter], actor="desk-1", reason="junk", dlq="dlq")
    world.journal.move("m0", "archiving")
    world.desk.operations.move(wish.id, "unknown", "The program ended in the middle.")

    async def act(page: DeadLettersPage) -> None:
        show(page, "archived")
        await until(page, lambda: page.kept.model.rowCount() == 1)
        assert cells(page, "archived", "m0")[0] == "Maybe still there"
        page.kept.table.selectAll()
        assert "go on with it, or give it up" in page.kept.put_back_button.toolTip()
        show(page, "journal")
        page.journal.table.go_to(0)
        page._show_current()
        assert page.inspector.message.value("Operation") == "Archive 1 dead letter"
        page.inspector.act("Give up").click()
        await until(page, lambda: world.desk.operations.newest_first()[0].state == "undone")
        await world.desk.records.read()
        page.frame()
        assert cells(page, "journal", "m0")[0] == "Archived, maybe still there"
        show(page, "archived")
        assert page.kept.put_back_button.isEnabled()
        # It never left the queue: nothing is doubled.
        await world.desk.records.put_back(["m0"], reason="")
        assert world.desk.operations.newest_first()[0].words == "It was a dead letter still."
        assert sorted(world.queues.dead) == ["m0", "m1", "m2"]

    on_page(world, act)


def test_a_journal_that_cannot_be_read_is_a_face(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        show(page, "journal")
        await until(page, lambda: page.journal.faces.face_words() == "Nothing was done yet.")
        world.journal.close()
        await world.desk.records.read()
        await world.desk.records.read_steps("m0")
        page.frame()
        assert page.journal.faces.face_words() == "The journal can't be read."
        assert page.kept.faces.face_words() == "The journal can't be read."
        page.journal.faces.pressed.emit()
        page.kept.faces.pressed.emit()
        await until(page, lambda: not tasks.running())

    on_page(world, act)


def test_a_letter_leads_to_its_job_from_everywhere(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        asked: list[str] = []
        page.open_job.connect(asked.append)
        await world.desk.batches.archive(["m1"], reason="")
        await world.desk.records.read()
        page.frame()
        page.table.opened.emit(page.model.row_of("m0"))
        page.kept.table.opened.emit(page.kept.model.row_of("m1"))
        page.journal.table.opened.emit(page.journal.model.row_of("m1"))
        assert asked == ["j0", "j1", "j1"]
        await asyncio.sleep(0)

    on_page(world, act)
