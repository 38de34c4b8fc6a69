"""The console's window: what it says before there is a desk, and how one page leads to another."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app import tasks
from app.actions.preferences import IN_MEMORY
from app.actions.registry import LOCKED
from app.models.pump import Pump
from app.moves import Become, Elsewhere, Move, Open, SignOut
from services.domain.people import LOCAL_PEOPLE
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.unit.app.actions.run_world import World
from tests.unit.widgets.pages.test_case import case
from tests.unit.widgets.waiting import in_front, wait_for
from tests.waiting import until
from widgets.console_window import ConsoleWindow
from widgets.look import theme
from widgets.parts.label import ElidedLabel
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.toast import Toast
from widgets.parts.turns import at_once

MOST_IN_A_TURN = 120
"""Widgets, each of which takes a tenth to a fourth of a millisecond."""


@pytest.fixture
def window(qt_app: QApplication) -> Iterator[ConsoleWindow]:
    theme.apply("light", qt_app)
    made = at_once(ConsoleWindow.in_turns("local"))
    made.resize(1280, 800)
    in_front(made)
    yield made
    made.close()


@pytest.fixture
def world(window: ConsoleWindow, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskWorld]:
    """A desk that the window shows, with a job that failed and one that waits."""
    made = DeskWorld(tmp_path, FakeQueues({}, time.time), time.time, "operator")
    runs = World(tmp_path_factory.mktemp("runs"))
    made.loaded("jobs", "queue_history", "job_results", "worker_heartbeats")
    made.job("j1", "Old Mill Pizza", "failed")
    made.job("j2", "Copper Kettle", "pending")
    pump = Pump(made.store)
    for _ in window.show_desk(dataclasses.replace(made.desk, runs=runs.acts, people=LOCAL_PEOPLE), pump):
        pass
    pump.changed.emit(made.store.take_changed())
    yield made
    runs.operations.close()
    made.close()


def test_no_turn_builds_so_much_that_the_window_stands_still(
    window: ConsoleWindow, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = DeskWorld(tmp_path, FakeQueues({}, time.time), time.time, "operator")
    runs = World(tmp_path_factory.mktemp("runs"))
    built: list[int] = []
    gc.disable()  # while Qt lists its widgets, none of them may be collected
    try:
        before = len(QApplication.allWidgets())
        for _ in window.show_desk(dataclasses.replace(made.desk, runs=runs.acts), Pump(made.store)):
            built.append(len(QApplication.allWidgets()) - before)
            before += built[-1]
    finally:
        gc.enable()
    assert sum(built) > 5 * MOST_IN_A_TURN
    assert max(built) <= MOST_IN_A_TURN
    runs.operations.close()
    made.close()


def test_a_problem_stands_where_the_first_page_would(window: ConsoleWindow) -> None:
    window.show_part("worker", "down", "exit code 3")
    window.show_problem("The database can't be reached.", "Start it.", "refused", [])
    assert (window.current_page(), window.problem.words()) == ("problem", "The database can't be reached. Start it.")


def test_the_pages_of_a_desk_go_when_it_can_not_be_kept(window: ConsoleWindow, world: DeskWorld) -> None:
    window.show_part("worker", "up", "")
    window.show_part("worker", "silent", "")
    assert window.faults.words()
    window.show_starting()
    assert (window.current_page(), window.faults.words()) == ("starting", [])
    window.show_problem("Wrong password.", "", "", [])
    assert window.problem.words() == "Wrong password."


def test_what_a_desk_held_is_given_back_once_its_pages_are_gone(
    window: ConsoleWindow, world: DeskWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[bool] = []
    monkeypatch.setattr("app.garbage.give_back", lambda: given.append(True))
    window.show_starting()
    assert wait_for(lambda: bool(given))


def test_a_count_leads_to_the_jobs_that_it_counts(window: ConsoleWindow, world: DeskWorld) -> None:
    window.jobs.search.set_text("nobody of this name")
    window.overview.show_jobs.emit("failed")
    assert wait_for(window.jobs.isVisible)
    assert window.jobs.tabs.current() == "failed"
    assert window.jobs.model.rowCount() == 1
    window.overview.outcomes.bars.pressed.emit("mapnook.localhost")
    assert (window.jobs.tabs.current(), window.jobs.search.text()) == ("all", 'dir:"mapnook.localhost"')


def test_what_has_to_be_checked_is_counted_and_led_to(window: ConsoleWindow, world: DeskWorld) -> None:
    assert window.runs.banner.check_button.words() == "Nothing to check"
    row = {"id": "r1", "job_id": "j1", "directory_name": "a.localhost", "status": "submitting"}
    world.store.put("job_results", {**row, "updated_at": "2026-01-01T00:00:00Z"})
    window._take(world.store.take_changed())
    assert window.runs.banner.check_button.words() == "1 to check"
    window.runs.banner.check_button.click()
    assert window.current_page() == "review"
    assert wait_for(lambda: window.review.inspector.head.words() == "a.localhost")
    window.review.inspector.say_button.choose("submitted")
    (sheet,) = window.body.findChildren(ConfirmSheet)
    assert sheet.isVisible()
    sheet.cancel()
    window.review.back_button.click()
    assert window.current_page() == "runs"


def test_a_vital_task_that_failed_stays_on_the_screen_with_what_to_do(window: ConsoleWindow, world: DeskWorld) -> None:
    window.show_failure("sync", "", "a.txt")
    (words,) = window.faults.words()
    assert words.startswith("Live updates have stopped")
    assert words.endswith("start it again. Details: console/crashes/a.txt in the data folder.")
    window.show_failure("session", "The password was changed.", "")
    assert "The password was changed. Close the program" in window.faults.words()[1]
    window.show_starting()
    assert window.faults.words() == []


def test_another_task_that_failed_is_named_in_a_toast(window: ConsoleWindow) -> None:
    window.show_failure("replay", "", "b.txt")
    toasts = [toast for toast in window.body.findChildren(Toast) if toast.isVisible()]
    assert [words.text() for toast in toasts for words in toast.findChildren(ElidedLabel)] == ["Failed: replay. b.txt"]
    assert window.faults.words() == []


def drawn(window: ConsoleWindow) -> list[list[str]]:
    """The words of the drawer's rows, and of their buttons."""
    window._frame()
    return [
        [operation.name, operation.words, *operation.acts] for operation in window.drawer._operations
    ]  # fmt: skip


