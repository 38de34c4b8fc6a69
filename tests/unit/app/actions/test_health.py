"""The self-check: each hop's answer as a finding, and the report of all of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.actions.health import FRESH_SECONDS, HealthActs, Hop, LocalBrowser
from app.actions.health_report import as_json, as_markdown
from services.domain.errors import ConsoleError, NotInstalled, NotPermitted, NotReachable, Refused
from services.domain.project import FUNCTIONS
from services.domain.setting_lines import SettingLine
from tests.fakes.desk import DeskWorld
from tests.fakes.health import whole_project
from tests.fakes.queues import FakeQueues

NOW = [1_800_000_000.0]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DeskWorld]:
    made = DeskWorld(tmp_path, FakeQueues({"m1": "{}"}, lambda: NOW[0]), lambda: NOW[0], "viewer")
    made.loaded("jobs")
    yield made
    made.close()


def checked(world: DeskWorld) -> dict[str, Hop]:
    asyncio.run(world.desk.health.check())
    return {hop.name: hop for hop in world.desk.health.hops}


def test_all_is_well(world: DeskWorld) -> None:
    asyncio.run(world.desk.dead_letters.scan())
    world.queues.faults["delete"] = Refused("The receipt is none.")
    hops = checked(world)
    assert {name: hop.shape for name, hop in hops.items()} == {
        "Database": "ok", "Live changes": "ok", "Brain": "ok", "Queue": "ok", "Dead letter queue": "ok",
        "Rights at the queue": "ok", "Pictures of runs": "ok",
    }  # fmt: skip
    assert world.queues.sent == []
    assert list(world.queues.dead) == ["m1"]


def test_what_fails_says_what_and_the_others_are_still_asked(world: DeskWorld) -> None:
    world.project.answer = NotPermitted("Only staff may ask.", hint="Ask for a role.")
    world.planner.body = NotInstalled("Brain's address is not set.", hint="Set CREWAI_URL.")
    world.queues.faults.update(figures=NotReachable("The queue does not answer."), find=NotPermitted("Not allowed."))
    hops = checked(world)
    assert (hops["Database"].shape, hops["Database"].todo) == ("blocked", "Ask for a role.")
    assert (hops["Brain"].state, hops["Brain"].todo) == ("Not set up", "Set CREWAI_URL.")
    assert hops["Queue"].state == "Not reachable"
    assert hops["Rights at the queue"].missing == "Refused: GetQueueUrl."
    found = world.desk.health.found
    assert (found.kind, found.problem, found.lacks) == ("blocked", "Only staff may ask.", ())
    world.project.answer = NotReachable("Gone.")
    assert checked(world)["Database"].state == "Not reachable"
    assert world.desk.health.found.kind == "failed"


def test_rights_that_nobody_tried_are_not_known(world: DeskWorld) -> None:
    world.queues.faults["delete"] = NotReachable("The queue does not answer.")
    assert checked(world)["Rights at the queue"].missing == "Not known: DeleteMessage, ReceiveMessage."


def test_a_console_that_only_reads_asks_for_no_deletion(world: DeskWorld) -> None:
    acts = HealthActs(
        world.project, world.planner, world.queues, world.store, lambda: world.desk.dead_letters.look, world.parts, [],
        pictures=world.pictures, read_only=True,
    )  # fmt: skip
    world.queues.faults["delete"] = NotPermitted("Somebody asked to delete.")
    asyncio.run(acts.check())
    rights = next(hop for hop in acts.hops if hop.name == "Rights at the queue")
    assert rights.missing == "Not known: DeleteMessage, ReceiveMessage."
    assert "--read-only" in rights.todo


@pytest.mark.parametrize(
    ("browser", "shape", "state", "words"),
    [
        (LocalBrowser("/usr/bin/chromium", True), "ok", "Found", "/usr/bin/chromium, sandbox on"),
        (LocalBrowser("/usr/bin/chromium", False), "stale", "No sandbox", "practice sites only"),
        (
            LocalBrowser("/usr/bin/headless_shell", True, "/usr/bin/chromium"),
            "ok",
            "Found",
            "/usr/bin/headless_shell, sandbox on. In a window: /usr/bin/chromium.",
        ),
        (
            LocalBrowser("/usr/bin/chromium", False, None, "No screen."),
            "stale",
            "No sandbox",
            "Not in a window: No screen.",
        ),
        (LocalBrowser(None, True), "skipped", "Not found", "fetch one in Settings"),
    ],
)
def test_the_browser_of_runs_here_is_named(
    world: DeskWorld, browser: LocalBrowser, shape: str, state: str, words: str
) -> None:
    acts = HealthActs(
        world.project, world.planner, world.queues, world.store, lambda: world.desk.dead_letters.look, world.parts, [],
        pictures=world.pictures, browser=lambda: browser,
    )  # fmt: skip
    asyncio.run(acts.check())
    assert (acts.hops[-1].name, acts.hops[-1].shape, acts.hops[-1].state) == ("Browser for runs here", shape, state)
    assert words in f"{acts.hops[-1].evidence} {acts.hops[-1].missing} {acts.hops[-1].todo}"


@pytest.mark.parametrize(
    ("fault", "facts", "shape", "words"),
    [
        (None, ["bucket", "see", "add"], "ok", "is there, staff may see and add pictures."),
        (None, None, "ok", "is there; rights aren't told."),
        (None, ["bucket", "add"], "blocked", "no console shows them. Apply resources/schema/0010_pictures.sql."),
        (None, ["bucket", "see"], "blocked", "nobody else sees them. Apply resources/schema/0010_pictures.sql."),
        (NotInstalled("No bucket.", hint="Make one."), [], "skipped", "No bucket. Make one. Until then a run's last"),
        (NotReachable("Silent.", hint="Try again."), None, "failed", "Silent. Try again."),
    ],
)
def test_where_pictures_go_is_named(
    world: DeskWorld, fault: ConsoleError | None, facts: list[str] | None, shape: str, words: str
) -> None:
    world.pictures.fault = fault
    world.project.answer = whole_project(pictures=facts, unsure="" if facts is not None else "It is old.")
    hop = checked(world)["Pictures of runs"]
    assert hop.shape == shape
    assert words in f"{hop.missing} {hop.todo} {hop.evidence}"
    assert [(lack.kind, lack.name) for lack in world.desk.health.found.lacks] == (
        [("bucket", "screenshots")] if facts == [] else
        [("policy", f"screenshots: staff may {right}") for right in ("see", "add") if facts and right not in facts]
    )  # fmt: skip


def test_a_degraded_brain_and_an_incomplete_project_are_told(world: DeskWorld) -> None:
    world.planner.body = {"status": "degraded", "database": "silent", "latency_ms": 3}
    world.project.answer = whole_project(published=[], functions=[])
    hops = checked(world)
    assert (hops["Brain"].state, hops["Brain"].missing) == ("Degraded", "database: silent")
    assert hops["Database"].missing.endswith("things are missing in the project.")
    assert "jobs" in hops["Live changes"].missing
    world.store.set_link("offline", "the network is away")
    hops = checked(world)
    assert (hops["Live changes"].state, hops["Live changes"].missing) == ("Offline", "the network is away")


def test_findings_grow_stale_and_a_check_that_is_ended_leaves_them(world: DeskWorld) -> None:
    checked(world)
    acts = world.desk.health
    before = acts.found

    async def ended() -> None:
        world.project.may_answer = asyncio.Event()
        checking = asyncio.get_running_loop().create_task(acts.check())
        await asyncio.sleep(0)
        assert acts.found.checking
        checking.cancel()
        await asyncio.gather(checking, return_exceptions=True)

    asyncio.run(ended())
    assert acts.found == before
    assert not acts.stale
    NOW[0] += FRESH_SECONDS + 1
    assert acts.stale


def test_the_report_holds_all_of_it_on_lines_of_its_own(world: DeskWorld) -> None:
    acts = world.desk.health
    acts.settings = [SettingLine("STAFF_PASSWORD", True, "environment", "hidden", "password"),
                     SettingLine("LOG_LEVEL", True, "default", "a|b\n<b>", "level")]  # fmt: skip
    world.parts.note("worker", "up", "")
    assert as_markdown(acts).startswith("# Health, not checked yet")
    world.project.answer = whole_project(functions=[])
    checked(world)
    text = as_markdown(acts)
    assert "| function | staff_retry_failed |" in text
    assert r"| LOG_LEVEL | set | default | a\|b &lt;b> |" in text
    told = json.loads(as_json(acts))
    assert told["settings"][0]["value"] == "hidden"
    assert [line["name"] for line in told["parts"]] == ["worker"]
    assert len(told["lacking"]) == len(FUNCTIONS)
    assert isinstance(acts, HealthActs)
