"""Asks a part how it is, without waiting for ever for one that stands still."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

SECONDS: Final = 3.0
"""What an answer may take."""


class Probe:
    """`ask` blocks and returns a word. One question at a time: a part that hangs holds one thread and no more."""

    def __init__(self, ask: Callable[[], str], seconds: float = SECONDS) -> None:
        self._ask = ask
        self._seconds = seconds
        self._asked: Future[str] | None = None

    async def word(self) -> str:
        """The answer, or "not answering"; an answer that came too late is the next one's."""
        asked = self._asked
        if asked is None or asked.done():
            asked = self._asked = Future()
            threading.Thread(target=self._answer, args=(asked,), name="probe", daemon=True).start()
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(asked)), self._seconds)
        except TimeoutError:
            return "not answering"

    def _answer(self, asked: Future[str]) -> None:
        try:
            asked.set_result(self._ask())
        except BaseException as error:
            asked.set_exception(error)
