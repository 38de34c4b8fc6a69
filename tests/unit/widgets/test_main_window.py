"""The main window: rail, pages, size."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from tests.unit.widgets.waiting import focused, in_front
from widgets.look import theme
from widgets.main_window import MainWindow, PageEntry
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


def opened(window: MainWindow) -> MainWindow:
    window.resize(1100, 700)
    in_front(window)
    return window


@pytest.mark.parametrize(
    ("environment", "token"),
    [("local", "env.local"), ("staging", "env.staging"), ("production", "env.production"), ("moon", "env.production")],
)
def test_the_frame_shows_the_environment_on_all_sides(pages: list[PageEntry], environment: str, token: str) -> None:
    window = opened(MainWindow(environment, pages))
    image = window.grab().toImage()
    width, height = image.width(), image.height()
    colour = theme.current().hex(token).lower()
    for x, y in ((width // 2, 0), (width // 2, 1), (0, 300), (1, 300), (width - 1, 300), (width // 2, height - 1)):
        assert image.pixelColor(x, y).name() == colour
    assert image.pixelColor(width // 2, 2).name() != colour
    assert image.pixelColor(6, height - 12).name() == colour


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


def test_closing_hides_and_tells_once(pages: list[PageEntry]) -> None:
    window = opened(MainWindow("local", pages))
    told: list[bool] = []
    window.closing.connect(lambda: told.append(True))
    assert not window.close()
    assert not window.isVisible()
    assert window.close()
    assert told == [True]


def test_size_and_rail_come_back(pages: list[PageEntry], tmp_path: Path) -> None:
    file = tmp_path / "window.json"
    window = opened(MainWindow("local", pages, state_file=file))
    window.resize(1234, 777)
    window.rail.set_open(False)
    window.close()
    again = MainWindow("local", [PageEntry("a", "A", "globe", QWidget())], state_file=file)
    assert (again.width(), again.height(), again.rail.is_open) == (1234, 777, False)
    file.write_text("rubbish", encoding="utf-8")
    assert MainWindow("local", [PageEntry("a", "A", "globe", QWidget())], state_file=file).width() == 1440
