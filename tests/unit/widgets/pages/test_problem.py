"""The page that says why the console can't open."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from app.moves import Move, TryAgain
from services.domain.errors import SettingProblem
from tests.unit.widgets.waiting import in_front
from widgets.console_window import ConsoleWindow
from widgets.look import theme

URL = SettingProblem("SUPABASE_URL", "It is not set.", "The project's address.", "Write a line into .env.")
KEY = SettingProblem("SUPABASE_ANON_KEY", "It is not known.", "The key.", "Ask for it.")


@pytest.fixture
def window(qt_app: QApplication) -> ConsoleWindow:
    theme.apply("light", qt_app)
    made = ConsoleWindow("local")
    made.resize(1280, 800)
    in_front(made)
    return made


def test_each_setting_has_a_row_with_all_that_helps(window: ConsoleWindow) -> None:
    window.show_problem("Settings are missing.", "", "", [URL, KEY])
    assert window.current_page() == "problem"
    words = window.problem.words()
    assert words.startswith("Settings are missing. ")
    assert all(text in words for row in (URL, KEY) for text in row)
    shown = [part.accessibleName() for part in window.problem.findChildren(QWidget)]
    assert {"SUPABASE_URL: It is not set.", "SUPABASE_ANON_KEY: It is not known."} <= set(shown)


def test_a_row_goes_with_its_problem(window: ConsoleWindow) -> None:
    window.show_problem("Settings are missing.", "", "", [URL, KEY])
    window.show_problem("The sign-in was refused.", "Check it.", "raw", [KEY])
    assert window.problem.rows == [KEY]
    window.show_problem("The disk is full.", "", "", [])
    assert window.problem.words() == "The disk is full."


def test_the_button_asks_to_try_again_by_mouse_and_by_keyboard(window: ConsoleWindow) -> None:
    asked: list[Move] = []
    window.when_moving(asked.append)
    window.show_problem("Settings are missing.", "", "", [URL])
    window.problem.button.click()
    QTest.keyClick(window.problem.button, Qt.Key.Key_Space)
    assert asked == [TryAgain(), TryAgain()]
    window.show_starting("Signing out", "This computer forgets it.")
    assert window.current_page() == "starting"
    said = [part.text() for part in window.starting.findChildren(QLabel) if not part.isHidden()]
    assert said == ["Signing out", "This computer forgets it."]
    window.show_starting()
    assert [part.text() for part in window.starting.findChildren(QLabel) if not part.isHidden()] == ["Starting"]


def test_it_is_told_where_one_is_once_that_is_known(window: ConsoleWindow) -> None:
    told: list[str] = []
    window.environment_shown.connect(told.append)
    window.show_environment("production")
    assert (told, window.bar.environment.accessibleName()) == (["production"], "PRODUCTION")


def test_the_parts_of_another_start_are_forgotten(window: ConsoleWindow) -> None:
    window.show_part("worker", "up", "")
    window.show_part("worker", "silent", "")
    assert window.faults.words()
    window.show_starting()
    assert not window.faults.words()
