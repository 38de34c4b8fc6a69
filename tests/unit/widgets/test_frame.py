"""The window's frame: its colours before and after anything is loaded, its closing, what it keeps."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from tests.unit.widgets.waiting import in_front
from widgets.frame import Frame
from widgets.look import theme
from widgets.main_window import MainWindow, PageEntry


@pytest.fixture
def app(qt_app: QApplication) -> QApplication:
    theme.apply("light", qt_app)
    return qt_app


def opened(frame: Frame) -> Frame:
    frame.resize(1100, 700)
    in_front(frame)
    return frame


@pytest.mark.parametrize(
    ("environment", "token"),
    [("local", "env.local"), ("staging", "env.staging"), ("production", "env.production"), ("moon", "env.production")],
)
def test_the_frame_shows_the_environment_on_all_sides(app: QApplication, environment: str, token: str) -> None:
    frame = Frame("local")
    window = MainWindow("local", [PageEntry("overview", "Overview", "layout-dashboard", QWidget(), "o")])
    frame.hold(window)
    opened(frame)
    frame.show_environment(environment)
    window.bar.environment.show_environment(environment)
    image = frame.grab().toImage()
    width, height = image.width(), image.height()
    colour = theme.current().hex(token).lower()
    for x, y in ((width // 2, 0), (width // 2, 1), (0, 300), (1, 300), (width - 1, 300), (width // 2, height - 1)):
        assert image.pixelColor(x, y).name() == colour
    assert image.pixelColor(width // 2, 2).name() != colour
    assert image.pixelColor(6, height - 12).name() == colour
    assert environment.upper() in frame.windowTitle()
    assert window.bar.environment.accessibleName() == environment.upper()


def test_before_anything_is_loaded_the_page_is_blank_in_the_colours_of_the_theme(app: QApplication) -> None:
    theme.choose("dark", app)
    frame = opened(Frame("local"))
    image = frame.grab().toImage()
    assert image.pixelColor(600, 400).name() == theme.theme("dark").hex("surface.page").lower()
    assert image.pixelColor(0, 400).name() == theme.theme("dark").hex("env.local").lower()
    theme.apply("light", app)
    image = frame.grab().toImage()
    assert image.pixelColor(600, 400).name() == theme.theme("light").hex("surface.page").lower()


def test_closing_hides_and_tells_once(app: QApplication) -> None:
    frame = opened(Frame("local"))
    told: list[bool] = []
    frame.closing.connect(lambda: told.append(True))
    assert [frame.closed, frame.close()] == [False, False]
    assert [frame.closed, frame.isVisible()] == [True, False]
    assert frame.close()
    assert told == [True]


def test_size_and_what_the_content_keeps_come_back(app: QApplication, tmp_path: Path) -> None:
    file = tmp_path / "console" / "window.json"
    frame = Frame("local", state_file=file)
    window = MainWindow("local", [PageEntry("a", "A", "globe", QWidget())], kept=frame.kept)
    frame.hold(window)
    opened(frame)
    frame.resize(1234, 777)
    window.rail.set_open(False)
    frame.close()
    frame.settle(30)
    again = Frame("local", state_file=file)
    assert (again.width(), again.height()) == (1234, 777)
    assert not MainWindow("local", [], kept=again.kept).rail.is_open
    for rubbish in ("rubbish", "[]", '{"place": 1}', '{"place": [1, 2, 3, 4]}'):
        file.write_text(rubbish, encoding="utf-8")
        assert Frame("local", state_file=file).width() == 1440


def test_a_maximised_window_comes_back_maximised(app: QApplication, tmp_path: Path) -> None:
    file = tmp_path / "window.json"
    file.write_text(json.dumps({"place": [0, 0, 1100, 700], "maximized": True}))
    frame = Frame("local", state_file=file)
    frame.appear()
    assert frame.isMaximized()
    frame.close()
    frame.settle(30)


def test_a_full_disk_keeps_no_window_open(app: QApplication, tmp_path: Path) -> None:
    frame = opened(Frame("local", state_file=Path("/dev/full/console/window.json")))
    frame.close()
    assert frame.closed
    frame.settle(30)


def test_a_slow_disk_holds_no_window(app: QApplication, tmp_path: Path) -> None:
    file = tmp_path / "window.json"
    slow = file.with_suffix(".new")
    os.mkfifo(slow)  # to open it waits for who reads it
    frame = opened(Frame("local", state_file=file))
    told: list[bool] = []
    frame.closing.connect(lambda: told.append(True))
    frame.close()
    assert (frame.isVisible(), told) == (False, [True])
    frame.settle(0)
    assert json.loads(slow.read_text(encoding="utf-8"))["environment"] == "local"
    frame.settle(30)


@pytest.mark.parametrize("closed_first", [False, True])
def test_what_a_slow_disk_tells_late_is_taken_late_and_never_written_over(
    app: QApplication, tmp_path: Path, closed_first: bool
) -> None:
    file = tmp_path / "window.json"
    os.mkfifo(file)  # to read it waits for who writes it
    frame = Frame("local", state_file=file)
    assert (frame.width(), frame.kept) == (1440, {})
    opened(frame)
    if closed_first:
        frame.close()
        frame.settle(30)
    file.write_text(json.dumps({"place": [0, 0, 1234, 777], "maximized": True, "rail": False}), encoding="utf-8")
    frame.read_through(30)
    if not closed_first:
        frame.restore()
        assert (frame.isMaximized(), frame.kept) == (True, {"rail": False})
        frame.showNormal()
        frame.restore()
        assert not frame.isMaximized(), "a person made it smaller meanwhile"
        frame.close()
        frame.settle(30)
        assert json.loads(file.read_text(encoding="utf-8"))["rail"] is False
    assert file.is_fifo() is closed_first


def test_the_colour_of_the_last_time_counts_where_the_settings_name_no_project(
    app: QApplication, tmp_path: Path
) -> None:
    file = tmp_path / "window.json"
    first = opened(Frame("local", state_file=file))
    first.show_environment("production")
    first.close()
    first.settle(30)
    assert Frame("local", state_file=file, may_be_another=True).environment == "production"
    assert Frame("staging", state_file=file).environment == "staging"
    assert Frame("local", state_file=tmp_path / "none.json", may_be_another=True).environment == "local"
