"""A plan: the steps that fill a directory's form, as Brain's `/plan` answers them."""

from __future__ import annotations

from typing import Any, Final

import msgspec

KNOWN_ACTIONS: Final = frozenset({"goto", "fill", "click", "wait", "select", "check", "upload", "captcha", "verify"})


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One action. `seconds` is for wait; `until` is a load state or a selector."""

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
    """Index of the step that sends the form: the last click. None if the plan never clicks."""
    clicks = [index for index, step in enumerate(plan.plan) if step.action == "click"]
    return clicks[-1] if clicks else None


_VERBS: Final = {"goto": "Open", "fill": "Fill", "select": "Choose", "check": "Tick", "upload": "Upload"}


def step_words(step: Step) -> str:
    """The step in words for staff, such as "Fill the phone"; the selector or address goes below it."""
    if step.action == "goto":
        return "Open the page"
    if step.action == "click":
        return "Press the button"
    if step.action == "wait":
        return "Wait for the page" if step.until else f"Wait {step.seconds or 0:g} s"
    if step.action == "verify":
        return "Verify the outcome"
    if step.action == "captcha":
        return "Solve the captcha"
    verb = _VERBS.get(step.action)
    name = _field_name(step.selector or "")
    return f"{verb} the {name}" if verb else f"Unknown action “{step.action}”"


def _field_name(selector: str) -> str:
    for left, right in (("name=", "]"), ("#", " ")):
        if left in selector:
            name = selector.split(left, 1)[1].split(right, 1)[0].strip("\"'")
            return name.replace("-", " ").replace("_", " ") or "field"
    return selector or "field"
