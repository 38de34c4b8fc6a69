"""Dry run: what the browser would send is held back, and from the submit step on everything is."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterator
from typing import Final

from playwright.async_api import BrowserContext, Error, Request, Route, WebSocketRoute

from services.submission.events import Report
from services.submission.gate import READS, Gate

BODY_KEPT: Final = 4096
_MOST_EARLY: Final = 20
_SECRET: Final = re.compile(
    r"pass(?:word|wd|phrase|code)?\b|secret|token|api[-_]?key|card|cvv|cvc|\bssn\b|\bpin\b", re.IGNORECASE
)
_SECRET_PAIR: Final = re.compile(r"([^&=\s]{1,80})=([^&\s]*)")


def is_secret(name: str) -> bool:
    """Whether a field of this name or selector holds something that isn't to be shown."""
    return _SECRET.search(name) is not None


def shown_body(body: bytes) -> str:
    """The first 4 kB of a body as text, values of secret-like fields masked."""
    text = body[:BODY_KEPT].decode("utf-8", "replace")
    return _SECRET_PAIR.sub(lambda pair: f"{pair[1]}=•••" if is_secret(pair[1]) else pair[0], text)


class Blocker:
    """Two layers: routes that know a request's body, and the gate, which nothing gets around."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.first = asyncio.Event()
        self.held_back: list[str] = []
        self.early: list[str] = []
        """What was held back before `switch_on`."""
        self.passed: list[str] = []
        self._gate: Gate | None = None
        self._open = False

    async def watch(self, context: BrowserContext, gate: Gate) -> None:
        """From now on nothing is sent except within `let_through`; what only asks (GET) still leaves."""
        self._gate = gate
        gate.hold_sends(self._note_early)
        await context.route("**/*", self._hold_sends)

    @contextlib.contextmanager
    def let_through(self) -> Iterator[None]:
        """What is sent meanwhile leaves, and is told: the plan marks it as a page of the form before the last."""
        assert self._gate is not None
        self._gate.hold_sends(None)
        self._open = True
        try:
            yield
        finally:
            self._open = False
            self._gate.hold_sends(self._note_early)

    async def switch_on(self, context: BrowserContext, gate: Gate) -> None:
        """When this returns, no byte of the browser leaves any more."""
        gate.shut(self._note)
        await context.route("**/*", self._hold)
        await context.route_web_socket("**/*", self._hold_socket)

    async def _hold(self, route: Route) -> None:
        self._note(*_sent(route.request))
        await _abort(route)

    async def _hold_sends(self, route: Route) -> None:
        request = route.request
        if request.method in READS:
            with contextlib.suppress(Error):
                await route.continue_()
        elif self._open:
            self._tell("passed", self.passed, *_sent(request))
            with contextlib.suppress(Error):
                await route.continue_()
        else:
            self._note_early(*_sent(request))
            await _abort(route)

    def _hold_socket(self, socket: WebSocketRoute) -> None:
        self._note("WEBSOCKET", socket.url, 0, b"")

    def _note(self, method: str, url: str, size: int, body: bytes) -> None:
        self._tell("blocked", self.held_back, method, url, size, body)
        self.first.set()

    def _note_early(self, method: str, url: str, size: int, body: bytes) -> None:
        # A page that sends without end must not crowd out the form.
        if len(self.early) < _MOST_EARLY:
            self._tell("blocked", self.early, method, url, size, body)

    def _tell(self, kind: str, told: list[str], method: str, url: str, size: int, body: bytes) -> None:
        told.append(f"{method} {url} ({size} bytes)")
        self._report({"kind": kind, "method": method, "url": url[:2000], "bytes": size, "body": shown_body(body)})


def _sent(request: Request) -> tuple[str, str, int, bytes]:
    body = request.post_data_buffer or b""
    return request.method, request.url, len(body), body


async def _abort(route: Route) -> None:
    # "aborted" leaves the page standing; other errors replace it by the browser's error page.
    with contextlib.suppress(Error):
        await route.abort("aborted")
