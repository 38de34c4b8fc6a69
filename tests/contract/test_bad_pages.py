"""Plans with nothing in them, and sites that never come to an end or lead elsewhere: each run ends in words."""

from __future__ import annotations

import pytest

from services.domain.faults import plain_words
from services.domain.plans import Step
from tests.contract.test_submission_run import RunPage, ground, pages, run_page

__all__ = ["ground", "pages", "run_page"]
pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("path", "raw", "words"),
    [
        ("/never", "timeout after 1 s", "The page did not load in time"),
        ("/metadata", "ERR_BLOCKED_BY_CLIENT", "The address leads to a place that is not opened"),
        ("/inside", "ERR_UNSAFE_PORT", "The address leads to a place that is not opened"),
        ("/round", "ERR_TOO_MANY_REDIRECTS", "The site sends its visitors round in a circle"),
        ("/file", "Download is starting", "The address is a file, not a page"),
    ],
)
def test_a_site_that_does_not_come_to_a_page(path: str, raw: str, words: str, run_page: RunPage) -> None:
    outcome, _ = run_page("", [Step("click", selector="#go")], path=path, goto_seconds=1.0)
    assert (outcome.status, outcome.before_submit) == ("failed", True)
    assert raw in (outcome.error or "")
    assert plain_words(outcome.error) == words


def test_of_fifty_buttons_and_fields_the_first_is_meant_and_pressed_once(run_page: RunPage) -> None:
    form = "<form action=/sent><input class=a name=a><button class=go>Go</button></form>"
    steps = [Step("fill", selector=".a", value="Blue Door"), Step("click", selector=".go"), Step("wait", until="load")]
    outcome, events = run_page(form * 50, steps)
    assert outcome.status == "submitted", outcome
    assert [event["index"] for event in events.of("step") if event["status"] == "done"] == [0, 1, 2, 3]


@pytest.mark.parametrize("step", [Step("goto"), Step("fill"), Step("")])
def test_a_step_with_nothing_in_it(step: Step, run_page: RunPage) -> None:
    outcome, _ = run_page("<button id=go>Go</button>", [step, Step("click", selector="#none")], step_seconds=0.3)
    assert (outcome.status, outcome.before_submit) == ("failed", True)
    assert plain_words(outcome.error)
