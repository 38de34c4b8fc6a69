"""The table: its columns, its rows, its keys."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.models import table_model
from tests.unit.widgets.waiting import in_front, wait_for
from widgets.look import theme
from widgets.parts import cell
from widgets.parts.bar import widths
from widgets.parts.cell import Bar
from widgets.parts.columns import CHECK, GAP, PADDING, Column, fit
from widgets.parts.table import Table

COLUMNS = (
    Column("Status", 96),
    Column("Name", 100, stretch=1),
    Column("Package", 80, drops=1),
    Column("OK", 40, right=True),
)


@pytest.fixture
def model(qt_app: QApplication) -> table_model.LinesModel[tuple[str, int]]:
    made: table_model.LinesModel[tuple[str, int]] = table_model.LinesModel(
        lambda line: line[0],
        [
            lambda line: cell.status("running", "In progress"),
            lambda line: cell.name(line[0]),
            lambda line: cell.words("Starter"),
            lambda line: cell.number(line[1]),
        ],
        [None, lambda line: line[0], None, lambda line: line[1]],
        lambda line: f"In progress, {line[0]}",
    )
    made.reset([("a", 3), ("b", 2), ("c", 1)])
    return made


@pytest.fixture
def table(model: table_model.LinesModel[tuple[str, int]], qt_app: QApplication) -> Table:
    theme.apply("light", qt_app)
    made = Table(COLUMNS, checks=True, name="Names")
    made.setModel(model)
    made.resize(600, 300)
    in_front(made)
    made.setFocus()
    assert wait_for(made.hasFocus)
    return made


def at(table: Table, row: int, x: int) -> QPoint:
    return QPoint(x, table.rowViewportPosition(row) + 10)


def test_rows_are_28_px_and_words_are_drawn_in_their_tone(table: Table) -> None:
    assert table.rowHeight(0) == 28
    image = table.viewport().grab().toImage()
    hairline = theme.current().hex("line.faint").lower()
    assert image.pixelColor(300, 27).name() == hairline
    colours = {image.pixelColor(x, y).name() for x in range(40, 62) for y in range(4, 24)}
    assert theme.current().hex("status.running.mark").lower() in colours


def test_a_click_on_the_check_box_adds_to_the_selection(table: Table) -> None:
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at(table, 0, 200))
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at(table, 2, 20))
    assert table.selected_rows() == [0, 2]
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at(table, 0, 20))
    assert table.selected_rows() == [2]


def test_a_click_on_the_check_box_of_the_head_selects_all_then_none(table: Table) -> None:
    head = table.horizontalHeader().viewport()
    QTest.mouseClick(head, Qt.MouseButton.LeftButton, pos=QPoint(20, 14))
    assert table.selected_rows() == [0, 1, 2]
    QTest.mouseClick(head, Qt.MouseButton.LeftButton, pos=QPoint(20, 14))
    assert table.selected_rows() == []


def test_a_click_on_a_head_sorts_and_a_second_one_turns_round(table: Table) -> None:
    head = table.horizontalHeader().viewport()
    place = QPoint(table.horizontalHeader().sectionViewportPosition(3) + 20, 14)
    QTest.mouseClick(head, Qt.MouseButton.LeftButton, pos=place)
    assert [table.model().index(row, 0).data(table_model.LINE_ROLE)[0] for row in range(3)] == ["c", "b", "a"]
    QTest.mouseClick(head, Qt.MouseButton.LeftButton, pos=place)
    assert [table.model().index(row, 0).data(table_model.LINE_ROLE)[0] for row in range(3)] == ["a", "b", "c"]


def test_the_ring_is_for_the_keyboard_only(table: Table) -> None:
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at(table, 0, 200))
    assert table.ring == -1
    QTest.keyClick(table, Qt.Key.Key_J)
    assert (table.current_row(), table.ring) == (1, 1)
    QTest.keyClick(table, Qt.Key.Key_K)
    assert table.ring == 0


def test_enter_and_double_click_open_a_row(table: Table) -> None:
    opened: list[int] = []
    table.opened.connect(opened.append)
    table.go_to(1)
    QTest.keyClick(table, Qt.Key.Key_Return)
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at(table, 2, 200))
    QTest.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at(table, 2, 200))
    assert opened == [1, 2]


def test_a_flash_is_seen_and_fades(table: Table, qt_app: QApplication) -> None:
    table.flash_row(1)
    image = table.viewport().grab().toImage()
    assert image.pixelColor(300, 28 + 2).name() == theme.current().hex("surface.flash").lower()
    assert wait_for(lambda: not table.flashes())
    image = table.viewport().grab().toImage()
    assert image.pixelColor(300, 28 + 2).name() == theme.current().hex("surface.page").lower()


def test_a_narrow_table_drops_what_may_go(table: Table, qt_app: QApplication) -> None:
    assert not table.isColumnHidden(2)
    table.resize(320, 300)
    qt_app.processEvents()
    assert [table.isColumnHidden(index) for index in range(4)] == [False, False, True, False]


@settings(derandomize=True, max_examples=200)
@given(
    st.lists(st.tuples(st.integers(20, 200), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=9),
    st.integers(100, 2000),
    st.booleans(),
)
def test_columns_fill_the_width_and_drop_in_order(specs: list[tuple[int, int, int]], space: int, checks: bool) -> None:
    columns = [Column("", width, float(stretch), drops=drops) for width, stretch, drops in specs]
    fitted = fit(columns, space, checks)
    shown = [index for index, width in enumerate(fitted) if width]
    assert shown[0] == 0
    around = GAP * (len(shown) - 1) + 2 * PADDING + (CHECK if checks else 0)
    used = sum(fitted) + around
    droppable = [index for index in shown if index and columns[index].drops]
    if sum(columns[index].width for index in shown) + around > space:
        assert all(fitted[index] == columns[index].width for index in shown if not columns[index].stretch)
        stretched = [index for index in shown if columns[index].stretch]
        assert all(min(48, columns[index].width) <= fitted[index] <= columns[index].width for index in stretched)
        assert not droppable
        return
    assert all(fitted[index] >= columns[index].width for index in shown)
    if any(columns[index].stretch for index in shown):
        assert space - used < len(shown)
    gone = [columns[index].drops for index in range(len(columns)) if not fitted[index]]
    assert all(columns[index].drops >= max(gone) for index in droppable) if gone else True


@settings(derandomize=True, max_examples=300)
@given(st.lists(st.integers(0, 500), min_size=4, max_size=4), st.integers(0, 500), st.integers(24, 400))
def test_a_bar_shows_every_part_within_its_track(counts: list[int], rest: int, space: int) -> None:
    ok, failed, unknown, skipped = counts
    bar = Bar((("ok", ok), ("failed", failed), ("unknown", unknown), ("skipped", skipped)), sum(counts) + rest)
    fitted = widths(bar, space)
    assert [part for part, _ in fitted] == [part for part, count in bar.parts if count]
    assert all(width >= 2 for _, width in fitted)
    assert sum(width for _, width in fitted) <= space


def test_rows_that_are_scrolled_to_hear_of_changes_and_those_that_left_do_not(
    table: Table, model: table_model.LinesModel[tuple[str, int]]
) -> None:
    model.reset([(f"{number:03}", number) for number in range(200)])
    told: list[int] = []
    model.dataChanged.connect(lambda first, last, _: told.extend(range(first.row(), last.row() + 1)))
    model.apply({"199": ("199", 7)})
    assert told == []
    assert wait_for(lambda: table.verticalScrollBar().maximum() > 0)
    table.verticalScrollBar().setValue(table.verticalScrollBar().maximum())
    model.apply({"199": ("199", 8)})
    assert set(told) == {199}
    model.apply({"000": ("000", 9)})
    assert set(told) == {199}
