"""Dry run: from a moment on, whatever the browser would send is held back."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Final

from playwright.async_api import BrowserContext, Error, Route, WebSocketRoute

from services.submission.events import Report
from services.submission.gate import Gate

BODY_KEPT: Final = 4096
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

    async def switch_on(self, context: BrowserContext, gate: Gate) -> None:
        """When this returns, no byte of the browser leaves any more."""
        gate.shut(self._note)
        await context.route("**/*", self._hold)
        await context.route_web_socket("**/*", self._hold_socket)

    async def _hold(self, route: Route) -> None:
        request = route.request
        body = request.post_data_buffer or b""
        self._note(request.method, request.url, len(body), body)
        # "aborted" leaves the page standing; other errors replace it by the browser's error page.
        with contextlib.suppress(Error):
            await route.abort("aborted")

    def _hold_socket(self, socket: WebSocketRoute) -> None:
        self._note("WEBSOCKET", socket.url, 0, b"")

    def _note(self, method: str, url: str, size: int, body: bytes) -> None:
        self.held_back.append(f"{method} {url} ({size} bytes)")
        self._report({"kind": "blocked", "method": method, "url": url[:2000], "bytes": size, "body": shown_body(body)})
        self.first.set()
