"""Carries out one step of a plan on a page."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import Error, Locator, Page
from playwright.async_api import TimeoutError as TooLong

from services.domain.plans import Step, step_words
from services.domain.text import one_line
from services.submission.blocking import is_secret
from services.submission.gate import FAULT_HEADER, Gate

_LOAD_STATES: Final = ("load", "domcontentloaded", "networkidle")


class StepFailed(Exception):
    """A step that did not work; the text says why, fit for `services.domain.faults.plain_words`."""


def described(step: Step) -> dict[str, Any]:
    """The step as the `started` event says it: action, words, detail and value, secrets masked."""
    detail = step.url if step.action == "goto" else step.selector or step.until
    value = step.value if not is_secret(step.selector or "") else "•••" if step.value else step.value
    return {
        "action": one_line(step.action, 40),
        "words": one_line(step_words(step), 120),
        "detail": one_line(detail or "", 300),
        "value": one_line(value, 300) if value is not None else None,
    }


async def perform(page: Page, step: Step, gate: Gate, *, goto_seconds: float, step_seconds: float) -> None:
    """Do the step; raises StepFailed."""
    if step.action == "goto":
        await _goto(page, step.url or "", gate, goto_seconds)
        return
    if step.action == "wait":
        await _wait(page, step, step_seconds)
        return
    if step.action not in ("fill", "select", "check", "click"):
        raise StepFailed(f"This console can't do “{one_line(step.action, 40)}”")
    if not step.selector:
        raise StepFailed(f"The plan names no field for “{step.action}”")
    target, limit = page.locator(step.selector).first, step_seconds * 1000
    try:
        if step.action == "fill":
            await target.fill(step.value or "", timeout=limit)
        elif step.action == "select":
            await target.select_option(step.value or "", timeout=limit)
        elif step.action == "check":
            await target.check(timeout=limit)
        else:
            await target.click(timeout=limit, no_wait_after=True)
    except Error as error:
        raise StepFailed(await _why(target, step, error, step_seconds)) from error


async def ready(page: Page, step: Step, seconds: float) -> None:
    """Wait until the step's button could be pressed, without pressing it; raises StepFailed."""
    if step.selector:
        target = page.locator(step.selector).first
        try:
            await target.click(timeout=seconds * 1000, trial=True)
        except Error as error:
            raise StepFailed(await _why(target, step, error, seconds)) from error


async def _goto(page: Page, url: str, gate: Gate, seconds: float) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise StepFailed(f"Only http and https addresses are opened, not {one_line(url, 200)}")
    try:
        response = await page.goto(url, wait_until="networkidle", timeout=seconds * 1000)
    except TooLong as error:
        raise StepFailed(f"goto: timeout after {seconds:g} s at {url}") from error
    except Error as error:
        raise StepFailed(f"{gate.fault(url) or _first_line(error)} at {url}") from error
    if response is not None and FAULT_HEADER in response.headers:
        raise StepFailed(f"{response.headers[FAULT_HEADER]} at {url}")
    if response is not None and response.status >= 400:
        raise StepFailed(f"HTTP {response.status} at {url}")


async def _wait(page: Page, step: Step, step_seconds: float) -> None:
    if not step.until:
        await asyncio.sleep(max(0.0, step.seconds or 0.0))
        return
    limit = step.seconds or step_seconds
    try:
        if step.until in _LOAD_STATES:
            await page.wait_for_load_state(step.until, timeout=limit * 1000)  # type: ignore[arg-type]
        else:
            await page.wait_for_selector(step.until, timeout=limit * 1000)
    except Error as error:
        raise StepFailed(f"The page did not show “{one_line(step.until, 120)}” within {limit:g} s") from error


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
    return one_line(error.message.split("\n", 1)[0], 300)
