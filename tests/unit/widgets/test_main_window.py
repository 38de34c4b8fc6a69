"""The main window: rail, pages, size."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QListView, QPushButton, QVBoxLayout, QWidget

from tests.unit.widgets.waiting import focused, in_front
from widgets.look import theme
from widgets.main_window import MainWindow, PageEntry
from widgets.parts.faces import Faces
from widgets.parts.search_box import SearchBox


@pytest.fixture
def pages(qt_app: QApplication) -> list[PageEntry]:
    theme.apply("light", qt_app)
    jobs = QWidget()
    QVBoxLayout(jobs).addWidget(SearchBox("Search"))
    return [
        PageEntry("overview", "Overview", "layout-dashboard", QWidget(), "o"),
        PageEntry("jobs", "Jobs", "list-checks", jobs, "j"),
        PageEntry("job", "Job", "list-checks", QWidget(), hidden=True),
    ]


class Listing(QWidget):
    """A page that is for its rows."""

    def __init__(self, rows: QWidget) -> None:
        super().__init__()
        self.first = rows


def opened(window: MainWindow) -> MainWindow:
    window.resize(1100, 700)
    in_front(window)
    return window


def test_keys_lead_to_pages_and_to_the_search_box(pages: list[PageEntry], qt_app: QApplication) -> None:
    window = opened(MainWindow("local", pages))
    shown: list[str] = []
    window.page_shown.connect(shown.append)
    QTest.keyClick(window, Qt.Key.Key_G)
    QTest.keyClick(window, Qt.Key.Key_J)
    assert (window.current_page(), shown) == ("jobs", ["jobs"])
    QTest.keyClick(window, Qt.Key.Key_Slash)
    QTest.keyClicks(focused(), "go/g")
    box = pages[1].widget.findChild(SearchBox)
    assert box is not None
    assert (box.text(), window.current_page()) == ("go/g", "jobs")


def test_a_page_that_is_not_in_the_rail_keeps_the_mark_where_it_was(pages: list[PageEntry]) -> None:
    window = opened(MainWindow("local", pages))
    window.show_page("jobs")
    before = window.rail.grab().toImage()
    window.show_page("job")
    assert window.current_page() == "job"
    assert window.rail.grab().toImage() == before


def test_the_list_of_a_page_gets_the_keyboard_once_it_is_there(pages: list[PageEntry]) -> None:
    rows = QListView()
    page = Listing(rows)
    rows.setAccessibleName("Rows")
    faces = Faces(rows)
    column = QVBoxLayout(page)
    column.addWidget(SearchBox("Search"))
    column.addWidget(faces)
    faces.show_face("Nothing yet.")
    window = opened(MainWindow("local", [*pages, PageEntry("late", "Late", "list-checks", page, "l")]))
    window.show_page("jobs")
    window.focus_search()
    window.show_page("late")
    QTest.keyClicks(focused(), "gj")
    assert window.current_page() == "jobs", "it was typed into the search box"
    window.show_page("late")
    faces.show_content()
    assert focused() is rows
    window.focus_search()
    faces.show_face("Nothing yet.")
    faces.show_content()
    assert focused() is not rows, "it was taken from somebody who types"
    window.close()


def test_what_a_person_wants_of_the_rail_is_kept_for_wide_and_for_narrow_windows(pages: list[PageEntry]) -> None:
    kept: dict[str, Any] = {}
    window = opened(MainWindow("local", pages, kept=kept))
    assert not window.rail.is_open, "for want of room"
    window.rail.set_open(True)
    for width, wanted in ((1400, True), (1100, True), (1400, False), (1100, True)):
        window.resize(width, 700)
        if width == 1400:
            window.rail.set_open(wanted)
        assert window.rail.is_open is wanted
    assert not opened(MainWindow("local", [], kept={})).rail.is_open
    again = opened(MainWindow("local", [], kept=kept))
    assert again.rail.is_open
    again.resize(1400, 700)
    assert not again.rail.is_open


def test_tab_reaches_all_of_a_page_in_both_ways(pages: list[PageEntry], qt_app: QApplication) -> None:
    rows = QListView()
    rows.setAccessibleName("Rows")
    page = Listing(rows)
    column = QVBoxLayout(page)
    before, after = QPushButton("Before"), QPushButton("After")
    for part in (before, rows, after):
        column.addWidget(part)
    window = opened(MainWindow("local", [*pages, PageEntry("listing", "Listing", "list-checks", page, "l")]))
    window.show_page("listing")
    assert focused() is rows

    def round_trip(key: Qt.Key) -> list[QWidget]:
        found: list[QWidget] = []
        while focused() not in found:
            found.append(focused())
            QTest.keyClick(focused(), key)
        return found

    there, back = round_trip(Qt.Key.Key_Tab), round_trip(Qt.Key.Key_Backtab)
    assert {before, rows, after} < set(there)
    assert set(there) == set(back)
    rows.hide()
    assert not {before, after} - set(round_trip(Qt.Key.Key_Tab)), "nor does it stop at what is hidden"
    window.close()
