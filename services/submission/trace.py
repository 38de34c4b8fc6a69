"""A run's trace: every step with the page before and after it, for Playwright's own viewer.

It holds what was typed, passwords too, and what the site answered. It is nobody else's to read and leaves this machine
only when a person sends it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from playwright.async_api import BrowserContext, Error

from services.submission.events import Report

NAME: Final = "trace.zip"
_MOST_BYTES: Final = 200 * 1024 * 1024
_STOP_SECONDS: Final = 20.0


@contextlib.asynccontextmanager
async def traced(context: BrowserContext, folder: str, report: Report) -> AsyncIterator[None]:
    """Record what is done in `context` into `folder`, and tell `trace` when it is there. "" records nothing.

    A trace that can't be written, or that is too large, is left out: the run is what it was.
    """
    if not folder:
        yield
        return
    await context.tracing.start(screenshots=True, snapshots=True)
    try:
        yield
    finally:
        with contextlib.suppress(Error, OSError, TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                await _keep(context, Path(folder), report)


async def _keep(context: BrowserContext, folder: Path, report: Report) -> None:
    part, file = folder / f"{NAME}.part", folder / NAME
    await asyncio.to_thread(_reserve, part)
    try:
        await context.tracing.stop(path=part)
        size = part.stat().st_size
        if 0 < size <= _MOST_BYTES:
            part.chmod(0o600)
            os.replace(part, file)
            report({"kind": "trace", "path": str(file), "bytes": size})
    finally:
        part.unlink(missing_ok=True)


def _reserve(file: Path) -> None:
    """Made here first, so that at no moment anybody else may read it."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
