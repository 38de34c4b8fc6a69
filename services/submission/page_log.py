"""What a page writes to its console, and each request it makes, told as events."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any, Final

from playwright.async_api import BrowserContext, ConsoleMessage, Request, Response, WebError

from services.domain.redaction import redact
from services.domain.text import one_line, plain_lines
from services.ports.wishes import RunRequest
from services.submission.events import Report
from services.submission.gate import told_fault
from services.submission.masking import Masking

MOST_LINES: Final = 500
"""Of the console."""
MOST_REQUESTS: Final = 1000
TEXT_KEPT: Final = 1000
"""Characters of one line of the console."""
_LOOKED_AT: Final = 64 * 1024
_ADDRESS: Final = 500
_UNANSWERED: Final = "No answer by the end of the run"


@contextlib.contextmanager
def logged(context: BrowserContext, request: RunRequest, report: Report, masking: Masking) -> Iterator[None]:
    """Tell what the pages of `context` write and ask for meanwhile, for a run that keeps anything."""
    if not request.artifacts:
        yield
        return
    log = _PageLog(context, report, masking)
    try:
        yield
    finally:
        log.close()


class _PageLog:
    """Tells `console` and `network` events of all pages of `context`, secrets masked.

    A page that writes or asks without end is listened to up to `MOST_LINES` and `MOST_REQUESTS`; the last event
    then says so.
    """

    def __init__(self, context: BrowserContext, report: Report, masking: Masking) -> None:
        self._context = context
        self._report = report
        self._masking = masking
        self._began = time.monotonic()
        self._lines = 0
        self._requests = 0
        self._open: dict[Request, int] = {}
        self._answers: dict[Request, Response] = {}
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("request", self._on_request)
        context.on("response", self._on_response)
        context.on("requestfinished", self._on_finished)
        context.on("requestfailed", self._on_failed)

    def close(self) -> None:
        """Tell the requests that have no answer yet, and listen no more."""
        self._stop_lines()
        self._stop_requests()
        for request in list(self._open):
            self._tell(request, _UNANSWERED)

    def _on_console(self, message: ConsoleMessage) -> None:
        self._say(message.type, message.text, message.location["url"], message.location["lineNumber"])

    def _on_error(self, error: WebError) -> None:
        words = f"Uncaught {error.error.name or 'Error'}: {error.error.message}"
        self._say("error", words, error.location["url"], error.location["line"])

    def _say(self, level: str, text: str, url: str, line: int) -> None:
        self._lines += 1
        if self._lines > MOST_LINES:
            self._stop_lines()
            level, text, url = "note", "The page wrote more, which is left out.", ""
        kept = redact(self._masking.text(text[:_LOOKED_AT]))
        words = plain_lines(kept if len(kept) <= TEXT_KEPT else f"{kept[: TEXT_KEPT - 1]}…")
        where = f"{redact(self._masking.url(url))[:_ADDRESS]}:{line + 1}" if url else ""
        self._report({"kind": "console", "at": self._now(), "level": level, "text": words, "where": where})

    def _on_request(self, request: Request) -> None:
        self._requests += 1
        if self._requests > MOST_REQUESTS:
            self._stop_requests()
            words = "The page asked for more, which is left out"
            self._report({"kind": "network", "at": self._now(), "method": "", "url": "", "type": "", "error": words})
            return
        self._open[request] = self._now()

    def _on_response(self, response: Response) -> None:
        if response.request in self._open:
            self._answers[response.request] = response

    def _on_finished(self, request: Request) -> None:
        self._tell(request, "")

    def _on_failed(self, request: Request) -> None:
        self._tell(request, _in_words(request.failure))

    def _tell(self, request: Request, error: str) -> None:
        at = self._open.pop(request, None)
        if at is None:
            return
        answer = self._answers.pop(request, None)
        fault = told_fault(request.url, answer.headers) if answer is not None else None
        event: dict[str, Any] = {
            "kind": "network",
            "at": at,
            "method": one_line(request.method, 20),
            "url": redact(self._masking.url(request.url))[:_ADDRESS],
            "type": request.resource_type,
            "ms": self._now() - at,
        }
        if answer is not None and fault is None:
            event["status"] = answer.status
        if error or fault:
            event["error"] = one_line(fault or error, 200)
        self._report(event)

    def _now(self) -> int:
        return round((time.monotonic() - self._began) * 1000)

    # What nobody listens to isn't even sent by the browser's driver.

    def _stop_lines(self) -> None:
        if self._lines >= 0:
            self._context.remove_listener("console", self._on_console)
            self._context.remove_listener("weberror", self._on_error)
            self._lines = -1

    def _stop_requests(self) -> None:
        if self._requests >= 0:
            self._context.remove_listener("request", self._on_request)
            self._requests = -1


def _in_words(failure: str | None) -> str:
    """The browser's name of a fault, such as net::ERR_CONNECTION_RESET, as words."""
    return (failure or "failed").removeprefix("net::ERR_").replace("_", " ").lower()
