"""From a business and a directory's form to the steps that fill it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from services.domain.plans import Constraints, Plan, Step

_USUAL_ORDER: Final = (
    "business_name", "email", "phone", "website", "address", "city", "state", "zip", "country", "category",
    "description",
)  # fmt: skip


class Business(msgspec.Struct, frozen=True):
    """Who is to be listed."""

    name: str
    phone: str | None = None
    address: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None
    website: str | None = None
    email: str | None = None
    description: str | None = None
    categories: list[str] = []


class Unplannable(ValueError):
    """The directory's form isn't known well enough; the text says what is missing."""


def plan_submission(
    business: Business,
    *,
    host: str,
    submission_url: str,
    selectors: Mapping[str, Any],
    has_captcha: bool = False,
) -> Plan:
    """Open the page, fill every known field that the business has a value for, press submit, wait for the answer.

    `selectors` is a directory's `field_selectors`: {"fields": {name: selector}, "submit": selector,
    "select": [names that are drop-downs], "order": [names], "rate_limit_ms": ms}. Raises Unplannable.
    """
    fields, submit = selectors.get("fields"), selectors.get("submit")
    if not isinstance(fields, Mapping) or not fields:
        raise Unplannable(f"The form fields of {host} are not known.")
    if not isinstance(submit, str) or not submit:
        raise Unplannable(f"The submit button of {host} is not known.")
    choices = _names(selectors.get("select"))
    values = _values(business)
    steps = [Step("goto", url=submission_url)]
    for name in _in_form_order(fields, _names(selectors.get("order"))):
        value = values.get(name)
        if value:
            steps.append(Step("select" if name in choices else "fill", selector=str(fields[name]), value=value))
    steps += [Step("click", selector=submit), Step("wait", until="load")]
    return Plan(
        plan=steps,
        constraints=Constraints(rate_limit_ms=_milliseconds(selectors.get("rate_limit_ms")), captcha=has_captcha),
        idempotency_factors={"name": business.name, "dir": host},
    )


def _values(business: Business) -> dict[str, str | None]:
    values = {
        name: getattr(business, name) for name in Business.__struct_fields__ if name not in ("name", "categories")
    }
    return {
        **values,
        "business_name": business.name,
        "name": business.name,
        "category": next(iter(business.categories), None),
    }


def _in_form_order(fields: Mapping[str, Any], order: list[str]) -> list[str]:
    # The database keeps no order of an object's keys, so the form's own order comes as a list; else the usual one.
    known = [*order, *_USUAL_ORDER]
    return sorted(fields, key=lambda name: (known.index(name) if name in known else len(known), name))


def _names(value: object) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _milliseconds(value: object) -> int:
    return max(0, int(value)) if isinstance(value, int | float) else 0
