"""The pictures of a run: the browser's own live frames, kept step by step."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Error, Page

from services.submission.events import Report

_QUALITY: Final = 60
_SHOT_MS: Final = 2500
VIEWPORT: Final = {"width": 1280, "height": 800}


class Pictures:
    """JPEGs below `folder`, which is made when missing: `step-NN.jpg` by step index, and `final.jpg`."""

    def __init__(self, page: Page, folder: Path, report: Report) -> None:
        self._page = page
        self._folder = folder
        self._report = report
        self._frame = b""
        self._owed: int | None = None

    async def start(self) -> None:
        """Begin to watch the page. A screenshot for each step would nearly double a run's time."""
        self._folder.mkdir(parents=True, exist_ok=True)
        await self._page.screencast.start(on_frame=self._take, size=VIEWPORT, quality=_QUALITY)  # type: ignore[arg-type]

    def after(self, index: int) -> None:
        """Step `index` has ended: the next frame is its picture, and is reported when it comes.

        No frame comes while nothing changes on the page; the last one then still shows it.
        """
        self._settle()
        self._owed = index

    def _settle(self) -> None:
        if self._owed is None or not self._frame:
            return
        index, self._owed = self._owed, None
        path = self._write(f"step-{index:02d}.jpg", self._frame)
        if path:
            self._report({"kind": "picture", "index": index, "path": path})

    async def final(self) -> str | None:
        """The page as it is now, as `final.jpg`; falls back to the last frame of a page that is gone."""
        self._settle()
        return await self._shot("final.jpg") or (self._write("final.jpg", self._frame) if self._frame else None)

    async def _shot(self, name: str) -> str | None:
        try:
            data = await self._page.screenshot(type="jpeg", quality=_QUALITY, timeout=_SHOT_MS, animations="disabled")
        except Error:
            return None
        return self._write(name, data)

    def _write(self, name: str, data: bytes) -> str | None:
        path = self._folder / name
        try:
            # Readers watch the folder: they must never see half a picture.
            path.with_suffix(".part").write_bytes(data)
            os.replace(path.with_suffix(".part"), path)
        except OSError:
            return None
        return str(path)

    def _take(self, frame: Any) -> None:
        self._frame = frame["data"]
        self._settle()
