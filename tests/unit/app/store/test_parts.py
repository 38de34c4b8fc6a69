"""The parts of the local stack, as they are told of."""

from __future__ import annotations

from app.store.parts import PartLine, Parts


def test_a_part_keeps_since_when_it_is_so_and_counts_its_restarts() -> None:
    now = [10.0]
    parts = Parts(lambda: now[0])
    steps = [("up", ""), ("up", ""), ("restarting", "it ended"), ("restarting", "again"), ("up", "")]
    for at, (state, why) in enumerate(steps):
        now[0] = 10.0 + at
        parts.note("worker", state, why)
    assert parts.lines == {"worker": PartLine("worker", "up", 14.0, 1)}
    assert parts.version == 4
    parts.note("brain", "restarting", "port taken")
    assert parts.lines["brain"].restarts == 1
