"""A run here beside the last remote one: the first step that differs, and nothing after it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.actions.run_compare import compare
from app.actions.run_state import RunState, StepLine, StepStatus, step_lines
from services.domain.plans import Plan, Step
from services.domain.result import Result

PLAN = [
    Step("goto", url="http://a.localhost/add"), Step("fill", selector="#name", value="Old Mill"),
    Step("fill", selector="#tel", value="555"), Step("click", selector="#send"), Step("wait", until="load"),
]  # fmt: skip


def result(*statuses: str, plan: list[Step] | None = None, **log: Any) -> Result:
    steps = [{"index": index, "status": status, "ms": 100 + index} for index, status in enumerate(statuses)]
    payload = {"plan": [{"action": s.action, "url": s.url, "selector": s.selector, "until": s.until, "value": s.value}
                        for s in (PLAN if plan is None else plan)]}  # fmt: skip
    row = {"id": "r", "status": "failed", "payload": payload, "response_log": {"steps": steps, **log}}
    return Result.from_row(row)


def here(*statuses: StepStatus, plan: list[Step] | None = None, dry: bool = False) -> RunState:
    lines = step_lines(Plan(PLAN if plan is None else plan))
    shown = [
        StepLine(line.index, line.words, line.detail, status) for line, status in zip(lines, statuses, strict=False)
    ]
    return RunState(phase="ended", run_id="run-here", steps=(*shown, *lines[len(shown) :]), dry=dry)


@pytest.mark.parametrize(
    ("remote", "mine", "first", "why"),
    [
        (("done",) * 5, ("done",) * 5, None, ""),
        (("done", "done", "failed"), ("done",) * 5, 2, "It failed there and works here"),
        (("done",) * 5, ("done", "failed"), 1, "It worked there and fails here"),
        (("done", "failed"), ("done", "failed"), None, ""),
        (("done",), ("done", "done"), 1, "The remote run did not get here"),
        (("done",) * 5, ("done", "running"), None, ""),
    ],
)
def test_the_first_step_that_went_otherwise_is_marked(
    remote: tuple[str, ...], mine: tuple[StepStatus, ...], first: int | None, why: str
) -> None:
    found = compare(result(*remote), here(*mine))
    assert found is not None
    assert found.first == first
    assert [pair.why for pair in found.pairs if pair.why] == ([why] if why else [])
    assert found.pairs[0].remote_ms == 100


def test_a_dry_run_differs_in_nothing_for_holding_back() -> None:
    dry = here("done", "done", "done", "blocked", dry=True)
    for remote in (("done",) * 5, ("done", "done", "done")):
        found = compare(result(*remote), dry)
        assert found is not None
        assert found.first is None


def test_a_token_that_the_project_does_not_keep_is_no_difference() -> None:
    kept, sent = (Step("goto", url=f"http://a.localhost/add?token={word}") for word in ("[redacted]", "abcdefgh"))
    found = compare(result("done", plan=[kept]), here("done", plan=[sent]))
    assert found is not None
    assert found.first is None


def test_a_plan_that_is_another_is_said() -> None:
    moved = [*PLAN[:2], Step("fill", selector="#mobile", value="555"), *PLAN[3:]]
    found = compare(result(*("done",) * 5), here(*("done",) * 5, plan=moved))
    assert found is not None
    assert (found.first, found.pairs[2].why) == (2, "The plan had “Fill the phone” #tel")
    shorter = compare(result(*("done",) * 5), here(*("done",) * 4, plan=PLAN[:4]))
    assert shorter is not None
    assert shorter.pairs[4].why == "This step is not in the plan any more"
    longer = compare(result(*("done",) * 4, plan=PLAN[:4]), here(*("done",) * 5))
    assert longer is not None
    assert longer.pairs[4].why == "This step is new in the plan"


def test_without_a_run_or_its_steps_there_is_nothing_to_compare() -> None:
    assert compare(None, here()) is None
    assert compare(Result.from_row({"id": "r"}), here()) is None
    assert compare(Result.from_row({"id": "r", "payload": {"plan": [7]}}), here()) is None
    found = compare(Result.from_row({"id": "r", "response_log": {"steps": [{"index": 1}, 7, {"index": "x"}]}}), here())
    assert found is not None
    assert [pair.remote for pair in found.pairs[:2]] == ["", ""]
    own = compare(result("done", run_id="run-here"), here("done"))
    assert own is not None
    assert own.is_own


STATUS = st.sampled_from(["done", "failed", "waiting"])


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.lists(STATUS, min_size=5, max_size=5))
def test_a_run_differs_in_nothing_from_itself(statuses: list[Any]) -> None:
    found = compare(result(*statuses), here(*statuses))
    assert found is not None
    assert found.first is None
    assert len(found.pairs) == len(PLAN)
