"""Carries out one step of a plan on a page."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import Error, FilePayload, Locator, Page
from playwright.async_api import TimeoutError as TooLong

from services.domain.faults import PERSON_NEEDED, Person
from services.domain.plans import CLOSE, EMAIL_CODE, LOGIN, Step, step_words
from services.domain.text import one_line
from services.domain.typed import MASK, is_secret_field
from services.submission.banners import uncover
from services.submission.gate import Gate, told_fault
from services.submission.placeholder import placeholder_logo
from services.submission.walls import find_walls, is_asked

_CALL: Final = re.compile(r"^[A-Z]\w*\.\w+: ")
_LOAD_STATES: Final = ("load", "domcontentloaded")
_SETTLE_SECONDS: Final = 3.0
_POP_UP_SECONDS: Final = 1.0
_WARM_SECONDS: Final = 0.4


class StepFailed(Exception):
    """A step that did not work; the text says why, fit for `services.domain.faults.plain_words`."""


class PersonNeeded(StepFailed):
    """The page asks for what only a person can give; nothing was sent."""

    def __init__(self, person: Person) -> None:
        super().__init__(PERSON_NEEDED[person])
        self.person = person


def described(step: Step) -> dict[str, Any]:
    """The step as the `started` event says it: action, words, detail and value, secrets masked."""
    detail = step.url if step.action == "goto" else step.selector or step.until
    value = step.value if not is_secret_field(step.selector or "") else MASK if step.value else step.value
    return {
        "action": one_line(step.action, 40),
        "words": one_line(step_words(step), 120),
        "detail": one_line(detail or "", 300),
        "value": one_line(value, 300) if value is not None else None,
    }


async def perform(
    page: Page,
    step: Step,
    gate: Gate,
    *,
    goto_seconds: float,
    step_seconds: float,
    business: str = "",
    is_ready: bool = False,
) -> None:
    """Do the step; raises StepFailed. `business` is the name that a placeholder picture is made from.

    `is_ready`: the step's button was just seen to take a press.
    """
    if step.action == "goto":
        await _goto(page, step.url or "", gate, goto_seconds)
    elif step.action == "wait":
        await _wait(page, step, step_seconds)
    elif step.action == "captcha":
        if await is_asked(page, step.selector) or "captcha" in await find_walls(page):
            raise PersonNeeded("captcha")
    elif step.action == "verify":
        await _verify(page, step, step_seconds)
    elif step.action in ("fill", "select", "check", "click", "upload"):
        await _use(page, step, step_seconds, business, is_ready=is_ready)
    else:
        raise StepFailed(f"This console can't do “{one_line(step.action, 40)}”")


async def _use(page: Page, step: Step, step_seconds: float, business: str, *, is_ready: bool) -> None:
    """A step on one control of the page."""
    if not step.selector:
        raise StepFailed(f"The plan names no field for “{step.action}”")
    target, limit = page.locator(step.selector).first, step_seconds * 1000
    try:
        if step.action == "click" and step.value == CLOSE:
            await _close_pop_up(target, step_seconds)
            return
        if step.action == "fill":
            await target.fill(step.value or "", timeout=limit)
        elif step.action == "select":
            await target.select_option(step.value or "", timeout=limit)
        elif step.action == "check":
            await uncover(target)
            await target.check(timeout=limit)
        elif step.action == "upload":
            # Never a path: what a plan says comes from outside, and so do the pages that would get the file.
            picture = FilePayload(name="logo.png", mimeType="image/png", buffer=placeholder_logo(business))
            await target.set_input_files(picture, timeout=limit)
        else:
            if not is_ready:
                await uncover(target)
            await target.click(timeout=limit, no_wait_after=True)
    except Error as error:
        raise StepFailed(await _why(target, step, error, step_seconds)) from error


async def _close_pop_up(target: Locator, seconds: float) -> None:
    """Press the button that puts a pop-up away; one that doesn't come needs none."""
    try:
        await target.wait_for(state="visible", timeout=min(_POP_UP_SECONDS, seconds) * 1000)
    except TooLong:
        return
    await target.click(timeout=seconds * 1000)


