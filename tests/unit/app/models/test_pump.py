"""How much of a frame goes to changed jobs: more for a catch-up, less while a flood comes in; and none is forgotten."""

from __future__ import annotations

import math

import pytest
from PySide6.QtWidgets import QApplication

from app.models.pump import BACKLOG, BACKLOG_BUDGET, BUDGET, FLOOD, FLOOD_BUDGET, FRAME_MS, HIDDEN_MS, Pump
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
        return super().take_changed() if self.works else Changes()


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
    pump._turn()
    put(store, FLOOD, BACKLOG)
    pump._turn()
    pump._turn()
    assert store.budgets == [BUDGET, FLOOD_BUDGET, BACKLOG_BUDGET]
    store.works = True
    pump._turn()
    pump._turn()
    assert len(told) == FLOOD + BACKLOG
    assert store.budgets[-1] == BUDGET


def test_what_comes_in_during_a_hidden_turn_counts_as_much_as_in_the_frames_it_takes(store: Watched) -> None:
    pump = Pump(store)
    pump.set_hidden(True)
    store.works = False
    frames = HIDDEN_MS / FRAME_MS
    put(store, 0, FLOOD + 1)
    pump._turn()
    put(store, FLOOD + 1, int(FLOOD * frames) + 1)
    pump._turn()
    assert store.budgets == [BUDGET, FLOOD_BUDGET * frames]
