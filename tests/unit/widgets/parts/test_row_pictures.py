"""Rows that are shown from pictures look as if they were drawn anew."""

from __future__ import annotations

import math
import random

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from app.models.table_model import LinesModel
from tests.unit.widgets.waiting import wait_for
from widgets.look import motion, theme
from widgets.parts import cell
from widgets.parts.columns import Column
from widgets.parts.row_pictures import RowPictures
from widgets.parts.table import Table
from widgets.parts.table_rows import FRESH

COLUMNS = (Column("Status", 96), Column("Name", 100, stretch=1), Column("OK", 90, right=True))
SHAPES = ("running", "failed", "ok")

Line = tuple[str, int]


def shown(lines: list[Line]) -> tuple[Table, LinesModel[Line]]:
    """A table that was drawn once, ordered by number."""
    table = Table(COLUMNS, checks=True)
    model: LinesModel[Line] = LinesModel(
        lambda line: line[0],
        [
            lambda line: cell.status(SHAPES[line[1] % 3], f"Status {line[1] % 3}"),
            lambda line: cell.name(line[0]),
            lambda line: cell.progress(line[1], 100, face="ok", submitted=line[1]),
        ],
        [None, None, lambda line: line[1]],
        lambda line: line[0],
        table,
    )
    model.reset(lines)
    table.setModel(model)
    table.sort_by(2)
    table.resize(500, 300)
    table.show()
    return table, model


def picture(table: Table) -> QImage:
    return table.viewport().grab().toImage()


def test_whatever_changes_the_rows_look_as_in_a_fresh_table(qt_app: QApplication) -> None:
    theme.apply("light", qt_app)
    chance = random.Random(7)
    lines = {f"name {number}": number for number in range(20)}
    table, model = shown(list(lines.items()))
    for turn in range(12):
        picture(table)
        for name in chance.sample(sorted(lines), 3):
            lines[name] = chance.randrange(100)
        model.apply({name: (name, value) for name, value in lines.items()})
        fresh, _ = shown([model.line(row) for row in range(20)])
        for one in (table, fresh):
            one.clearSelection() if turn % 3 == 0 else one.selectRow(turn)
            one.pointed = turn % 4
            one.ring = turn % 5
            one.set_old(turn % 6 == 5)
        if turn == 6:
            theme.apply("dark", qt_app)
        if turn == 9:
            table.resize(560, 300)
        fresh.resize(table.size())
        picture(table)  # more rows changed than are drawn in one turn
        assert picture(table) == picture(fresh), f"turn {turn}"
        fresh.close()
    theme.apply("light", qt_app)
    table.close()


def test_many_changed_rows_are_drawn_in_turns_and_none_is_forgotten(qt_app: QApplication) -> None:
    theme.apply("light", qt_app)
    lines = {f"name {number:02}": number for number in range(30)}
    table, model = shown(list(lines.items()))
    table.resize(500, 900)
    picture(table)
    assert not table.row_painter.late, "what never was on the screen can't wait"
    drawn: set[int] = set()
    for turn in range(1, 1 + math.ceil(30 / FRESH)):
        # They change in every turn, so that those at the top would always be due again.
        model.apply({name: (name, number + turn) for name, number in lines.items()})
        picture(table)
        assert len(table.row_painter.late) == 30 - FRESH
        drawn |= set(range(30)) - set(table.row_painter.late)
    assert drawn == set(range(30))
    assert wait_for(lambda: not table.row_painter.late)
    fresh, _ = shown([model.line(row) for row in range(30)])
    fresh.resize(table.size())
    assert picture(table) == picture(fresh)
    fresh.close()
    table.close()


def test_a_row_that_waits_shows_its_own_line_and_never_another(qt_app: QApplication) -> None:
    theme.apply("light", qt_app)
    table, model = shown([(f"name {number:02}", number) for number in range(30)])
    table.resize(500, 900)
    before, places = picture(table), {key: row for row, key in enumerate(model.shown_keys())}
    model.apply({f"name {number:02}": (f"name {number:02}", 99 - number) for number in range(30)})
    after = picture(table)
    assert len(table.row_painter.late) == 30 - FRESH
    fresh, _ = shown([model.line(row) for row in range(30)])
    fresh.resize(table.size())
    new = picture(fresh)
    for row, key in enumerate(model.shown_keys()):
        waits = row in table.row_painter.late
        assert strip(after, row) == (strip(before, places[key]) if waits else strip(new, row)), key
    fresh.close()
    table.close()


