"""A plan: the steps that fill a directory's form, as Brain's `/plan` answers them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

KNOWN_ACTIONS: Final = frozenset({"goto", "fill", "click", "wait", "select", "check", "upload", "captcha", "verify"})


NEXT: Final = "next"
CLOSE: Final = "close"
CONFIRM: Final = "confirm"
LOGIN: Final = "login"
EMAIL_CODE: Final = "email_code"


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One action. `seconds` is for wait; `until` is a load state or a selector. `value` says

    - of a fill or select: what goes in; of an upload: which picture, such as "logo", never a path;
    - of a click: NEXT sends a page of a form that isn't its last, CLOSE puts a pop-up away if there is one,
      CONFIRM sends the form and says yes to the page's question; nothing: sends the form;
    - of a verify: LOGIN or EMAIL_CODE is what the page asks the visitor for; else the words that `selector` shows.
    """

    action: str
    url: str | None = None
    selector: str | None = None
    value: str | None = None
    until: str | None = None
    seconds: float | None = None


class Constraints(msgspec.Struct, frozen=True, rename={"rate_limit_ms": "rateLimitMs"}):
    """What the directory asks of us: pause between submissions in ms, captcha kind if any."""

    rate_limit_ms: int = 0
    captcha: str | bool | None = None


class Plan(msgspec.Struct, frozen=True):
    """Brain's answer to `/plan`. `idempotency_factors` goes into the key as it is."""

    plan: list[Step]
    constraints: Constraints = msgspec.field(default_factory=Constraints)
    idempotency_factors: dict[str, Any] = msgspec.field(default_factory=dict)


def decode_plan(raw: bytes) -> Plan:
    """The plan in a `/plan` answer; raises `ValueError` that names the field when it isn't one."""
    try:
        return msgspec.json.decode(raw, type=Plan)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"Brain's plan can't be read: {error}") from error


def submit_step(plan: Plan) -> int | None:
    """Index of the step that sends the form: the last click that isn't for something else. None without one."""
    clicks = [index for index, step in enumerate(plan.plan) if step.action == "click"]
    return next((index for index in reversed(clicks) if plan.plan[index].value not in (NEXT, CLOSE)), None)


def page_selectors(steps: Sequence[Step], until: int) -> list[str]:
    """Selectors of the fields that are filled before step `until`, on the page that is then open."""
    found: list[str] = []
    for step in steps[:until]:
        if step.action == "goto" or (step.action == "click" and step.value == NEXT):
            found = []
        elif step.action in ("fill", "select") and step.selector:
            found.append(step.selector)
    return found


def fields_of_page(steps: Sequence[Step], index: int) -> tuple[int, list[str]]:
    """The page of the form that step `index` is on, counted from 0, and the selectors of all fields used on it."""
    number = sum(_turns(step) for step in steps[:index])
    found: list[str] = []
    page = 0
    for step in steps:
        if page == number and step.action in ("fill", "select", "check", "upload") and step.selector:
            found.append(step.selector)
        page += _turns(step)
    return number, found


def _turns(step: Step) -> bool:
    return step.action == "click" and step.value == NEXT


_VERBS: Final = {"goto": "Open", "fill": "Fill", "select": "Choose", "check": "Tick", "upload": "Upload"}
_CLICKS: Final = {NEXT: "Go to the next page", CLOSE: "Close the pop-up"}
_PROOFS: Final = {LOGIN: "Sign in", EMAIL_CODE: "Enter the code from the e-mail"}


_SAID: Final = {
    "tel": "phone", "phone number": "phone", "email": "e-mail", "contact email": "e-mail", "url": "website",
    "addr": "address", "addr1": "address", "address1": "address", "zip": "ZIP code", "desc": "description",
    "cat": "category", "biz": "business name", "biz name": "business name", "company": "company name",
    "fname": "first name", "lname": "last name",
}  # fmt: skip
"""Names that sites give to their fields, as people say them."""


def step_words(step: Step) -> str:
    """The step in words for staff, such as "Fill the phone"; the selector or address goes below it."""
    if step.action == "goto":
        return "Open the page"
    if step.action == "click":
        return _CLICKS.get(step.value or "", "Press the button")
    if step.action == "wait":
        return "Wait for the page" if step.until else f"Wait {step.seconds or 0:g} s"
    if step.action == "verify":
        return _PROOFS.get(step.value or "", "Verify the outcome")
    if step.action == "captcha":
        return "Solve the captcha"
    verb = _VERBS.get(step.action)
    name = _field_name(step.selector or "")
    return f"{verb} the {name}" if verb else f"Unknown action “{step.action}”"


def step_place(step: Step) -> str:
    """Where a step acts: an address, a selector, or what is waited for; "" for nowhere."""
    return step.url or step.selector or step.until or ""


def _field_name(selector: str) -> str:
    for left, right in (("name=", "]"), ("#", " ")):
        if left in selector:
            name = selector.split(left, 1)[1].split(right, 1)[0].strip("\"'")
            said = name.replace("-", " ").replace("_", " ")
            return _SAID.get(said.lower(), said) or "field"
    return selector or "field"
