"""A part of the stack: started, watched, restarted with growing pauses, ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from services.local.events import State
from services.local.parts import FIRST_PAUSE, LONGEST_PAUSE, STEADY_SECONDS, Part
from tests.local_stack import alive

ENDS = "import sys; sys.exit(int(sys.argv[-1]))"
STAYS = "import sys; print('up', sys.argv[1:], flush=True); sys.stdin.read()"
DEAF = "import time; print('up', flush=True); time.sleep(60)"


LEAVES = (
    "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    " print(child.pid, flush=True); sys.stdin.read()"
)


class World:
    """One part that runs `code` as its role, and what it said. `now` is the parts' clock."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: list[tuple[State, bool, str]] = []
        self.program = sys.executable
        self.code = STAYS
        self.now = 1000.0
        self.log = folder / "logs" / "brain.log"
        self.up = True
        monkeypatch.setattr("services.local.parts.role_command", self._command)
        monkeypatch.setattr("services.local.parts.time.monotonic", lambda: self.now)
        self.part = Part("brain", ["--port", "7"], dict(os.environ), self.log, self._say, lambda: self.up)

    def _command(self, role: str, *arguments: str) -> list[str]:
        return [self.program, "-c", self.code, role, *arguments]

    def _say(self, name: str, state: State, pid: int | None, why: str) -> None:
        assert name == "brain"
        self.said.append((state, pid is not None, why))

    def states(self) -> list[State]:
        return [state for state, _, _ in self.said]

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self.part._process is not None
        return self.part._process

    def tick_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.perf_counter() + 10
        while not condition():
            self.part.tick()
            assert time.perf_counter() < deadline

    def end(self) -> None:
        if self.part._process is not None:
            self.part._process.kill()
            self.part.ask_to_end()
            self.part.wait_for_end(10)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(tmp_path, monkeypatch)
    yield made
    made.end()


def test_a_part_is_up_when_it_says_so_and_ends_when_asked(world: World) -> None:
    world.up = False
    world.part.start()
    world.part.tick()
    assert world.states() == ["starting"]
    world.up = True
    world.part.tick()
    world.part.tick()
    assert world.states() == ["starting", "up"]
    assert all(has_pid for _, has_pid, _ in world.said)
    world.part.ask_to_end()
    world.part.wait_for_end(10)
    assert world.said[-1] == ("ended", False, "")
    assert world.log.read_text() == "up ['brain', '--end-with-parent', '--port', '7']\n"


def test_a_part_that_ends_is_started_again_after_growing_pauses(world: World) -> None:
    world.code, world.part.arguments = ENDS, ["3"]
    world.part.start()
    pauses = []
    for _ in range(9):
        world.tick_until(lambda: world.part.state == "restarting")
        pauses.append(world.part._retry_at - world.now)
        assert world.said[-1][1:] == (False, f"ended with exit code 3; next start in {pauses[-1]:g} s")
        world.now = world.part._retry_at - 0.01
        world.part.tick()
        assert world.states()[-1] == "restarting", "too early"
        world.now += 0.02
        world.part.tick()
        assert world.states()[-1] == "starting"
    assert pauses[0] == FIRST_PAUSE
    assert pauses[-1] == LONGEST_PAUSE
    assert all(later == min(2 * earlier, LONGEST_PAUSE) for earlier, later in pairwise(pauses))


def test_a_part_that_ran_steadily_begins_with_the_first_pause_again(world: World) -> None:
    world.part._pause = LONGEST_PAUSE
    world.part.start()
    world.part.tick()
    world.now += STEADY_SECONDS
    world.process.kill()
    world.tick_until(lambda: world.part.state == "restarting")
    assert world.part._retry_at - world.now == FIRST_PAUSE


def test_a_part_that_ends_too_soon_keeps_its_pause(world: World) -> None:
    world.part._pause = 8.0
    world.part.start()
    world.now += STEADY_SECONDS - 1
    world.process.kill()
    world.tick_until(lambda: world.part.state == "restarting")
    assert world.part._retry_at - world.now == 8.0


def test_a_part_that_was_asked_to_end_is_not_started_again(world: World) -> None:
    world.part.start()
    world.part.ask_to_end()
    world.process.wait(10)
    for _ in range(3):
        world.now += LONGEST_PAUSE
        world.part.tick()
    world.part.wait_for_end(10)
    assert world.states() == ["starting", "ended"]


def test_a_part_that_does_not_listen_is_killed(world: World) -> None:
    world.code = DEAF
    world.part.start()
    world.tick_until(lambda: "up" in world.log.read_text())
    process = world.process
    world.part.ask_to_end()
    world.part.wait_for_end(0.05)
    assert process.returncode == -signal.SIGKILL
    assert world.said[-1][0] == "ended"


@pytest.mark.skipif(sys.platform == "win32", reason="process groups")
@pytest.mark.parametrize("asked", [False, True])
def test_nothing_that_a_part_started_outlives_it(world: World, asked: bool) -> None:
    world.code = LEAVES
    world.part.start()
    world.tick_until(lambda: "\n" in world.log.read_text())
    left = int(world.log.read_text())
    assert alive(left)
    if asked:
        world.part.ask_to_end()
        world.part.wait_for_end(10)
    else:
        world.process.kill()
        world.tick_until(lambda: world.part.state == "restarting")
    world.tick_until(lambda: not alive(left))


def test_a_part_that_never_started_ends_quietly(world: World) -> None:
    world.part.ask_to_end()
    world.part.wait_for_end(1)
    assert world.states() == ["ended"]


def test_a_log_that_grew_long_is_put_aside(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.local.parts._LOG_LIMIT", 10)
    world.log.parent.mkdir()
    world.log.write_text("from an earlier start")
    world.part.start()
    world.tick_until(lambda: world.log.read_text().startswith("up"))
    assert world.log.with_suffix(".old.log").read_text() == "from an earlier start"


def test_what_cannot_be_started_is_tried_again_like_one_that_ended(world: World) -> None:
    world.program = "/no/such/program"
    world.part.start()
    assert world.said[-1][:2] == ("restarting", False)
    assert "could not be started" in world.said[-1][2]
    assert world.said[-1][2].endswith(f"next start in {FIRST_PAUSE:g} s")
    world.program = sys.executable
    world.now += FIRST_PAUSE
    world.part.tick()
    world.part.tick()
    assert world.states() == ["restarting", "starting", "up"]
