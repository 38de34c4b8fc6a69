"""From a business and a directory's form to the steps that fill it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from services.domain.plans import CLOSE, CONFIRM, EMAIL_CODE, LOGIN, NEXT, Constraints, Plan, Step

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
    "select": [names that are drop-downs], "order": [names], "rate_limit_ms": ms}; where the form has them also
    "check": [names of boxes to tick], "upload": [names that take a picture],
    "pages": [{"fields": [names], "next": selector}] for every page but the last, which has all other fields,
    "close": [selectors that put a pop-up away], "confirm": true where the page asks before it sends, and what only
    a person can give: "login", "captcha", "code": the selector that shows that it is asked for.
    Raises Unplannable.
    """
    fields, submit = selectors.get("fields"), selectors.get("submit")
    if not isinstance(fields, Mapping) or not fields:
        raise Unplannable(f"The form fields of {host} are not known.")
    if not isinstance(submit, str) or not submit:
        raise Unplannable(f"The submit button of {host} is not known.")
    login, code, captcha = (_text(selectors.get(name)) for name in ("login", "code", "captcha"))
    form = _Form(selectors, fields, _values(business))
    steps = [Step("goto", url=submission_url)]
    steps += [Step("click", selector=selector, value=CLOSE) for selector in _names(selectors.get("close"))]
    if login:
        steps.append(Step("verify", selector=login, value=LOGIN))
    for names, button in _pages(selectors.get("pages"), host):
        steps += [*form.steps(names), Step("click", selector=button, value=NEXT)]
    steps += form.steps(list(fields))
    if code:
        steps.append(Step("verify", selector=code, value=EMAIL_CODE))
    if captcha or has_captcha:
        steps.append(Step("captcha", selector=captcha))
    confirm = CONFIRM if selectors.get("confirm") is True else None
    steps += [Step("click", selector=submit, value=confirm), Step("wait", until="load")]
    return Plan(
        plan=steps,
        constraints=Constraints(
            rate_limit_ms=_milliseconds(selectors.get("rate_limit_ms")), captcha=bool(captcha or has_captcha)
        ),
        idempotency_factors={"name": business.name, "dir": host},
    )


class _Form:
    """Makes the steps of each page's fields; a field comes once."""

    def __init__(
        self, selectors: Mapping[str, Any], fields: Mapping[str, Any], values: Mapping[str, str | None]
    ) -> None:
        self._fields = fields
        self._values = values
        self._order = _in_form_order(fields, _names(selectors.get("order")))
        self._choices, self._boxes, self._pictures = (
            _names(selectors.get(name)) for name in ("select", "check", "upload")
        )
        self._done: set[str] = set()

    def steps(self, names: list[str]) -> list[Step]:
        """The steps of those of the fields that are still to do, in the form's order."""
        found = [
            step for name in self._order if name in names and name not in self._done and (step := self._step(name))
        ]
        self._done.update(names)
        return found

    def _step(self, name: str) -> Step | None:
        selector, value = str(self._fields[name]), self._values.get(name)
        if name in self._boxes:
            return Step("check", selector=selector)
        if name in self._pictures:
            return Step("upload", selector=selector, value=name)
        if not value:
            return None
        return Step("select" if name in self._choices else "fill", selector=selector, value=value)


def _pages(value: object, host: str) -> list[tuple[list[str], str]]:
    """Names of the fields and the button of every page but the last."""
    found = []
    for page in value if isinstance(value, list) else []:
        button = _text(page.get("next")) if isinstance(page, Mapping) else None
        if not button:
            raise Unplannable(f"The button to the next page of {host} is not known.")
        found.append((_names(page.get("fields")), button))
    return found


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


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _milliseconds(value: object) -> int:
    return max(0, int(value)) if isinstance(value, int | float) else 0
