"""Leaves the page of a dry run: some pages send the form only then."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from playwright.async_api import Error, Page

from services.submission.blocking import Blocker

_LEAVE_SECONDS: Final = 10.0
_TRIES: Final = 3
_SAY_LEAVING: Final = """() => {
  Object.defineProperty(document, 'visibilityState', {get: () => 'hidden', configurable: true});
  document.dispatchEvent(new Event('visibilitychange', {bubbles: true}));
  for (const name of ['beforeunload', 'pagehide', 'unload']) dispatchEvent(new Event(name));
}"""
_FAREWELLS: Final = {"beforeunload", "pagehide", "unload", "visibilitychange"}


async def leave(page: Page, blocker: Blocker) -> None:
    """Ends with an empty page, when what the page sent on leaving was held back and told."""
    listens = False
    blocker.forget_first()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LEAVE_SECONDS):
            for _ in range(_TRIES):
                # A page that was about to go elsewhere by itself can cut this off.
                with contextlib.suppress(Error):
                    listens = await _listens(page)
                    if not blocker.form.is_set() and page.url.startswith("https:"):
                        # What a page sends over TLS while it goes can't be looked at: it is told, and stays.
                        await page.evaluate(_SAY_LEAVING)
                    await page.goto("about:blank")
                    break
    await blocker.settle_left(listens)


async def _listens(page: Page) -> bool:
    """Whether the page itself, not a frame of it, does something when it is left."""
    devtools = await page.context.new_cdp_session(page)
    for expression in ("window", "document"):
        target = await devtools.send("Runtime.evaluate", {"expression": expression})
        found = await devtools.send("DOMDebugger.getEventListeners", {"objectId": target["result"]["objectId"]})
        if any(listener["type"] in _FAREWELLS for listener in found["listeners"]):
            return True
    return False
