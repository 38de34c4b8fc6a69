"""Whatever a server does and however it is connected, the store ends as the server, and never lies on the way."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.fakes.sync_world import STATUSES, WRITTEN, SyncWorld, random_schedule

_TABLES = st.sampled_from(WRITTEN)
_KEYS = st.integers(0, 5)
_STATUSES = st.sampled_from(STATUSES)
_RATES = st.sampled_from([0.0, 0.1, 0.5])
_DELAYS = st.sampled_from([0.0, 0.05, 2.0])
_PARTS = 10
_MEASURED = 2
_ONCE_WRONG = (2149, 2482, 3782, 3922, 3957, 5091, 5183, 7370, 7523, 20449)
"""Seeds of the long run that found something."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What the engine logs of all this is no news."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize(
    "part",
    [*range(_MEASURED), *(pytest.param(part, marks=pytest.mark.unmeasured) for part in range(_MEASURED, _PARTS))],
)
def test_five_hundred_hostile_schedules(part: int) -> None:
    """A twentieth of what `main.py soak schedules` runs."""
    for seed in range(part * 500 // _PARTS, (part + 1) * 500 // _PARTS):
        random_schedule(seed)


@pytest.mark.unmeasured
@pytest.mark.parametrize("seed", _ONCE_WRONG)
def test_a_schedule_that_was_once_wrong(seed: int) -> None:
    random_schedule(seed)


class Hostile(RuleBasedStateMachine):
    """The same steps, chosen and cut down by hypothesis."""

    world: SyncWorld

    @initialize(seed=st.integers(0, 1000), honest=st.booleans())
    def start(self, seed: int, honest: bool) -> None:
        self.world = SyncWorld(seed, honest=honest)

    @rule(table=_TABLES, key=_KEYS, status=_STATUSES)
    def write(self, table: str, key: int, status: str) -> None:
        self.world.write(table, key, status)

    @rule(table=_TABLES, key=_KEYS, status=_STATUSES)
    def begin(self, table: str, key: int, status: str) -> None:
        self.world.begin(table, key, status)

    @rule(which=st.integers(0, 9))
    def commit(self, which: int) -> None:
        self.world.commit(which)

    @rule(table=_TABLES, status=_STATUSES)
    def write_many(self, table: str, status: str) -> None:
        self.world.write_many(table, status)

    @rule(job=_KEYS)
    def event(self, job: int) -> None:
        self.world.event(job)

    @rule(table=_TABLES, key=_KEYS)
    def delete(self, table: str, key: int) -> None:
        self.world.delete(table, key)

    @rule(lose=_RATES, repeat=_RATES, cut=_RATES, refuse=_RATES, delay=_DELAYS, read_delay=_DELAYS)
    def hostile(
        self, lose: float, repeat: float, cut: float, refuse: float, delay: float, read_delay: float
    ) -> None:  # fmt: skip
        self.world.hostile(lose, repeat, cut, refuse, delay, read_delay)

    @rule(seconds=st.sampled_from([0.0, 1.0, 30.0, 600.0]))
    def disconnect(self, seconds: float) -> None:
        self.world.disconnect(seconds)

    @rule(what=st.sampled_from(["kill", "expire", "resubscribe", "mute", "speak", "unpublish", "freeze", "thaw"]))
    def strike(self, what: str) -> None:
        self.world.strike(what)

    @rule(seconds=st.sampled_from([0.0, 0.3, 3.0, 45.0]))
    def wait(self, seconds: float) -> None:
        self.world.wait(seconds)

    @rule(confirms=st.booleans())
    def settle(self, confirms: bool) -> None:
        self.world.settle(confirms)

    @invariant()
    def bounded(self) -> None:
        assert self.world.server.most_at_once <= 1

    def teardown(self) -> None:
        if hasattr(self, "world"):
            try:
                self.world.settle()
            finally:
                self.world.close()


TestHostile = Hostile.TestCase
TestHostile.settings = settings(max_examples=60, stateful_step_count=25, deadline=None, derandomize=True)