def copied_from(window: ConsoleWindow, row: int) -> str:
    """What Copy at a row of the drawer puts into the clipboard; it is read in a thread."""

    async def act() -> None:
        QGuiApplication.clipboard().clear()
        window.drawer.pressed.emit(window.drawer._operations[row].key, "Copy")
        await until(QGuiApplication.clipboard().text)

    asyncio.run(act())
    return QGuiApplication.clipboard().text()


def test_what_failed_stays_in_the_operations_with_a_text_to_send(
    window: ConsoleWindow, world: DeskWorld, tmp_path: Path
) -> None:
    report = tmp_path / "console" / "crashes" / "b.txt"
    report.parent.mkdir(parents=True)
    report.write_text("Traceback: password=hunter2hunter2")
    window.show_failure("replay", "", "b.txt")
    window.show_failure("session", "The password was changed.", "")
    assert [words for _, words, *_ in drawn(window)][1] == "Details: console/crashes/b.txt in the data folder"
    assert [row[-1] for row in drawn(window)] == ["Copy", "Copy"]
    assert window.drawer._summary.text() == "None running, 0 done today"
    copied = copied_from(window, 1)
    assert copied.startswith("Failed: replay\nState: failed\n")
    assert "Traceback" in copied
    assert "hunter2" not in copied
    assert "Live updates" not in copied_from(window, 0)
    report.unlink()
    assert "Traceback" not in copied_from(window, 1)
    assert [line for line in window.activity.feed.lines.values() if line.by_staff] == []


def test_what_failed_before_the_sign_in_is_written_down_after(window: ConsoleWindow, world: DeskWorld) -> None:
    shown = window._desk
    assert shown is not None
    window.show_starting()
    window.show_failure("reading", "No.", "")
    assert world.desk.operations.newest_first() == []
    for _ in window.show_desk(shown, Pump(world.store)):
        pass
    assert [one.label for one in world.desk.operations.newest_first()] == ["Failed: reading"]


