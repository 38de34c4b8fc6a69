"""Very many rows that never were on the screen are drawn ahead, while the last screen stays."""

from __future__ import annotations

from collections.abc import Hashable

import pytest
from PySide6.QtGui import QImage, QPaintEvent, QPixmap
from PySide6.QtWidgets import QApplication

from app.models.table_model import LinesModel
from tests.unit.widgets.parts.test_row_pictures import Line, picture, screen, shown
from tests.unit.widgets.waiting import wait_for
from widgets.look import motion, theme
from widgets.parts.row_pictures import RowPictures
from widgets.parts.table import Table
from widgets.parts.table_rows import AHEAD, FRESH


@pytest.fixture
def both(qt_app: QApplication) -> tuple[Table, LinesModel[Line]]:
    """Thirty rows on the screen, thirty more below."""
    theme.apply("light", qt_app)
    table, model = shown([(f"name {number:02}", number) for number in range(60)])
    table.resize(500, 28 * 30 + table.horizontalHeader().height())
    table.viewport().update()
    qt_app.processEvents()
    picture(table)
    return table, model


def ahead(table: Table) -> bool:
    """Whether the last screen stays."""
    return table.row_painter.ahead


def turned_round(_: int = 0) -> dict[str, Line]:
    """All of them in other places: those below come up."""
    return {f"name {number:02}": (f"name {number:02}", 59 - number) for number in range(60)}


def fresh(model: LinesModel[Line], table: Table) -> QImage:
    """What a table that never showed anything else looks like."""
    other, _ = shown([model.line(row) for row in range(60)])
    other.resize(table.size())
    found = picture(other)
    other.close()
    return found


def test_the_last_screen_stays_until_all_are_drawn(both: tuple[Table, LinesModel[Line]]) -> None:
    table, model = both
    before = picture(table)
    model.apply(turned_round())
    seen = picture(table)
    assert ahead(table)
    assert seen == before, "no mixture of two screens"
    # A row alone, or a shape that turns, is no reason to show a part of the next screen.
    table.update_row(3)
    assert picture(table) == before
    assert wait_for(lambda: not ahead(table))
    assert wait_for(lambda: picture(table) == fresh(model, table))
    table.close()


def test_shapes_go_on_turning_meanwhile(both: tuple[Table, LinesModel[Line]]) -> None:
    table, model = both
    model.apply(turned_round())
    before = picture(table)
    assert ahead(table)
    motion.clock._tick()
    seen = picture(table)
    changed = {row for row in range(30) if seen.copy(0, row * 28, 500, 28) != before.copy(0, row * 28, 500, 28)}
    assert changed == {row for row in range(30) if row % 3 == 0}, "those that run, in the places of the last screen"
    table.close()


@pytest.mark.parametrize("pixels", [28 * 4, 40])
def test_whoever_scrolls_sees_all_of_it_at_once(both: tuple[Table, LinesModel[Line]], pixels: int) -> None:
    table, model = both
    turned: list[bool] = []
    draw = table.row_painter._draw_ahead

    def scroll_once(seen: range) -> None:
        draw(seen)
        if not turned:
            turned.append(ahead(table))
            table.verticalScrollBar().setValue(pixels)

    table.row_painter._draw_ahead = scroll_once  # type: ignore[method-assign, assignment]
    model.apply(turned_round())
    assert wait_for(lambda: bool(turned) and not ahead(table))
    assert turned == [True]
    # Qt moves what is on the screen and asks for the rest only.
    assert wait_for(lambda: screen(table) == table.grab().toImage())
    table.close()


def test_rows_that_never_stand_still_are_shown_all_the_same(both: tuple[Table, LinesModel[Line]]) -> None:
    table, model = both
    shows = 0
    for turn in range(4 * AHEAD):
        model.apply(
            {f"name {number:02}": (f"name {number:02}", (number * 7 + turn * 31) % 100) for number in range(60)}
        )
        table.row_painter._drawn.clear()  # as if none of these lines had been seen before
        picture(table)
        shows += not ahead(table)
        table.row_painter._next_turn()
    assert shows >= 3
    table.close()


def test_a_shorter_list_is_no_mixture(both: tuple[Table, LinesModel[Line]]) -> None:
    table, model = both
    model.apply({f"name {number:02}": None for number in range(15, 60)})
    assert wait_for(lambda: table.viewport().width() == table.width())  # the scroll bar is gone
    picture(table)
    gone: dict[str, Line | None] = {f"name {number:02}": None for number in range(15)}
    model.apply({**gone, **{f"other {number:02}": (f"other {number:02}", number) for number in range(10)}})
    other, _ = shown([model.line(row) for row in range(10)])
    other.resize(table.size())
    assert picture(table) == picture(other), "at once"
    # Nor do rows that went long ago come back below.
    model.apply({f"more {number:02}": (f"more {number:02}", 50 + number) for number in range(15)})
    picture(table)
    assert not ahead(table)
    other.close()
    table.close()


def test_another_subject_is_shown_at_once(both: tuple[Table, LinesModel[Line]]) -> None:
    table, model = both
    model.reset([(f"other {number:02}", number) for number in range(60)])
    assert picture(table) == fresh(model, table)
    table.close()


def test_what_was_drawn_ahead_is_not_drawn_again(
    qt_app: QApplication, both: tuple[Table, LinesModel[Line]], monkeypatch: pytest.MonkeyPatch
) -> None:
    table, model = both
    drawn: list[Hashable] = []
    add, paint, most = RowPictures.add, table.row_painter.paint, 0

    def counted(pictures: RowPictures, face: Hashable) -> QPixmap:
        drawn.append(face)
        return add(pictures, face)

    def painted(event: QPaintEvent) -> None:
        nonlocal most
        drawn.clear()
        paint(event)
        most = max(most, len(drawn))

    monkeypatch.setattr(RowPictures, "add", counted)
    monkeypatch.setattr(table.row_painter, "paint", painted)
    for turn in range(6):
        model.apply({key: (key, 59 - number if turn % 2 else number) for key, (_, number) in turned_round().items()})
        picture(table)
        assert turn or ahead(table)
        assert wait_for(lambda: not ahead(table) and not table.row_painter.late)
        qt_app.processEvents()
    assert 0 < most <= FRESH
    table.close()


def test_a_table_that_is_hidden_forgets_what_it_drew(both: tuple[Table, LinesModel[Line]]) -> None:
    table, model = both
    model.apply(turned_round())
    picture(table)
    table.hide()
    assert not ahead(table)
    table.row_painter._next_turn()
    assert not len(table.row_painter._pictures)
    table.show()
    assert picture(table) == fresh(model, table)
    table.close()
