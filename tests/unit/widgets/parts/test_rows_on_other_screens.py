"""A window that goes to a screen of other sharpness, or to another theme: no row is blurred, mixed or missing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from app.models.table_model import LinesModel
from tests.unit.widgets.parts.test_row_pictures import Line, shown
from tests.unit.widgets.parts.test_rows_drawn_ahead import turned_round
from tests.unit.widgets.waiting import wait_for
from widgets.look import motion, theme

ROWS = 30


class Screen:
    """A table on a screen of `ratio` pixels to each of ours."""

    def __init__(self, lines: list[Line], ratio: float) -> None:
        self.table, self.model = shown(lines)
        self.ratio = ratio
        self.table.devicePixelRatioF = lambda: self.ratio  # type: ignore[method-assign]
        self.table.resize(500, 28 * ROWS + self.table.horizontalHeader().height())
        QApplication.processEvents()

    def settle(self) -> None:
        """Wait until nothing more is drawn ahead or late, on a screen that was painted."""
        painter = self.table.row_painter
        assert wait_for(lambda: bool(self.seen()) and not painter.ahead and not painter.late)

    def seen(self) -> QImage:
        """What is on the screen once it is painted now."""
        size = self.table.viewport().size()
        image = QImage(size * self.ratio, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(self.ratio)
        image.fill(0xFF00FF)
        self.table.viewport().render(image, QPoint(0, 0))
        return image


@pytest.fixture
def both(qt_app: QApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Screen]]:
    theme.apply("light", qt_app)
    motion.clock.rest()
    monkeypatch.setattr(motion.clock, "reduced", True)  # two pictures are compared: nothing may turn between them
    made: list[Screen] = []
    yield made
    for screen in made:
        screen.table.close()
    theme.apply("light", qt_app)


def screen(both: list[Screen], ratio: float, lines: list[Line] | None = None) -> Screen:
    both.append(Screen(lines or [(f"name {number:02}", number) for number in range(2 * ROWS)], ratio))
    return both[-1]


def fresh(both: list[Screen], model: LinesModel[Line], ratio: float, scrolled: int = 0) -> QImage:
    """What a table that never showed anything else looks like there."""
    other = screen(both, ratio, [model.line(row) for row in range(model.rowCount())])
    other.table.verticalScrollBar().setValue(scrolled)
    return other.seen()


@pytest.mark.parametrize(("first", "then"), [(1.0, 2.0), (2.0, 1.0), (1.0, 1.5), (1.5, 2.0), (2.0, 3.0)])
@pytest.mark.parametrize("turns", [0, 1, 3])
def test_another_screen_while_rows_are_drawn_ahead(both: list[Screen], first: float, then: float, turns: int) -> None:
    one = screen(both, first)
    one.seen()
    one.model.apply(turned_round())
    one.seen()
    painter = one.table.row_painter
    assert painter.ahead is first.is_integer()
    for _ in range(turns):
        painter._next_turn()
    one.ratio = then
    assert one.seen() == fresh(both, one.model, then), "at once: nothing of what was drawn for the other is shown"
    one.settle()
    assert one.seen() == fresh(both, one.model, then)


def test_back_and_forth_between_two_screens(both: list[Screen]) -> None:
    one = screen(both, 1.0)
    for turn, ratio in enumerate((1.0, 2.0, 1.0, 1.5, 1.0, 2.0)):
        one.model.apply({f"name {number:02}": (f"name {number:02}", (number * 7 + turn) % 60) for number in range(60)})
        one.seen()
        one.ratio = ratio
        one.seen()
        one.settle()
        assert one.seen() == fresh(both, one.model, ratio), f"turn {turn}"


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_a_scroll_a_sort_and_a_theme_are_whole_at_once(both: list[Screen], qt_app: QApplication, ratio: float) -> None:
    one = screen(both, ratio)
    one.seen()
    one.table.verticalScrollBar().setValue(28 * 11 + 5)
    assert one.seen() == fresh(both, one.model, ratio, 28 * 11 + 5), "after a scroll"
    one.model.apply(turned_round())
    one.seen()
    theme.apply("dark", qt_app)
    kept = one.table.verticalScrollBar().value()  # the row at the top stays there
    assert one.seen() == fresh(both, one.model, ratio, kept), "after a switch of the theme while drawing ahead"
    one.table.verticalScrollBar().setValue(0)
    one.table.sort_by(2, descending=True)
    one.seen()
    one.settle()
    other = screen(both, ratio, [one.model.line(row) for row in range(one.model.rowCount())])
    other.table.sort_by(2, descending=True)
    other.seen()
    other.settle()
    assert one.seen() == other.seen(), "after a sort"
