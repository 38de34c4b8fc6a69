"""The pump shows changes and gives frames by turns: more of a frame goes to a catch-up, less to a flood."""

from __future__ import annotations

import gc
import math
import time
import weakref

import pytest
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from app.models.pump import (
    BACKLOG,
    BACKLOG_BUDGET,
    BUDGET,
    FLOOD,
    FLOOD_BUDGET,
    FRAME_MS,
    HIDDEN_MS,
    LIVE_BACKLOG_BUDGET,
    Pump,
)  # fmt: skip
from app.store.store import Changes, Store
from tests.unit.app.store.rows import job


class Watched(Store):
    """A store that says what time it was given, and works out no job unless it `works`."""

    def __init__(self) -> None:
        super().__init__()
        self.budgets: list[float] = []
        self.works = True

    def take_changed(self, budget: float = math.inf) -> Changes:
        self.budgets.append(budget)
        return super().take_changed() if self.works else Changes(link=True)


@pytest.fixture
def store(qt_app: QApplication) -> Watched:
    return Watched()


def put(store: Store, first: int, count: int) -> None:
    for number in range(first, first + count):
        store.put("jobs", job(job_id=f"j{number}"))


def test_a_flood_leaves_the_time_to_the_feed_and_a_catch_up_takes_it(store: Watched) -> None:
    pump = Pump(store)
    told: set[str] = set()
    pump.changed.connect(lambda changes: told.update(changes.jobs))
    store.works = False
    put(store, 0, FLOOD)
    pump._take()
    put(store, FLOOD, BACKLOG)
    pump._take()
    pump._take()
    store.set_link("live")
    pump._take()
    assert store.budgets == [BUDGET, FLOOD_BUDGET, BACKLOG_BUDGET, LIVE_BACKLOG_BUDGET]
    store.works = True
    pump._take()
    pump._take()
    assert len(told) == FLOOD + BACKLOG
    assert store.budgets[-1] == BUDGET


def test_what_comes_in_during_a_hidden_turn_counts_as_much_as_in_the_frames_it_takes(store: Watched) -> None:
    pump = Pump(store)
    pump.set_hidden(True)
    store.works = False
    frames = HIDDEN_MS / FRAME_MS
    put(store, 0, FLOOD + 1)
    pump._take()
    put(store, FLOOD + 1, int(FLOOD * frames) + 1)
    pump._take()
    assert store.budgets == [BUDGET, FLOOD_BUDGET * frames]


def test_jobs_that_are_left_do_not_wait_for_the_next_frame(store: Watched) -> None:
    pump = Pump(store)
    store.works = False
    put(store, 0, FLOOD)
    pump._do()
    assert (pump._turn.isActive(), pump._timer.isActive()) == (True, False)
    store.works = True
    pump._turn.stop()
    pump._do()
    pump._turn.stop()
    pump._do()
    assert (pump._turn.isActive(), pump._timer.isActive()) == (False, True)
    pump.stop()


def test_jobs_that_are_left_do_not_start_a_stopped_pump_again(store: Watched) -> None:
    pump = Pump(store)
    pump.changed.connect(pump.stop)
    store.works = False
    put(store, 0, FLOOD)
    pump._do()
    assert (pump._turn.isActive(), pump._timer.isActive()) == (False, False)


def told_by(pump: Pump, store: Store, count: int) -> list[str]:
    """The first signals that came, while a job changes between any two of them."""
    told: list[str] = []
    loop = QEventLoop()

    def note(what: str) -> None:
        told.append(what)
        store.put("jobs", {"id": f"j{len(told)}", "customer_id": "c", "status": "pending"})
        if len(told) >= count:
            loop.quit()

    def changed(changes: Changes) -> None:
        note("changed" if changes.jobs else "nothing")

    pump.changed.connect(changed)
    pump.frame.connect(lambda: note("frame"))
    QTimer.singleShot(20_000, loop.quit)
    pump.start()
    loop.exec()
    return told[:count]


def test_changes_and_frames_come_in_turn(qt_app: QApplication) -> None:
    store = Store(time.time)
    store.put("jobs", {"id": "j", "customer_id": "c", "status": "pending"})
    pump = Pump(store)
    assert told_by(pump, store, 6) == ["changed", "frame"] * 3
    pump.stop()


def test_a_stopped_pump_shows_nothing_more(qt_app: QApplication) -> None:
    stopped, other = Pump(Store(time.time)), Pump(Store(time.time))
    told: list[str] = []
    stopped.frame.connect(lambda: told.append("frame"))
    stopped.frame.connect(stopped.stop)
    stopped.start()
    told_by(other, Store(time.time), 10)
    assert told == ["frame"]
    other.stop()


class Ring:
    """An object that only the garbage collector can give back."""

    def __init__(self) -> None:
        self.itself = self


def test_what_was_loaded_is_kept_from_the_collector_once_the_link_is_live_but_no_garbage_is(store: Watched) -> None:
    pump = Pump(store)
    loaded: list[object] = [[]]
    garbage = weakref.ref(Ring())

    def walked(wanted: object) -> bool:
        return any(found is wanted for found in gc.get_objects())

    try:
        pump._take()
        assert walked(loaded)
        store.set_link("live")
        pump._take()
        assert (walked(loaded), garbage()) == (False, None)
        later: list[object] = [[]]
        pump._take()
        assert walked(later)
    finally:
        gc.unfreeze()
