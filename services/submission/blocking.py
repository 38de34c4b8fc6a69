"""Dry run: what the browser would send is held back, and from the submit step on everything is."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import unquote_plus, urlsplit

from playwright.async_api import BrowserContext, Error, Page, Request, Route, WebSocketRoute

from services.submission.events import Report
from services.submission.gate import READS, Gate
from services.submission.masking import Masking
from services.submission.typed_by_hand import TypedByHand

_MOST_EARLY: Final = 20
_MOST_HELD: Final = 100
_SHORTEST_VALUE: Final = 5
_FIRST_SECONDS: Final = 2.0
_FORM_SECONDS: Final = 1.0
_LEFT_SECONDS: Final = 2.0
_FAREWELL_SECONDS: Final = 4.0
_QUIET_SECONDS: Final = 0.15
_MOST_QUIET_SECONDS: Final = 1.5
_TICK_SECONDS: Final = 0.02
# What a shared worker sends can't be looked at, and over TLS not be told from reading: pages get one that never
# answers.
_NO_SHARED_WORKERS: Final = """self.SharedWorker = class SharedWorker extends EventTarget {
  port = new MessageChannel().port1;
}"""


class Blocker:
    """Two layers: routes that know a request's body, and the gate, which nothing gets around.

    `values` are those that the plan types: a request that carries one of them sends the form, whatever its method.
    """

    def __init__(self, report: Report, values: Sequence[str], masking: Masking) -> None:
        self._report = report
        self._values: list[str] = []
        self._masking = masking
        for value in values:
            self.typed(value)
        self.first = asyncio.Event()
        """Something was held back since `switch_on`, or since `forget_first`."""
        self.form = asyncio.Event()
        """A request that carries the form was held back."""
        self._led = False
        """It led to another page."""
        self.held_back: list[str] = []
        """From `switch_on` on; the form itself comes first."""
        self.early: list[str] = []
        """What was held back before `switch_on`."""
        self.passed: list[str] = []
        self._gate: Gate | None = None
        self._by_hand = TypedByHand()
        self._open = False
        self._shut = False
        self._silent: set[WebSocketRoute] = set()
        self._last = 0.0

    def typed(self, value: str) -> None:
        """This is typed too."""
        if len(value.strip()) >= _SHORTEST_VALUE:
            self._values.append(value.strip())

    def reasons(self, invalid: Sequence[tuple[str, str]]) -> list[str]:
        """What was held back and let through, in words; `invalid`: fields that the page marks, with its words."""
        if self.held_back:
            reasons = [f"Held back: {self.held_back[0]}"]
        else:
            why = "; ".join(f"{name}: {message}" for name, message in invalid)
            reasons = [f"Pressing the button sent nothing{f'; the page marks {why}' if why else ''}"]
        reasons += [f"Held back before the submit step: {told}" for told in self.early[:3]]
        return reasons + [f"Sent on the way, as the plan says: {told}" for told in self.passed[:3]]

    async def settle(self) -> None:
        """After `switch_on`: until the form is held back, or what else was sent, and no more comes for a moment."""
        await _within(_FIRST_SECONDS, self.first)
        await _within(_FORM_SECONDS, self.form)
        await self._quiet()

    def forget_first(self) -> None:
        """Before the page is left: `first` is then what it sends on leaving."""
        self.first.clear()

    async def settle_left(self, listens: bool) -> None:
        """After the page was left: what it sent then comes late on a busy machine, and may be the form.

        A page that `listens` for its leaving is given longer to send something.
        """
        await _within(_LEFT_SECONDS, self.form)
        if listens:
            await _within(_FAREWELL_SECONDS, self.first)
        await self._quiet()

    async def _quiet(self) -> None:
        """Until nothing was held back for a moment, and each socket that opened meanwhile has said something."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_MOST_QUIET_SECONDS):
                while self._silent or time.monotonic() < self._last + _QUIET_SECONDS:  # noqa: ASYNC110
                    await asyncio.sleep(_TICK_SECONDS)
        self._silent.clear()

    async def watch(self, context: BrowserContext, gate: Gate) -> None:
        """From now on nothing is sent except within `let_through`; what only asks still leaves."""
        self._gate = gate
        gate.hold_sends(self._note_early)
        await context.add_init_script(_NO_SHARED_WORKERS)
        await context.route("**/*", self._on_request)
        await context.route_web_socket("**/*", self._on_socket)

    async def by_hand(self, page: Page) -> None:
        """From now on a person may type something else into the page: what carries that sends the form too."""
        await self._by_hand.listen(page)

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

    def switch_on(self, gate: Gate) -> None:
        """When this returns, no byte of the browser leaves any more."""
        self._shut = True
        gate.shut(self._note)

    async def _on_request(self, route: Route) -> None:
        request = route.request
        sends = request.method not in READS or self._carries(urlsplit(request.url).query)
        sends = sends or self._by_hand.in_address(request.url)
        if self._shut:
            self._note(*_sent(request), leads=request.is_navigation_request())
        elif sends and not self._open:
            self._note_early(*_sent(request))
        else:
            if sends:
                self._tell("passed", self.passed, *_sent(request))
            with contextlib.suppress(Error):
                await route.continue_()
            return
        # "aborted" leaves the page standing; other errors replace it by the browser's error page.
        with contextlib.suppress(Error):
            await route.abort("aborted")

    def _on_socket(self, socket: WebSocketRoute) -> None:
        if self._shut:
            # The page sees it open, and so shows what it would say.
            self._note("WEBSOCKET", socket.url, 0, b"")
            self._silent.add(socket)
            socket.on_message(lambda message: self._on_message(socket, message))
            return
        server = socket.connect_to_server()

        async def on_close(code: int | None, reason: str | None) -> None:
            if not self._shut:
                with contextlib.suppress(Error):
                    await socket.close(code=code, reason=reason)

        # What it says after the gate cut it off is still to be seen: the page isn't told of the cut.
        server.on_close(on_close)
        socket.on_message(lambda message: self._on_message(socket, message, server))

    def _on_message(self, socket: WebSocketRoute, message: str | bytes, server: WebSocketRoute | None = None) -> None:
        size, data, url = *_said(message), socket.url
        self._silent.discard(socket)
        if self._shut or server is None:
            self._note("WEBSOCKET", url, size, data)
            return
        if self._carries(data.decode("utf-8", "replace")):
            if not self._open:
                self._note_early("WEBSOCKET", url, size, data)
                return
            self._tell("passed", self.passed, "WEBSOCKET", url, size, data)
        server.send(message)

    def _carries(self, text: str) -> bool:
        plain = unquote_plus(text)
        return any(value in plain for value in self._values) or self._by_hand.in_text(text)

    def _note(self, method: str, url: str, size: int, body: bytes, leads: bool = False) -> None:
        """`leads`: to another page, as a form that is sent does; a draft that a page keeps as one types does not."""
        is_form = self._carries(urlsplit(url).query) or self._carries(body.decode("utf-8", "replace"))
        goes_first = is_form and (leads > self._led or not self.form.is_set())
        # A page that sends without end must not crowd out the form.
        if len(self.held_back) < _MOST_HELD or goes_first:
            self._tell("blocked", self.held_back, method, url, size, body)
            if goes_first:
                self.held_back.insert(0, self.held_back.pop())
        self._last = time.monotonic()
        self.first.set()
        if is_form:
            self._led |= leads
            self.form.set()

    def _note_early(self, method: str, url: str, size: int, body: bytes) -> None:
        if len(self.early) < _MOST_EARLY:
            self._tell("blocked", self.early, method, url, size, body)

    def _tell(self, kind: str, told: list[str], method: str, url: str, size: int, body: bytes) -> None:
        shown = self._masking.url(url)
        told.append(f"{method} {shown} ({size} bytes)")
        self._report({"kind": kind, "method": method, "url": shown, "bytes": size, "body": self._masking.body(body)})


async def _within(seconds: float, event: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _sent(request: Request) -> tuple[str, str, int, bytes]:
    body = request.post_data_buffer or b""
    return request.method, request.url, len(body), body


def _said(message: str | bytes) -> tuple[int, bytes]:
    data = message.encode("utf-8", "surrogatepass") if isinstance(message, str) else message
    return len(data), data
