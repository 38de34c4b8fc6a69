"""A part of the stack: up, silent, ended when it stays so, started again with growing pauses."""

from __future__ import annotations

import datetime
import time
from itertools import pairwise

import pytest

from services.local.events import State
from services.local.parts import FIRST_PAUSE, LONGEST_PAUSE, STEADY_SECONDS, Limits, Part

LIMITS = Limits(silent=4.0, kill=15.0, start=60.0)


class Scripted:
    """A runner that does what the test says."""

    name = "brain"

    def __init__(self) -> None:
        self.pid: int | None = None
        self.signs = 0
        self.ready = True
        self.why = "no answer on port 7"
        self.gone = ""
        self.refuses: Exception | None = None
        self.killed = 0
        self.asked_to_end = 0

    def begin(self) -> None:
        if self.refuses:
            raise self.refuses
        self.pid, self.signs, self.gone = 7, 0, ""

    def follow(self) -> str:
        if self.gone:
            self.pid = None
        return self.gone

    def kill(self) -> None:
        self.killed += 1
        self.pid = None

    def ask_to_end(self) -> None:
        self.asked_to_end += 1

    def wait_for_end(self, limit: float) -> None:
        self.pid = None


class World:
    """One part and what it said; `now` is the machine's monotonic clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: list[tuple[State, int | None, str]] = []
        self.now = 1000.0
        self.runner = Scripted()
        monkeypatch.setattr("services.local.parts.time.monotonic", lambda: self.now)
        self.part = Part(self.runner, self._say, LIMITS)

    def _say(self, name: str, state: State, pid: int | None, why: str) -> None:
        assert name == "brain"
        self.said.append((state, pid, why))

    def states(self) -> list[State]:
        return [state for state, _, _ in self.said]

    def pass_time(self, seconds: float, *, answering: bool = False) -> None:
        for _ in range(round(seconds / 0.2)):
            self.now += 0.2
            self.runner.signs += answering
            self.part.tick()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_a_part_is_up_when_it_is_ready_and_ends_when_asked(world: World) -> None:
    world.runner.ready = False
    world.part.start()
    world.pass_time(5, answering=True)
    assert world.states() == ["starting"]
    world.runner.ready = True
    world.pass_time(60, answering=True)
    assert world.said == [("starting", 7, ""), ("up", 7, "")]
    world.part.ask_to_end()
    world.pass_time(60)
    world.part.wait_for_end(10)
    assert world.said[-1] == ("ended", None, "")
    assert world.runner.asked_to_end == 1


def test_silence_is_said_within_seconds_and_over_with_the_next_sign(world: World) -> None:
    world.part.start()
    world.pass_time(1, answering=True)
    world.pass_time(LIMITS.silent + 0.4)
    assert world.said[-1] == ("silent", 7, "it runs but does not answer: no answer on port 7")
    world.pass_time(5)
    assert world.states() == ["starting", "up", "silent"], "said once"
    world.pass_time(0.2, answering=True)
    assert world.said[-1] == ("up", 7, "")
    assert world.runner.killed == 0


def test_lasting_silence_ends_it_and_it_starts_again(world: World) -> None:
    world.part.start()
    world.pass_time(1, answering=True)
    world.pass_time(LIMITS.kill + 0.4)
    assert world.runner.killed == 1
    assert world.said[-1] == (
        "restarting", None, f"did not answer for 15 s and was ended; next start in {FIRST_PAUSE:g} s"
    )  # fmt: skip
    world.pass_time(FIRST_PAUSE + 0.4, answering=True)
    assert world.states()[-2:] == ["starting", "up"]


def test_one_that_does_not_come_up_is_ended_and_starts_again(world: World) -> None:
    world.runner.ready = False
    world.part.start()
    world.pass_time(LIMITS.start - 1, answering=True)
    assert world.runner.killed == 0
    world.pass_time(2, answering=True)
    assert world.runner.killed == 1
    assert "was not up after 60 s (no answer on port 7)" in world.said[1][2]


def test_time_in_which_nobody_listened_is_forgiven(world: World) -> None:
    world.part.start()
    world.pass_time(1, answering=True)
    world.now += 3600
    world.part.forgive(3600)
    world.part.tick()
    world.pass_time(LIMITS.silent - 1)
    assert world.states() == ["starting", "up"]


def test_the_wall_clock_may_jump(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    jumps = iter(range(0, 10**9, 86_400))
    monkeypatch.setattr(time, "time", lambda: 1.7e9 + next(jumps) * (-1) ** next(jumps))
    monkeypatch.setattr(time, "time_ns", lambda: int(time.time() * 1e9))

    class Jumping(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Jumping:
            return cls.fromtimestamp(time.time(), tz)

    monkeypatch.setattr(datetime, "datetime", Jumping)
    world.part.start()
    world.pass_time(120, answering=True)
    assert world.states() == ["starting", "up"]
    world.runner.gone = "ended with exit code 1"
    world.pass_time(FIRST_PAUSE + 0.6, answering=True)
    assert world.states()[2:4] == ["restarting", "starting"]


def test_a_part_that_ends_is_started_again_after_growing_pauses(world: World) -> None:
    world.part.start()
    pauses = []
    for _ in range(9):
        world.runner.gone = "ended with exit code 3"
        world.part.tick()
        pauses.append(world.part._retry_at - world.now)
        assert world.said[-1] == ("restarting", None, f"ended with exit code 3; next start in {pauses[-1]:g} s")
        world.now = world.part._retry_at - 0.01
        world.part.tick()
        assert world.states()[-1] == "restarting", "too early"
        world.now += 0.02
        world.part.tick()
        assert world.states()[-1] == "starting"
    assert pauses[0] == FIRST_PAUSE
    assert pauses[-1] == LONGEST_PAUSE
    assert all(later == min(2 * earlier, LONGEST_PAUSE) for earlier, later in pairwise(pauses))


@pytest.mark.parametrize(("ran", "pause"), [(STEADY_SECONDS, FIRST_PAUSE), (STEADY_SECONDS - 1, 8.0)])
def test_only_one_that_ran_steadily_begins_with_the_first_pause_again(world: World, ran: float, pause: float) -> None:
    world.part._pause = 8.0
    world.part.start()
    world.now += ran
    world.runner.gone = "ended with exit code 0"
    world.part.tick()
    assert world.part._retry_at - world.now == pause


def test_what_cannot_be_started_is_tried_again_like_one_that_ended(world: World) -> None:
    world.runner.refuses = FileNotFoundError(2, "No such file or directory", "/no/such/program")
    world.part.start()
    assert world.said == [
        ("restarting", None, "could not be started: No such file or directory: /no/such/program; next start in 0.5 s")
    ]
    world.runner.refuses = OSError("port 7 is taken by another program")
    world.pass_time(0.6)
    assert "could not be started: port 7 is taken by another program" in world.said[-1][2]
    world.runner.refuses = None
    world.pass_time(2, answering=True)
    assert world.states()[-2:] == ["starting", "up"]


def test_a_part_that_never_started_ends_quietly(world: World) -> None:
    world.part.tick()
    world.part.ask_to_end()
    world.part.wait_for_end(1)
    assert world.states() == ["ended"]
