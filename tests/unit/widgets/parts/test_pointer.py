"""The parts under the mouse: what a click tells, where, and what it must not tell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.models.table_model import LinesModel
from tests.unit.widgets.waiting import in_front, wait_for
from widgets.look import metrics, theme
from widgets.parts import cell
from widgets.parts.cell import Bar
from widgets.parts.check_box import CheckBox
from widgets.parts.columns import Column
from widgets.parts.drawer import Drawer, Operation
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.outcome_bars import OutcomeBar, OutcomeBars
from widgets.parts.picture import Picture
from widgets.parts.segments import Segments
from widgets.parts.table import Table

LEFT = Qt.MouseButton.LeftButton
ROWS = [OutcomeBar("mapnook.localhost", Bar((("ok", 3),), 3), "100 %"), OutcomeBar("a.localhost", Bar((), 2), "0 %")]


@pytest.fixture
def room(qt_app: QApplication) -> Iterator[QWidget]:
    """A window to put parts into."""
    theme.apply("light", qt_app)
    made = QWidget()
    made.resize(600, 400)
    in_front(made)
    yield made
    made.close()


def placed(part: QWidget, room: QWidget) -> None:
    part.setParent(room)
    part.resize(part.sizeHint())
    part.show()


def look_of(part: QWidget) -> QImage:
    """What it draws now."""
    picture = QPixmap(part.size())
    part.render(picture)
    return picture.toImage()


def move(part: QWidget, at: QPoint) -> None:
    """The mouse moves over it; sent by hand, since a window that isn't seen gets no moves."""
    where = QPointF(at)
    event = QMouseEvent(
        QEvent.Type.MouseMove, where, QPointF(part.mapToGlobal(at)),
        Qt.MouseButton.NoButton, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(part, event)


def leave(part: QWidget) -> None:
    QApplication.sendEvent(part, QEvent(QEvent.Type.Leave))


def test_a_glyph_label_is_pressed_only_by_a_release_on_it(room: QWidget) -> None:
    part = GlyphLabel("failed", "3 failed")
    placed(part, room)
    pressed: list[bool] = []
    part.pressed.connect(lambda: pressed.append(True))
    QTest.mouseClick(part, LEFT)
    assert pressed == [True]
    QTest.mousePress(part, LEFT)
    QTest.mouseRelease(part, LEFT, pos=QPoint(part.width() + 20, 5))
    assert pressed == [True]


def test_outcome_bars_light_the_row_under_the_mouse_and_tell_its_name(room: QWidget) -> None:
    part = OutcomeBars()
    part.show_rows(ROWS)
    placed(part, room)
    pressed: list[str] = []
    part.pressed.connect(pressed.append)
    at_rest = look_of(part)
    second = QPoint(20, metrics.px(metrics.ROW) + 5)
    move(part, second)
    assert look_of(part) != at_rest
    leave(part)
    assert look_of(part) == at_rest
    QTest.mouseClick(part, LEFT, pos=second)
    assert pressed == ["a.localhost"]
    part.resize(part.width(), 200)
    QTest.mouseClick(part, LEFT, pos=QPoint(20, 190))
    assert pressed == ["a.localhost"]
    # On a low page, below the last row that is drawn whole, there is nothing to press.
    part.resize(part.width(), metrics.px(metrics.ROW) + 20)
    QTest.mouseClick(part, LEFT, pos=second)
    assert pressed == ["a.localhost"]


def test_outcome_bars_tell_the_name_of_the_row_that_came_under_the_mouse(room: QWidget) -> None:
    part = OutcomeBars()
    names = [f"a-name-that-is-cut-since-it-is-long-{n}.localhost" for n in range(2)]
    rows = [OutcomeBar(name, Bar((("ok", 1),), 1), "1 %") for name in names]
    part.show_rows(rows)
    placed(part, room)
    move(part, QPoint(20, 5))
    assert part.toolTip() == names[0]
    part.show_rows(rows[::-1])
    assert part.toolTip() == names[1]


def test_outcome_bars_are_pressed_by_keys(room: QWidget) -> None:
    part = OutcomeBars()
    part.show_rows(ROWS)
    placed(part, room)
    pressed: list[str] = []
    part.pressed.connect(pressed.append)
    at_rest = look_of(part)
    part.setFocus(Qt.FocusReason.TabFocusReason)
    assert wait_for(lambda: look_of(part) != at_rest), "a ring"
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Down, Qt.Key.Key_Enter, Qt.Key.Key_Down, Qt.Key.Key_Return):
        QTest.keyClick(part, key)
    assert pressed == ["mapnook.localhost", "a.localhost", "a.localhost"]
    # The directory keeps the keyboard where others come before it.
    part.show_rows(ROWS[::-1])
    QTest.keyClick(part, Qt.Key.Key_Return)
    QTest.keyClick(part, Qt.Key.Key_Up)
    QTest.keyClick(part, Qt.Key.Key_Down)
    QTest.keyClick(part, Qt.Key.Key_Return)
    assert pressed[3:] == ["a.localhost", "mapnook.localhost"]


