"""Notices what ends a run from outside: its page or its browser is gone, its site sends without end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from playwright.async_api import Page

from services.submission.gate import Gate

WINDOW_CLOSED: Final = "The browser's window was closed"


def watch_ends(page: Page, gate: Gate, most_bytes: int, give_up: Callable[[str], None], *, in_window: bool) -> None:
    """`give_up` is called with the reason. `in_window`: a person sees the page, and may close it."""
    if in_window:
        page.on("close", lambda _: give_up(WINDOW_CLOSED))
    page.context.on("close", lambda _: give_up("The browser broke down"))
    page.on("crash", lambda _: give_up("The page crashed"))
    too_much = f"The site sent more than {most_bytes / 1024 / 1024:.0f} MB"
    gate.on_too_much = lambda: give_up(too_much)
