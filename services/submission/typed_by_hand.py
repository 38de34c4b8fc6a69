"""Knows what a person types into a page as they type it: whatever carries that sends the form too."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from playwright.async_api import CDPSession, Error, Frame, Page

_ANSWER_SECONDS: Final = 2.0
_GOING_SECONDS: Final = 0.5
_SHORTEST_VALUE: Final = 5
_MOST: Final = 200
_WORLD: Final = "typed-by-hand"
_TELL: Final = "tellTyped"
_HEARD_ALREADY: Final = "part of the parent frame's session"
# In a world of its own, where the page sees none of it. While a page is being left it can't be asked any more.
# What stands in a closed part of a page can't be read: null.
_LISTEN: Final = """(() => {
  const fields = new WeakMap(), own = Math.random().toString(36);
  let count = 0;
  for (const kind of ['input', 'change']) addEventListener(kind, event => {
    const at = event.composedPath()[0];
    if (!event.isTrusted || ['checkbox', 'radio', 'file'].includes(at.type)) return;
    if (!fields.has(at)) fields.set(at, own + ++count);
    const value = 'value' in at ? at.value : at.isContentEditable ? at.innerText : null;
    tellTyped(JSON.stringify([fields.get(at), at.name || '', value, kind === 'change']));
  }, true);
})()"""


class TypedByHand:
    """Until `listen` was called nobody can have typed anything."""

    def __init__(self) -> None:
        self._pages: set[Page] = set()
        self._sessions: dict[Page | Frame, CDPSession] = {}
        self._newest: dict[str, tuple[str, str]] = {}
        """Name and value of each field that is typed into, as it stands."""
        self._done: set[tuple[str, str]] = set()
        """Those that were left as they were."""
        self._blind = False

    async def listen(self, page: Page) -> None:
        """From now on a person may type into the page, its frames and any page that opens beside it.

        Where one of them can't be listened to, everything counts as typed.
        """
        if page in self._pages:
            return
        if not self._pages:
            page.context.on("page", self.listen)
        self._pages.add(page)
        page.on("framenavigated", self._on_frame)
        targets: list[Page | Frame] = [page, *page.frames[1:]]
        await asyncio.gather(*(self._attend(page, target) for target in targets))

    def in_address(self, url: str) -> bool:
        """Whether a request for this address says it, or as much of it as was typed when it was asked."""
        parts = urlsplit(url)
        if self._blind:
            return bool(parts.query)
        said = [(name, value.strip()) for name, value in parse_qsl(parts.query)]
        begun = any(
            full.startswith(value) and (name == field or len(value) >= _SHORTEST_VALUE)
            for name, value in said
            if value
            for field, full in self._fields()
        )
        return begun or self.in_text(f"{parts.path}?{parts.query}")

    def in_text(self, text: str) -> bool:
        """Whether a message says it."""
        plain = unquote_plus(text)
        return self._blind or any(value in plain for _, value in self._fields() if len(value) >= _SHORTEST_VALUE)

    def _fields(self) -> set[tuple[str, str]]:
        return {*self._newest.values(), *self._done}

    async def _on_frame(self, frame: Frame) -> None:
        if frame.parent_frame is not None:
            await self._attend(frame.page, frame)

    async def _attend(self, page: Page, target: Page | Frame) -> None:
        """Twice: where a frame goes to another site, the first may have been to what it leaves."""
        for _ in range(2):
            if await self._heard(page, target) or _is_gone(page, target):
                return
            await asyncio.sleep(_GOING_SECONDS)
        self._blind = self._blind or not _is_gone(page, target)

    async def _heard(self, page: Page, target: Page | Frame) -> bool:
        before = self._sessions.get(target)
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                devtools = self._sessions[target] = await page.context.new_cdp_session(target)
                devtools.on("Runtime.bindingCalled", self._hear)
                await devtools.send("Runtime.enable")
                await devtools.send("Page.enable")  # else nothing is heard of the next document
                await devtools.send("Runtime.addBinding", {"name": _TELL, "executionContextName": _WORLD})
                script = {"source": _LISTEN, "worldName": _WORLD, "runImmediately": True}
                await devtools.send("Page.addScriptToEvaluateOnNewDocument", script)
        except (Error, TimeoutError) as error:
            return _HEARD_ALREADY in str(error)
        if before is not None:
            with contextlib.suppress(Error):  # of a site that the frame has left
                await before.detach()
        return True

    def _hear(self, event: dict[str, Any]) -> None:
        if event.get("name") != _TELL or self._blind:
            return
        key, name, value, done = json.loads(event["payload"])
        self._newest.pop(key, None)
        if value is not None and value.strip():
            self._newest[key] = field = (name, value.strip())
            if done:
                self._done.add(field)
        self._blind = value is None or max(len(self._newest), len(self._done)) > _MOST


def _is_gone(page: Page, target: Page | Frame) -> bool:
    return page.is_closed() or (isinstance(target, Frame) and target.is_detached())
