"""Changes a step of a plan as a person wants it, as long as the plan still does the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec
from playwright.async_api import Error, Page

from services.domain.plans import CLOSE, NEXT, Step
from services.domain.run_commands import EditStep
from services.domain.text import one_line

_LONGEST_WHERE: Final = 1000
_LONGEST_VALUE: Final = 10_000
_SENDS: Final = """e => {
  const control = e.closest('button, input');
  return !!control && !!control.form && ['submit', 'image'].includes(control.type);
}"""


class EditRefused(Exception):
    """An edit that isn't made; the text says why, for staff."""


def edited(plan: Sequence[Step], edit: EditStep, *, submit: int | None, home: str) -> Step:
    """The step as it is after the edit; raises EditRefused. `home`: the address of the directory's form."""
    if not 0 <= edit.index < len(plan):
        raise EditRefused("There is no such step")
    step = plan[edit.index]
    where = None if edit.where is None else edit.where.strip()
    if where is not None:
        if not where or len(where) > _LONGEST_WHERE:
            raise EditRefused("Say where it acts")
        step = _elsewhere(step, where, home)
        sends = plan[submit].selector if submit is not None else None
        if edit.index != submit and step.action == "click" and step.selector == sends:
            raise EditRefused("That button sends the form, which is done once, by its own step")
    if edit.value is not None:
        if step.action not in ("fill", "select"):
            raise EditRefused("Nothing goes in at this step")
        if len(edit.value) > _LONGEST_VALUE:
            raise EditRefused(f"At most {_LONGEST_VALUE:,} characters go in")
        step = msgspec.structs.replace(step, value=edit.value)
    return step


def _elsewhere(step: Step, where: str, home: str) -> Step:
    if step.action == "goto":
        _check_address(where, home)
        return msgspec.structs.replace(step, url=where)
    if step.action == "wait" and step.until:
        return msgspec.structs.replace(step, until=where)
    if step.action in ("fill", "select", "check", "click", "upload", "verify", "captcha"):
        return msgspec.structs.replace(step, selector=where)
    raise EditRefused("This step acts nowhere on the page")


def _check_address(url: str, home: str) -> None:
    """Only pages of the directory itself: what is typed into them belongs nowhere else."""
    try:
        parts, own = urlsplit(url), urlsplit(home)
        same = (parts.hostname, parts.port or 0) == (own.hostname, own.port or 0) and parts.username is None
    except ValueError:
        raise EditRefused("That is no web address") from None
    if parts.scheme not in ("http", "https") or any(ord(sign) <= 32 for sign in url):
        raise EditRefused("Only http and https addresses are opened")
    if not same or (own.scheme == "https" and parts.scheme != "https"):
        raise EditRefused(f"The address stays on {own.scheme}://{own.netloc}")


async def matches(page: Page, step: Step, plan: Sequence[Step], submit: int | None) -> int | None:
    """How many places of the page the step's selector finds now; None where it has none. Raises EditRefused.

    A button beside the one that sends the form has to be on the page, so that it is seen not to be that one.
    """
    if not step.selector:
        return None
    try:
        found = await page.locator(step.selector).count()
        if step.action == "click" and step.value in (CLOSE, NEXT):
            if found != 1:
                raise EditRefused(f"One button is wanted, and the page has {found} of {one_line(step.selector, 120)}")
            await _check_button(page, step, plan, submit)
    except Error as error:
        first = error.message.split("\n", 1)[0]
        raise EditRefused(f"The page can't be asked for it: {one_line(first, 200)}") from error
    return found


async def _check_button(page: Page, step: Step, plan: Sequence[Step], submit: int | None) -> None:
    button = page.locator(step.selector or "").first
    if step.value == CLOSE and await button.evaluate(_SENDS):
        raise EditRefused("That button sends a form; closing a pop-up must not")
    sends = plan[submit].selector if submit is not None else None
    other = page.locator(sends) if sends else None
    if other is not None and await other.count() > 0:
        handle = await other.first.element_handle(timeout=1000)
        if await button.evaluate("(one, other) => one === other", handle):
            raise EditRefused("That button sends the form, which is done once, by its own step")
