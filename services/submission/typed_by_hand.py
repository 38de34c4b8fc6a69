"""Knows what a person types into a page as they type it: whatever carries that sends the form too."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from playwright.async_api import CDPSession, Error, Page

_ANSWER_SECONDS: Final = 2.0
_SHORTEST_VALUE: Final = 5
_MOST: Final = 200
_WORLD: Final = "typed-by-hand"
_TELL: Final = "tellTyped"
# In a world of its own, where the page sees none of it. While a page is being left it can't be asked any more.
_LISTEN: Final = """for (const kind of ['input', 'change']) addEventListener(kind, event => {
  const at = event.composedPath()[0];
  if (!event.isTrusted || ['checkbox', 'radio', 'file'].includes(at.type)) return;
  tellTyped(JSON.stringify([at.name || '', 'value' in at ? at.value : at.innerText || '']));
}, true);"""


class TypedByHand:
    """Until `listen` was called nobody can have typed anything."""

    def __init__(self) -> None:
        self._devtools: CDPSession | None = None
        self._fields: set[tuple[str, str]] = set()
        self._blind = False

    async def listen(self, page: Page) -> None:
        """From now on a person may type into the page. Where it can't be listened to, everything counts as typed."""
        if self._devtools is not None:
            return
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                self._devtools = devtools = await page.context.new_cdp_session(page)
                devtools.on("Runtime.bindingCalled", self._hear)
                await devtools.send("Runtime.enable")
                await devtools.send("Runtime.addBinding", {"name": _TELL, "executionContextName": _WORLD})
                script = {"source": _LISTEN, "worldName": _WORLD, "runImmediately": True}
                await devtools.send("Page.addScriptToEvaluateOnNewDocument", script)
        except (Error, TimeoutError):
            self._blind = True

    def in_address(self, url: str) -> bool:
        """Whether a request for this address says it."""
        parts = urlsplit(url)
        if self._blind:
            return bool(parts.query)
        return not self._fields.isdisjoint(parse_qsl(parts.query)) or self.in_text(f"{parts.path}?{parts.query}")

    def in_text(self, text: str) -> bool:
        """Whether a message says it."""
        plain = unquote_plus(text)
        return self._blind or any(value in plain for _, value in self._fields if len(value) >= _SHORTEST_VALUE)

    def _hear(self, event: dict[str, Any]) -> None:
        if event.get("name") == _TELL and len(self._fields) < _MOST:
            name, value = json.loads(event["payload"])
            if value.strip():
                self._fields.add((name, value.strip()))
