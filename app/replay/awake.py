"""The loop's time, with the time for which the machine slept: a queue's holds run out meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

JUMP: Final = 1.0
"""Seconds of sleep, all together, before they count."""


class Clock:
    """`slept`: seconds for which the machine has slept until now, by default as `sleep_counter` says."""

    def __init__(self, slept: Callable[[], float] | None = None) -> None:
        self._slept = slept if slept is not None else sleep_counter()

    def now(self) -> float:
        """Seconds since some moment, the same one for all that a loop runs."""
        return asyncio.get_running_loop().time() + self._slept()


class Jumps:
    """Tells sleep by two clocks: `always` goes on meanwhile, and `awake` stands still. Where somebody sets `always`
    ahead it looks the same, and counts too: what is believed to have run out is only asked for again."""

    def __init__(self, always: Callable[[], float], awake: Callable[[], float] = time.monotonic) -> None:
        self._always = always
        self._awake = awake
        self._ahead = always() - awake()
        self._slept = 0.0

    def __call__(self) -> float:
        """Seconds since it was made."""
        ahead = self._always() - self._awake()
        if abs(ahead - self._ahead) >= JUMP:
            # Set back: nobody slept, and what comes later is measured from there.
            self._slept += max(0.0, ahead - self._ahead)
            self._ahead = ahead
        return self._slept


def sleep_counter() -> Jumps:
    """By the system's clock that goes on while the machine sleeps, where there is one, else by the one on the wall."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return Jumps(lambda: time.clock_gettime(time.CLOCK_BOOTTIME))
    return Jumps(time.time)