def strip(whole: QImage, row: int) -> QImage:
    return whole.copy(0, row * 28, whole.width(), 28)


def test_the_last_row_is_drawn_in_turn_though_only_a_part_of_it_is_seen(qt_app: QApplication) -> None:
    theme.apply("light", qt_app)
    lines = {f"name {number:02}": number for number in range(30)}
    table, model = shown(list(lines.items()))
    table.resize(500, 28 * 15 + 10 + table.horizontalHeader().height())
    picture(table)
    model.apply({name: (name, number + 1) for name, number in lines.items()})
    picture(table)
    assert 15 in table.row_painter.late
    assert wait_for(lambda: not table.row_painter.late)
    table.close()


def test_rows_that_wait_here_and_there_are_drawn_in_pieces(qt_app: QApplication) -> None:
    theme.apply("light", qt_app)
    lines = {f"name {number:02}": 10 * number for number in range(30)}
    table, model = shown(list(lines.items()))
    table.resize(500, 900)
    picture(table)
    model.apply({name: (name, number + 1) for name, number in list(lines.items())[::2]})
    picture(table)
    assert len(table.row_painter.late) == 15 - FRESH
    assert wait_for(lambda: not table.row_painter.late)
    assert screen(table) == table.grab().toImage()
    table.close()


def screen(table: Table) -> QImage:
    """What stands on the screen, without painting anything anew."""
    return table.screen().grabWindow(table.winId()).toImage()


def test_shapes_that_turn_are_painted_alone_and_look_as_in_a_fresh_table(
    qt_app: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    theme.apply("light", qt_app)
    lines = {f"name {number:02}": 10 * number for number in range(30)}
    table, model = shown(list(lines.items()))
    table.pointed, table.ring = 3, 6
    table.selectRow(9)
    table.viewport().update()
    qt_app.processEvents()
    pictured = len(table.row_painter._pictures)
    for turn in range(8):
        if turn == 1:
            model.apply({"name 03": ("name 03", 31), "name 04": ("name 04", 42)})
        if turn == 2:
            model.apply({"name 06": ("name 06", 301), "name 07": ("name 07", 303)})
        if turn == 3:
            table.verticalScrollBar().setValue(45)
        if turn == 4:
            table.verticalScrollBar().setValue(38)
            motion.clock._tick()  # before the rows are painted at their new places
        if turn == 6:
            monkeypatch.setattr(table, "flashes", lambda: {3: 0.5})
            table.update_row(3)
        table.set_old(turn == 7)
        qt_app.processEvents()
        before = screen(table)
        motion.clock._tick()
        if turn == 5:
            model.apply({"name 00": None})
        qt_app.processEvents()
        assert wait_for(lambda: screen(table) == table.grab().toImage()), f"turn {turn}"
        assert screen(table) != before
        assert turn or len(table.row_painter._pictures) == pictured
    table.verticalScrollBar().setValue(table.verticalScrollBar().maximum())
    motion.clock._tick()
    assert set(table.row_painter._turning) <= set(table.seen_rows()), "others turn unseen"
    table.close()


def test_a_row_that_only_moved_is_not_drawn_again(qt_app: QApplication) -> None:
    pictures = RowPictures()
    pictures.suit((100, 28, 1.0, "light"), 2)
    first = pictures.add("a")
    assert pictures.get("a") is first
    assert (first.width(), first.height()) == (100, 28)
    pictures.suit((100, 28, 1.0, "dark"), 2)
    assert pictures.get("a") is None, "another theme: another picture"


def test_a_picture_can_be_made_that_of_another_row(qt_app: QApplication) -> None:
    pictures = RowPictures()
    pictures.suit((100, 28, 1.0, "light"), 2)
    first = pictures.add("a")
    assert pictures.turn("a", "b") is first
    assert (pictures.get("a"), pictures.get("b"), pictures.turn("a", "c")) == (None, first, None)


def test_pictures_of_rows_long_gone_are_given_back(qt_app: QApplication) -> None:
    pictures = RowPictures()
    pictures.suit((10, 10, 2.0, None), 3)
    for number in range(100):
        pictures.get(0)
        assert pictures.add(number).width() == 20
    assert len(pictures) == 19
    assert pictures.get(99) is not None
    assert pictures.get(50) is None
