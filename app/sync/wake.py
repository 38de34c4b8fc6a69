"""Notices that the machine slept, or that its clock was set."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

_TICK: Final = 1.0


async def watch_clock(wall: Callable[[], float], late: float, woke: Callable[[], Awaitable[None]]) -> None:
    """Call `woke` whenever a tick comes `late` seconds late, or the clock moved as much against the ticks.

    On some systems the ticks stand still while a machine sleeps, on others they go on: so both are looked at.
    """
    steady = asyncio.get_running_loop().time
    before, ticks = wall(), steady()
    while True:
        await asyncio.sleep(_TICK)
        passed, ticked = wall() - before, steady() - ticks
        before, ticks = wall(), steady()
        if ticked > _TICK + late or abs(passed - ticked) > late:
            await woke()
