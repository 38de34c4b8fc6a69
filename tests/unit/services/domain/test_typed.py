"""What goes into a form is written down without passwords, and with all else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.plans import Step
from services.domain.records import Customer
from services.domain.typed import MASK, PLAIN, guarded, is_secret_field, shown_payload, with_typed

SHOP = Customer(
    "c1", business_name="Blue Door Bakery", phone="212 555 0123", city="Albany", state="NY",
    description="Bread and cakes, baked before you get up, since 1931.",
)  # fmt: skip
SECRET = "correct horse"


def fill(selector: str, value: str) -> Step:
    return Step("fill", selector=selector, value=value)


def values(plan: list[Step]) -> list[Any]:
    return [step.get("value") for step in guarded(plan, SHOP)]


def test_the_customers_own_data_is_written_down_and_what_else_is_typed_is_not() -> None:
    plan = [
        Step("goto", url="https://a.example/add?token=abcdefgh"),
        fill("#a", "Blue Door Bakery"),
        fill("#b", "Albany, NY"),
        fill("#c", "Bread and cakes, baked before"),
        fill("#d", SECRET),
        fill("#e", "0123"),
        fill("[name=password]", "Albany"),
        Step("select", selector="#kind", value="Restaurants"),
        Step("select", selector="#pin", value="1234"),
        Step("click", selector="#go", value="confirm"),
    ]
    assert values(plan) == [
        None, "Blue Door Bakery", "Albany, NY", "Bread and cakes, baked before", MASK, MASK, MASK, "Restaurants", MASK,
        "confirm",
    ]  # fmt: skip
    assert guarded(plan, SHOP)[0] == {"action": "goto", "url": "https://a.example/add?token=[redacted]"}


def test_what_the_browser_saw_to_be_no_secret_is_added() -> None:
    plan = [fill("#a", "Blue Door Bakery"), fill("#b", "Open daily"), fill("#c", SECRET), fill("#token", SECRET)]
    log = {"reasons": ["Thanks"], PLAIN: (0, 1, 3)}
    assert with_typed(log, plan, SHOP) == {"reasons": ["Thanks"], "typed": {"1": "Open daily"}}
    odd: tuple[Any, ...] = ([], None, "1")
    assert all(with_typed({"a": 1, PLAIN: seen}, plan, SHOP) == {"a": 1} for seen in odd)


def test_what_others_have_written_is_shown_without_passwords() -> None:
    steps: list[Any] = [
        {"action": "fill", "selector": "#user_password", "value": SECRET},
        {"action": "fill", "selector": "#name", "value": "Blue Door"},
        {"action": "fill", "selector": "#pin"},
        "odd",
    ]
    payload = {"business": {"name": "Blue Door", "api_key": SECRET}, "plan": steps}
    shown = shown_payload(payload)
    assert SECRET not in json.dumps(shown)
    assert shown["business"]["name"] == "Blue Door"
    assert [step.get("value") for step in shown["plan"][:3]] == [MASK, "Blue Door", None]
    assert (shown["plan"][3], steps[0]["value"]) == ("odd", SECRET)
    assert shown_payload({"plan": "none"}) == {"plan": "none"}


@pytest.mark.parametrize("name", ["#phone", "[name=shipping]", "#passenger", "input[name=company]", "#spinner"])
def test_ordinary_fields_are_no_secrets(name: str) -> None:
    assert not is_secret_field(name)


@pytest.mark.parametrize("name", ["#pwd", "password", "input[type='password']", "#pin", "one-time-credential", "otp"])
def test_secret_fields_are_known_by_any_name(name: str) -> None:
    assert is_secret_field(name)


@given(st.text(st.characters(codec="utf-8"), min_size=4), st.sampled_from(["#a", "#password", "input"]))
def test_nothing_that_the_customer_did_not_give_is_written_before_the_browser_looks(value: str, selector: str) -> None:
    (step,) = guarded([fill(selector, value)], SHOP)
    known = " ".join(str(getattr(SHOP, name)) for name in SHOP.__struct_fields__).casefold()
    assert step["value"] == MASK or all(
        part in known for part in "".join(c if c.isalnum() else " " for c in value.casefold()).split()
    )
