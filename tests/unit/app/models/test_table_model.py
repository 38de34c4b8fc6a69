"""The model keeps order, filter and selection over any sequence of changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QItemSelectionModel, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from app.models import long_sort, sorting
from app.models import table_model as subject
from app.models.table_model import CELL_ROLE, LINE_ROLE, LinesModel
from tests.leaks.logs import Logged
from tests.unit.widgets.waiting import wait_for

KEYS = "abcdefghijklmnopqrstuvwxyz"


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


def picked(accepts: Callable[[Row], bool], lines: Sequence[Row | None]) -> list[int]:
    return [slot for slot, row in enumerate(lines) if row is not None and accepts(row)]


def shown(model: LinesModel[Row]) -> list[Row]:
    return [model.line(row) for row in range(model.rowCount())]


rows = st.builds(Row, st.sampled_from(KEYS), st.sampled_from(["x", "y", "z"]), st.integers(0, 4))
batches = st.dictionaries(st.sampled_from(KEYS), st.one_of(st.none(), rows), min_size=1, max_size=26)
steps = st.one_of(
    st.tuples(st.just("put"), rows),
    st.tuples(st.just("drop"), st.sampled_from(KEYS)),
    st.tuples(st.just("batch"), batches),
    st.tuples(st.just("sort"), st.tuples(st.integers(-1, 1), st.booleans())),
    st.tuples(st.just("filter"), st.one_of(st.none(), st.integers(0, 4))),
    st.tuples(st.just("freeze"), st.booleans()),
    st.tuples(st.just("thaw"), st.none()),
    st.tuples(st.just("let in"), st.none()),
)


class Naive:
    """What a list sorted and filtered from scratch would show, and what stands still while it is frozen."""

    def __init__(self) -> None:
        self.truth: dict[str, Row] = {}
        self.order: tuple[int, bool] = (-1, False)
        self.least: int | None = None

    def keys(self) -> set[str]:
        return {row.key for row in self.truth.values() if self.least is None or row.count >= self.least}

    def in_order(self, found: list[Row]) -> bool:
        column, descending = self.order
        values = [(row.name, row.count)[column] for row in found] if column >= 0 else []
        return values == sorted(values, reverse=descending)


def play(model: LinesModel[Row], naive: Naive, kind: str, value: Any) -> None:
    changed: dict[str, Row | None] = {}
    if kind == "put":
        changed = {value.key: value}
    elif kind == "drop":
        changed = {value: None}
    elif kind == "batch":
        changed = {key: None if row is None else msgspec.structs.replace(row, key=key) for key, row in value.items()}
    elif kind == "sort":
        naive.order = value
        model.sort(value[0], Qt.SortOrder.DescendingOrder if value[1] else Qt.SortOrder.AscendingOrder)
    elif kind == "filter":
        naive.least = value
        accepts = at_least(value)
        # Both ways must give the same: line by line, or all lines in one call.
        pick = None if accepts is None or value % 2 else partial(picked, accepts)
        model.set_filter(accepts, pick)
    elif kind == "freeze":
        model.freeze(value)
    elif kind == "thaw":
        model.thaw()
    else:
        model.let_in()
    for key, row in changed.items():
        if row is None:
            naive.truth.pop(key, None)
        else:
            naive.truth[key] = row
    if changed:
        model.apply(changed)


@settings(max_examples=300)
@given(st.lists(steps, max_size=30))
def test_view_equals_sorting_and_filtering_from_scratch(qt_app: QApplication, plan: list[tuple[str, Any]]) -> None:
    model, naive = make_model(), Naive()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    choice = QItemSelectionModel(model)
    held: QPersistentModelIndex | None = None
    frozen = False
    for kind, value in plan:
        before = shown(model)
        key = before[held.row()].key if held is not None and held.isValid() else ""
        play(model, naive, kind, value)
        frozen = value if kind == "freeze" else frozen and kind != "thaw"
        found = shown(model)
        if kind in ("put", "drop", "batch") and frozen:
            assert [row.key for row in found] == [row.key for row in before]
        elif kind == "thaw":
            assert found == before
        elif not frozen or kind != "freeze":
            assert {row.key for row in found} == naive.keys()
            assert naive.in_order(found)
        # Whether held back or not, a row shows the newest values, and what is gone says so.
        for at, row in enumerate(found):
            assert model.is_gone(at) != (naive.truth.get(row.key) == row)
            assert model.row_of(row.key) == at
        assert model.shown_keys() == [row.key for at, row in enumerate(found) if not model.is_gone(at)]
        assert all(model.by_key(row.key) == naive.truth.get(row.key) for row in found)
        assert model.total() == len(naive.truth) + sum(model.is_gone(at) for at in range(len(found)))
        if held is not None and key and held.isValid():
            assert found[held.row()].key == key
        elif held is not None and key:
            assert key not in {row.key for row in found}
        if found and (held is None or not held.isValid()):
            held = QPersistentModelIndex(model.index(len(found) // 2, 0))
            choice.select(model.index(held.row(), 0), QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if held is not None and held.isValid() and choice.hasSelection():
            assert [index.row() for index in choice.selectedIndexes()] == [held.row()]
    model.freeze(False)
    assert {row.key for row in shown(model)} == naive.keys()
    assert naive.in_order(shown(model))
    assert model.waiting() == (0, 0)


@settings(max_examples=100)
@given(st.lists(steps, max_size=30))
def test_what_was_held_back_comes_in_bit_by_bit(qt_app: QApplication, plan: list[tuple[str, Any]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subject, "MOVES", 2)
        patch.setattr(subject, "MANY_MOVES", 4)
        patch.setattr(subject, "FEW_MOVES", 1)
        model, naive = make_model(), Naive()
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
        for kind, value in plan:
            play(model, naive, kind, value)
            assert len(model.shown_keys()) <= model.rowCount()
        model.thaw()
        before = sum(model.waiting()) + 1
        while model.holds_back:
            assert before - 2 <= sum(model.waiting()) < before, "some of them each time, never all"
            before = sum(model.waiting())
            model.apply({})
        assert {row.key for row in shown(model)} == naive.keys()
        assert naive.in_order(shown(model))


@pytest.mark.parametrize("parts", range(12))
def test_a_row_that_goes_while_very_many_are_sorted_is_gone_afterwards(
    qt_app: QApplication, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    monkeypatch.setattr(subject, "AT_ONCE", 3)
    monkeypatch.setattr(sorting, "PART", 2)
    model = make_model()
    model.apply({f"k{number}": Row(f"k{number}", "x", number) for number in range(10)})
    assert wait_for(lambda: not model.busy, 20)
    model.freeze(True)
    model.apply({"k1": None})
    model.sort(1, Qt.SortOrder.DescendingOrder)
    assert model._long._parts is not None
    for _ in range(parts):
        next(model._long._parts)
    model.thaw()
    model.apply({})
    assert wait_for(lambda: not model.busy, 20)
    assert model.shown_keys() == [f"k{number}" for number in range(9, -1, -1) if number != 1]
    assert len(shown(model)) == model.total() == 9


def test_a_row_that_comes_and_goes_while_all_stands_still_no_longer_waits(qt_app: QApplication) -> None:
    model = make_model()
    model.apply({"a": Row("a", "x", 1)})
    told: list[tuple[int, int]] = []
    model.waiting_changed.connect(lambda: told.append(model.waiting()))
    model.freeze(True)
    model.apply({"b": Row("b", "x", 2)})
    model.apply({"b": None})
    assert told == [(1, 0), (0, 0)]


@settings(max_examples=60)
@given(st.lists(steps, max_size=20), st.lists(steps, max_size=20))
def test_sorting_in_parts_ends_where_sorting_at_once_does(
    qt_app: QApplication, first: list[tuple[str, Any]], second: list[tuple[str, Any]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subject, "AT_ONCE", 3)
        model, naive = make_model(), Naive()
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
        for kind, value in first:
            play(model, naive, kind, value)
        model.sort(1)
        naive.order = (1, False)
        for kind, value in second:
            play(model, naive, kind, value)
        model.freeze(False)
        assert wait_for(lambda: not model.busy, 20)
        found = shown(model)
        assert {row.key for row in found} == naive.keys()
        assert naive.in_order(found)
        assert all(naive.truth[row.key] == row for row in found)
        assert model.total() == len(naive.truth)


def test_lines_that_come_while_a_long_sort_runs_are_in_it(
    qt_app: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "AT_ONCE", 10)
    monkeypatch.setattr(long_sort, "PART_SECONDS", 0.0)
    model = make_model()
    model.reset(Row(f"{number}", "x", number % 7) for number in range(3000))
    told: list[bool] = []
    model.sorting_changed.connect(lambda: told.append(model.sorting))
    assert model.busy
    assert model.sorting
    model.apply({"new": Row("new", "x", 3), "5": None, "6": Row("6", "x", 0)})
    assert wait_for(lambda: not model.busy, 20)
    assert told == [False]
    model.sort(1, Qt.SortOrder.DescendingOrder)
    assert model.busy
    model.apply({"new": Row("new", "x", 6), "7": None})
    model.set_filter(lambda row: row.count > 2)
    assert wait_for(lambda: not model.busy, 20)
    counts = [row.count for row in shown(model)]
    assert counts == sorted(counts, reverse=True)
    assert min(counts) == 3
    assert (model.row_of("5"), model.row_of("7"), model.row_of("6")) == (-1, -1, -1)
    assert model.row_of("new") >= 0
    model.sort(0)
    model.reset([Row("a", "x", 1)])
    assert told[-2:] == [True, False]


def test_only_changed_cells_are_told(qt_app: QApplication) -> None:
    model = make_model()
    model.apply({"a": Row("a", "x", 1), "b": Row("b", "y", 2)})
    told: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda top, bottom, roles: told.append((top.row(), top.column())))
    model.apply({"b": Row("b", "y", 3)})
    assert told == [(model.row_of("b"), 1)]
    assert model.data(model.index(model.row_of("b"), 1), CELL_ROLE) == 3


def test_rows_that_nobody_sees_are_not_told(qt_app: QApplication) -> None:
    model = make_model()
    model.reset(Row(key, "x", 1) for key in KEYS)
    told: list[int] = []
    model.dataChanged.connect(lambda top, bottom, roles: told.append(top.row()))
    model.watch(3, 5)
    model.apply({key: Row(key, "y", 2) for key in KEYS})
    assert sorted(set(told)) == [3, 4, 5]


def test_many_moves_are_one_layout_and_few_are_moves(qt_app: QApplication) -> None:
    model = make_model()
    model.reset(Row(key, "x", 1) for key in KEYS)
    model.sort(1)
    told: list[str] = []
    model.layoutChanged.connect(lambda *_: told.append("layout"))
    model.rowsMoved.connect(lambda *_: told.append("moved"))
    model.apply({key: Row(key, "x", 2) for key in KEYS[:20]})
    assert told == ["layout"]
    model.apply({"z": Row("z", "x", 9)})
    assert told == ["layout", "moved"]


def test_filtered_out_lines_are_still_known(qt_app: QApplication) -> None:
    model = make_model()
    model.apply({"a": Row("a", "x", 1), "b": Row("b", "y", 2)})
    model.set_filter(lambda row: row.count > 1)
    assert (model.rowCount(), model.total(), model.row_of("a")) == (1, 2, -1)
    assert model.by_key("a") == Row("a", "x", 1)
    assert (model.all_keys(), model.shown_keys()) == (["a", "b"], ["b"])


def test_what_waits_is_counted_and_told(qt_app: QApplication) -> None:
    model = make_model()
    model.reset([Row("a", "x", 1), Row("b", "x", 2), Row("c", "x", 3)])
    model.sort(1)
    told: list[tuple[int, int]] = []
    model.waiting_changed.connect(lambda: told.append(model.waiting()))
    model.freeze(True)
    model.apply({"d": Row("d", "x", 0), "a": Row("a", "x", 9), "b": None})
    assert told == [(1, 2)]
    assert [row.key for row in shown(model)] == ["a", "b", "c"]
    model.apply({"d": None, "a": Row("a", "y", 1)})
    assert model.waiting() == (0, 1)
    model.let_in()
    assert [row.key for row in shown(model)] == ["a", "c"]
    assert told[-1] == (0, 0)


def test_a_cell_that_can_not_be_made_is_empty_and_said_once(qt_app: QApplication, logged: Logged) -> None:
    model: LinesModel[Row] = LinesModel(lambda row: row.key, [lambda row: 1 // row.count], [None], lambda row: row.name)
    model.reset([Row("a", "x", 0), Row("b", "x", 1)])
    assert [model.data(model.index(row, 0), CELL_ROLE) for row in (0, 1, 0)] == [None, 1, None]
    logged.take("column 0 can't show")


def test_roles(qt_app: QApplication) -> None:
    model = make_model()
    model.reset([Row("a", "x", 0)])
    index = model.index(0, 0)
    assert model.data(index, LINE_ROLE) == Row("a", "x", 0)
    assert model.data(index, Qt.ItemDataRole.AccessibleTextRole) == "x"
    assert model.data(index, Qt.ItemDataRole.DisplayRole) is None


def test_slots_that_are_empty_are_given_back(qt_app: QApplication) -> None:
    model = make_model()
    model.sort(1)
    kept = [Row(f"k{number}", "x", number) for number in range(9)]
    model.apply({row.key: row for row in kept})
    for number in range(1200):
        model.apply({f"n{number}": Row(f"n{number}", "x", number % 9)})
        model.apply({f"n{number}": None})
    assert shown(model) == kept
    assert len(model._lines) < 1100
    model.apply({"k3": Row("k3", "x", 99)})
    assert shown(model)[-1].key == "k3"


def test_among_very_many_lines_empty_slots_stay_until_few_are_left(
    qt_app: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model()
    model.reset(Row(f"{number}", "x", number) for number in range(2500))
    monkeypatch.setattr(subject, "FEW_LEFT", 10)
    for number in range(2400):
        model.apply({f"{number}": None})
    assert len(model._lines) == 2500
    for number in range(2400, 2495):
        model.apply({f"{number}": None})
    assert len(model._lines) < 2500
    assert [row.key for row in shown(model)] == ["2495", "2496", "2497", "2498", "2499"]
