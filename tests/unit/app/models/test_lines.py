"""The model keeps order, filter and selection over any sequence of changes."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from app.models.lines import CELL_ROLE, LinesModel


class Row(msgspec.Struct, frozen=True):
    key: str
    name: str
    count: int


def make_model() -> LinesModel[Row]:
    return LinesModel(
        key=lambda row: row.key,
        cells=[lambda row: row.name, lambda row: row.count],
        sort_keys=[lambda row: row.name, lambda row: row.count],
        words=lambda row: row.name,
    )


def at_least(least: int | None) -> Callable[[Row], bool] | None:
    return None if least is None else lambda row: row.count >= least


rows = st.builds(Row, st.sampled_from("abcdefgh"), st.sampled_from(["x", "y", "z"]), st.integers(0, 4))
steps = st.one_of(
    st.tuples(st.just("put"), rows),
    st.tuples(st.just("drop"), st.sampled_from("abcdefgh")),
    st.tuples(st.just("sort"), st.tuples(st.integers(-1, 1), st.booleans())),
    st.tuples(st.just("filter"), st.one_of(st.none(), st.integers(0, 4))),
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(steps, max_size=30))
def test_view_equals_sorting_and_filtering_from_scratch(qt_app: QApplication, plan: list[tuple[str, object]]) -> None:
    model = make_model()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    truth: dict[str, Row] = {}
    order: tuple[int, bool] = (-1, False)
    least: int | None = None
    held: QPersistentModelIndex | None = None
    held_key = ""
    for kind, value in plan:
        if kind == "put" and isinstance(value, Row):
            truth[value.key] = value
            model.apply({value.key: value})
        elif kind == "drop" and isinstance(value, str):
            truth.pop(value, None)
            model.apply({value: None})
        elif kind == "sort" and isinstance(value, tuple):
            order = value
            model.sort(order[0], Qt.SortOrder.DescendingOrder if order[1] else Qt.SortOrder.AscendingOrder)
        elif kind == "filter" and (value is None or isinstance(value, int)):
            least = value
            model.set_filter(at_least(least))
        shown = [model.line(row) for row in range(model.rowCount())]
        assert {row.key: row for row in shown} == {k: r for k, r in truth.items() if least is None or r.count >= least}
        if order[0] >= 0:
            keys = [(row.name, row.count)[order[0]] for row in shown]
            assert keys == sorted(keys, reverse=order[1])
        if held is not None and held.isValid():
            assert model.line(held.row()).key == held_key
        elif shown:
            held, held_key = QPersistentModelIndex(model.index(0, 0)), shown[0].key


def test_only_changed_cells_are_told(qt_app: QApplication) -> None:
    model = make_model()
    model.apply({"a": Row("a", "x", 1), "b": Row("b", "y", 2)})
    told: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda top, bottom, roles: told.append((top.row(), top.column())))
    model.apply({"b": Row("b", "y", 3)})
    assert told == [(model.row_of("b"), 1)]
    assert model.data(model.index(model.row_of("b"), 1), CELL_ROLE) == 3


def test_filtered_out_lines_are_still_known(qt_app: QApplication) -> None:
    model = make_model()
    model.apply({"a": Row("a", "x", 1), "b": Row("b", "y", 2)})
    model.set_filter(lambda row: row.count > 1)
    assert (model.rowCount(), model.total(), model.row_of("a")) == (1, 2, -1)
    assert model.by_key("a") == Row("a", "x", 1)
