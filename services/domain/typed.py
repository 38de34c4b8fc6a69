"""What goes into the fields of a form, as others may read it: without passwords."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from services.domain.plans import Plan, Step
from services.domain.records import Customer
from services.domain.redaction import is_secret, redact, redact_value

MASK: Final = "•••"
PLAIN: Final = "plain_steps"
"""In what a run says: the steps whose field the browser saw, and saw to be no secret one."""
_SECRET: Final = re.compile(
    r"passw|passphrase|passcode|pwd|secret|token|api[-_]?key|card|cvv|cvc"
    r"|(?<![a-z])(?:pass|ssn|pin|otp)(?![a-z])",
    re.IGNORECASE,
)
_SHORTENED: Final = 20
"""Characters from which on a piece of a known text is taken for that text, cut to what a field holds."""


def is_secret_field(name: str) -> bool:
    """Whether a field of this name, selector or type holds something that isn't to be shown."""
    return _SECRET.search(name) is not None or is_secret(name)


def guarded(plan: Sequence[Step], customer: Customer) -> list[dict[str, Any]]:
    """The steps for a record that is written before the browser sees the form.

    A value is in it when nothing says that its field is secret, and the customer's own data is all that is in it. Of
    the others only the browser can tell: `with_typed` adds them.
    """
    made: list[dict[str, Any]] = msgspec.to_builtins(_guarded(plan, customer))
    return made


def guarded_plan(plan: Plan, customer: Customer) -> Plan:
    """The same as a plan."""
    return msgspec.structs.replace(plan, plan=_guarded(plan.plan, customer))


def with_typed(log: Mapping[str, Any], plan: Sequence[Step], customer: Customer) -> dict[str, Any]:
    """What a run says, with `typed` instead of PLAIN where `guarded` left out what proved to be no secret.

    `typed` is {number of the step: value}; the database puts it into the record's plan.
    """
    known, plain = _known(customer), log.get(PLAIN)
    seen: Collection[Any] = plain if isinstance(plain, list | tuple) else ()
    typed = {
        str(index): redact(step.value or "")
        for index, step in enumerate(plan)
        if index in seen and _is_doubtful(step, known) and not is_secret_field(step.selector or "")
    }
    rest = {name: value for name, value in log.items() if name != PLAIN}
    return {**rest, "typed": typed} if typed else rest


def shown_payload(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The payload of a record, whoever wrote it, as it may be shown: by the names of its fields."""
    plan = payload.get("plan")
    if isinstance(plan, list):
        payload = {**payload, "plan": [_shown_step(step) for step in plan]}
    shown = redact_value(payload)
    return shown if isinstance(shown, dict) else {}


def _guarded(plan: Sequence[Step], customer: Customer) -> list[Step]:
    known = _known(customer)
    return [
        msgspec.structs.replace(
            step, url=step.url and redact(step.url), value=MASK if _is_doubtful(step, known) else step.value
        )
        for step in plan
    ]


def _shown_step(step: Any) -> Any:
    if not isinstance(step, Mapping) or not step.get("value") or not is_secret_field(str(step.get("selector") or "")):
        return step
    return {**step, "value": MASK}


def _is_doubtful(step: Step, known: Sequence[str]) -> bool:
    """Whether the value may be a secret, as far as the plan and the customer's data tell."""
    if not step.value or step.action not in ("fill", "select"):
        return False
    return is_secret_field(step.selector or "") or (step.action == "fill" and not _is_made_of(step.value, known))


def _known(customer: Customer) -> list[str]:
    """The customer's own data, the longest first."""
    values: Iterable[Any] = msgspec.structs.astuple(customer)
    return sorted({str(value).strip().casefold() for value in values if value} - {""}, key=len, reverse=True)


def _is_made_of(value: str, known: Sequence[str]) -> bool:
    rest = value.strip().casefold()
    if len(rest) >= _SHORTENED and any(rest in part for part in known):
        return True
    for part in known:
        rest = rest.replace(part, " ")
    return not any(sign.isalnum() for sign in rest)
