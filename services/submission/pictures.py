"""The pictures of a run: frames of the page as the browser shows it, for each step and for whoever watches."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
from pathlib import Path
from typing import Any, Final

from playwright.async_api import CDPSession, Error, Page

from services.submission.events import Report

VIEWPORT: Final = {"width": 1280, "height": 800}
_QUALITY: Final = 60
_CAST: Final = {"format": "jpeg", "quality": _QUALITY, "maxWidth": VIEWPORT["width"], "maxHeight": VIEWPORT["height"]}
_SHOT_MS: Final = 2500
_FRAME_SECONDS: Final = 1.0
_GAP: Final = 0.1
"""Seconds between two frames. A cast that runs all the time makes a run a quarter longer, a screenshot for each step
nearly doubles it."""
_DRAWN: Final = 0.05
"""Seconds after a step until what it changed has certainly been drawn."""


class Pictures:
    """JPEGs below `folder`, which is made when missing: `step-NN.jpg` by step index, and `final.jpg`.

    The cast is stopped after each frame and begun again, which gives the page as it is then, when a step has ended or
    somebody watches. A frame that is like the one before leaves it running: the next one comes with the next change.
    """

    def __init__(self, page: Page, folder: Path, report: Report) -> None:
        self._page = page
        self._folder = folder
        self._report = report
        self._cdp: CDPSession | None = None
        self._newest = ""
        """The newest frame, in base64 as it came."""
        self._running = False
        self._over = False
        self._watched = False
        self._owed: list[int] = []
        self._next: asyncio.TimerHandle | None = None
        self._last = 0.0
        self._came = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to look at the page."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._cdp = await self._page.context.new_cdp_session(self._page)
        self._cdp.on("Page.screencastFrame", self._take)

    def watch(self, on: bool) -> None:
        """Somebody wants to see each frame, or nobody any more: they are reported as `frame`."""
        self._watched = on
        if on:
            if self._newest:
                self._tell()
            self._cast_in(0.0)

    def after(self, index: int) -> None:
        """Step `index` has ended: the next frame is its picture, and is reported when it comes.

        Steps that follow each other within a moment share one.
        """
        self._owed.append(index)
        self._cast_in(_DRAWN)

    async def final(self) -> str | None:
        """The page as it is now, as `final.jpg`; falls back to the last frame of a page that shows none any more."""
        self._came.clear()
        self._cast_in(0.0, at_once=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FRAME_SECONDS):
                await self._came.wait()
        self.close()
        return self._keep("final.jpg") or await self._shot("final.jpg")

    def close(self) -> None:
        """Look no longer."""
        self._over = True
        if self._next is not None:
            self._next.cancel()
        for task in self._sending:
            task.cancel()

    def _cast_in(self, seconds: float, *, at_once: bool = False) -> None:
        """Have the cast begin after so long, but not too soon after the last frame."""
        if self._over or self._cdp is None:
            return
        now = asyncio.get_running_loop().time()
        when = now if at_once else max(now + seconds, self._last + _GAP)
        if self._next is not None:
            if self._next.when() <= when and not at_once:
                return
            self._next.cancel()
        self._next = asyncio.get_running_loop().call_at(when, self._cast)

    def _cast(self) -> None:
        self._next = None
        self._running = True
        # Begun again while it runs, it gives a frame at once too.
        self._send("Page.startScreencast", dict(_CAST))

    def _take(self, frame: dict[str, Any]) -> None:
        self._send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})
        if not self._running or self._over:
            return
        self._last = asyncio.get_running_loop().time()
        fresh = frame["data"] != self._newest
        self._newest = frame["data"]
        self._came.set()
        for index in self._owed:
            self._keep_step(index)
        self._owed.clear()
        if fresh and self._watched:
            self._tell()
        if fresh or not self._watched:
            self._running = False
            self._send("Page.stopScreencast", {})
            if self._watched:
                self._cast_in(_GAP)

    def _tell(self) -> None:
        self._report({"kind": "frame", "data": self._newest, **VIEWPORT})

    def _keep_step(self, index: int) -> None:
        path = self._keep(f"step-{index:02d}.jpg")
        if path:
            self._report({"kind": "picture", "index": index, "path": path})

    def _send(self, method: str, parameters: dict[str, Any]) -> None:
        task = asyncio.get_running_loop().create_task(self._sent(method, parameters), name="picture")
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _sent(self, method: str, parameters: dict[str, Any]) -> None:
        # A page that is gone, or goes, shows nothing.
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(_FRAME_SECONDS):
                if self._cdp is not None:
                    await self._cdp.send(method, parameters)

    async def _shot(self, name: str) -> str | None:
        try:
            data = await self._page.screenshot(type="jpeg", quality=_QUALITY, timeout=_SHOT_MS, animations="disabled")
        except Error:
            return None
        return self._write(name, data)

    def _keep(self, name: str) -> str | None:
        return self._write(name, base64.b64decode(self._newest)) if self._newest else None

    def _write(self, name: str, data: bytes) -> str | None:
        path = self._folder / name
        try:
            # Readers watch the folder: they must never see half a picture.
            path.with_suffix(".part").write_bytes(data)
            os.replace(path.with_suffix(".part"), path)
        except OSError:
            return None
        return str(path)
