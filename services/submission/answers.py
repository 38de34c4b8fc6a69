"""Follows the requests that pressing a button sets off, and the site's answers to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote_plus

from playwright.async_api import BrowserContext, Error, Page, Request, Response

from services.submission.evidence import Sending
from services.submission.gate import told_fault

_TICK_SECONDS: Final = 0.01
_FIRST_SECONDS: Final = 0.3
_SLOW_SECONDS: Final = 2.0
_SETTLE_SECONDS: Final = 0.15


class Answers:
    """Made just before the button is pressed. `values` are those typed into the form of `page`.

    The request that carries one of them is the form's; else the page's own navigation is. What a pop-up
    loads beside it is nobody's answer.
    """

    def __init__(self, context: BrowserContext, page: Page, values: list[str]) -> None:
        self._context = context
        self._home = page
        self._values = [value.strip() for value in values if len(value.strip()) >= 4]
        self._form: Request | None = None
        self._page_request: Request | None = None
        self._pending: set[Request] = set()
        self._quiet_since = 0.0
        self._status: dict[Request, int] = {}
        self._failure: dict[Request, str] = {}
        self.sent = asyncio.Event()
        self._listeners: dict[str, Callable[..., None]] = {
            "request": self._on_request,
            "response": self._on_response,
            "requestfinished": self._on_end,
            "requestfailed": self._on_failed,
        }
        for event, listener in self._listeners.items():
            context.on(event, listener)  # type: ignore[call-overload]

    def close(self) -> None:
        """Stop to listen."""
        for event, listener in self._listeners.items():
            self._context.remove_listener(event, listener)

    async def settle(self, page: Page, limit: float) -> None:
        """Until the button's requests are answered and the page has loaded; at most `limit` seconds.

        Not until the network is idle: the answer is what matters, and idle costs half a second.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + limit
        if not await self._begun(_FIRST_SECONDS):
            still_valid = await _is_valid(page)
            if not still_valid or not await self._begun(min(_SLOW_SECONDS, limit)):
                return
        while loop.time() < end:
            left = _TICK_SECONDS if self._pending else self._quiet_since + _SETTLE_SECONDS - loop.time()
            if left <= 0:
                break
            await asyncio.sleep(left)
        try:
            await page.wait_for_load_state("load", timeout=max(1.0, (end - loop.time()) * 1000))
        except Error:
            return

    def sending(self) -> Sending:
        """What was sent and answered so far."""
        form = self._form or self._page_request
        last = self._page_request if self._page_request is not form else None
        return Sending(
            sent=form is not None,
            status=self._status.get(form) if form else None,
            page_status=self._status.get(last) if last else None,
            failure=self._failure.get(form) if form else None,
        )

    def page(self, otherwise: Page) -> Page:
        """The page that the form was sent to: a form may open its answer in a new one."""
        try:
            page = self._page_request.frame.page if self._page_request else otherwise
        except Error:
            return otherwise
        return otherwise if page.is_closed() else page

    async def _begun(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self.sent.wait()
        except TimeoutError:
            return False
        return True

    def _on_request(self, request: Request) -> None:
        navigates = _navigates(request)
        if self._form is None and (self._carries(request) or (navigates and request.method == "POST")):
            self._form = request
        elif not navigates or not self._follows(request):
            return
        if navigates:
            self._page_request = request
        self._pending.add(request)
        self.sent.set()

    def _follows(self, request: Request) -> bool:
        """Whether a navigation is the form's own redirect, or one of the page that was pressed on."""
        before = request.redirected_from
        while before is not None:
            if before in (self._form, self._page_request):
                return True
            before = before.redirected_from
        try:
            return request.frame.page == self._home or self._is_forms_page(request)
        except Error:  # of a page that is just opening
            return False

    def _is_forms_page(self, request: Request) -> bool:
        return self._page_request is not None and request.frame.page == self._page_request.frame.page

    def _carries(self, request: Request) -> bool:
        body = unquote_plus((request.post_data_buffer or b"").decode("utf-8", "replace"))
        text = body if request.method not in ("GET", "HEAD") else unquote_plus(request.url)
        return any(value in text for value in self._values)

    def _on_response(self, response: Response) -> None:
        fault = told_fault(response.url, response.headers)
        if fault is None:
            self._status[response.request] = response.status
        else:
            self._failure[response.request] = fault

    def _on_end(self, request: Request) -> None:
        if request in self._pending:
            self._pending.remove(request)
            self._quiet_since = asyncio.get_running_loop().time()

    def _on_failed(self, request: Request) -> None:
        self._on_end(request)
        self._failure.setdefault(request, request.failure or "failed")


def _navigates(request: Request) -> bool:
    try:
        return request.is_navigation_request() and request.frame.parent_frame is None
    except Error:  # the frame of a page that is just opening isn't known yet
        return request.is_navigation_request()


async def _is_valid(page: Page) -> bool:
    try:
        async with asyncio.timeout(2):
            return bool(
                await page.evaluate("() => !document.querySelector('input:invalid,select:invalid,textarea:invalid')")
            )
    except (Error, TimeoutError):
        return True
