"""Rows of slots, against a sorted list."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.models import order as subject
from app.models.order import Order
from app.models.sorting import Rule, sort_at_once, sort_in_parts


@settings(max_examples=200)
@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=60),
    st.lists(st.tuples(st.integers(0, 59), st.integers(0, 5)), max_size=80),
    st.booleans(),
)
def test_any_changes_leave_the_slots_in_order(start: list[int], steps: list[tuple[int, int]], descending: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subject, "PIECE", 4)
        values = [*start, *[0] * (60 - len(start))]
        inside = set(range(len(start)))
        first = sorted(inside, key=values.__getitem__)
        order = Order.of_pieces(values, [first[at : at + 4] for at in range(0, len(first), 4)], descending)
        for slot, value in steps:
            if slot in inside:
                assert order.discard(slot)
                inside.discard(slot)
            assert not order.discard(slot)
            assert order.row(slot) == -1
            values[slot] = value
            if value:
                row = order.insert_row(slot)
                order.add(slot)
                inside.add(slot)
                assert order.row(slot) == row
            expected = sorted(inside, key=lambda one: (values[one], one), reverse=descending)
            assert [order.slot(row) for row in range(len(order))] == expected
            assert [order.row(slot) for slot in expected] == list(range(len(expected)))
            assert set(order) == inside


@given(st.lists(st.one_of(st.none(), st.integers(0, 40)), max_size=4000), st.integers(0, 40))
@settings(max_examples=30)
def test_sorting_in_parts_is_sorting(lines: list[int | None], least: int) -> None:
    rule: Rule[int] = Rule(lambda line: line % 7, lambda line: line >= least)
    whole = sort_at_once(lines, rule)
    found = list(sort_in_parts(lines, rule))[-1]
    assert found is not None
    assert (found.values, found.shown) == (whole.values, whole.shown)
    assert [slot for piece in found.pieces for slot in piece] == [slot for piece in whole.pieces for slot in piece]
    assert all(found.pieces)