def test_a_picture_is_pressed_only_when_there_is_one(room: QWidget) -> None:
    part = Picture()
    placed(part, room)
    pressed: list[bool] = []
    part.pressed.connect(lambda: pressed.append(True))
    QTest.mouseClick(part, LEFT)
    assert pressed == []
    image = QImage(20, 10, QImage.Format.Format_RGB32)
    image.fill(QColor("#336699"))
    assert part._take(image, image.size())
    QTest.mouseClick(part, LEFT)
    assert pressed == [True]


def test_segments_choose_what_lies_under_the_mouse(room: QWidget) -> None:
    part = Segments([("dry", "Dry run"), ("real", "For real")])
    placed(part, room)
    chosen: list[str] = []
    part.chosen.connect(chosen.append)
    QTest.mouseClick(part, LEFT, pos=QPoint(part.width() - 10, 5))
    QTest.mouseClick(part, LEFT, pos=QPoint(part.width() - 10, 5))
    assert (chosen, part.current()) == (["real"], "real")
    part.setEnabled(False)
    QTest.mouseClick(part, LEFT, pos=QPoint(5, 5))
    assert part.current() == "real"


def test_a_table_knows_the_row_under_the_mouse(room: QWidget) -> None:
    model: LinesModel[str] = LinesModel(lambda line: line, [cell.words], [None], lambda line: line)
    model.reset(["a", "b", "c"])
    table = Table((Column("Name", 100, stretch=1),), checks=True, name="Names")
    table.setModel(model)
    table.setParent(room)
    table.resize(400, 300)
    table.show()
    move(table.viewport(), QPoint(100, table.rowViewportPosition(1) + 5))
    assert table.pointed == 1
    leave(table)
    assert table.pointed == -1


def test_the_drawer_opens_by_its_line_and_only_when_something_is_in_it(room: QWidget) -> None:
    part = Drawer(room)
    part.resize(600, part.sizeHint().height())
    part.show()
    line = QPoint(300, 10)
    wait_for(lambda: part.childAt(line) is not None)
    open_now: list[bool] = []
    QTest.mouseClick(part, LEFT, pos=line)
    open_now.append(part.is_open)
    part.show_operations([Operation("1", "Retry failed", "running", "1 of 3")], "1 running")
    QTest.mouseClick(part, LEFT, pos=line)
    open_now.append(part.is_open)
    part.show_operations([], "None yet")
    open_now.append(part.is_open)
    assert open_now == [False, True, False]


def test_a_check_box_with_words_shows_whether_it_is_ticked(room: QWidget) -> None:
    part = CheckBox("Archive the\nthree")
    placed(part, room)
    assert part.text() == "Archive the three"
    off = look_of(part)
    QTest.mouseClick(part, LEFT, pos=QPoint(4, part.height() // 2))
    assert part.isChecked()
    assert look_of(part) != off
