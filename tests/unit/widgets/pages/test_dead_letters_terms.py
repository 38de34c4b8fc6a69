"""What stands against a replay is words on the page: queues, rights, sign-ins, a full disk; and nothing is sent."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtWidgets import QApplication, QLineEdit

from app import tasks
from app.actions.registry import READ_ONLY
from services.clients.sqs_errors import EXPIRED
from services.domain.errors import ConsoleError, NotInstalled, NotPermitted
from services.ports.wishes import DeadLetter
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.unit.widgets.pages.test_dead_letters import on_page, toasts, until
from widgets.pages.dead_letters import DeadLettersPage
from widgets.parts.label import ElidedLabel
from widgets.parts.sheet import ConfirmSheet

LETTERS = {f"m{n}": json.dumps({"job_id": f"j{n}"}) for n in range(3)}
LACKS = "This sign-in lacks the right {} on DirectoryBolt."


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[DeskWorld]:
    made = DeskWorld(tmp_path, FakeQueues(LETTERS, time.time), time.time, "operator")
    yield made
    made.close()


async def replayed(world: DeskWorld, page: DeadLettersPage) -> str:
    """One letter through the engine as a batch, which needs no time to undo; how the operation ended."""
    await world.desk.batches.replay(world.desk.batches.weigh(["m0"]), reason="why")
    await until(page, lambda: not tasks.running())
    page.frame()
    page._tick()
    return world.desk.operations.newest_first()[0].words


def test_a_main_queue_that_names_no_dead_letters_takes_an_admin_s_word(world: DeskWorld) -> None:
    world.queues.named = ""

    async def act(page: DeadLettersPage) -> None:
        band = page.inventory
        assert band.terms.isVisible()
        assert "An admin has to confirm" in band.terms_words.text()
        assert not page.replay_button.isEnabled()
        assert "An admin has to confirm" in page.replay_button.toolTip()
        assert page.archive_button.isEnabled()
        assert "Needs the role admin" in band.confirm_button.toolTip()
        band.confirm()
        assert not band.findChildren(ConfirmSheet)
        world.desk.dead_letters.role = "admin"
        page._tick()
        band.confirm_button.click()
        assert band.sheet is not None
        band.sheet.findChildren(QLineEdit)[0].setText("set up without one")
        # It may start jobs where nobody looks: not at once.
        assert not band.sheet._confirm.isEnabled()
        band.sheet.confirmed.emit("set up without one")
        await until(page, lambda: not tasks.running())
        page._tick()
        assert page.replay_button.isEnabled()
        assert not band.terms.isVisible()
        wish = world.desk.operations.newest_first()[0]
        assert (wish.act, wish.state, wish.reason) == ("confirm_target", "done", "set up without one")
        await world.desk.dead_letters.scan()
        assert "1 moved" in await replayed(world, page)
        assert len(world.queues.sent) == 1

    on_page(world, act)


def test_a_main_queue_that_names_others_takes_nobody_s_word(world: DeskWorld) -> None:
    world.queues.named = "arn:aws:sqs:us-east-2:0:Another-dlq"

    async def act(page: DeadLettersPage) -> None:
        world.desk.dead_letters.role = "admin"
        page._tick()
        assert "are in Another-dlq" in page.inventory.terms_words.text()
        assert not page.inventory.confirm_button.isVisible()
        with pytest.raises(ConsoleError, match="nothing is sent from here"):
            await world.desk.dead_letters.terms.confirm("admin", reason="all the same")
        with pytest.raises(ConsoleError, match="nothing is sent from here"):
            await world.desk.batches.replay(world.desk.batches.weigh(["m0"]), reason="")
        assert world.queues.sent == []

    on_page(world, act)


def test_a_confirmation_that_cannot_be_kept_ends_as_a_failure(world: DeskWorld) -> None:
    world.queues.named = ""

    async def act(page: DeadLettersPage) -> None:
        world.queues.faults["figures"] = NotPermitted(LACKS.format("sqs:GetQueueAttributes"))
        with pytest.raises(NotPermitted):
            await world.desk.dead_letters.terms.confirm("admin", reason="")
        wish = world.desk.operations.newest_first()[0]
        assert (wish.state, wish.words) == ("failed", LACKS.format("sqs:GetQueueAttributes"))

    on_page(world, act)


def test_a_right_to_send_that_is_missing_turns_the_button_grey_until_it_was_given(world: DeskWorld) -> None:
    words = LACKS.format("sqs:SendMessage")

    async def act(page: DeadLettersPage) -> None:
        world.queues.faults["send"] = NotPermitted(words)
        world.queues.lacks["sqs:SendMessage on DirectoryBolt"] = words
        page._tick()
        assert words in page.replay_button.toolTip()
        assert words in page.inventory.terms_words.text()
        assert words in page.inspector.act("edit").toolTip()
        assert page.archive_button.isEnabled()
        world.queues.faults.clear()
        page.scan_button.click()
        await until(page, lambda: not tasks.running())
        page._tick()
        assert page.replay_button.isEnabled()
        assert not page.inventory.terms.isVisible()

    on_page(world, act)


def test_what_was_sent_can_be_deleted_without_the_right_to_send(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        letters = world.desk.dead_letters
        unreadable = msgspec.structs.replace(letters.lines["m0"].reading, problem="The message is not JSON.")
        sent = msgspec.structs.replace(letters.lines["m0"], reading=unreadable, doing="duplicate_possible")
        letters.lines["m0"] = sent
        world.queues.lacks["sqs:SendMessage on DirectoryBolt"] = LACKS.format("sqs:SendMessage")
        assert letters.why_not_replay(sent) == ""
        assert "sqs:SendMessage" in letters.why_not_replay(letters.lines["m1"])

    on_page(world, act)


def test_without_the_right_to_delete_nothing_is_sent_or_archived(world: DeskWorld) -> None:
    words = LACKS.format("sqs:DeleteMessage")

    async def act(page: DeadLettersPage) -> None:
        world.queues.lacks["sqs:DeleteMessage on DirectoryBolt-dlq"] = words
        page._tick()
        for button in (page.replay_button, page.archive_button):
            assert words in button.toolTip()

    on_page(world, act)


@pytest.mark.parametrize(
    "error",
    [
        NotPermitted(LACKS.format("sqs:SendMessage")),
        NotPermitted("There is no sign-in for the queue."),
        NotPermitted(EXPIRED),
        NotInstalled("The queue DirectoryBolt does not exist."),
    ],
    ids=str,
)
def test_a_send_that_is_refused_is_named_and_the_letter_stays(world: DeskWorld, error: ConsoleError) -> None:
    async def act(page: DeadLettersPage) -> None:
        world.queues.faults["send"] = error
        assert str(error) in await replayed(world, page)
        assert toasts(page)
        assert (world.queues.sent, len(world.queues.dead)) == ([], 3)
        entry = world.journal.entry("m0")
        assert entry is not None
        assert entry.state in ("planned", "failed")

    on_page(world, act)


@pytest.mark.parametrize("call", ["figures", "receive"])
@pytest.mark.parametrize(
    "error",
    [
        NotPermitted(LACKS.format("sqs:ReceiveMessage"), hint="Ask an admin for this right."),
        NotPermitted("There is no sign-in for the queue.", hint="Set an AWS profile or key."),
        NotPermitted(EXPIRED, hint="Sign in again."),
        NotInstalled("The queue DirectoryBolt-dlq does not exist.", hint="Check SQS_DLQ_URL."),
    ],
    ids=str,
)
def test_a_queue_that_can_not_be_looked_at_is_a_face_and_a_list_from_before_stays(
    world: DeskWorld, call: str, error: ConsoleError
) -> None:
    async def act(page: DeadLettersPage) -> None:
        world.queues.faults[call] = error
        await world.desk.dead_letters.scan()
        page.frame()
        page._refresh_words()
        assert page.model.rowCount() == 3
        assert page.table.old
        assert str(error) in page.as_of.toolTip()
        world.desk.dead_letters.lines.clear()
        world.desk.dead_letters.version += 1
        page.frame()
        assert page.faces.face_words() == str(error)
        assert world.desk.dead_letters.look.denied == isinstance(error, NotPermitted)

    on_page(world, act)


def test_without_a_disk_for_the_journal_nothing_is_sent(world: DeskWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    async def act(page: DeadLettersPage) -> None:
        monkeypatch.setattr(world.journal, "plan_batch", full)
        with pytest.raises(ConsoleError, match="can't be used"):
            await world.desk.batches.replay(world.desk.batches.weigh(["m0"]), reason="")
        monkeypatch.setattr(world.journal, "plan", full)
        with pytest.raises(ConsoleError, match="The journal can't be written, so nothing is sent"):
            await world.desk.dead_letters.replay("m1")
        await until(page, lambda: len(toasts(page)) == 2)
        assert [wish.state for wish in world.desk.operations.newest_first()] == ["failed", "failed"]
        assert (world.queues.sent, len(world.queues.dead)) == ([], 3)

    on_page(world, act)


@pytest.mark.parametrize("role", ["viewer", READ_ONLY, None])
def test_who_may_not_reads_why_at_every_button(world: DeskWorld, role: str | None) -> None:
    async def act(page: DeadLettersPage) -> None:
        world.desk.dead_letters.role = role
        page._tick()
        buttons = (page.replay_button, page.archive_button, page.inspector.act("edit"))
        assert not any(button.isEnabled() for button in buttons)
        assert all(button.toolTip() for button in buttons)

    on_page(world, act)


def test_letters_that_were_left_out_are_a_failure_in_the_window(world: DeskWorld) -> None:
    for old, new in (("x1", "x2"), ("x2", "x3"), ("x3", "m0")):
        world.journal.plan(DeadLetter(old, "", "{}"), actor="desk-1", reason="")
        world.journal.move(old, "deleted", new_message_id=new)

    async def act(page: DeadLettersPage) -> None:
        await world.desk.batches.replay(world.desk.batches.weigh(["m0", "m1"]), reason="why")
        world.event(1, "j1", "submitted", ago=-60.0)
        await until(page, lambda: world.desk.operations.newest_first()[0].ended)
        await until(page, lambda: toasts(page))
        [toast] = toasts(page)
        said = " ".join(part.text() for part in toast.findChildren(ElidedLabel))
        assert "Not m0: It was replayed 3 times and came back: quarantined." in said
        assert world.desk.operations.newest_first()[0].state == "failed"
        assert len(world.queues.sent) == 1

    on_page(world, act)


def test_what_others_hold_is_said(world: DeskWorld) -> None:
    world.queues.hide("m0", time.time() + 60)

    async def act(page: DeadLettersPage) -> None:
        assert page.seen_words.text() == "2 seen of about 3, 1 in flight elsewhere"

    on_page(world, act)