def test_an_export_says_where_it_is(window: ConsoleWindow, world: DeskWorld) -> None:
    done = world.desk.operations.plan("export", "Export 2 jobs", "/data/exports/jobs.csv", actor="desk-1", total=2)
    drawn(window)
    world.desk.operations.move(done.id, "done", "Saved as /data/exports/jobs.csv")
    assert drawn(window) == [["Export 2 jobs", "Saved as /data/exports/jobs.csv", "Copy path"]]
    (toast,) = [toast for toast in window.body.findChildren(Toast) if toast.isVisible()]
    toast.button.click()
    assert QGuiApplication.clipboard().text() == "/data/exports/jobs.csv"
    window.drawer.pressed.emit(done.id, "Copy path")
    window.drawer.pressed.emit("nobody", "Copy")


def test_two_clicks_on_the_status_bar_make_one_another_person(window: ConsoleWindow, world: DeskWorld) -> None:
    moves: list[Move] = []
    window.when_moving(moves.append)
    cell = window.bar.person
    assert cell.words() == "desk-1, operator"
    QTest.mouseClick(cell, Qt.MouseButton.LeftButton)
    assert wait_for(cell.menu.isVisible)
    lines = {action.text(): action for action in cell.menu.actions() if action.text()}
    assert list(lines) == [
        "Viewer, desk-2", "Operator, desk-1", "Admin, desk-3", "Another environment…", "Lock", "Sign out",
    ]  # fmt: skip
    assert [words for words, action in lines.items() if not action.icon().isNull()] == ["Operator, desk-1"]
    for words in ("Operator, desk-1", "Admin, desk-3", "Another environment…", "Sign out"):
        lines[words].trigger()
    cell.menu.close()
    assert moves == [Become("desk-3@directory-bolt.example"), Elsewhere(), SignOut()]
    cell.setFocus()
    QTest.keyClick(cell, Qt.Key.Key_Return)
    assert wait_for(cell.menu.isVisible)
    cell.menu.close()
    place = QPointF(5, 5)
    QApplication.sendEvent(cell, QEnterEvent(place, place, place))
    lit = cell.grab().toImage()
    QApplication.sendEvent(cell, QEvent(QEvent.Type.Leave))
    assert cell.grab().toImage() != lit
    window.show_starting()
    assert not cell.isVisible()


def test_under_the_cover_nothing_is_seen_or_pressed(window: ConsoleWindow, world: DeskWorld) -> None:
    moves: list[Move] = []
    window.when_moving(moves.append)
    window.bar.person.chosen.emit("lock")
    assert wait_for(window.lock.isVisible)
    assert window.lock.geometry() == window.rect()
    assert not window.jobs.isEnabled()
    assert world.desk.role == LOCKED
    assert not window.lock.grab().isNull()
    focused = QApplication.focusWidget()
    assert focused is window.lock.password.box
    QTest.keyClicks(focused, "/gj")
    assert window.lock.password.text() == "/gj"
    handle, page = window.windowHandle(), window.current_page()
    assert handle is not None
    window.lock.out_button.setFocus()
    for key in (Qt.Key.Key_G, Qt.Key.Key_O):
        QTest.keyClick(handle, key)
    assert window.current_page() == page == "jobs"
    window.lock.password.box.setFocus()
    window.resize(1300, 820)
    assert window.lock.geometry() == window.rect()
    window.lock.out_button.click()
    assert moves == [SignOut()]

    async def suite() -> None:
        QTest.keyClick(focused, Qt.Key.Key_Return)
        await until(lambda: bool(world.lock.said))
        window._show_lock()
        assert window.lock.password.said() == "This is not your password."
        window.lock.password.box.setText("right")
        window.lock.open_button.click()
        await until(lambda: not world.lock.locked)
        await tasks.shutdown()

    asyncio.run(suite())
    window._show_lock()
    assert not window.lock.isVisible()
    assert window.lock.password.text() == ""
    assert window.jobs.isEnabled()
    for key in (Qt.Key.Key_G, Qt.Key.Key_O):
        QTest.keyClick(handle, key)
    assert window.current_page() == "overview"
    assert world.passwords == ["/gj", "right"]
    assert world.desk.role == "operator"


