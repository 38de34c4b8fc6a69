"""Answers what a page asks in dialogs, puts away the windows that it opens by itself."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final

from playwright.async_api import BrowserContext, Dialog, Error, Page

from services.domain.text import one_line

_MOST_WINDOWS: Final = 20
_MOST_SAID: Final = 20


class PopUps:
    """`give_up` is called, with the reason, when a page opens windows without end."""

    def __init__(self, give_up: Callable[[str], None]) -> None:
        self._give_up = give_up
        self._page: Page | None = None
        self._windows = 0
        self.said: list[str] = []
        """What the page asked or said."""
        self.closed = 0
        """Windows that were put away."""
        self.confirms = False
        """The step in hand says yes to the page's question."""
        self.sending = False
        """The form is being sent: a window may be its answer, and stays."""

    def quoted(self) -> list[str]:
        """What the page asked or said first, in words."""
        return [f"The page asked or said “{one}”" for one in self.said[:3]]

    def watch(self, context: BrowserContext, page: Page) -> None:
        """Begin: `page` is the run's own."""
        self._page = page
        context.on("dialog", self._answer)
        context.on("page", self._on_page)

    async def _answer(self, dialog: Dialog) -> None:
        """Yes to what the plan says yes to, and to leaving the page, which the step in hand wants; else no."""
        with contextlib.suppress(Error):
            if dialog.type == "beforeunload":
                await dialog.accept()
                return
            if len(self.said) < _MOST_SAID:
                self.said.append(one_line(dialog.message, 300))
            if dialog.type == "confirm" and self.confirms:
                await dialog.accept()
            else:
                await dialog.dismiss()

    async def _on_page(self, page: Page) -> None:
        self._windows += 1
        if self._windows > _MOST_WINDOWS:
            self._give_up("The page opens one window after another")
        if page is not self._page and (not self.sending or self._windows > _MOST_WINDOWS):
            self.closed += 1
            with contextlib.suppress(Error):
                await page.close()
