"""Waiting in a coroutine, always for a condition."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Return as soon as `condition()` holds; fails when it doesn't in time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        if condition():
            return
        assert loop.time() < deadline, "it did not happen in time"
        await asyncio.sleep(0.002)


async def stays(condition: Callable[[], object], seconds: float) -> None:
    """Return when `condition()` held for so long; fails as soon as it doesn't: for what must not happen."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while loop.time() < deadline:
        assert condition(), "it happened"
        await asyncio.sleep(0.002)