def test_the_cover_hides_cases_in_windows_of_their_own(window: ConsoleWindow, world: DeskWorld) -> None:
    door = window.cases
    door._show(case(), {})
    door.ask()
    assert wait_for(lambda: door.windows[0].isVisible() and door.dialog is not None and door.dialog.isVisible())
    for _ in range(2):
        window.bar.person.chosen.emit("lock")
        assert wait_for(lambda: not door.windows[0].isVisible())
        assert door.dialog is None
        door._show(case(), {})  # a slow disk had it ready only now
        assert not any(one.isVisible() for one in door.windows)
        assert window._desk is not None
        window._desk.lock._open()
        window._show_lock()
        assert all(one.isVisible() for one in door.windows)
    window.show_starting()
    assert len(door.windows) == 3, "they were opened without a sign-in too"


def test_cases_under_a_cover_that_nobody_lifts_are_closed(window: ConsoleWindow, world: DeskWorld) -> None:
    window.cases._show(case(), {})
    window.bar.person.chosen.emit("lock")
    window.show_starting()
    assert wait_for(lambda: not window.cases.windows)


def test_any_input_is_somebody_there_and_a_sign_in_that_is_over_needs_no_cover(
    window: ConsoleWindow, world: DeskWorld
) -> None:
    used: list[bool] = []
    window._inputs.used.connect(lambda: used.append(True))
    handle = window.windowHandle()
    assert handle is not None
    QApplication.sendEvent(handle, QEvent(QEvent.Type.UpdateRequest))
    assert not used
    QTest.keyClick(handle, Qt.Key.Key_Shift)
    assert wait_for(lambda: bool(used))
    window.bar.person.chosen.emit("lock")
    desk = window._desk
    window.show_starting()
    assert not window.lock.isVisible()
    assert window.body.isEnabled()
    assert not window.lock.frame()
    # Who comes next without a keyring is told so.
    assert desk is not None
    world.kept_where = f"{IN_MEMORY} This machine has no keyring."
    for _ in window.show_desk(desk, Pump(world.store)):
        pass
    (said,) = [toast for toast in window.body.findChildren(Toast) if toast.isVisible()]
    assert [words.text() for words in said.findChildren(ElidedLabel)] == [world.kept_where]


def test_who_leaves_while_an_act_runs_is_asked_first(window: ConsoleWindow, world: DeskWorld) -> None:
    moves: list[Move] = []
    window.when_moving(moves.append)
    window.settings.elsewhere.emit()
    assert moves == [Elsewhere()]
    moves.clear()
    operation = world.desk.operations.plan("pause", "Pause Old Mill Pizza", "j1", actor="desk-1")
    window.bar.person.chosen.emit("out")
    (sheet,) = window.body.findChildren(ConfirmSheet)
    assert not moves
    sheet.cancel()
    window.settings.opening.emit("main")
    last = [one for one in window.body.findChildren(ConfirmSheet) if one.isVisible()]
    assert len(last) == 1
    last[0].confirmed.emit("")
    assert moves == [Open("main")]
    window.show_starting()
    assert not last[0].isVisible()
    assert operation


def test_a_retry_is_taken_back_by_toast_or_drawer(window: ConsoleWindow, world: DeskWorld) -> None:
    world.store.put("job_results", {"id": "r", "job_id": "j1", "directory_name": "a.localhost", "status": "failed"})
    world.store.take_changed()
    operations, jobs = world.desk.operations, world.desk.jobs

    def offered() -> list[str]:
        window._frame()
        shown = [toast for toast in window.body.findChildren(Toast) if toast.isVisible()]
        return [words.text() for toast in shown for words in toast.findChildren(ElidedLabel)]

    async def act() -> None:
        for way in ("toast", "drawer"):
            doing = asyncio.get_running_loop().create_task(
                jobs.retry_failed(world.store.jobs.lines["j1"], ["a.localhost"], undo_seconds=30)
            )
            await until(lambda: offered() == ["Retry 1 directory of Old Mill Pizza in 1 s"])
            wish = operations.newest_first()[0]
            assert drawn(window)[0][-1] == "Undo"
            if way == "toast":
                [toast] = [toast for toast in window.body.findChildren(Toast) if toast.isVisible()]
                toast.button.click()
            else:
                window.drawer.pressed.emit(wish.id, "Undo")
            assert (await doing).state == "undone"
            await until(lambda: offered() == [])
        await tasks.shutdown()

    asyncio.run(act())
    assert world.staff.calls == []
