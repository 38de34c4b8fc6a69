"""What a hostile page is made of."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from services.domain.plans import Step

Answer = Callable[[str, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Answers a request for a path, whose head has been read, in its own words."""

FORM: Final = "<form method=post action=/send><input id=a name=a><input id=b name=b><button id=go>Send</button></form>"
USUAL: Final = (Step("fill", selector="#a", value="Blue Door"), Step("fill", selector="#b", value="2125550123"))
PRESS: Final = Step("click", selector="#go")


class Page(msgspec.Struct, frozen=True):
    """`html` of its first page, or the `answer` of its server; `steps` after the page is opened.

    `words`: what the outcome must say; `sends`: whether a run may come as far as to send the form.
    """

    html: str = FORM
    answer: Answer | None = None
    steps: tuple[Step, ...] = (*USUAL, PRESS)
    words: str = ""
    kills: str = ""
    """A part of the browser that dies when the form's page is asked for: renderer or browser."""


def plain(text: str, *headers: str, status: str = "200 OK", kind: str = "text/html") -> bytes:
    """A whole answer."""
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Type: {kind}", "Connection: close", *headers])
    return f"{head}\r\n\r\n{text}".encode()


async def answered(
    page: Page, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> tuple[str, str]:
    """Answer the request with this head to a page's host; its method and path."""
    method, path, _ = head.split(" ", 2)
    if method != "GET":
        writer.write(plain("<p>We were not able to take it."))
    elif page.answer is not None:
        await page.answer(path, reader, writer)
    else:
        writer.write(plain(page.html if path.split("?")[0] == "/" else "<p>nothing"))
    with contextlib.suppress(OSError):
        await writer.drain()
    return method, path
