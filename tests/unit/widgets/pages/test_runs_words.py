"""What the Runs page says, without a page."""

from __future__ import annotations

import pytest

from app.actions.forms import Drift
from app.actions.run_state import Blocked, RunState, StepLine
from app.store.lines import DirectoryLine, JobLine
from services.domain.forms import Form, FormField
from services.domain.mappings import Proposal
from services.domain.records import Customer, Directory
from widgets.pages.runs import words

FORM = Form((FormField("a"),))


def test_equal_requests_are_counted_together() -> None:
    one, two = Blocked("POST", "u", 1, "a"), Blocked("POST", "u", 1, "b")
    held = words.requests_of(RunState(blocked=(one, two, one), passed=(two,)))
    assert [(h.number, h.request, h.verdict) for h in held] == [
        (0, one, "blocked, 2 times"), (1, two, "blocked"), (2, two, "passed, before submit"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "again", "first"),
    [
        ("waiting", "", "Nothing sent to this directory yet"),
        ("failed", "", "The last try failed; it may be tried again"),
        ("submitted", "already submitted", "This directory is already submitted for this job"),
        ("unknown", "check the listing", "Its outcome is unknown: check the listing first. It is not repeated"),
        ("running", "right now", "It is being submitted right now"),
        ("skipped", "skipped", "This directory is skipped for this job"),
    ],
)
def test_checks_before_the_real_run(outcome: str, again: str, first: str) -> None:
    line = DirectoryLine("j", "h", url="http://h/add", outcome=outcome)
    assert again in words.why_not_again(line)
    assert bool(words.why_not_again(line)) == bool(again)
    assert words.checks(JobLine("j"), line, "")[-1][1] in ("Its address is known", "No other run holds the claim")
    same = Drift("h", Directory("d"), FORM, FORM, (), Proposal({}))
    assert ("ok", "The form is as it was known") in words.checks(JobLine("j"), line, "", same)
    drift = Drift("h", Directory("d"), None, FORM, (), Proposal({}, ("x",), ("y",)))
    assert ("stale", "Its form has changed: 2 differences") in words.checks(JobLine("j"), line, "", drift)
    found = words.checks(JobLine("j", status="in_progress"), line, "")
    assert found[0][1] == first
    assert ("paused", "A worker is on this job and may come first") in found or outcome != "waiting"


def test_small_words() -> None:
    assert [words.size(n) for n in (0, 99, 190, 9_949, 12_300)] == ["0 B", "99 B", "0.2 kB", "9.9 kB", "12 kB"]
    assert words.address(Customer("c", city="Fernhill")) == "Fernhill"
    assert words.browser_words(RunState()) == ""
    assert words.browser_words(RunState(browser="chromium 140.0.1")) == "Headless Chromium 140"
    assert words.browser_words(RunState(browser="chromium 140.0.1", window=True)) == "Chromium 140 in a window"
    steps = (StepLine(0, "", "", "done"), StepLine(1, "", "", "running"), StepLine(2, "", ""))
    assert [words.current_step(steps), words.current_step(steps[:1]), words.current_step(steps[2:])] == [1, 0, -1]
    assert words.step_detail(StepLine(0, "", "#a", "blocked")) == "#a, blocked"
    assert words.step_detail(StepLine(0, "", "#a", "failed", error="gone")) == "gone"
