"""Acts on a job: one press is one call, and an end is only told when it is known."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app import tasks
from app.actions import database_acts as module
from app.actions.database_acts import CERTAIN_AFTER, DatabaseActs
from app.actions.jobs import JobActs, start
from app.actions.operations import Operation, Operations
from app.actions.registry import CANCEL_JOB, PAUSE_JOB, REQUEUE, RESUME_JOB, RETRY_FAILED, Act
from app.store.lines import DirectoryLine, JobLine
from app.store.store import Store
from services.domain.errors import ConsoleError, NotPermitted, NotReachable, Refused
from tests.fakes.staff import FakeStaff
from tests.waiting import until

JOB = JobLine("j1", business="Old Mill Pizza", status="failed", failed=2, total=5)


class World:
    """Acts over a database in memory and a real Operations file. `now` is moved by hand."""

    def __init__(self, folder: Path, role: str | None = "operator") -> None:
        self.file = folder / "operations.db"
        self.staff = FakeStaff()
        self.role = role
        self.late = 0.0
        self.start()

    def start(self) -> None:
        self.operations = Operations(self.file)
        self.store = Store(lambda: time.time() + self.late)
        self.pending = self.store.jobs.wishes
        self.database = DatabaseActs(
            self.staff, self.operations, self.pending, actor="desk-1", clock=lambda: time.time() + self.late,
            may_look=lambda: self.role is not None,
        )  # fmt: skip
        self.acts = JobActs(self.staff, self.database, role=self.role)

    def killed(self) -> None:
        """The program dies and starts anew."""
        self.operations.close()
        self.start()

    def run(self, act: Callable[[], Awaitable[Any]]) -> Any:
        async def whole() -> Any:
            try:
                async with asyncio.timeout(10):
                    return await act()
            finally:
                await tasks.shutdown()

        return asyncio.run(whole())

    def states(self) -> list[str]:
        return [one.state for one in self.operations.newest_first()]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(module, "LOOK_AGAIN", 0.01)
    made = World(tmp_path)
    yield made
    made.operations.close()


def test_what_nobody_foresaw_is_looked_up_in_the_audit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    requeue = world.staff.requeue_job

    async def done_and_broken(**given: Any) -> dict[str, Any]:
        await requeue(**given)
        raise KeyError("nobody foresaw")

    async def act() -> None:
        monkeypatch.setattr(world.staff, "requeue_job", done_and_broken)
        with pytest.raises(KeyError):
            await world.acts.requeue(msgspec.structs.replace(JOB, status="pending"))
        await until(lambda: world.states() == ["done"])

    world.run(act)
    assert world.operations.newest_first()[0].words == "Carried out, as the audit says."


def test_a_retry_is_done_when_the_database_says_so(world: World) -> None:
    ended = world.run(lambda: world.acts.retry_failed(JOB, reason="site is back"))
    assert (ended.state, ended.done, ended.total, ended.reason) == ("done", 2, 2, "site is back")
    assert ended.label == "Retry 2 directories of Old Mill Pizza"
    assert "waiting to be queued" in ended.words
    assert world.staff.calls == [("j1", None)]
    assert list(world.staff.audit) == [ended.id]


def test_single_directories_are_named_to_the_database(world: World) -> None:
    ended = world.run(lambda: world.acts.retry_failed(JOB, ["a.localhost"]))
    assert world.staff.calls == [("j1", ["a.localhost"])]
    assert ended.label == "Retry 1 directory of Old Mill Pizza"


def test_two_presses_call_once(world: World) -> None:
    async def press_twice() -> None:
        first = asyncio.ensure_future(world.acts.retry_failed(JOB))
        await asyncio.sleep(0)
        assert world.acts.why_not_retry(JOB) == "An act on this job is running."
        with pytest.raises(ConsoleError, match="is running"):
            await world.acts.retry_failed(JOB)
        assert world.acts.why_not_retry(msgspec.structs.replace(JOB, id="j2")) == ""
        await first

    world.run(press_twice)
    assert len(world.staff.calls) == 1
    assert world.states() == ["done"]
    assert world.acts.why_not_retry(JOB) == ""


@pytest.mark.parametrize("refusal", [None, Refused("No."), NotReachable("Gone.")])
def test_the_act_is_free_again_when_the_list_says_how_it_ended(
    world: World, monkeypatch: pytest.MonkeyPatch, refusal: ConsoleError | None
) -> None:
    told: list[str] = []
    move = world.operations.move

    def look(*given: Any, **more: Any) -> Operation:
        told.append(world.acts.why_not_retry(JOB))
        return move(*given, **more)

    monkeypatch.setattr(world.operations, "move", look)
    world.staff.refusal = refusal
    world.staff.read_fault = NotPermitted("No.")
    world.run(lambda: world.acts.retry_failed(JOB))
    assert told == [""]


def test_no_call_without_a_wish_on_the_disk(world: World) -> None:
    world.operations.close()
    with pytest.raises(Refused, match="nothing was done"):
        world.run(lambda: world.acts.retry_failed(JOB))
    assert world.staff.calls == []
    assert world.acts.why_not_retry(JOB) == ""


def test_the_wish_is_on_the_disk_when_the_call_goes_out(world: World) -> None:
    async def look() -> None:
        world.staff.gate = asyncio.Event()
        pressed = asyncio.ensure_future(world.acts.retry_failed(JOB))
        await until(lambda: world.staff.calls)
        other = Operations(world.file)
        assert [one.state for one in other.newest_first()] == ["planned"]
        other.close()
        world.staff.gate.set()
        await pressed

    world.run(look)


def test_a_refusal_is_told_in_its_own_words(world: World) -> None:
    world.staff.refusal = Refused("This job is pending: retry when it has ended.")
    ended = world.run(lambda: world.acts.retry_failed(JOB))
    assert (ended.state, ended.words) == ("failed", "This job is pending: retry when it has ended.")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"failed": 0}, "No directory of this job has failed."),
        ({"status": "in_progress"}, "The job has not ended yet."),
        ({"status": "pending"}, "The job has not ended yet."),
        ({"status": "a spelling that nobody knows"}, "The job has not ended yet."),
    ],
)
def test_why_a_retry_is_off(world: World, change: dict[str, Any], why: str) -> None:
    job = msgspec.structs.replace(JOB, **change)
    assert world.acts.why_not_retry(job) == why
    with pytest.raises(ConsoleError):
        world.run(lambda: world.acts.retry_failed(job))
    assert world.staff.calls == []
    assert world.states() == []


def test_a_viewer_may_not_and_no_job_is_no_retry(tmp_path: Path) -> None:
    world = World(tmp_path, role="viewer")
    assert "Needs the role operator" in world.acts.why_not_retry(JOB)
    assert world.acts.why_not_retry(None) == "Choose a job first."
    world.operations.close()


def test_a_lost_answer_is_unknown_until_the_audit_tells(world: World) -> None:
    world.staff.lose_answers = True

    async def lose() -> None:
        world.staff.read_fault = NotReachable("The database did not answer.")
        ended = await world.acts.retry_failed(JOB)
        assert ended.state == "unknown"
        assert "No answer from the database" in ended.words
        await until(lambda: world.staff.reads >= 2)
        assert world.states() == ["unknown"]
        world.staff.read_fault = None
        await until(lambda: world.states() == ["done"])

    world.run(lose)
    assert world.operations.newest_first()[0].done == 2


def test_a_call_that_never_arrived_is_not_called_failed_too_early(world: World) -> None:
    world.staff.refusal = NotReachable("The database did not answer.")

    async def lose() -> None:
        await world.acts.retry_failed(JOB)
        await until(lambda: world.staff.reads >= 3)
        assert world.states() == ["unknown"], "the call could still be on its way"
        world.late = CERTAIN_AFTER
        await until(lambda: world.states() == ["failed"])

    world.run(lose)
    assert world.operations.newest_first()[0].words == "It was not carried out."


def test_an_audit_that_looks_empty_to_whom_lost_the_role_proves_nothing(world: World) -> None:
    world.staff.refusal = NotReachable("The database did not answer.")

    async def lose() -> None:
        await world.acts.retry_failed(JOB)
        world.role, world.late = None, CERTAIN_AFTER
        seen = world.staff.reads
        await until(lambda: world.staff.reads >= seen + 2)
        assert world.states() == ["unknown"]
        world.role = "operator"
        await until(lambda: world.states() == ["failed"])

    world.run(lose)


def test_an_audit_that_may_not_be_read_is_not_asked_for_ever(world: World) -> None:
    world.staff.lose_answers = True
    world.staff.read_fault = NotPermitted("You may not read this.")

    async def lose() -> None:
        await world.acts.retry_failed(JOB)
        await until(lambda: not tasks.running())

    world.run(lose)
    assert world.staff.reads == 1
    assert world.states() == ["unknown"]


def wish_of_a_killed_program(world: World) -> Operation:
    wish = world.operations.plan("retry_failed", "Retry 2 directories", "j1", actor="desk-1", total=2)
    world.killed()
    return wish


def test_killed_before_the_call(world: World) -> None:
    wish_of_a_killed_program(world)
    world.late = CERTAIN_AFTER
    world.run(world.database.settle)
    assert world.states() == ["failed"]
    assert world.staff.calls == []


def test_killed_after_the_call_was_carried_out(world: World) -> None:
    wish = wish_of_a_killed_program(world)
    world.staff.audit[wish.id] = {"request_id": wish.id, "counts": {"directories": 1}}
    world.run(world.database.settle)
    (settled,) = world.operations.newest_first()
    assert (settled.state, settled.done) == ("done", 1)


def test_started_again_at_once_the_call_may_still_be_on_its_way(world: World) -> None:
    wish = wish_of_a_killed_program(world)

    async def settle() -> None:
        settling = asyncio.ensure_future(world.database.settle())
        await until(lambda: world.staff.reads >= 2)
        assert world.states() == ["unknown"]
        world.staff.audit[wish.id] = {"request_id": wish.id}
        await settling

    world.run(settle)
    (settled,) = world.operations.newest_first()
    assert (settled.state, settled.done) == ("done", 2)


def test_settling_leaves_alone_what_this_program_is_doing(world: World) -> None:
    async def both() -> None:
        world.staff.gate = asyncio.Event()
        pressed = asyncio.ensure_future(world.acts.retry_failed(JOB))
        await until(lambda: world.staff.calls)
        world.late = CERTAIN_AFTER
        await world.database.settle()
        assert world.states() == ["planned"]
        world.staff.gate.set()
        await pressed

    world.run(both)
    assert world.states() == ["done"]


def test_a_press_starts_a_task(world: World) -> None:
    async def press() -> None:
        start(RETRY_FAILED, world.acts.retry_failed(JOB, reason="why"))
        assert tasks.running() == ["retry failed"]
        await until(lambda: not tasks.running())

    world.run(press)
    assert world.states() == ["done"]


OPEN = JobLine("j1", business="Old Mill Pizza", status="pending", waiting=3, total=3)
DOUBTFUL = DirectoryLine("j1", "a.localhost", outcome="unknown")


def test_a_lost_job_is_queued_again(world: World) -> None:
    ended = world.run(lambda: world.acts.requeue(OPEN, reason="lost"))
    assert (ended.state, ended.label, ended.reason) == ("done", "Queue Old Mill Pizza again", "lost")
    assert world.staff.calls == [("j1", ["requeue", "pending"])]


@pytest.mark.parametrize(
    ("act", "status", "to"),
    [
        (PAUSE_JOB, "in_progress", "paused"),
        (RESUME_JOB, "paused", "pending"),
        (CANCEL_JOB, "paused", "cancelled"),
    ],
)
def test_a_job_is_paused_resumed_cancelled(world: World, act: Act, status: str, to: str) -> None:
    job = msgspec.structs.replace(OPEN, status=status)
    ended = world.run(lambda: world.acts.set_status(act, job, reason="asked"))
    assert ended.state == "done"
    assert ended.label == f"{act.label} Old Mill Pizza"
    assert world.staff.calls == [("j1", [to, status])]


@pytest.mark.parametrize("outcome", ["submitted", "failed", "skipped"])
def test_a_person_says_how_it_ended(world: World, outcome: Any) -> None:
    ended = world.run(lambda: world.acts.declare(OPEN, DOUBTFUL, outcome, reason="seen on the site"))
    assert ended.state == "done"
    assert world.staff.calls == [("j1", ["a.localhost", outcome, "seen on the site"])]
    assert "a.localhost" in ended.label


@pytest.mark.parametrize(
    ("act", "fits"),
    [
        (REQUEUE, {"pending", "in_progress"}),
        (PAUSE_JOB, {"pending", "in_progress"}),
        (RESUME_JOB, {"paused"}),
        (CANCEL_JOB, {"pending", "in_progress", "paused"}),
    ],
)
def test_an_act_is_off_where_it_has_no_sense(world: World, act: Act, fits: set[str]) -> None:
    for status in ("pending", "in_progress", "paused", "completed", "failed", "cancelled", "a spelling of its own"):
        why = world.acts.why_not(act, msgspec.structs.replace(OPEN, status=status))
        assert bool(why) == (status not in fits), (status, why)
    assert world.acts.why_not(act, None) == "Choose a job first."


def test_what_a_worker_has_is_not_queued_again(world: World) -> None:
    busy = msgspec.structs.replace(OPEN, status="in_progress", running=1)
    assert world.acts.why_not(REQUEUE, busy) == "A worker has this job."
    with pytest.raises(ConsoleError):
        world.run(lambda: world.acts.requeue(busy))
    assert world.staff.calls == []


def test_only_an_unknown_outcome_is_declared(world: World) -> None:
    assert world.acts.why_not_declare(OPEN, DOUBTFUL) == ""
    for directory in (None, msgspec.structs.replace(DOUBTFUL, outcome="failed")):
        assert world.acts.why_not_declare(OPEN, directory) == "Its outcome is not unknown."
    failed = msgspec.structs.replace(DOUBTFUL, outcome="failed")
    with pytest.raises(ConsoleError):
        world.run(lambda: world.acts.declare(OPEN, failed, "submitted", reason="x"))


def test_a_viewer_may_do_none_of_it(tmp_path: Path) -> None:
    world = World(tmp_path, role="viewer")
    for act in (REQUEUE, PAUSE_JOB, CANCEL_JOB):
        assert "Needs the role operator" in world.acts.why_not(act, OPEN)
    assert "Needs the role operator" in world.acts.why_not_declare(OPEN, DOUBTFUL)
    world.operations.close()


def test_a_lost_answer_of_any_act_is_looked_up(world: World) -> None:
    world.staff.lose_answers = True

    async def lose() -> None:
        ended = await world.acts.set_status(PAUSE_JOB, OPEN)
        assert ended.state == "unknown"
        await until(lambda: world.states() == ["done"])

    world.run(lose)
