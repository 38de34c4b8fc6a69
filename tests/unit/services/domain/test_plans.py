"""Plans: read strictly, told in words."""

from __future__ import annotations

import msgspec
import pytest

from services.domain.plans import (
    KNOWN_ACTIONS,
    Plan,
    Step,
    decode_plan,
    fields_of_page,
    page_selectors,
    step_words,
    submit_step,
)


def test_a_plan_is_read_with_its_constraints_and_factors() -> None:
    plan = decode_plan(
        b'{"plan": [{"action": "goto", "url": "http://a/"}, {"action": "fill", "selector": "#n", "value": "x"}],'
        b' "constraints": {"rateLimitMs": 250, "captcha": false}, "idempotency_factors": {"b": 1, "a": "2"}, "new": 1}'
    )
    assert [step.action for step in plan.plan] == ["goto", "fill"]
    assert (plan.constraints.rate_limit_ms, plan.constraints.captcha) == (250, False)
    assert plan.idempotency_factors == {"b": 1, "a": "2"}
    assert decode_plan(msgspec.json.encode(plan)) == plan


@pytest.mark.parametrize(
    ("raw", "named"),
    [(b"", "truncated"), (b"[]", "array"), (b"{}", "plan"),
     (b'{"plan": [{"url": "x"}]}', "action"), (b"\xff", "malformed"),
     (b'{"plan": [{"action": "\xff"}]}', "utf-8"),
     (b'{"plan": [], "constraints": {"rateLimitMs": "soon"}}', "rateLimitMs")],
)  # fmt: skip
def test_what_is_no_plan_is_refused_by_name(raw: bytes, named: str) -> None:
    with pytest.raises(ValueError, match=r"Brain's plan can't be read.*") as refused:
        decode_plan(raw)
    assert named.lower() in str(refused.value).lower()


def test_the_last_click_submits() -> None:
    steps = [Step("goto"), Step("click", selector="#cookies"), Step("fill"), Step("click", selector="#send")]
    assert submit_step(Plan(steps)) == 3
    assert submit_step(Plan([*steps, Step("verify")])) == 3
    assert submit_step(Plan([Step("goto"), Step("fill")])) is None


def test_a_click_for_something_else_does_not_submit() -> None:
    next_page, close = Step("click", selector="#next", value="next"), Step("click", selector="#x", value="close")
    assert submit_step(Plan([next_page, Step("click", selector="#send"), close])) == 1
    assert submit_step(Plan([next_page, Step("click", selector="#send", value="confirm")])) == 1
    assert submit_step(Plan([next_page, close])) is None


def test_the_fields_of_the_page_that_is_open() -> None:
    plan = Plan(
        [
            Step("fill", selector="#old"), Step("goto"), Step("fill", selector="#a"), Step("fill"),
            Step("click", selector="#x", value="close"), Step("select", selector="#b"),
            Step("click", selector="#next", value="next"), Step("check", selector="#k"), Step("fill", selector="#c"),
            Step("click", selector="#send"),
        ]
    )  # fmt: skip
    assert page_selectors(plan.plan, 6) == ["#a", "#b"]
    assert page_selectors(plan.plan, 9) == ["#c"]
    assert page_selectors(plan.plan, 0) == []
    assert fields_of_page(plan.plan, 3) == (0, ["#old", "#a", "#b"])
    assert fields_of_page(plan.plan, 9) == (1, ["#k", "#c"])


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Step("goto", url="http://a/"), "Open the page"),
        (Step("fill", selector="#business_name"), "Fill the business name"),
        (Step("fill", selector="input[name='post-code']"), "Fill the post code"),
        (Step("fill", selector="input[name=Contact_Email]"), "Fill the e-mail"),
        (Step("fill", selector="#addr1"), "Fill the address"),
        (Step("select", selector="select.category"), "Choose the select.category"),
        (Step("check"), "Tick the field"),
        (Step("click", selector="#send"), "Press the button"),
        (Step("click", selector="#next", value="next"), "Go to the next page"),
        (Step("click", selector="#x", value="close"), "Close the pop-up"),
        (Step("click", selector="#send", value="confirm"), "Press the button"),
        (Step("upload", selector="#logo", value="logo"), "Upload the logo"),
        (Step("wait", seconds=1.5), "Wait 1.5 s"),
        (Step("wait"), "Wait 0 s"),
        (Step("wait", until="networkidle"), "Wait for the page"),
        (Step("verify"), "Verify the outcome"),
        (Step("verify", value="login"), "Sign in"),
        (Step("verify", value="email_code"), "Enter the code from the e-mail"),
        (Step("verify", value="Thank you"), "Verify the outcome"),
        (Step("captcha"), "Solve the captcha"),
        (Step("dance"), "Unknown action “dance”"),
    ],
)
def test_steps_in_words(step: Step, words: str) -> None:
    assert step_words(step) == words


def test_every_known_action_has_words() -> None:
    assert not any(step_words(Step(action, selector="#x")).startswith("Unknown") for action in KNOWN_ACTIONS)
