"""asyncio inside Qt: one loop for both, and an end that leaves nothing behind.

The only file that names qasync.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Final, TypeVar

from PySide6.QtWidgets import QApplication

from app import garbage, tasks

_log = logging.getLogger(__name__)
END_LIMIT: Final = 8.0
_T = TypeVar("_T")


class Closing:
    """Asked for by the window's close button, a menu entry or a signal; `main` waits for it."""

    def __init__(self, on_first: Callable[[], None]) -> None:
        self._event = asyncio.Event()
        self._on_first = on_first

    def ask(self) -> None:
        """End the program. May be called any number of times, on the loop's thread."""
        if not self._event.is_set():
            self._event.set()
            self._on_first()

    async def wait(self) -> None:
        """Return when somebody asked."""
        await self._event.wait()


async def built(building: Generator[None, None, _T]) -> _T:
    """What it builds, with a turn of the loop before each of its steps."""
    while True:
        await asyncio.sleep(0)
        try:
            next(building)
        except StopIteration as end:
            whole: _T = end.value
            return whole


def run_in_qt(
    application: QApplication,
    main: Callable[[Closing], Awaitable[int]],
    *,
    end_limit: float = END_LIMIT,
    give_up: Callable[[int], Any] = os._exit,
) -> int:
    """Run `main(closing)` inside Qt's loop and return its exit code.

    `main` opens the window, awaits `closing.wait()`, and then ends what it started, in this order: pump, sync,
    feed, HTTP clients, browser runs, local stack. Tasks left over are cancelled and awaited after it.
    When all that takes longer than `end_limit` seconds from the ask, `give_up(70)` ends the process.
    """
    # It takes the Qt binding that is already imported: that is why it comes after PySide6.
    import qasync

    application.setQuitOnLastWindowClosed(False)
    ended = threading.Event()

    def bark() -> None:
        if not ended.wait(end_limit):
            _log.critical("the end took longer than %g s: leaving at once", end_limit)
            give_up(70)

    def set_watchdog() -> None:
        threading.Thread(target=bark, name="end-watchdog", daemon=True).start()

    async def whole() -> int:
        closing = Closing(set_watchdog)
        try:
            return await main(closing)
        finally:
            closing.ask()
            for name in await tasks.shutdown(end_limit / 2):
                _log.error("%s did not end", name)

    try:
        with garbage.short_walks(), qasync.QEventLoop(application) as loop:
            loop.set_exception_handler(_unhandled)
            code: int = loop.run_until_complete(whole())
            loop.run_until_complete(loop.shutdown_asyncgens())
            return code
    finally:
        ended.set()


def _unhandled(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    if isinstance(error, Exception):
        tasks.failed("window", error)
    else:
        _log.error("in the loop: %s", context.get("message"), exc_info=error)
