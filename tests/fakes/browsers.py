"""A source of browsers in memory, which a test lets go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any


class FakeBrowsers:
    """`BrowserSource`: half of it comes at once; the rest when `go` is set, or `error` as a sentence."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.error = ""
        self.there = False
        self.no_window = ""
        self.cancelled = 0

    def find(self) -> str | None:
        """Where the browser lies."""
        return "/data/browsers/chromium-1/chrome-linux64/chrome" if self.there else None

    async def fetch(self) -> AsyncIterator[dict[str, Any]]:
        total = 160 * 1024 * 1024
        yield {"kind": "progress", "done": 0, "total": total}
        yield {"kind": "progress", "done": total // 2, "total": total}
        await self.go.wait()
        if self.error:
            yield {"kind": "ended", "error": self.error}
            return
        self.there = True
        yield {"kind": "ended", "path": self.find()}

    def cancel(self) -> None:
        self.cancelled += 1
        self.error = "Fetching ended before the browser was whole (code -9)."
        self.go.set()
