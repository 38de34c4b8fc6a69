"""The lines of the Activity page: each happening once, whoever wrote it down, and no more than are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.actions.operations import FAILURE, Operations
from app.models.activity_feed import STEP, ActivityFeed
from app.models.activity_lines import ActivityLine, place
from app.store.store import Store
from services.domain.event_words import worker_words
from services.domain.times import to_iso

NOW = 1_800_000_000.0


class World:
    """A store, an Operations list, and the feed that follows them."""

    def __init__(self, operations: Operations) -> None:
        self.store = Store(lambda: NOW)
        self.operations = operations
        self.feed = ActivityFeed(self.store, self.operations)

    def event(
        self, number: int, kind: str, host: str = "", *, ago: float = 0.0, job: str = "j", **details: Any
    ) -> None:
        row = {"id": number, "job_id": job, "event": kind, "directory_name": host or None, "details": details}
        self.store.put("queue_history", {**row, "created_at": to_iso(NOW - ago)})

    def action(self, number: int, request_id: str, act: str, target: str, **more: Any) -> None:
        row = {"id": number, "request_id": request_id, "act": act, "target": target, "role": "operator"}
        self.store.put("staff_actions", {**row, "created_at": to_iso(NOW - 10), **more})

    def follow(self) -> None:
        self.feed.take(self.store.take_changed())
        self.feed.follow_operations()

    def lines(self) -> list[ActivityLine]:
        """From the newest down."""
        self.follow()
        return sorted(self.feed.lines.values(), key=place)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    operations = Operations(tmp_path / "operations.db")
    yield World(operations)
    operations.close()


def told(line: ActivityLine) -> tuple[str, ...]:
    return (line.who, line.what, line.job_id, line.directory, line.result, line.why, line.shape)


def test_an_act_that_three_wrote_down_is_one_line(world: World) -> None:
    wish = world.operations.plan("retry_failed", "Retry failed", "j", actor="desk-4@b.example", reason="new phone")
    (line,) = world.lines()
    assert told(line) == ("desk-4@b.example", "Retry failed", "j", "", "planned", "new phone", "waiting")
    world.operations.move(wish.id, "unknown", "No answer from the database")
    (line,) = world.lines()
    assert (line.result, line.shape, line.wrong) == ("No answer from the database.", "unknown", True)
    world.action(1, wish.id, "retry_failed", "j", actor="5b1e2f34-11", reason="new phone", counts={"directories": 3})
    (line,) = world.lines()
    assert told(line) == ("desk-4@b.example", "Retry failed", "j", "", "3 directories", "new phone", "ok")
    details = {"actor": "desk-4@b.example", "reason": "new phone", "request_id": wish.id}
    world.event(7, "staff_retry", ago=5, **details)
    (line,) = world.lines()
    assert (line.at, line.by_staff, line.result) == (NOW - 5, True, "3 directories")
    assert told(line)[:3] == ("desk-4@b.example", "Retry failed", "j")


def test_an_act_of_somebody_elses_console_names_what_is_known(world: World) -> None:
    world.action(1, "r1", "run_here", "j/one.example", actor="5b1e2f34-11", counts={"directories": 1})
    (line,) = world.lines()
    assert told(line) == ("operator 5b1e2f34", "Run here", "j", "one.example", "1 directory", "", "ok")
    world.event(8, "staff_declare", "two.example", request_id="r2", actor="ben@b.example", outcome="submitted")
    assert told(world.lines()[0])[:5] == ("ben@b.example", "Declare", "j", "two.example", "declared submitted")
    world.event(9, "staff_shout")
    assert told(world.lines()[0])[:2] == ("", "Shout")


def test_what_the_database_never_saw_is_there_too(world: World) -> None:
    done = world.operations.plan("replay_many", "Replay 40", "40 messages", actor="desk-4@b.example", total=40)
    world.operations.move(done.id, "done", "38 replayed, 2 skipped.")
    world.operations.plan("export", "Export 2 jobs", "/data/exports/jobs.csv", actor="desk-4@b.example")
    failed = world.operations.plan("pause", "Pause", "j", actor="desk-4@b.example")
    world.operations.move(failed.id, "failed", "This job is completed by now.")
    assert [(line.job_id, line.directory) for line in world.lines() if line.what == "Export"] == [("", "")]
    run = world.operations.plan("real_run", "Run", "j/one.example/run-1", actor="desk-4@b.example")
    assert [(one.job_id, one.directory) for one in world.lines() if one.key == f"r:{run.id}"] == [("j", "one.example")]
    many = world.operations.plan("many", "Pause 12 jobs", "pause", actor="desk-4@b.example")
    assert [one.what for one in world.lines() if one.key == f"r:{many.id}"] == ["Pause 12 jobs"]
    found = {line.what: (line.result, line.shape) for line in world.lines() if line.what in ("Replay", "Pause")}
    assert found == {"Replay": ("38 replayed, 2 skipped.", "ok"), "Pause": ("This job is completed by now.", "failed")}


def test_what_colleagues_do_is_told_as_their_consoles_tell_it(world: World) -> None:
    row = {"id": "r9", "who": "ben@b.example", "act": "replay_many", "label": "Replay 40", "target": "40 messages"}
    world.store.put("staff_operations", {**row, "state": "done", "words": "38 replayed", "started_at": to_iso(NOW - 9)})
    failed = {**row, "id": "r8", "act": FAILURE, "state": "failed", "started_at": to_iso(NOW - 8)}
    world.store.put("staff_operations", failed)
    (line,) = world.lines()
    assert told(line) == ("ben@b.example", "Replay", "", "", "38 replayed", "", "ok")
    fresh = ActivityFeed(world.store, world.operations)
    fresh.catch_up()
    assert list(fresh.lines) == ["r:r9"]


def test_an_act_whose_record_goes_stays_told(world: World) -> None:
    world.action(1, "r1", "pause", "j")
    world.follow()
    world.store.remove("staff_actions", "1")
    assert [line.what for line in world.lines()] == ["Pause"]


def test_the_pipelines_steps_say_what_came_of_them(world: World) -> None:
    world.event(1, "submitting", "one.example", ago=9)
    world.event(2, "submitted", "one.example", ago=8, duration_ms=31_200)
    world.event(3, "submission_complete", "one.example", ago=7, status="submitted")
    world.event(4, "error", "two.example", ago=6, error="No field “phone”.")
    world.event(5, "unknown", "two.example", ago=5, reasons=["no answer", "the page was closed"])
    world.event(6, "job_finalized", ago=4, submitted=48, failed=2, skipped=0)
    world.event(7, "job_finalized", ago=3)
    world.event(8, "something_new", ago=2)
    assert [(line.what, line.result) for line in world.lines()] == [
        ("Something new", ""),
        ("Job ended", "nothing was submitted"),
        ("Job ended", "48 submitted, 2 failed"),
        ("Outcome unknown", "no answer, the page was closed"),
        ("A try failed", "No field “phone”."),
        ("Submitted", "took 31.2 s"),
        ("Submitting", ""),
    ]
    assert not any(line.by_staff for line in world.lines())
    assert [line.shape for line in world.lines()][-1] == "waiting"


def test_a_run_of_a_person_is_not_named_by_a_number_alone() -> None:
    assert worker_words("staff:68c2c7a8-1111-4111-8111-000000000000") == "staff 68c2c7a8"
    assert [worker_words(one) for one in ("w-1", "", "staff:", "a:b")] == ["w-1", "", "staff:", "a:b"]


def test_who_did_a_run_is_whole_in_the_data(world: World) -> None:
    who = "staff:68c2c7a8-1111-4111-8111-000000000000"
    world.store.put(
        "queue_history",
        {"id": 1, "job_id": "j", "event": "submitted", "worker_id": who, "details": {}, "created_at": to_iso(NOW)},
    )
    (line,) = world.lines()
    assert line.who == who


def test_only_the_newest_events_are_listed_and_older_ones_on_request(world: World) -> None:
    for number in range(2 * STEP):
        world.event(number, "job_started", ago=5 * STEP - number, job=f"j{number}")
    world.action(1, "r1", "pause", "j")
    lines = world.lines()
    assert (len(lines), world.feed.held_older) == (STEP + 1, True)
    assert world.feed.oldest == NOW - 4 * STEP
    for number in range(2 * STEP, 2 * STEP + STEP // 5 + 1):
        world.event(number, "job_started", job=f"j{number}")
    assert len(world.lines()) == STEP + 1
    world.feed.more()
    world.feed.catch_up()
    assert len(world.lines()) == 2 * STEP + 1
    world.feed.more()
    world.feed.catch_up()
    assert (len(world.lines()), world.feed.held_older) == (2 * STEP + STEP // 5 + 2, False)


def test_events_of_one_job_from_before_those_of_all_are_not_listed(world: World) -> None:
    world.event(9, "job_started", ago=10)
    world.store.jobs.history_from = NOW - 10
    world.event(1, "flow_started", ago=5000)
    assert [line.what for line in world.lines()] == ["Job started"]
    assert not world.feed.held_older


def test_an_event_that_is_gone_is_taken_out(world: World) -> None:
    world.event(1, "job_started", ago=2)
    world.event(2, "flow_started", ago=1)
    world.event(3, "job_started")
    world.follow()
    world.store.remove("queue_history", "1")
    assert [line.key for line in world.lines()] == ["h:3", "h:2"]
    world.store.remove("queue_history", "2")
    world.store.take_changed()
    assert world.feed.catch_up() == {"h:2": None}
    world.store.remove("queue_history", "99")
    world.follow()


def test_the_many_outcomes_that_were_told_are_forgotten_in_time(world: World) -> None:
    for number in range(20_002):
        world.feed._ended["j", str(number)] = "submitted"
    world.event(1, "submitted", "one.example")
    world.follow()
    assert len(world.feed._ended) == 1


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("event"), st.integers(1, 12), st.just("")),
        st.tuples(st.just("action"), st.integers(1, 4), st.sampled_from(["pause", "retry_failed"])),
        st.tuples(st.just("gone"), st.integers(1, 12), st.just("")),
        st.tuples(st.just("follow"), st.just(0), st.just("")),
    ),
    max_size=25,
)


KINDS = ("job_started", "error", "staff_pause")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(STEPS)
def test_following_and_catching_up_list_the_same(world: World, steps: list[Any]) -> None:
    world = World(world.operations)
    for step, number, kind in steps:
        if step == "event":
            request = {"request_id": f"r{number % 4}"} if number % 3 == 2 else {}
            world.event(number, KINDS[number % 3], ago=20 - number, **request)
        elif step == "action":
            world.action(number, f"r{number}", kind, "j")
        elif step == "gone":
            world.store.remove("queue_history", str(number))
        else:
            world.follow()
    world.follow()
    fresh = ActivityFeed(world.store, world.operations)
    fresh.catch_up()
    steps_of_jobs = {key: line for key, line in world.feed.lines.items() if not line.by_staff}
    assert steps_of_jobs == {key: line for key, line in fresh.lines.items() if not line.by_staff}
    # What staff did stays told, also when one of those who wrote it down is gone.
    assert set(world.feed.lines) >= set(fresh.lines)
