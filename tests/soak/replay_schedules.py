"""Random schedules of faults and kills over the replay of many dead letters, in virtual time."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.fakes.replay_schedule import Schedule, World
from tests.fakes.unkind_queues import FAULTS, Fault
from tests.fakes.unkind_replays import LEASE_FAULTS, LeaseFault

MOST: Final = 5_000
"""So many schedules at most; fewer when the minutes are over before."""
_MEMORY: Final = Path("/dev/shm")


def run(minutes: float, seed: int) -> Mapping[str, int | float | str]:
    """Replays dead letters through up to 5,000 random schedules of faults and kills at every journal step."""
    chance = random.Random(seed)
    until = time.monotonic() + minutes * 60
    figures = {
        "schedules": 0,
        "starts": 0,
        "starts_refused": 0,
        "lease_faults": 0,
        "steps": 0,
        "decided_by_a_person": 0,
        "doubled_by_a_wrong_decision": 0,
    }
    while figures["schedules"] < MOST and time.monotonic() < until:
        schedule = _drawn(chance)
        with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
            world = World(schedule, Path(folder) / "replay.db")
            try:
                world.run()
                world.nothing_lost()
                world.end_is_right()
            except AssertionError as error:
                raise AssertionError(f"{schedule}: {error}") from error
        figures["schedules"] += 1
        figures["starts"] += world.starts
        figures["steps"] += world.steps
        figures["starts_refused"] += world.refused
        figures["lease_faults"] += len([one for one in schedule.lease if one]) - len(
            [one for one in world.shared.faults_to_come if one]
        )
        figures["decided_by_a_person"] += len(world.decided)
        figures["doubled_by_a_wrong_decision"] += len(world.queues.main) - schedule.letters
    return figures


def _drawn(chance: random.Random) -> Schedule:
    none: Fault = ""
    no_lease_fault: LeaseFault = ""
    return Schedule(
        letters=chance.randint(1, 24),
        lanes=chance.randint(1, 3),
        faults=[chance.choice([none, none, *FAULTS]) for _ in range(chance.randint(0, 24))],
        kills=[chance.randint(0, 60) for _ in range(chance.randint(0, 5))],
        may_release=chance.random() < 0.7,
        right=chance.random() < 0.7,
        lease=[chance.choice([no_lease_fault, no_lease_fault, *LEASE_FAULTS]) for _ in range(chance.randint(0, 12))],
        naps=frozenset(chance.randint(1, 150) for _ in range(chance.choice([0, 0, 1, 2, 4]))),
    )
