"""A plan has what the form asks for and the business has, in the form's order."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.plans import Step, submit_step
from services.pipeline.planner import Business, Unplannable, plan_submission

SHOP = Business(
    "Blue Door Bakery", phone="555-0123", email="hello@bluedoor.example", state="OH", categories=["Bakery", "Food"]
)
FORM = {
    "fields": {"state": "#state", "business_name": "#biz-name", "phone": "[name=tel]", "category": "#cat"},
    "submit": "button.send",
    "select": ["state", "category"],
    "rate_limit_ms": 100,
}


def plan_steps(form: dict[str, object], business: Business = SHOP) -> list[Step]:
    return plan_submission(business, host="m.localhost", submission_url="http://m.localhost/add", selectors=form).plan


def test_plan_in_the_usual_order() -> None:
    assert plan_steps(FORM) == [
        Step("goto", url="http://m.localhost/add"),
        Step("fill", selector="#biz-name", value="Blue Door Bakery"),
        Step("fill", selector="[name=tel]", value="555-0123"),
        Step("select", selector="#state", value="OH"),
        Step("select", selector="#cat", value="Bakery"),
        Step("click", selector="button.send"),
        Step("wait", until="load"),
    ]


def test_the_forms_own_order_wins() -> None:
    steps = plan_steps({**FORM, "order": ["category", "phone"]})
    assert [step.selector for step in steps[1:-2]] == ["#cat", "[name=tel]", "#biz-name", "#state"]


def test_a_field_without_a_value_is_left_alone() -> None:
    steps = plan_steps(FORM, Business("Blue Door Bakery"))
    assert [step.selector for step in steps if step.action in ("fill", "select")] == ["#biz-name"]


def test_boxes_are_ticked_and_pictures_uploaded_without_a_value() -> None:
    form: dict[str, object] = {
        "fields": {"terms": "#terms", "logo": "#logo", "name": "#n"},
        "submit": "#s", "order": ["name", "logo"], "check": ["terms"], "upload": ["logo"],
    }  # fmt: skip
    assert plan_steps(form)[1:-2] == [
        Step("fill", selector="#n", value="Blue Door Bakery"),
        Step("upload", selector="#logo", value="logo"),
        Step("check", selector="#terms"),
    ]


def test_pages_come_one_after_the_other_with_a_mark_on_their_button() -> None:
    form = {**FORM, "pages": [{"fields": ["phone", "business_name", "elsewhere"], "next": "#one"},
                              {"fields": ["state"], "next": "#two"}], "code": "#code"}  # fmt: skip
    plan = plan_submission(SHOP, host="m.localhost", submission_url="http://m.localhost/add", selectors=form)
    assert plan.plan[1:-1] == [
        Step("fill", selector="#biz-name", value="Blue Door Bakery"),
        Step("fill", selector="[name=tel]", value="555-0123"),
        Step("click", selector="#one", value="next"),
        Step("select", selector="#state", value="OH"),
        Step("click", selector="#two", value="next"),
        Step("select", selector="#cat", value="Bakery"),
        Step("verify", selector="#code", value="email_code"),
        Step("click", selector="button.send"),
    ]
    assert submit_step(plan) == len(plan.plan) - 2


@pytest.mark.parametrize("page", ["one", {}, {"fields": ["phone"]}, {"next": ""}, {"next": 3}])
def test_a_page_without_its_button_is_refused(page: object) -> None:
    with pytest.raises(Unplannable, match="next page"):
        plan_steps({**FORM, "pages": [page]})


def test_what_only_a_person_can_give_comes_where_the_page_asks_for_it() -> None:
    steps = plan_steps({**FORM, "login": "#pw", "captcha": "#c", "close": ["#x"], "confirm": True})
    assert steps[1:3] == [Step("click", selector="#x", value="close"), Step("verify", selector="#pw", value="login")]
    assert steps[-3:-1] == [Step("captcha", selector="#c"), Step("click", selector="button.send", value="confirm")]


def test_a_captcha_that_is_known_of_but_not_seen_is_looked_for() -> None:
    plan = plan_submission(
        SHOP, host="m.localhost", submission_url="http://m.localhost/add", selectors=FORM, has_captcha=True
    )
    assert plan.plan[-3] == Step("captcha")
    assert plan.constraints.captcha is True


def test_constraints_and_factors() -> None:
    plan = plan_submission(SHOP, host="m.localhost", submission_url="http://m.localhost/add", selectors=FORM)
    assert plan.constraints.rate_limit_ms == 100
    assert plan.idempotency_factors == {"name": "Blue Door Bakery", "dir": "m.localhost"}


@pytest.mark.parametrize(
    "form", [{}, {"fields": {"phone": "#p"}}, {"fields": {}, "submit": "#s"}, {"fields": [], "submit": "#s"}]
)
def test_an_unknown_form_is_refused(form: dict[str, object]) -> None:
    with pytest.raises(Unplannable, match=r"m\.localhost"):
        plan_steps(form)


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)
)


@settings(derandomize=True, deadline=None)
@given(
    fields=st.dictionaries(st.sampled_from(["business_name", "phone", "state", "odd", "name"]), st.text(max_size=8)),
    select=odd, order=odd, limit=odd, more=st.dictionaries(st.sampled_from(
        ["check", "upload", "pages", "close", "confirm", "login", "captcha", "code"]), odd),
)  # fmt: skip
def test_any_form_gives_one_submit_at_the_end_or_is_refused(
    fields: dict[str, str], select: object, order: object, limit: object, more: dict[str, object]
) -> None:
    form = {"fields": fields, "submit": "#go", "select": select, "order": order, "rate_limit_ms": limit, **more}
    try:
        plan = plan_submission(SHOP, host="h", submission_url="http://h/add", selectors=form)
    except Unplannable:
        assert not fields or more.get("pages")
        return
    assert submit_step(plan) == len(plan.plan) - 2
    assert plan.constraints.rate_limit_ms >= 0
    assert all(step.value for step in plan.plan if step.action in ("fill", "select"))
