"""Tab reaches all that a page has for the keyboard, in both ways, and shows where it is."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from tests.fakes.desk import DeskWorld
from tests.unit.widgets.test_console_window import window, world
from tests.unit.widgets.waiting import focused, wait_for
from widgets.console_window import ConsoleWindow
from widgets.parts.scrolled import scrolled

__all__ = ["window", "world"]  # fixtures


def tabbed(window: ConsoleWindow) -> set[QWidget]:
    """All that wants Tab and can be seen."""
    return {part for part in window.findChildren(QWidget) if wants_tab(part) and part.isVisible() and part.isEnabled()}


def wants_tab(part: QWidget) -> bool:
    return part.focusPolicy() & Qt.FocusPolicy.TabFocus == Qt.FocusPolicy.TabFocus and part.focusProxy() is None


def round_trip(key: Qt.Key) -> set[QWidget]:
    found: list[QWidget] = []
    while focused() not in found:
        found.append(focused())
        QTest.keyClick(focused(), key)
    return {part for part in found if wants_tab(part)}


@pytest.mark.parametrize(
    "page", ["overview", "jobs", "job", "dead_letters", "runs", "review", "activity", "operations", "health"]
)
def test_tab_reaches_everything(
    page: str, window: ConsoleWindow, world: DeskWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    for started in ("dead_letters.page.start_scan", "dead_letters.page.start_read", "health.page.start_check"):
        monkeypatch.setattr(f"widgets.pages.{started}", lambda *_: None)
    if page == "job":
        window.open_job("j1")
    window.show_page(page)
    QTest.qWait(20)
    there, back = round_trip(Qt.Key.Key_Tab), round_trip(Qt.Key.Key_Backtab)
    assert tabbed(window) == there == back


def test_what_scrolls_shows_that_it_has_the_keyboard(window: ConsoleWindow) -> None:
    area = scrolled(QWidget(), "Words")
    area.setParent(window)
    area.resize(100, 60)
    area.show()
    before = area.grab().toImage()
    area.setFocus(Qt.FocusReason.TabFocusReason)
    assert wait_for(lambda: area.grab().toImage() != before)
    area.setFocus(Qt.FocusReason.MouseFocusReason)
    window.stack.setFocus()
    area.setFocus(Qt.FocusReason.MouseFocusReason)
    assert wait_for(lambda: area.grab().toImage() == before), "not for the mouse"
    for back in (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason):
        window.stack.setFocus()
        area.setFocus(back)
        assert wait_for(lambda: area.grab().toImage() != before), "it comes back with the keyboard"
    area.close()


def test_a_job_that_is_read_late_gives_the_keyboard_to_its_list(window: ConsoleWindow, world: DeskWorld) -> None:
    window.open_job("late")
    assert focused() is window.stack
    world.job("late", "Birch Bakery", "failed")
    world.event(1, "late", "failed", "mapnook.localhost")
    world.loaded("directory_submissions")
    window.job.take(world.store.take_changed())
    assert focused() is window.job.directories.table
