"""A run that waits for a person is neither lost nor unknown, however long it waits, and no longer than it says."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from app.store.holds import Hold, Holds, words_of
from app.store.lines import DirectoryLine, JobLine
from app.store.needs import job_need
from app.store.outcomes import PATIENCE
from app.store.store import Store
from services.domain.run_commands import CLAIM_SECONDS, PATIENCE_SECONDS
from services.ports.wishes import RunRequest
from tests.unit.app.store.rows import NOW, at, event, job, result

HOST = "a.localhost"


class World:
    """A job of which a directory was claimed just now, and a clock that is moved by hand."""

    def __init__(self, status: str = "completed") -> None:
        self.now = NOW
        self.store = Store(lambda: self.now)
        self.store.put("jobs", job(status, started_at=at(60)))
        self.store.put("job_results", result("submitting", ago=0))
        self.tell(1, "submitting")

    def tell(self, number: int, kind: str, **details: Any) -> None:
        self.store.put("queue_history", event(number, kind, NOW - self.now, **details))

    def hold(self, number: int, seconds: float, why: str = "captcha", host: str = HOST) -> None:
        told = event(number, "staff_run_held", NOW - self.now, host, why=why, until=at(NOW - self.now - seconds),
                     actor="desk-1")  # fmt: skip
        self.store.put("queue_history", told)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.store.tick()

    def lines(self) -> tuple[JobLine, DirectoryLine]:
        self.store.take_changed()
        return self.store.jobs.lines["j1"], self.store.jobs.directories("j1")[0]


def test_it_is_shown_with_what_it_waits_for_and_for_how_long() -> None:
    world = World()
    assert [line.hold for line in world.lines()] == [None, None]
    world.hold(2, 300)
    of_job, directory = world.lines()
    assert directory.outcome == "running"
    assert directory.hold == of_job.hold == Hold(HOST, "a captcha", NOW, NOW + 300, "desk-1")
    assert directory.hold.words == words_of("captcha") == "Held, waiting for a person: a captcha"
    assert directory.hold.told("4:12") == "4:12 left, waiting for a person: a captcha"
    assert [directory.hold.left(NOW + one) for one in (0, 0.5, 299.5, 400)] == [300, 300, 1, 0]
    world.hold(3, 900, "paused")
    assert world.lines()[1].hold == Hold(HOST, "", NOW, NOW + 900, "desk-1")
    assert words_of("paused") == "Held, waiting for a person"


@pytest.mark.parametrize("status", ["in_progress", "completed"])
def test_its_outcome_is_not_unknown_while_it_waits_and_unknown_in_words_afterwards(status: str) -> None:
    world = World(status)
    world.wait(PATIENCE - 60)
    world.hold(2, 300)
    world.wait(200)
    of_job, directory = world.lines()
    assert (directory.outcome, of_job.unknown, of_job.running) == ("running", 0, 1)
    assert of_job.diagnosis.words == "", "somebody is at it"
    need = job_need(of_job, False, world.store.jobs.unknown_directories)
    assert need is not None
    assert (need.kind, need.words, need.hold) == (
        "held", f"{HOST}: Held, waiting for a person: a captcha", of_job.hold,
    )  # fmt: skip
    world.wait(131)
    of_job, directory = world.lines()
    assert (directory.outcome, directory.hold, of_job.hold) == ("unknown", None, None)
    assert directory.unknown_since == NOW + PATIENCE
    need = job_need(of_job, False, world.store.jobs.unknown_directories)
    assert need is not None
    assert need.kind == ("unknown" if status == "completed" else need.kind)


@pytest.mark.parametrize("end", ["staff_run_released", "submitted", "failed", "unknown", "submitting"])
@pytest.mark.parametrize("late", [False, True])
def test_it_ends_with_what_comes_after_it_in_whatever_order_that_is_heard(end: str, late: bool) -> None:
    world = World()
    told: list[Callable[[], None]] = [lambda: world.hold(2, 300), lambda: world.tell(3, end)]
    for tell in reversed(told) if late else told:
        tell()
        world.lines()
    assert [line.hold for line in world.lines()] == [None, None]


def test_a_row_that_says_how_it_ended_is_believed_before_any_event() -> None:
    world = World()
    world.hold(2, 300)
    world.lines()
    world.store.put("job_results", result("submitted", ago=-1))
    of_job, directory = world.lines()
    assert (directory.outcome, directory.hold, of_job.hold) == ("submitted", None, None)


def test_of_several_the_one_that_ends_first_is_shown_with_the_job() -> None:
    for order in itertools.permutations([("a.localhost", 300), ("b.localhost", 200), ("c.localhost", 250)]):
        world = World()
        for number, (host, seconds) in enumerate(order):
            world.tell(10 + number, "submitting")
            world.store.put("job_results", result("submitting", ago=0, host=host, key=host))
            world.hold(20 + number, seconds, host=host)
        hold = world.lines()[0].hold
        assert hold is not None
        assert hold.host == "b.localhost"


def test_a_hold_that_does_not_say_until_when_is_none() -> None:
    world = World()
    world.tell(2, "staff_run_held", why="captcha", until="soon")
    assert [line.hold for line in world.lines()] == [None, None]


def test_the_claim_of_a_run_outlasts_the_longest_run_held_the_longest() -> None:
    longest = RunRequest.__struct_defaults__[
        RunRequest.__struct_fields__[-len(RunRequest.__struct_defaults__) :].index("total_seconds")
    ]
    assert longest == 480.0
    assert longest + PATIENCE_SECONDS + 60 <= CLAIM_SECONDS == PATIENCE


def test_another_end_of_a_job_that_nobody_held_changes_nothing() -> None:
    holds = Holds()
    holds.drop("j1", HOST)
    assert holds.of("j1", HOST) is None
    assert holds.first("j1") is None
