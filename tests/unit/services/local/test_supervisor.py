"""What the supervisor makes of its own absence, and of a start that can't succeed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from services.local import supervisor as module
from services.local.options import build_parser, parse_options
from services.local.parts import Limits, Part
from services.local.supervisor import Stack
from tests.unit.services.local.test_parts import Scripted


@pytest.mark.parametrize(("gap", "states"), [(3600.0, ["starting", "up"]), (1.5, ["starting", "up", "silent"])])
def test_a_supervisor_that_was_frozen_blames_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gap: float, states: list[str]
) -> None:
    now = [1000.0]
    monkeypatch.setattr("services.local.parts.time.monotonic", lambda: now[0])
    stack = Stack(tmp_path, parse_options(build_parser(), []))
    said: list[str] = []
    runner = Scripted()
    part = Part(runner, lambda name, state, pid, why: said.append(state), Limits(silent=4.0, kill=600.0))
    stack._parts.append(part)
    part.start()
    stack.tick()
    # The same silence in one piece is an absence of ours, in small ones the part's.
    for _ in range(1 if gap > 2 else 4):
        now[0] += gap
        stack.tick()
    assert said == states
    assert runner.killed == 0


def test_a_start_gives_up_in_words_when_its_time_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READY_LIMIT", 0.3)
    monkeypatch.setattr(module, "home_for", lambda data_dir, install_id: Path("/proc/nowhere"))
    stack = Stack(tmp_path, parse_options(build_parser(), ["--only", "postgres"]))
    try:
        with pytest.raises(TimeoutError, match=r"not up: postgres \(could not be started: .*nowhere"):
            stack.start(threading.Event())
    finally:
        stack.end()
