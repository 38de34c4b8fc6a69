"""Batches under faults, killed at every step: nothing is lost, and doubled only what a person sent again."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from app.replay.batch import MOST
from tests.fakes.replay_schedule import Schedule, World
from tests.fakes.unkind_queues import FAULTS, Fault
from tests.fakes.unkind_replays import LEASE_FAULTS, LeaseFault

NO_FAULT: Fault = ""
NO_LEASE_FAULT: LeaseFault = ""
MEMORY = Path("/dev/shm")
"""A kill is played, so nothing has to reach a disk: hundreds of schedules would wait for it for a minute."""
schedules = st.builds(
    Schedule,
    letters=st.integers(1, 24),
    lanes=st.integers(1, 3),
    faults=st.lists(st.one_of(st.just(NO_FAULT), st.sampled_from(FAULTS)), max_size=24),
    kills=st.lists(st.integers(0, 40), max_size=4),
    may_release=st.booleans(),
    right=st.booleans(),
    lease=st.lists(st.one_of(st.just(NO_LEASE_FAULT), st.sampled_from(LEASE_FAULTS)), max_size=12),
    naps=st.frozensets(st.integers(1, 80), max_size=3),
)


def play(schedule: Schedule) -> World:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        world = World(schedule, Path(folder) / "replay.db")
        world.run()
        world.nothing_lost()
        world.end_is_right()
        return world


@seed(20261127)
@settings(max_examples=180, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(schedules)
def test_any_schedule_ends_as_if_undisturbed(schedule: Schedule) -> None:
    play(schedule)


@pytest.mark.parametrize("may_release", [True, False])
def test_killed_at_every_step(may_release: bool) -> None:
    whole = play(Schedule(23, 3, [], [], may_release))
    assert whole.widest > MOST, "no two lanes have written at once"
    for step in range(whole.steps + 1):
        play(Schedule(23, 3, [], [step], may_release))


def test_asleep_at_every_step_and_somebody_else_takes_over() -> None:
    whole = play(Schedule(11, 2, [], []))
    for step in range(1, whole.steps + 1):
        play(Schedule(11, 2, [], [], naps=frozenset({step})))


@pytest.mark.parametrize("fault", LEASE_FAULTS)
@pytest.mark.parametrize("slow", [False, True])
def test_each_fault_of_the_lease_at_each_call_about_it(fault: LeaseFault, slow: bool) -> None:
    """`slow`: the queue takes so long that the lease is renewed in the middle."""
    queue: list[Fault] = ["slow"] * 30 if slow else []
    whole = play(Schedule(12, 2, queue, []))
    disturbed = 0
    for call in range(whole.shared.calls.count("hold") + whole.shared.calls.count("begin")):
        world = play(Schedule(12, 2, queue, [], lease=[*[NO_LEASE_FAULT] * call, fault]))
        disturbed += world.starts > whole.starts
    # Or nothing would have been tried.
    assert disturbed


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_at_each_call(fault: Fault) -> None:
    whole = play(Schedule(12, 1, [], []))
    for call in range(len(whole.queues.calls)):
        play(Schedule(12, 1, [*[NO_FAULT] * call, fault], []))
