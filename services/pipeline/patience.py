"""Work on threads that neither a stop nor a fault of the database cuts in half."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

import psycopg

from services.to_the_end import to_the_end

P = ParamSpec("P")
T = TypeVar("T")

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 2.0


async def settled(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """`work` on a thread. When we are cancelled meanwhile, its end is awaited first: nothing is half written."""
    return await to_the_end(asyncio.to_thread(work, *args, **kwargs))


async def patiently(limit_seconds: float, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """`settled`, repeated with growing pauses while the database is away, as long as `limit_seconds` allow.

    `work` may have taken effect without our hearing of it, so it must bear being done twice.
    Raises what the last try raised.
    """
    end = time.monotonic() + limit_seconds
    pause = _FIRST_PAUSE
    while True:
        try:
            return await settled(work, *args, **kwargs)
        except psycopg.OperationalError:
            left = end - time.monotonic()
            if left <= 0:
                raise
        await asyncio.sleep(min(pause, left))
        pause = min(_LONGEST_PAUSE, pause * 2)
