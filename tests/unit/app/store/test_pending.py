"""Acts lie over the confirmed state until it shows their effect, and are never counted in it."""

from __future__ import annotations

import pytest

from app.store.link import TableState
from app.store.pending import LIMIT, SAID, Wish
from app.store.store import Store
from tests.unit.app.store.rows import NOW, at, event, job, result


class World:
    """A store with one job, and a clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = NOW
        self.store = Store(lambda: self.now)
        self.pending = self.store.jobs.wishes
        self.store.put("jobs", job("in_progress"))
        self.store.put("job_results", result("submitted", host="a.localhost"))
        self.store.put("job_results", result("failed", host="b.localhost", key="r2"))
        self.store.take_changed()
        self.before = self.store.counts()

    def job(self) -> Wish | None:
        self.store.take_changed()
        return self.store.jobs.lines["j1"].wish

    def host(self, host: str) -> Wish | None:
        self.store.take_changed()
        return next(line.wish for line in self.store.jobs.directories("j1") if line.host == host)


@pytest.fixture
def world() -> World:
    return World()


def test_an_act_shows_over_the_facts_and_counts_nothing(world: World) -> None:
    world.pending.begin("w", "Pause", "j1", status="in_progress")
    assert world.store.take_changed().jobs == {"j1"}
    line = world.store.jobs.lines["j1"]
    assert line.wish is not None
    assert (line.status, line.wish.words("14:02:11"), line.wish.shape) == (
        "in_progress", "Pause: pending since 14:02:11", "send",
    )  # fmt: skip
    assert world.store.counts() == world.before
    assert [wish.id for wish in world.pending] == ["w"]
    assert world.host("a.localhost") is None


def test_the_event_with_its_id_answers_it(world: World) -> None:
    world.pending.begin("w", "Queue again", "j1")
    world.store.put("queue_history", event(1, "staff_requeue", host=None, request_id="other"))
    assert world.job() is not None
    world.store.put("queue_history", event(2, "staff_requeue", host=None, request_id="w"))
    assert world.job() is None
    assert not world.pending.knows("w")
    world.pending.answered("w")
    world.pending.failed("w", "Too late.")
    assert world.job() is None


@pytest.mark.parametrize("state", ["failed", "unknown"])
def test_an_event_answers_also_what_was_given_up(world: World, state: str) -> None:
    world.pending.begin("w", "Pause", "j1")
    getattr(world.pending, state)("w", "No answer.")
    world.store.put("queue_history", event(1, "staff_pause", host=None, request_id="w"))
    assert world.job() is None


def test_where_the_history_is_not_readable_the_status_answers_after_the_database(world: World) -> None:
    world.pending.begin("w", "Pause", "j1", status="in_progress")
    world.store.put("jobs", job("completed", version=2))
    assert world.job() is not None
    world.pending.answered("w")
    world.store.put("jobs", job("in_progress", version=3))
    assert world.job() is not None
    world.store.put("jobs", job("paused", version=4))
    assert world.job() is None


def test_a_complete_read_after_the_answer_answers_too(world: World) -> None:
    world.pending.begin("w", "Queue again", "j1")
    world.pending.answered("w")
    world.now += 5
    world.store.tick()
    assert world.job() is not None
    world.store.set_state("jobs", TableState(NOW + 9, kept=True))
    world.store.tick()
    assert world.job() is not None
    world.store.set_state("jobs", TableState(NOW))
    world.store.tick()
    assert world.job() is not None
    world.store.set_state("jobs", TableState(NOW + 1))
    world.store.tick()
    assert world.job() is None


def test_what_was_answered_is_never_unknown_however_late_its_rows_come(world: World) -> None:
    world.pending.begin("w", "Pause", "j1", status="pending")
    world.pending.answered("w")
    world.now += 10 * LIMIT
    world.store.tick()
    assert world.job().state == "answered"  # type: ignore[union-attr]


def test_after_a_while_without_a_sign_it_is_unknown(world: World) -> None:
    world.pending.begin("w", "Pause", "j1")
    world.now += LIMIT - 1
    world.store.tick()
    assert world.job().state == "asked"  # type: ignore[union-attr]
    world.now += 1
    world.store.tick()
    wish = world.job()
    assert wish is not None
    assert wish.whole("14:02:11") == "Outcome unknown: Pause, 14:02:11. Nothing came of it yet."
    world.now += 10 * LIMIT
    world.store.tick()
    assert world.job() == wish


def test_a_failure_is_said_and_then_goes(world: World) -> None:
    world.pending.begin("w", "Pause", "j1")
    world.pending.failed("w", "The job has ended.")
    wish = world.job()
    assert wish is not None
    assert (wish.whole("x"), wish.shape) == ("Pause: not done. The job has ended.", "failed")
    world.now += SAID
    world.store.tick()
    assert world.job() is None


def test_the_next_act_takes_the_place_of_a_failure_and_the_newest_is_shown(world: World) -> None:
    world.pending.begin("w1", "Pause", "j1")
    world.pending.failed("w1", "No.")
    world.pending.begin("w2", "Pause", "j1", ago=30.0)
    world.pending.begin("w3", "Cancel", "j1")
    assert [wish.id for wish in world.pending] == ["w2", "w3"]
    assert world.job().act == "Cancel"  # type: ignore[union-attr]
    world.store.put("queue_history", event(1, "staff_cancel", host=None, request_id="w3"))
    assert (world.job().act, world.job().since) == ("Pause", NOW - 30)  # type: ignore[union-attr]


def test_an_act_on_a_directory_shows_on_its_row(world: World) -> None:
    before = {line.host: line for line in world.store.jobs.directories("j1")}
    world.pending.begin("w", "Declare", "j1", ["b.localhost", "gone.localhost"])
    assert world.host("b.localhost") is not None
    assert world.store.jobs.directories("j1")[0] is before["a.localhost"]
    assert world.job() is not None
    world.pending.begin("v", "Real run", "j1", ["a.localhost"])
    assert world.host("a.localhost").act == "Real run"  # type: ignore[union-attr]
    assert world.host("b.localhost").act == "Declare"  # type: ignore[union-attr]
    world.store.put("queue_history", event(1, "staff_declare", host="b.localhost", request_id="w"))
    assert (world.host("b.localhost"), world.host("a.localhost") is None) == (None, False)
    assert world.store.jobs.directories("j1")[1].outcome == "failed"
    assert world.store.counts() == world.before


def test_an_act_on_a_job_that_comes_later(world: World) -> None:
    world.pending.begin("w", "Pause", "j2", ["a.localhost"])
    world.store.put("jobs", job("pending", "j2", created_at=at(5)))
    world.store.take_changed()
    assert world.store.jobs.lines["j2"].wish is not None
    assert world.store.jobs.directories("j2") == []


def test_a_job_without_directories(world: World) -> None:
    world.store.put("jobs", job("pending", "j2"))
    world.pending.begin("w", "Pause", "j2", ["a.localhost"])
    world.store.take_changed()
    assert world.store.jobs.lines["j2"].wish is not None


def test_the_mark_stays_until_the_rows_that_show_the_effect_are_there(world: World) -> None:
    doubted = True
    world.pending.doubts = lambda job_id: doubted and job_id == "j1"
    world.pending.begin("w", "Pause", "j1", status="in_progress")
    world.store.put("queue_history", event(1, "staff_pause", host=None, request_id="w"))
    wish = world.job()
    assert wish is not None
    assert (wish.state, wish.told) == ("answered", True)
    world.store.put("queue_history", event(2, "staff_pause", host=None, request_id="w"))
    world.store.put("jobs", job("in_progress", version=2))
    world.store.tick()
    assert world.job() == wish
    doubted = False
    world.store.put("jobs", job("paused", version=3))
    assert world.job() is None


def test_a_mark_whose_rows_did_not_change_goes_with_the_doubt(world: World) -> None:
    world.pending.doubts = lambda _: True
    world.pending.begin("w", "Queue again", "j1")
    world.pending.answered("w")
    world.store.set_state("jobs", TableState(NOW + 1))
    world.store.tick()
    assert world.job() is not None
    world.pending.doubts = lambda _: False
    world.store.tick()
    assert world.job() is None


def test_what_was_taken_back_shows_no_longer_and_can_be_taken_back_twice(world: World) -> None:
    world.pending.begin("w", "Retry", "j1")
    for _ in range(2):
        world.pending.dropped("w")
        assert world.job() is None
