"""All failed directories of a job run here: one row, an item for each, two at a time, steered, and never doubled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app import tasks
from app.actions.registry import READ_ONLY
from app.actions.run_batches import MOST_NOT_BEGUN, RunPace, buttons, press, start
from services.domain.errors import ConsoleError, NotInstalled, NotReachable
from services.domain.plans import Constraints
from tests.leaks.logs import Logged
from tests.unit.app.actions.batch_world import JOB, Browsers, Facts, Program
from tests.waiting import until

HOSTS = [f"{name}.localhost" for name in "abcdef"]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path, Facts(HOSTS), Browsers())
    yield made
    made.operations.close()


def test_each_is_claimed_run_and_written_two_at_a_time(program: Program) -> None:
    program.browsers.ends = {"b.localhost": "failed", "c.localhost": "unknown"}
    assert program.loop(program.run_failed) == "failed"
    assert program.browsers.sent == dict.fromkeys(HOSTS, 1)
    assert program.browsers.most <= 2
    assert program.facts.calls.count("claim") == program.facts.calls.count("finish") == 6
    assert [program.facts.status(host) for host in HOSTS[:4]] == ["submitted", "failed", "submitting", "submitted"]
    whole = program.whole
    assert (whole.label, whole.reason, whole.total, whole.done) == (
        "Run 6 failed directories here: Kestrel Roofing", "asked", 6, 4,
    )  # fmt: skip
    assert whole.words.startswith("4 of 6 submitted, 1 failed, 1 of unknown outcome. ")
    assert "b.localhost: No" in whole.words
    assert sorted(item.state for item in program.items()) == ["done"] * 4 + ["failed", "unknown"]
    assert all(item.parent == whole.id for item in program.items())
    assert program.failed() == ["b.localhost"]


def test_what_would_double_is_left_alone(program: Program) -> None:
    """Between the sheet and its turn, a directory may have been submitted, taken or declared by somebody else."""
    program.browsers.ends = dict.fromkeys(HOSTS[:2], "hold")

    async def act() -> None:
        doing = tasks.spawn("batch", program.run_failed())
        await until(lambda: len(program.browsers.open) == 2)
        for host, status in zip(HOSTS[2:5], ("submitted", "submitting", "skipped"), strict=True):
            program.facts.rows[program.facts.key(host)] = (status, "worker")
            program.facts._put(program.facts.key(host))
        # Of this one the store doesn't know it yet: the database refuses.
        program.facts.rows[program.facts.key(HOSTS[5])] = ("submitted", "worker")
        program.browsers.go.set()
        await doing

    program.loop(act)
    assert program.browsers.sent == dict.fromkeys(HOSTS[:2], 1)
    assert program.whole.words.startswith("2 of 6 submitted, 4 left alone. ")
    for said in (
        "c.localhost: It is submitted already",
        "d.localhost: A worker has it now",
        "e.localhost: It was skip",
    ):
        assert said in program.whole.words
    assert "f.localhost: This directory is already submitted for this job" in program.whole.words


def test_it_is_paused_goes_on_and_is_cancelled(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.actions.speed.FIRST_SECONDS", 0.0)
    program.browsers.ends = dict.fromkeys(HOSTS, "hold")

    async def act() -> None:
        start(program.batches, program.job(), program.failed(), reason="asked")
        assert program.batches.why_not(program.job()) == "Its failed directories are being run here."
        await until(lambda: len(program.browsers.open) == 2)
        key = program.whole.id
        assert buttons(program.batches, program.whole) == ("Pause", "Cancel")
        assert (program.batches.progress(key), program.batches.rate(key)) == (program.batches._going[key].ended(), 0.0)
        press(program.batches, key, "Pause")
        assert program.batches.is_paused(key)
        program.browsers.go.set()
        await until(lambda: program.whole.done == 2)
        assert program.batches.rate(key) > 0
        await asyncio.to_thread(lambda: None)
        assert program.browsers.open == [], "no other is begun"
        program.browsers.go.clear()
        press(program.batches, key, "Go on")
        await until(lambda: len(program.browsers.open) == 2)
        press(program.batches, key, "Cancel")
        program.browsers.go.set()
        await until(lambda: program.whole.ended)
        assert buttons(program.batches, program.whole) == ()
        assert (program.batches.progress(key), program.batches.rate(key)) == (None, 0.0)
        assert not program.batches.is_paused(key)
        program.batches.pause(key)
        program.batches.cancel(key)

    program.loop(act)
    # What was in hand is finished.
    assert (program.whole.state, program.whole.words) == ("undone", "Cancelled. 4 of 6 submitted, 2 not begun")
    assert program.browsers.sent == dict.fromkeys(HOSTS[:4], 1)


def test_what_could_not_be_begun_is_counted_apart_and_tried_again(program: Program, tmp_path: Path) -> None:
    program.browsers.ends = {"b.localhost": "missing", "d.localhost": "failed", "e.localhost": "missing"}
    assert program.loop(program.run_failed) == "unknown"
    assert program.whole.words == (
        "3 of 6 submitted, 1 failed, 2 not begun. d.localhost: No; b.localhost: Not begun: The browser does not start; "
        "e.localhost: Not begun: The browser does not start"
    )
    assert buttons(program.batches, program.whole) == ("Resume", "Give up")
    ended = {item.target.split("/")[1]: (item.state, item.words) for item in program.items()}
    assert ended["b.localhost"] == ("undone", "Not begun: The browser does not start")
    assert ended["d.localhost"] == ("failed", "No")
    assert program.facts.status("b.localhost") == "failed"
    program.operations.close()

    again = Program(tmp_path, program.facts, Browsers())
    again.browsers.ends = {"e.localhost": "missing"}

    async def go_on() -> None:
        assert again.whole.words.startswith("3 of 6 submitted, 1 failed, 2 not begun. ")
        assert await again.batches.resume(again.whole.id) == "unknown"
        assert again.whole.words.startswith("4 of 6 submitted, 1 failed, 1 not begun. ")
        press(again.batches, again.whole.id, "Give up")
        await until(lambda: again.whole.state == "undone")

    again.loop(go_on)
    assert again.whole.words.startswith("Cancelled. 4 of 6 submitted, 1 failed, 1 not begun. d.localhost: No; e.")
    assert again.browsers.sent == {"b.localhost": 1}, "one that has failed is not tried again, nor one that is done"
    again.operations.close()


def test_what_is_wrong_with_this_machine_ends_it_early(program: Program) -> None:
    program.browsers.ends = dict.fromkeys(HOSTS, "missing")

    async def act() -> None:
        assert await program.run_failed() == "unknown"
        assert program.whole.words.startswith(f"{MOST_NOT_BEGUN} in a row could not be begun. 0 of 6 submitted, 6 not")
        assert "a.localhost: Not begun: The browser does not start" in program.whole.words
        assert program.batches.why_not(program.job()) == ""
        program.browsers.ends = {}
        press(program.batches, program.whole.id, "Resume")
        await until(lambda: program.whole.state not in ("unknown", "running"))

    program.loop(act)
    assert program.browsers.sent == dict.fromkeys(HOSTS, 1)
    assert (program.whole.state, program.whole.words) == ("done", "6 of 6 submitted")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (NotReachable("Brain does not answer."), "Brain does not answer"),
        (NotInstalled("This project has no claims."), "This project has no claims"),
    ],
)
def test_a_project_that_cannot_do_it_is_asked_a_few_times(program: Program, fault: ConsoleError, words: str) -> None:
    if isinstance(fault, NotInstalled):
        program.facts.claim_faults = [fault] * 9
    else:
        program.planner.fault = fault
    assert program.loop(program.run_failed) == "unknown"
    assert words in program.whole.words
    assert len(program.items()) <= MOST_NOT_BEGUN + 1
    assert program.browsers.sent == {}


def test_why_it_is_off(program: Program, tmp_path: Path) -> None:
    job, why = program.job(), program.batches.why_not
    assert (why(job), why(None)) == ("", "Choose a job first.")
    for change, words in (
        ({"failed": 0}, "No directory of this job has failed."),
        ({"status": "in_progress"}, "The job has not ended yet."),
        ({"status": "cancelled"}, "The job is cancelled."),
        ({"id": "nowhere"}, "The customer of this job isn't known."),
    ):
        assert why(msgspec.structs.replace(job, **change)) == words
    program.role = READ_ONLY
    assert "--read-only" in why(job)
    program.role = "viewer"
    assert why(job) == "Needs the role operator; you are viewer."

    async def refused() -> None:
        with pytest.raises(ConsoleError, match="Needs the role"):
            await program.run_failed()
        program.role = "operator"
        with pytest.raises(ConsoleError, match="Nothing here"):
            await program.batches.run(program.job(), ["other.localhost"])
        for act in (program.batches.resume, program.batches.give_up):
            with pytest.raises(ConsoleError, match="no such operation"):
                await act("nothing")

    program.loop(refused)
    assert program.operations.newest_first() == []


def test_a_role_that_is_lost_ends_it(program: Program) -> None:
    program.browsers.ends = dict.fromkeys(HOSTS, "hold")

    async def act() -> None:
        doing = tasks.spawn("batch", program.run_failed())
        await until(lambda: len(program.browsers.open) == 2)
        program.role = "viewer"
        program.browsers.go.set()
        await doing
        assert buttons(program.batches, program.whole) == ()
        program.role = "operator"
        assert buttons(program.batches, program.whole) == ("Resume", "Give up")
        press(program.batches, program.whole.id, "Give up")
        await until(lambda: program.whole.state == "undone")

    program.loop(act)
    assert program.browsers.sent == dict.fromkeys(HOSTS[:2], 1)
    assert program.whole.words == "Cancelled. 2 of 6 submitted, 4 not begun"


def test_nothing_runs_that_is_not_written_down(program: Program) -> None:
    program.operations.close()

    async def act() -> None:
        with pytest.raises(ConsoleError, match="nothing was done"):
            await program.run_failed()

    program.loop(act)
    assert (program.facts.calls, program.batches._going) == ([], {})


def test_a_fault_of_ours_ends_it_and_it_can_be_gone_on_with(program: Program, logged: Logged) -> None:
    def broken() -> None:
        raise RuntimeError("a bug")

    program.browsers.tick = broken

    async def act() -> None:
        with pytest.raises(RuntimeError):
            await program.run_failed()
        assert program.whole.words.startswith("Something unexpected happened in the middle.")
        assert buttons(program.batches, program.whole) == ("Resume", "Give up")

    program.loop(act)
    assert program.browsers.sent == {}


def test_a_site_rests_between_two_runs_and_starts_are_counted_out(tmp_path: Path) -> None:
    program = Program(tmp_path, Facts(HOSTS[:3]), Browsers(), pace=RunPace(rate=20.0, site_seconds=0.05))
    plan = program.planner.plan

    async def asks_for_rest(*values: Any) -> Any:
        return msgspec.structs.replace(await plan(*values), constraints=Constraints(rate_limit_ms=800))

    program.planner.plan = asks_for_rest  # type: ignore[assignment, method-assign]

    async def act() -> tuple[float, float]:
        clock = asyncio.get_running_loop().time
        began = clock()
        program.browsers.ends = {HOSTS[0]: "failed"}
        await program.run_failed()
        counted_out = clock() - began
        program.browsers.ends = {}
        await program.run_failed()
        return counted_out, clock() - began

    counted_out, rested = program.loop(act)
    # Only what is waited for at least: how long it takes beyond that is the machine's.
    assert counted_out >= 0.09, "the second and third start wait for their turn"
    assert rested >= 0.4, "a site that asks to be left alone is: half of 0.8 s for an enterprise job"
    assert program.browsers.sent == {HOSTS[0]: 2, HOSTS[1]: 1, HOSTS[2]: 1}
    assert program.store.jobs.get(JOB) is not None
    program.operations.close()
