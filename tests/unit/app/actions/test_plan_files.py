"""The plan in a file of its own: as it was run, or as the project has it, and without what may be a password."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app import tasks
from app.actions.plan_files import export_plan, plan_of_run, recorded_plan, why_not_export
from app.actions.run_state import RunState, step_lines, taken
from services.domain.plans import Constraints, Plan, Step
from services.domain.records import Customer
from services.domain.typed import MASK, guarded_plan
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.waiting import until

SECRET = "sb_secret_0123456789abcdef"
PASSWORD = "hunter2horse"
STEPS = [
    Step("goto", url=f"https://a.example/add?token={PASSWORD}"),
    Step("fill", selector="#name", value="Old Mill Pizza"),
    Step("fill", selector="#pin", value=PASSWORD),
    Step("fill", selector="#hours", value="Open daily"),
    Step("fill", selector="#more", value=PASSWORD),
    Step("wait", until="load", seconds=2.0),
    Step("click", selector="#go"),
]
PLAN = Plan(STEPS, Constraints(2000, "image"), {"name": "Old Mill Pizza", "note": f"key {SECRET}"})


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DeskWorld]:
    made = DeskWorld(tmp_path, FakeQueues({}, time.time), time.time, "operator")
    made.job("j1", "../../Old Mill Pizza", "completed")
    made.store.take_changed()
    yield made
    made.close()


def run() -> RunState:
    guarded = guarded_plan(PLAN, Customer("c1", business_name="Old Mill Pizza"))
    state = RunState(
        phase="ended", run_id="r1", job_id="j1", directory="a.example", started_at=0.0, plan=guarded,
        steps=step_lines(PLAN),
    )  # fmt: skip
    told = [{"value": step.value} for step in STEPS]
    state = taken(state, {"kind": "started", "steps": told})
    for index in range(4):
        state = taken(state, {"kind": "step", "index": index, "status": "done"})
    # The browser saw that this one is a secret field, of the one after it that it isn't there.
    state = taken(state, {"kind": "step", "index": 2, "status": "done", "value": MASK})
    state = taken(state, {"kind": "step", "index": 4, "status": "failed"})
    return taken(state, {"kind": "edited", "index": 6, "words": "Press", "detail": "#send", "value": ""})


def written(world: DeskWorld, known: dict[str, Any]) -> dict[str, Any]:
    async def go() -> Path:
        export_plan(world.desk.exports, known, "../../Old Mill Pizza")
        await until(lambda: not tasks.running())
        ended = world.desk.operations.newest_first()[0]
        assert ended.state == "done", ended.words
        return Path(ended.target)

    file = asyncio.run(go())
    assert file.parent == world.desk.data_dir / "exports"
    assert file.name.startswith("plan-old-mill-pizza-a-example-")
    text = file.read_text()
    assert PASSWORD not in text
    assert SECRET not in text
    found: dict[str, Any] = json.loads(text)
    return found


def test_the_plan_of_a_run_is_written_as_it_was_run(world: DeskWorld) -> None:
    known = plan_of_run(run())
    assert known is not None
    found = written(world, known)
    assert (found["format"], found["directory"], found["business"]) == (
        "directory-bolt plan", "a.example", "../../Old Mill Pizza",
    )  # fmt: skip
    assert found["from"] == "Dry run on this computer at 1970-01-01T00:00:00+00:00"
    assert [step.get("value") for step in found["plan"]] == [
        None, "Old Mill Pizza", MASK, "Open daily", MASK, None, None,
    ]  # fmt: skip
    assert found["plan"][5:] == [
        {"action": "wait", "until": "load", "seconds": 2.0}, {"action": "click", "selector": "#send"},
    ]  # fmt: skip
    assert found["constraints"] == {"rateLimitMs": 2000, "captcha": "image"}
    assert found["idempotency_factors"]["name"] == "Old Mill Pizza"
    assert msgspec.convert(found, Plan).plan[6].selector == "#send", "Brain's own shape"
    assert plan_of_run(msgspec.structs.replace(run(), steps=())) is not None
    assert plan_of_run(RunState()) is plan_of_run(None) is None


def test_the_plan_that_the_project_has_is_written_too(world: DeskWorld) -> None:
    steps = msgspec.to_builtins(STEPS)
    row = {"id": "r1", "job_id": "j1", "directory_name": "a.example", "status": "failed"}
    payload: dict[str, Any]
    for payload in ({"plan": []}, {"plan": "none"}, {}, {"plan": [steps[2], 7, steps[6]]}):
        world.store.put("job_results", {**row, "payload": payload})
        world.store.take_changed()
        [line] = world.store.jobs.directories("j1")
        known = recorded_plan(line)
    assert known is not None
    found = written(world, known)
    assert found["plan"][0] == {"action": "fill", "selector": "#pin", "value": MASK}
    assert found["plan"][1:] == [7, {"action": "click", "selector": "#go"}], (
        "whatever the project's worker has put there"
    )
    assert recorded_plan(None) is None


def test_why_it_is_off(world: DeskWorld) -> None:
    exports = world.desk.exports
    assert why_not_export(exports, "operator", known=True) == ""
    assert "a dry run gets one" in why_not_export(exports, "operator", known=False)
    assert why_not_export(exports, None, known=True) != ""
