"""Leaves the page of a dry run: some pages send the form only then."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from playwright.async_api import Error, Page

from services.submission.blocking import Blocker

Found = TypeVar("Found")

_TRIES: Final = 3
_TRY_SECONDS: Final = 4.0
_SAY_LEAVING: Final = """() => {
  Object.defineProperty(document, 'visibilityState', {get: () => 'hidden', configurable: true});
  document.dispatchEvent(new Event('visibilitychange', {bubbles: true}));
  for (const name of ['beforeunload', 'pagehide', 'unload']) dispatchEvent(new Event(name));
}"""
_FAREWELLS: Final = {"beforeunload", "pagehide", "unload", "visibilitychange"}


async def leave(page: Page, blocker: Blocker) -> None:
    """Ends with an empty page, when what the page sent on leaving was held back and told."""
    blocker.forget_first()
    listens = await _tried(lambda: _listens(page), False)
    if page.url.startswith("https:") and not blocker.form.is_set():
        # What a page sends over TLS while it goes can't be looked at: it is told that it goes, and stays for a while.
        await _tried(lambda: page.evaluate(_SAY_LEAVING), None)
        await blocker.settle_left(listens)
    await _tried(lambda: page.goto("about:blank"), None)
    await blocker.settle_left(listens)


async def _tried(act: Callable[[], Awaitable[Found]], nothing: Found) -> Found:
    """What `act` gives, `nothing` where it gives nothing in a few tries.

    A page that goes elsewhere by itself in that moment cuts it off, or makes it wait for ever: it is tried again.
    """
    for _ in range(_TRIES):
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(_TRY_SECONDS):
                return await act()
    return nothing


async def _listens(page: Page) -> bool:
    """Whether the page itself, not a frame of it, does something when it is left."""
    devtools = await page.context.new_cdp_session(page)
    for expression in ("window", "document"):
        target = await devtools.send("Runtime.evaluate", {"expression": expression})
        found = await devtools.send("DOMDebugger.getEventListeners", {"objectId": target["result"]["objectId"]})
        if any(listener["type"] in _FAREWELLS for listener in found["listeners"]):
            return True
    return False
