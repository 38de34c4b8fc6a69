"""Work that must not be cut in half: who waits for it may be called off, it isn't."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


async def to_the_end(
    work: Coroutine[Any, Any, _T], *, within: float | None = None, hurry: Callable[[], object] = lambda: None
) -> _T:
    """What `work` gives. When we are cancelled meanwhile, however often, its end is awaited first.

    `within`: seconds that it is given from then on, before it is cancelled too; None where it ends by itself, and soon.
    `hurry`: called at each cancellation, to have it end soon.
    """
    loop = asyncio.get_running_loop()
    task = loop.create_task(work, name="to the end")
    called_off: asyncio.CancelledError | None = None
    bell: asyncio.TimerHandle | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            called_off = called_off or error
            hurry()
            if within is not None and bell is None:
                bell = loop.call_later(within, task.cancel)
    if bell is not None:
        bell.cancel()
    if called_off is None:
        return task.result()
    if not task.cancelled() and (fault := task.exception()) is not None:
        _log.debug("Failed while it was called off", exc_info=fault)
    raise called_off
