"""Dead letters: what the page shows of each, and that one click replays one, with time to undo."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtWidgets import QApplication, QLabel

from app import tasks
from app.actions.letter_line import LetterLine
from app.models.table_model import CELL_ROLE
from app.replay.reading import Reading, read
from services.domain.errors import NotReachable
from services.ports.wishes import DeadLetter
from tests.fakes.desk import DeskWorld
from tests.fakes.odd_letters import UNUSABLE, USABLE
from tests.fakes.queues import FakeQueues
from widgets.pages.dead_letters import DeadLettersPage
from widgets.pages.dead_letters.rows import ACT
from widgets.pages.dead_letters.words import attribute, expires, plain, size, state_of, summary
from widgets.pages.dead_letters.xray_view import XRayView
from widgets.parts import spans
from widgets.parts.toast import Toast

GOOD = json.dumps({"job_id": "j1", "customer_id": "c1", "package_size": 3, "priority": "pro", "source": "intake"})
DEAD = {"m1": GOOD, "m2": "job_id=1&<b>size</b>=4"}


def make(folder: Path, *, role: str = "operator", may_release: bool = True) -> DeskWorld:
    made = DeskWorld(folder, FakeQueues(DEAD, time.time, may_release=may_release), time.time, role)
    made.job("j1", "Old Mill Pizza", "pending")
    made.store.take_changed()
    return made


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[DeskWorld]:
    made = make(tmp_path)
    yield made
    made.close()


def on_page(world: DeskWorld, act: Callable[[DeadLettersPage], Awaitable[None]], *, scan: bool = True) -> None:
    """Run `act` with the page shown, in a loop that the acts find running."""

    async def whole() -> None:
        if scan:
            await world.desk.dead_letters.scan()
        page = DeadLettersPage(world.desk)
        page.resize(1272, 810)
        page.show()
        try:
            await act(page)
        finally:
            page.close()
            await tasks.shutdown()

    asyncio.run(whole())


async def until(page: DeadLettersPage, condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            page.frame()
            await asyncio.sleep(0.01)


def row_of(page: DeadLettersPage, message_id: str) -> list[str]:
    row = page.model.row_of(message_id)
    return [page.model.index(row, column).data(CELL_ROLE).text for column in range(page.model.columnCount())]


def toasts(page: DeadLettersPage) -> list[Toast]:
    return [toast for toast in page.findChildren(Toast) if toast.isVisible()]


def test_rows_say_what_a_letter_is(world: DeskWorld) -> None:
    async def look(page: DeadLettersPage) -> None:
        good, bad = row_of(page, "m1"), row_of(page, "m2")
        assert good[:3] == ["Could not be started", "Old Mill Pizza", "j1"]
        assert good[4:] == ["4", "13 d 22 h", "", "pro, 3 directories", "Replay"]
        assert bad[:3] == ["Text, not JSON", "—", "—"]
        assert bad[7] == "job_id=1&<b>size</b>=4"
        assert page.seen_words.text() == "2 seen of about 2"

    on_page(world, look)


def test_a_job_is_unknown_only_once_the_jobs_are_read(world: DeskWorld) -> None:
    world.queues.dead = {"m1": GOOD.replace("j1", "j9")}

    async def look(page: DeadLettersPage) -> None:
        assert row_of(page, "m1")[1] == "not read"
        world.loaded("jobs")
        assert row_of(page, "m1")[1] == "no such job"

    on_page(world, look)


def test_the_inspector_shows_a_letter_as_it_is(world: DeskWorld) -> None:
    async def look(page: DeadLettersPage) -> None:
        page.table.go_to(page.model.row_of("m2"))
        assert page.inspector.body.toPlainText() == "job_id=1&<b>size</b>=4"
        assert page.inspector.problem.text() == "The message is not JSON. It would only come back."
        assert not page.replay_button.isEnabled()
        assert "not JSON" in page.replay_button.toolTip()
        page.table.go_to(page.model.row_of("m1"))
        assert page.inspector.title.text() == "Old Mill Pizza"
        assert page.replay_button.isEnabled()
        asked: list[str] = []
        page.open_job.connect(asked.append)
        page.inspector.open_button.click()
        assert asked == ["j1"]

    on_page(world, look)


def test_a_letter_of_any_kind_is_shown_as_what_it_is(world: DeskWorld) -> None:
    world.queues.dead = {name: body for name, (body, _) in UNUSABLE.items()} | USABLE

    async def look(page: DeadLettersPage) -> None:
        shown = page.inspector
        for name, (body, what) in UNUSABLE.items():
            assert row_of(page, name)[0] == what
            page.table.go_to(page.model.row_of(name))
            assert shown.title.text() == what
            assert shown.problem.text().endswith("It would only come back.")
            assert shown.does.words() == ["It leaves the message in the queue, which makes it a dead letter again."]
            assert not shown.read.isVisible()
            assert not page.replay_button.isEnabled()
            assert row_of(page, name)[ACT] == "Replay"
            assert shown.body.toPlainText().startswith(plain(body)[:100])
        page.table.go_to(page.model.row_of("huge"))
        assert len(shown.body.toPlainText()) < 4_100
        assert shown.length.text() == "first 4,000 characters of 1,024 kB"
        shown.all_button.click()
        assert shown.body.toPlainText().replace("\n", "") == UNUSABLE["huge"][0]
        assert not shown.all_button.isVisible()
        page._tick()
        assert not shown.all_button.isVisible(), "what was unfolded stays so"
        shown.copy_button.click()
        assert QApplication.clipboard().text() == UNUSABLE["huge"][0]
        for name in USABLE:
            page.table.go_to(page.model.row_of(name))
            assert page.replay_button.isEnabled()
            assert "2 other dead letters are for the same job: replay one of them." in shown.does.words()

    on_page(world, look)


def test_an_expiry_that_is_not_known_is_said_to_be_so(world: DeskWorld) -> None:
    world.queues.kept_seconds = None

    async def look(page: DeadLettersPage) -> None:
        assert row_of(page, "m1")[5] == "—"
        page.table.go_to(page.model.row_of("m1"))
        assert page.inspector.message.value("Expires in") == "not known"
        page.table.sort_by(5)

    on_page(world, look)


def test_what_the_queue_counts_is_said_beside_what_makes_a_letter_dead(world: DeskWorld) -> None:
    async def look(page: DeadLettersPage) -> None:
        page.table.go_to(page.model.row_of("m1"))
        assert page.inspector.message.value("Received") == "4 times, looks at it included"
        assert page.inspector.message.value("Dead after") == "3 times in the main queue"

    on_page(world, look)


def test_one_click_replays_and_the_row_goes(world: DeskWorld) -> None:
    async def replay(page: DeadLettersPage) -> None:
        page.table.pressed_cell.emit(page.model.row_of("m1"), ACT)
        page.table.pressed_cell.emit(page.model.row_of("m1"), 0)
        await until(page, lambda: row_of(page, "m1")[0].startswith("Replaying in"))
        assert row_of(page, "m1")[ACT] == "Undo"
        assert [toast.button.words() for toast in toasts(page)] == ["Undo Ctrl+Z"]
        await until(page, lambda: page.model.row_of("m1") < 0)
        assert world.queues.sent == [GOOD]
        await until(page, lambda: [wish.state for wish in world.desk.operations.newest_first()] == ["done"])

    on_page(world, replay)


@pytest.mark.parametrize("way", ["toast", "row", "key"])
def test_undo_takes_it_back(world: DeskWorld, way: str) -> None:
    async def undo(page: DeadLettersPage) -> None:
        page.table.go_to(page.model.row_of("m1"))
        page.replay_button.click()
        await until(page, lambda: row_of(page, "m1")[ACT] == "Undo")
        assert not page.replay_button.isEnabled()
        if way == "toast":
            toasts(page)[0].button.click()
        elif way == "row":
            page.table.pressed_cell.emit(page.model.row_of("m1"), ACT)
        else:
            page._undo_key.activated.emit()
        await until(page, lambda: row_of(page, "m1")[ACT] == "Replay")
        assert world.queues.sent == []
        assert [wish.state for wish in world.desk.operations.newest_first()] == ["undone"]

    on_page(world, undo)


def test_a_failure_stands_in_the_operations_and_the_row_stays(world: DeskWorld) -> None:
    world.queues.faults["send"] = NotReachable("The queue did not answer.")

    async def fail(page: DeadLettersPage) -> None:
        page.table.go_to(page.model.row_of("m1"))
        page.replay_button.click()
        await until(page, lambda: row_of(page, "m1")[0].startswith("Send unknown since "))
        assert [wish.state for wish in world.desk.operations.newest_first()] == ["unknown"]
        assert row_of(page, "m1")[ACT] == "Replay"
        page.table.pressed_cell.emit(page.model.row_of("m1"), ACT)
        await until(page, lambda: not tasks.running())
        assert len(world.desk.operations.newest_first()) == 1

    on_page(world, fail)


def test_a_viewer_reads_why_not(qt_app: QApplication, tmp_path: Path) -> None:
    world = make(tmp_path, role="viewer")

    async def look(page: DeadLettersPage) -> None:
        page.table.go_to(page.model.row_of("m1"))
        assert not page.replay_button.isEnabled()
        assert "Needs the role operator" in page.replay_button.toolTip()

    on_page(world, look)
    world.close()


def test_letters_that_cannot_be_given_back_are_said_to_be_hidden(qt_app: QApplication, tmp_path: Path) -> None:
    world = make(tmp_path, may_release=False)

    async def look(page: DeadLettersPage) -> None:
        assert "hidden from others for" in page.seen_words.text()

    on_page(world, look)
    world.close()


def test_the_page_looks_by_itself_and_says_when_there_is_nothing(world: DeskWorld) -> None:
    world.queues.dead.clear()

    async def look(page: DeadLettersPage) -> None:
        await until(page, lambda: page.faces.face_words() == "No dead letters.")

    on_page(world, look, scan=False)


def test_a_queue_that_cannot_be_read_is_a_face_and_an_old_list_stays(world: DeskWorld) -> None:
    fault = NotReachable("The queue did not answer.", hint="Look at the connection.")

    async def fail(page: DeadLettersPage) -> None:
        world.queues.faults["figures"] = fault
        page.scan_button.click()
        await until(page, lambda: world.desk.dead_letters.look.problem and page.table.old)
        assert page.faces.face_words() == ""
        world.desk.dead_letters.lines.clear()
        page.scan_button.setEnabled(True)
        page.scan_button.click()
        await until(page, lambda: page.faces.face_words() == "The queue did not answer.")
        world.queues.faults.clear()
        page.faces.pressed.emit()
        await until(page, lambda: page.model.rowCount() == 2)

    on_page(world, fail)


def test_a_customer_that_comes_later_takes_its_place(world: DeskWorld) -> None:
    async def name(page: DeadLettersPage) -> None:
        page.table.sort_by(1)
        world.job("j1", "Zebra Zoo", "pending")
        page.take(world.store.take_changed())
        assert page.model.rowCount() == 2
        assert row_of(page, "m1")[1] == "Zebra Zoo"

    on_page(world, name)


def line(body: str) -> LetterLine:
    letter = DeadLetter("m", "r", body)
    return LetterLine(letter, read(letter, now=0.0))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"DataType": "String", "StringValue": "a\u202eb\nc"}, "a b c"),
        ({"DataType": "Number.int", "StringValue": "3"}, "Number.int: 3"),
        ({"DataType": "String", "StringValue": ""}, "empty"),
        ({"DataType": "Binary", "BinaryValue": b"\x00\xff"}, "2 bytes: 00 ff"),
        ({"DataType": "Binary", "BinaryValue": b"\x00"}, "1 byte: 00"),
        ({"DataType": "Binary.gif", "BinaryValue": bytes(9)}, "Binary.gif, 9 bytes: 00 00 00 00 00 00 00 00 …"),
        (None, ""),
    ],
)
def test_attributes_are_shown_as_what_they_are(value: object, words: str) -> None:
    assert attribute(value) == words


def test_words() -> None:
    app_made = line('{"job_id": "j", "_dlq_reason": "max\\nretries"}')
    assert state_of(app_made, 0.0) == ("failed", "max retries")
    running = msgspec.structs.replace(app_made, doing="running", since=1000.0)
    assert state_of(running, 0.0) == ("running", f"Replaying since {spans.hour(1000.0)}")
    assert state_of(msgspec.structs.replace(app_made, doing="unknown"), 0.0) == ("unknown", "Send unknown")
    assert summary(line("")) == "empty"
    assert summary(line("\u202e\x01")) == "only blank or invisible characters"
    old = LetterLine(DeadLetter("m", "r", "{}", sent_at=1000.0), Reading(), kept_seconds=14 * 86400.0)
    assert [expires(float(old.expires_at or 0), 1000.0 + days * 86400) for days in (0, 13.5, 15)] == [
        "14 d 0 h",
        "12 h",
        "any moment",
    ]
    assert plain("a\u202eb\x00\n\tc") == "a\\u202eb\\u0000\n\tc"
    assert plain("x" * 5_000) == "\n".join(["x" * 1_000] * 4)
    assert plain("x" * 5_001, whole=True).endswith("x\nx")
    assert plain("\n\na\r\n") == "\n\na\n"
    assert [size(text) for text in ("", "ü", "x", "x" * 20_480)] == ["0 bytes", "2 bytes", "1 byte", "20 kB"]


def test_many_are_looked_through_before_anything_is_sent(qt_app: QApplication, tmp_path: Path) -> None:
    letters = {f"m{n}": json.dumps({"job_id": f"j{n % 3}"}) for n in range(4)}
    world = DeskWorld(tmp_path, FakeQueues(letters, time.time), time.time, "operator")
    for n in range(3):
        world.job(f"j{n}", f"Business {n}", "pending")
    for n, status in enumerate(("pending", "submitted")):
        item = {"id": f"s{n}", "submission_queue_id": "j0", "directory_url": f"https://d{n}.example/", "status": status}
        world.store.put("directory_submissions", item)
    world.loaded("jobs")
    world.store.take_changed()

    async def look(page: DeadLettersPage) -> None:
        page.table.selectAll()
        assert page.replay_button.accessibleName() == "Replay 4…"
        page.replay_button.click()
        sheet = page.sheet
        assert sheet is not None
        said = " ".join(part.text() for part in sheet.findChildren(QLabel))
        assert "Replay 4 dead letters: 3 sends, 1 merged" in said
        [view] = sheet.findChildren(XRayView)
        assert [view.jobs_model.line(row).words for row in range(3)] == ["send 1"] * 3
        assert view.directories_model.rowCount() == 2
        assert "priority: Nothing is read as “starter”." in view.says.text()
        view.jobs.go_to(1)
        assert view.directories_model.rowCount() == 0
        assert world.queues.sent == []
        sheet.confirmed.emit("the pool was down")
        for n in range(3):
            world.event(n, f"j{n}", "submitted", "d9.example", ago=-60.0)  # what the ramp waits for
        await until(page, lambda: len(world.queues.sent) == 3)
        await until(page, lambda: not world.queues.dead)
        await until(page, lambda: page.model.rowCount() == 0)

    on_page(world, look)
    world.close()


def test_without_facts_the_sheet_says_so_and_an_archive_asks_too(world: DeskWorld) -> None:
    async def look(page: DeadLettersPage) -> None:
        page.table.selectAll()
        page.replay_button.click()
        assert page.sheet is not None
        assert "Nothing is known of these jobs" in " ".join(part.text() for part in page.sheet.findChildren(QLabel))
        page.sheet.cancel()
        page.archive_button.click()
        page.sheet.confirmed.emit("junk")
        await until(page, lambda: not world.queues.dead)
        assert world.queues.sent == []

    on_page(world, look)
