"""Runs: a dry one takes no claim, a real one writes what became of it, and nobody claims more than is known."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app import tasks
from app.actions.operations import Operation, Operations
from app.actions.run_state import RunState, RunTarget
from app.actions.runs import ANSWERS, RunActs, start_run
from services.domain.errors import ConsoleError, NotPermitted, NotReachable
from services.domain.keys import idempotency_key
from services.domain.records import Customer
from tests.fakes.runs import HOLD, SUBMIT, FakeClaims, FakePlanner, FakeRunner
from tests.waiting import until

JOB, HOST = "11111111-1111-1111-1111-111111111111", "mapnook.localhost"
CUSTOMER = Customer("c1", business_name="Kestrel Roofing")
TARGET = RunTarget(JOB, HOST, f"http://{HOST}:8000/add", CUSTOMER)
KEY = idempotency_key(JOB, HOST, {"name": "Kestrel Roofing", "dir": HOST})
STARTED = {"kind": "started", "browser": "chromium 140.0.1", "sandbox": True}
POST = {"kind": "blocked", "method": "POST", "url": TARGET.submission_url, "bytes": 190, "body": "name=Kestrel"}
ENDED = {"kind": "ended", "status": "done", "ms": 900}
DIED = {"kind": "ended", "status": "crashed", "ms": 900, "error": "It ended with code -9."}
SILENT = NotReachable("The database did not answer.")


def step(index: int, status: str = "done", **more: Any) -> dict[str, Any]:
    return {"kind": "step", "index": index, "status": status, **more}


def verdict(status: str, **more: Any) -> dict[str, Any]:
    return {"kind": "verdict", "status": status, "reasons": [], "before_submit": False, **more}


class World:
    """Acts over fakes; the Operations list is a real file."""

    def __init__(self, folder: Path, role: str | None = "operator") -> None:
        self.planner = FakePlanner()
        self.runner = FakeRunner()
        self.claims = FakeClaims()
        self.file = folder / "operations.db"
        self.operations = Operations(self.file)
        self.artifacts = folder / "artifacts"
        self.acts = self.make(role)

    def make(self, role: str | None) -> RunActs:
        return RunActs(
            self.planner, self.runner, self.claims, self.operations, artifacts=self.artifacts, actor="desk-1",
            role=role, pauses=(0.0, 0.0),
        )  # fmt: skip

    def script(self, *events: Any) -> None:
        self.runner.script = events

    def in_loop(self, act: Callable[[], Awaitable[Any]]) -> Any:
        async def whole() -> Any:
            try:
                return await act()
            finally:
                await tasks.shutdown()

        return asyncio.run(whole())

    def run(self, *, dry: bool) -> RunState:
        ended = self.in_loop(lambda: self.acts.run(TARGET, dry=dry))
        assert isinstance(ended, RunState)
        assert ended.phase == "ended"
        return ended

    @property
    def wish(self) -> Operation:
        return self.operations.newest_first()[0]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.operations.close()


def test_a_dry_run_never_claims(world: World) -> None:
    world.script(STARTED, step(0, ms=600), step(SUBMIT, "blocked"), POST, verdict("dry"), ENDED)
    ended = world.run(dry=True)
    assert (ended.verdict, ended.words) == ("dry", "Everything is filled in; nothing was sent.")
    assert world.claims.calls == []
    assert world.runner.requests[0].dry
    assert [(held.method, held.size, held.body) for held in ended.blocked] == [("POST", 190, "name=Kestrel")]
    assert (ended.browser, ended.sandbox) == ("chromium 140.0.1", True)
    assert [line.status for line in ended.steps] == ["done", "waiting", "waiting", "blocked", "waiting"]
    assert (world.wish.act, world.wish.state, world.wish.done) == ("dry_run", "done", 1)


def test_a_dry_run_that_would_send_nothing_says_so(world: World) -> None:
    world.script(verdict("dry", reasons=["Pressing the button sent nothing; the page marks phone"]), ENDED)
    assert world.run(dry=True).words == "Pressing the button sent nothing; the page marks phone"


def test_a_real_run_claims_runs_and_writes(world: World, tmp_path: Path) -> None:
    picture = str(tmp_path / "final.jpg")
    world.script(
        STARTED, step(SUBMIT), {"kind": "picture", "index": SUBMIT, "path": picture},
        verdict("submitted", reasons=["The page thanks"], listing_url="http://mapnook.localhost/l/1"), ENDED,
    )  # fmt: skip
    ended = world.run(dry=False)
    assert ended.verdict == "submitted"
    assert world.claims.calls == ["claim", "finish"]
    assert world.claims.rows == {KEY: ("submitted", ended.run_id)}
    written = world.claims.outcomes[0]
    assert written["status"] == "submitted"
    assert written["error"] is None
    assert (written["listing"], written["picture"]) == ("http://mapnook.localhost/l/1", picture)
    assert written["log"] == {"reasons": ["The page thanks"], "run_id": ended.run_id, "run_here": True}
    assert world.claims.payload["customer_id"] == "c1"
    assert not world.runner.requests[0].dry
    assert Path(world.runner.requests[0].artifacts) == world.artifacts / "runs" / ended.run_id
    assert ended.steps[SUBMIT].picture == picture
    assert world.wish.state == "done"


@pytest.mark.parametrize("status", ["failed", "unknown"])
def test_what_the_browser_says_is_written_as_it_is(world: World, status: str) -> None:
    world.script(verdict(status, error="Phone: digits only", reasons=["HTTP 422"]), ENDED)
    ended = world.run(dry=False)
    assert (ended.verdict, ended.words) == (status, "Phone: digits only")
    assert world.claims.outcomes[0]["status"] == status
    assert world.claims.outcomes[0]["error"] == "Phone: digits only"
    assert world.wish.state == status


def test_a_child_that_dies_before_the_button_sent_nothing(world: World) -> None:
    # The click of step 1 is another button: only the last click sends the form.
    world.script(STARTED, step(0), step(1), step(2, "running"), DIED)
    ended = world.run(dry=False)
    assert (ended.verdict, ended.reasons) == ("failed", ("It ended with code -9.",))
    assert "nothing was sent" in ended.words
    assert world.claims.rows[KEY][0] == "failed"


@pytest.mark.parametrize("last", ["running", "done"])
def test_a_child_that_dies_after_the_button_leaves_it_unknown(world: World, last: str) -> None:
    world.script(STARTED, step(0), step(SUBMIT, last), DIED)
    ended = world.run(dry=False)
    assert ended.verdict == "unknown"
    assert world.claims.outcomes[0]["status"] == "unknown"
    assert world.claims.rows[KEY][0] == "submitting"
    assert world.wish.state == "unknown"


def test_a_browser_that_cannot_be_driven_is_a_crash_like_any(world: World) -> None:
    world.script(step(0), ConsoleError("No browser was found."))
    assert world.run(dry=False).verdict == "failed"
    assert world.claims.rows[KEY][0] == "failed"


@pytest.mark.parametrize("answer", ["duplicate", "in_flight", "outcome_unknown"])
def test_a_refused_claim_says_why_and_nothing_runs(world: World, answer: str) -> None:
    world.claims.rows[KEY] = ("submitted", "w") if answer == "duplicate" else ("submitting", "worker-1")
    world.claims.others = {"worker-1"} if answer == "in_flight" else set()
    ended = world.run(dry=False)
    assert (ended.verdict, ended.words) == ("failed", ANSWERS[answer])
    assert world.claims.calls == ["claim"]
    assert world.runner.requests == []
    assert (world.wish.state, world.wish.words) == ("failed", ANSWERS[answer])


@pytest.mark.parametrize("lost", [True, False])
def test_a_claim_without_an_answer_is_given_back(world: World, lost: bool) -> None:
    world.claims.claim_faults, world.claims.lost = [SILENT], lost
    ended = world.run(dry=False)
    assert ended.verdict == "failed"
    assert ended.words.endswith("Nothing was sent.")
    assert world.runner.requests == []
    assert world.claims.rows.get(KEY, ("none", ""))[0] == ("failed" if lost else "none")


def test_an_outcome_is_written_again_when_the_database_was_silent(world: World) -> None:
    world.claims.finish_faults = [SILENT]
    world.script(verdict("submitted"), ENDED)
    assert world.run(dry=False).verdict == "submitted"
    assert world.claims.calls == ["claim", "finish", "finish"]
    assert world.claims.rows[KEY][0] == "submitted"


def test_an_outcome_that_nobody_confirms_is_unknown(world: World) -> None:
    world.claims.finish_faults = [SILENT, SILENT, SILENT]
    world.script(verdict("submitted"), ENDED)
    ended = world.run(dry=False)
    assert ended.verdict == "unknown"
    assert ended.words.startswith("The browser saw it submitted; whether that is written isn't known")
    assert world.wish.state == "unknown"


def test_an_outcome_whose_answer_was_lost_claims_no_more_than_is_known(world: World) -> None:
    world.claims.finish_faults, world.claims.lost = [SILENT], True
    world.script(verdict("submitted"), ENDED)
    ended = world.run(dry=False)
    # The second call finds nothing of its own to write: only the facts can tell.
    assert ended.verdict == "unknown"
    assert "whether that is written isn't known" in ended.words
    assert len(world.claims.outcomes) == 1


def test_an_unknown_outcome_is_not_written_twice(world: World) -> None:
    world.claims.finish_faults = [SILENT, SILENT]
    world.script(step(SUBMIT, "running"), DIED)
    assert world.run(dry=False).verdict == "unknown"
    assert world.claims.calls == ["claim", "finish"]


def test_a_refused_outcome_is_unknown_with_the_reason(world: World) -> None:
    world.claims.finish_faults = [NotPermitted("The sign-in is no longer valid.")]
    world.script(verdict("failed", error="Captcha"), ENDED)
    ended = world.run(dry=False)
    assert ended.verdict == "unknown"
    assert "The sign-in is no longer valid." in ended.words


def test_a_claim_that_ran_out_leaves_it_unknown(world: World) -> None:
    world.script(HOLD, verdict("submitted"), ENDED)

    async def act() -> RunState:
        run = tasks.spawn("run", world.acts.run(TARGET, dry=False))
        await until(lambda: world.runner.requests)
        world.claims.rows[KEY] = ("submitting", "somebody else")
        world.runner.go.set()
        return await run

    ended = world.in_loop(act)
    assert ended.verdict == "unknown"
    assert "no longer this run's" in ended.words


@pytest.mark.parametrize("where", ["claim", "browser"])
def test_a_cancel_between_claim_and_finish_leaves_it_unknown(world: World, where: str) -> None:
    world.script(HOLD)
    if where == "claim":
        world.claims.gate = asyncio.Event()

    async def act() -> None:
        run = tasks.spawn("run", world.acts.run(TARGET, dry=False))
        await until(lambda: world.claims.calls if where == "claim" else world.runner.requests)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run

    world.in_loop(act)
    assert (world.acts.state.phase, world.acts.state.verdict) == ("ended", "unknown")
    assert world.runner.stopped == [world.acts.state.run_id]
    assert "finish" not in world.claims.calls
    assert world.wish.state == "unknown"


def test_a_cancelled_dry_run_sent_nothing(world: World) -> None:
    world.script(HOLD)

    async def act() -> None:
        run = tasks.spawn("run", world.acts.run(TARGET, dry=True))
        await until(lambda: world.runner.requests)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run

    world.in_loop(act)
    assert world.acts.state.verdict == "stopped"
    assert world.wish.state == "undone"


def test_stop_ends_a_dry_run(world: World) -> None:
    world.script(STARTED, step(0), HOLD)

    async def act() -> RunState:
        run = tasks.spawn("run", world.acts.run(TARGET, dry=True))
        await until(lambda: world.acts.state.browser)
        assert world.acts.why_not_stop() == ""
        world.acts.stop()
        world.acts.stop()
        assert world.acts.why_not_stop() == "It is being stopped."
        return await run

    ended = world.in_loop(act)
    assert (ended.verdict, ended.words) == ("stopped", "Stopped; nothing was sent.")
    assert world.runner.stopped == [ended.run_id]
    assert world.acts.why_not_stop() == "No run is going on."


@pytest.mark.parametrize("dry", [True, False])
def test_stop_while_brain_plans_ends_before_anything(world: World, dry: bool) -> None:
    world.planner.gate = gate = asyncio.Event()

    async def act() -> RunState:
        run = tasks.spawn("run", world.acts.run(TARGET, dry=dry))
        await until(lambda: world.planner.asked)
        world.acts.stop()
        gate.set()
        return await run

    assert world.in_loop(act).verdict == "stopped"
    assert world.claims.calls == []
    assert world.runner.requests == []


def test_stop_during_the_claim_gives_it_back(world: World) -> None:
    world.claims.gate = gate = asyncio.Event()

    async def act() -> RunState:
        run = tasks.spawn("run", world.acts.run(TARGET, dry=False))
        await until(lambda: world.claims.calls)
        world.acts.stop()
        gate.set()
        return await run

    ended = world.in_loop(act)
    assert (ended.verdict, ended.words) == ("failed", "Stopped; nothing was sent.")
    assert world.runner.requests == []
    assert world.claims.rows[KEY][0] == "failed"


def test_a_real_run_that_is_stopped_is_judged_by_how_far_it_came(world: World) -> None:
    world.script(STARTED, step(SUBMIT, "running"), HOLD)

    async def act() -> RunState:
        run = tasks.spawn("run", world.acts.run(TARGET, dry=False))
        await until(lambda: world.acts.state.browser and world.acts.state.steps[SUBMIT].status == "running")
        world.acts.stop()
        return await run

    assert world.in_loop(act).verdict == "unknown"


def test_without_a_plan_nothing_is_claimed(world: World) -> None:
    world.planner.fault = NotReachable("Brain does not answer.")
    ended = world.run(dry=False)
    assert (ended.verdict, ended.words) == ("failed", "Brain does not answer.")
    assert world.claims.calls == []


def test_a_fault_of_ours_does_not_block_the_next_run(world: World) -> None:
    world.script(RuntimeError("a bug"))

    async def act() -> None:
        with pytest.raises(RuntimeError):
            await world.acts.run(TARGET, dry=False)

    world.in_loop(act)
    assert (world.acts.state.phase, world.acts.state.verdict) == ("ended", "unknown")
    assert world.runner.stopped == [world.acts.state.run_id]
    world.script(verdict("dry"), ENDED)
    assert world.run(dry=True).verdict == "dry"


def test_a_second_press_finds_the_first(world: World) -> None:
    world.script(HOLD)

    async def act() -> None:
        start_run(world.acts, TARGET, dry=True)
        assert world.acts.why_not_run(TARGET, dry=True) == "A run is going on."
        start_run(world.acts, TARGET, dry=True)
        assert tasks.running().count("run") == 1
        with pytest.raises(ConsoleError, match="A run is going on"):
            await world.acts.run(TARGET, dry=False)

    world.in_loop(act)


def test_why_run_is_off(tmp_path: Path) -> None:
    for role, dry, target, why in (
        (None, True, TARGET, "Sign in first."),
        ("viewer", False, TARGET, "Needs the role operator; you are viewer."),
        ("viewer", True, TARGET, ""),
        ("operator", True, None, "Choose a job and a directory first."),
        ("operator", True, RunTarget(JOB, HOST, "", CUSTOMER), "The address of this directory isn't known."),
        ("operator", False, TARGET, ""),
    ):
        world = World(tmp_path, role)
        assert world.acts.why_not_run(target, dry=dry) == why
        world.operations.close()


def test_nothing_runs_that_is_not_written_down(world: World) -> None:
    world.operations.close()
    ended = world.run(dry=False)
    assert ended.verdict == "failed"
    assert "nothing was done" in ended.words
    assert world.claims.calls == []
    assert world.planner.asked == []


def test_a_journal_that_fails_later_changes_no_verdict(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.script(HOLD, verdict("submitted"), ENDED)

    async def act() -> RunState:
        run = tasks.spawn("run", world.acts.run(TARGET, dry=False))
        await until(lambda: world.runner.requests)
        world.operations.close()
        world.runner.go.set()
        return await run

    assert world.in_loop(act).verdict == "submitted"
    assert "could not be written down" in caplog.text


def test_odd_events_of_the_child_are_left_out(world: World) -> None:
    world.script(
        step(99), step(-1), {"kind": "step", "index": "1", "status": "done"}, step(0, "melted"),
        {"kind": "blocked", "bytes": "many"}, {"kind": "beat"}, verdict("submitted"), ENDED,
    )  # fmt: skip
    ended = world.run(dry=True)
    # A dry run has no way to submit: such a verdict is none.
    assert ended.verdict == "failed"
    assert [line.status for line in ended.steps] == ["running", "waiting", "waiting", "waiting", "waiting"]
    assert ended.blocked[0].size == 0


def test_of_endless_requests_the_first_are_kept(world: World) -> None:
    beacons = [{**POST, "url": f"http://stats.localhost/{n}"} for n in range(300)]
    world.script(POST, *beacons, verdict("dry"), ENDED)
    ended = world.run(dry=True)
    assert ended.blocked[0].url == TARGET.submission_url
    assert len(ended.blocked) == 200


def test_runs_of_an_earlier_start_are_settled(world: World) -> None:
    ids = {}
    for name, act, state in (
        ("dry", "dry_run", "running"), ("begun", "real_run", "running"), ("planned", "real_run", "planned"),
        ("ended", "real_run", "done"), ("other", "replay", "running"),
    ):  # fmt: skip
        wish = world.operations.plan(act, name, f"{JOB}/{HOST}/{name}", actor="desk-1")
        world.operations.move(wish.id, state)  # type: ignore[arg-type]
        ids[name] = wish.id
    world.operations.close()
    world.operations = Operations(world.file)
    world.acts = world.make("operator")
    world.in_loop(world.acts.settle)
    known = {operation.id: operation.state for operation in world.operations.newest_first()}
    assert {name: known[id_] for name, id_ in ids.items()} == {
        "dry": "failed", "begun": "unknown", "planned": "failed", "ended": "done", "other": "running",
    }  # fmt: skip
    with sqlite3.connect(world.file) as file:
        assert file.execute("select state from operations where id = ?", (ids["begun"],)).fetchone() == ("unknown",)
    file.close()
