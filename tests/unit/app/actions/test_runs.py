"""Runs: a dry one takes no claim, a real one writes what became of it, and nobody claims more than is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app import tasks
from app.actions.run_state import RunState, RunTarget
from app.actions.runs import ANSWERS
from services.domain.errors import ConsoleError, NotPermitted, NotReachable
from services.domain.signs import Sign, Weighed
from tests.fakes.runs import HOLD, SUBMIT
from tests.unit.app.actions.run_world import (
    CUSTOMER,
    DIED,
    ENDED,
    HOST,
    JOB,
    KEY,
    POST,
    SILENT,
    STARTED,
    TARGET,
    World,
    step,
    verdict,
)
from tests.waiting import until

SIGN: dict[str, Any] = {"kind": "word", "weight": 3, "words": "page says “Thanks”"}


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


@pytest.mark.parametrize(("pages", "said"), [(1, "1 earlier page was"), (2, "2 earlier pages were")])
def test_a_dry_run_of_several_pages_says_what_it_sent(world: World, pages: int, said: str) -> None:
    passed = {"kind": "passed", "method": "POST", "url": "http://steps.localhost/add", "bytes": 20, "body": "name=K"}
    world.script(STARTED, *[passed] * pages, step(SUBMIT, "blocked"), POST, verdict("dry"), ENDED)
    assert world.run(dry=True).words == f"Everything is filled in; the form was not sent, {said}."


def test_a_dry_run_that_would_send_nothing_says_so(world: World) -> None:
    world.script(verdict("dry", reasons=["Pressing the button sent nothing; the page marks phone"]), ENDED)
    assert world.run(dry=True).words == "Pressing the button sent nothing; the page marks phone"


def test_a_real_run_claims_runs_and_writes(world: World, tmp_path: Path) -> None:
    picture = str(tmp_path / "final.jpg")
    world.script(
        STARTED, step(SUBMIT), {"kind": "picture", "index": SUBMIT, "path": picture},
        verdict(
            "submitted", reasons=["The page thanks"], listing_url="http://mapnook.localhost/l/1",
            log={"score": 3, "signs": [SIGN], "password": "hunter22", "reasons": ["older"]},
        ), ENDED,
    )  # fmt: skip
    ended = world.run(dry=False)
    assert ended.verdict == "submitted"
    assert ended.evidence == Weighed(3, (Sign(**SIGN),))
    assert world.claims.calls == ["claim", "finish"]
    assert world.claims.rows == {KEY: ("submitted", ended.run_id)}
    written = world.claims.outcomes[0]
    assert written["status"] == "submitted"
    assert written["error"] is None
    assert (written["listing"], written["picture"]) == ("http://mapnook.localhost/l/1", picture)
    assert written["log"] == {
        "score": 3, "signs": [SIGN], "password": "[redacted]", "reasons": ["The page thanks"],
        "run_id": ended.run_id, "run_here": True,
    }  # fmt: skip
    assert world.claims.payload["customer_id"] == "c1"
    assert not world.runner.requests[0].dry
    assert Path(world.runner.requests[0].artifacts) == world.acts.kept.folder(JOB, HOST, ended.run_id)
    assert ended.steps[SUBMIT].picture == picture
    assert world.wish.state == "done"


def test_what_may_be_a_password_is_written_once_the_browser_saw_that_it_is_none(world: World) -> None:
    world.planner.typed = {"#hours": "Open daily", "#field_7": "correct horse"}
    goes_in = [{"value": value} for value in ("", "", "Kestrel Roofing", "", "", "Open daily", "correct horse")]
    told = (step(SUBMIT), step(5), step(6, value="•••"), verdict("submitted", log={"plain_steps": [2, 5]}), ENDED)
    world.script({**STARTED, "steps": goes_in}, *told)
    ended = world.run(dry=False)
    assert [line.value for line in ended.steps] == ["", "", "Kestrel Roofing", "", "", "Open daily", "•••"]
    claimed = {one.get("selector"): one.get("value") for one in world.claims.payload["plan"]}
    assert (claimed["#name"], claimed["#hours"], claimed["#field_7"]) == ("Kestrel Roofing", "•••", "•••")
    assert world.claims.outcomes[0]["log"]["typed"] == {"5": "Open daily"}
    assert "plain_steps" not in world.claims.outcomes[0]["log"]


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


def test_without_a_plan_nothing_is_claimed(world: World) -> None:
    world.planner.fault = NotReachable("Brain does not answer.")
    ended = world.run(dry=False)
    assert (ended.verdict, ended.words) == ("failed", "Brain does not answer.")
    assert world.claims.calls == []


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