async def _verify(page: Page, step: Step, step_seconds: float) -> None:
    """Before the form is sent: whether the page asks who the visitor is. After it: whether it shows what it should."""
    if step.value == LOGIN or step.value == EMAIL_CODE:
        person: Person = "login" if step.value == LOGIN else "email_code"
        if await is_asked(page, step.selector):
            raise PersonNeeded(person)
        return
    if not step.selector:
        return
    target = page.locator(step.selector)
    if step.value:
        target = target.filter(has_text=step.value)
    try:
        await target.first.wait_for(state="visible", timeout=step_seconds * 1000)
    except Error as error:
        what = step.value or step.selector
        raise StepFailed(f"The page did not show “{one_line(what, 120)}” within {step_seconds:g} s") from error


async def could_press(page: Page, step: Step, really: bool) -> bool:
    """Whether the step's button could be pressed at once; a cookie banner that lies over it is put away. Nobody looks
    where it won't be pressed `really`."""
    return really and bool(step.selector) and await uncover(page.locator(step.selector or "").first)


async def ready(page: Page, step: Step, seconds: float) -> None:
    """Wait until the step's button could be pressed, without pressing it; raises StepFailed."""
    if step.selector:
        target = page.locator(step.selector).first
        if await uncover(target):
            return
        try:
            await target.click(timeout=seconds * 1000, trial=True)
        except Error as error:
            raise StepFailed(await _why(target, step, error, seconds)) from error


async def _goto(page: Page, url: str, gate: Gate, seconds: float) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise StepFailed(f"Only http and https addresses are opened, not {one_line(url, 200)}")
    end = time.monotonic() + seconds
    try:
        response = await page.goto(url, wait_until="load", timeout=seconds * 1000)
    except TooLong as error:
        raise StepFailed(f"goto: timeout after {seconds:g} s at {url}") from error
    except Error as error:
        raise StepFailed(f"{gate.fault(url) or _first_line(error)} at {url}") from error
    if response is not None and (fault := told_fault(response.url, response.headers)):
        raise StepFailed(f"{fault} at {url}")
    if response is not None and response.status >= 400:
        raise StepFailed(f"HTTP {response.status} at {url}")
    # The driver's own script goes into the page while that is waited for, and not with the first field.
    await asyncio.gather(_settle(page, min(_SETTLE_SECONDS, max(0.1, end - time.monotonic()))), _warm(page))


async def _warm(page: Page) -> None:
    with contextlib.suppress(Error, TimeoutError):
        async with asyncio.timeout(_WARM_SECONDS):
            await page.locator("body").is_visible()


async def _settle(page: Page, seconds: float) -> None:
    """Until the loaded page's network is quiet. One that never is (a live feed, a shared worker) is loaded too."""
    with contextlib.suppress(TooLong):
        await page.wait_for_load_state("networkidle", timeout=seconds * 1000)


async def _wait(page: Page, step: Step, step_seconds: float) -> None:
    if not step.until:
        await _pause(page, max(0.0, step.seconds or 0.0))
        return
    limit = step.seconds or step_seconds
    try:
        if step.until == "networkidle":
            await page.wait_for_load_state("load", timeout=limit * 1000)
            await _settle(page, min(_SETTLE_SECONDS, limit))
        elif step.until in _LOAD_STATES:
            await page.wait_for_load_state(step.until, timeout=limit * 1000)  # type: ignore[arg-type]
        else:
            await page.wait_for_selector(step.until, timeout=limit * 1000)
    except Error as error:
        raise StepFailed(f"The page did not show “{one_line(step.until, 120)}” within {limit:g} s") from error


async def _pause(page: Page, seconds: float) -> None:
    """Wait, but no longer than there is a page: a person may close the window, and the next step says so."""
    if page.is_closed():
        return
    closed = asyncio.Event()

    def end(_: Page) -> None:
        closed.set()

    page.on("close", end)
    try:
        async with asyncio.timeout(seconds):
            await closed.wait()
    except TimeoutError:
        return
    finally:
        page.remove_listener("close", end)


async def _why(target: Locator, step: Step, error: Error, seconds: float) -> str:
    selector = one_line(step.selector, 120)
    if isinstance(error, TooLong):
        try:
            missing = await target.count() == 0
        except Error:
            missing = True
        if missing:
            return f"No such field within {seconds:g} s: {selector}"
        if step.action == "select":
            return f"No such choice in {selector}: {one_line(step.value, 80)}"
        return f"The field can't be used: {selector}"
    return f"{selector}: {_first_line(error)}"


def _first_line(error: Error) -> str:
    """The first line only: the lines after it quote what was typed."""
    first = error.message.split("\n", 1)[0]
    return one_line(_CALL.sub("", first).split(" at http", 1)[0], 300)
