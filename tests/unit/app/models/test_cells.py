"""Cells of lines, made anew only when they can be others."""

from __future__ import annotations

from collections import Counter

import pytest

from app.models import cells as subject
from app.models.cells import Cells


class Line:
    def __init__(self, number: int) -> None:
        self.number = number


class Made:
    """Two columns, the number and how old it is, that count how often they are asked; `clock` can be moved."""

    def __init__(self) -> None:
        self.clock = 0.0
        self.asked: Counter[int] = Counter()
        self.cells = Cells([self._number, lambda line: self.clock], lambda: int(self.clock))

    def _number(self, line: Line) -> int:
        self.asked[line.number] += 1
        return line.number


def test_cells_of_a_line_are_made_once_until_time_goes_by() -> None:
    made, line = Made(), Line(1)
    assert made.cells.steady_row(line) == made.cells.steady_row(line) == (1, 0.0)
    assert made.asked == {1: 1}
    made.clock = 0.9
    assert made.cells.steady_row(line) == (1, 0.0)
    made.clock = 1.0
    assert made.cells.steady_row(line) == (1, 1.0)


def test_another_line_has_cells_of_its_own() -> None:
    made = Made()
    # Each of these may stand where the one before it stood in memory.
    assert [made.cells.steady_row(Line(number)) for number in range(500)] == [(number, 0.0) for number in range(500)]


def test_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "_MOST", 2)
    made, lines = Made(), [Line(number) for number in range(3)]
    for line in (*lines, lines[0]):
        made.cells.steady_row(line)
    assert made.asked == {0: 2, 1: 1, 2: 1}


@pytest.mark.parametrize("steady", [None, lambda: 0])
def test_the_columns_that_show_something_else(steady: object) -> None:
    cells: Cells[Line] = Cells([lambda line: line.number, lambda line: "same"], steady)  # type: ignore[arg-type]
    old, fresh = Line(1), Line(2)
    assert cells.other(old, fresh) == [0]
    assert cells.other(None, fresh) == cells.other(old, old) == [0, 1]
    assert (cells.steady_row(old) is None) is (steady is None)
