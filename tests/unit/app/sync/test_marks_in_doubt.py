"""An act's mark on a row goes with the row that shows the effect, not with the read that only finds it in doubt."""

from __future__ import annotations

import pytest

from app.store.link import TableState
from app.store.store import Store
from app.sync import inbox as module
from app.sync.inbox import Inbox


class World:
    def __init__(self) -> None:
        self.now = 100.0
        self.store = Store(lambda: self.now)
        self.inbox = Inbox(self.store)
        self.store.put("jobs", {"id": "j", "status": "in_progress", "version": 1})
        self.store.put("job_results", {"id": "r", "job_id": "j", "directory_name": "a", "version": 1})
        self.store.put("job_results", {"id": "o", "job_id": "other", "directory_name": "a", "version": 1})
        self.store.jobs.wishes.begin("w", "Pause", "j", status="in_progress")
        self.store.jobs.wishes.answered("w")

    def read_after(self) -> None:
        """A read of the jobs that was sent after the answer has ended; what it found to differ is in doubt."""
        self.now += 1
        self.store.set_state("jobs", TableState(self.now))
        self.store.tick()

    def marked(self) -> bool:
        return self.store.jobs.wishes.knows("w")


@pytest.fixture
def world() -> World:
    return World()


def test_it_waits_for_the_row_that_is_read_again(world: World) -> None:
    world.inbox.doubt("jobs", "j")
    world.read_after()
    assert world.marked()
    number = world.inbox.begin_read("jobs")
    assert world.inbox.take_dirty("jobs", 9) == ["j"]
    world.store.tick()
    assert world.marked(), "asked for, not answered"
    world.inbox.read_rows("jobs", [{"id": "j", "status": "paused", "version": 2}], number)
    assert not world.marked()
    world.inbox.end_read("jobs")


def test_a_read_that_fails_leaves_the_doubt(world: World) -> None:
    world.inbox.doubt("job_results", "r")
    world.read_after()
    world.inbox.begin_read("job_results")
    for key in world.inbox.take_dirty("job_results", 9):
        world.inbox.doubt("job_results", key)
    world.inbox.end_read("job_results")
    world.store.tick()
    assert world.marked()
    world.inbox.begin_read("job_results")
    world.inbox.take_dirty("job_results", 9)
    world.inbox.end_read("job_results")
    world.store.tick()
    assert not world.marked(), "what is not there any more is no doubt"


@pytest.mark.parametrize(("key", "waits"), [("r", True), ("new", True), ("o", False)])
def test_rows_of_another_job_hold_nothing_up(world: World, key: str, waits: bool) -> None:
    world.inbox.doubt("job_results", key)
    world.inbox.doubt("jobs", "other")
    world.inbox.doubt("customers", "c")
    world.read_after()
    assert world.marked() == waits


def test_of_very_many_nobody_looks_which_they_are(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MANY", 2)
    for number in range(3):
        world.inbox.doubt("jobs", f"other{number}")
    assert world.inbox.doubts_job("j")
    world.inbox.take_dirty("jobs", 3)
    assert world.inbox.doubts_job("j")
    world.inbox.begin_read("jobs")
    world.inbox.end_read("jobs")
    assert not world.inbox.doubts_job("j")
