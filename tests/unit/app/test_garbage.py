"""What the garbage collector passes over."""

from __future__ import annotations

import gc
import weakref

import pytest

from app import garbage


@pytest.mark.parametrize(
    ("generation", "seconds", "left_out"), [(2, garbage.LONG, True), (2, garbage.LONG / 2, False), (1, 1.0, False)]
)
def test_what_a_long_walk_found_is_left_out_of_the_next(generation: int, seconds: float, left_out: bool) -> None:
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += seconds
        return now

    kept: list[object] = [[]]
    # None but the one that is asked for.
    gc.disable()
    try:
        with garbage.short_walks(clock):
            gc.collect(generation)
            assert any(found is kept for found in gc.get_objects()) != left_out
        gc.unfreeze()
        gc.collect()
        assert any(found is kept for found in gc.get_objects())
    finally:
        gc.unfreeze()
        gc.enable()


def test_walks_are_as_usual_afterwards() -> None:
    usual = gc.get_threshold()
    with garbage.short_walks():
        assert gc.get_threshold() == (usual[0], garbage.MIDDLE, usual[2])
    assert gc.get_threshold() == usual


def test_what_was_left_out_is_given_back_once_nobody_uses_it() -> None:
    class Ring:
        itself: object

    ring = Ring()
    ring.itself = ring
    gone = weakref.ref(ring)
    gc.freeze()
    gc.disable()
    try:
        del ring
        gc.collect()
        assert gone() is not None
        garbage.give_back()
        assert gone() is None
        assert gc.isenabled()
    finally:
        gc.unfreeze()
        gc.enable()
