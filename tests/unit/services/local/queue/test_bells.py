"""No ring is missed, none wakes the wrong queue."""

from __future__ import annotations

import asyncio
import time

from services.local.queue.bells import Bells


def seconds_of_wait(*, rung: str | None, closed: bool = False, seconds: float = 0.2) -> float:
    async def run() -> float:
        bells = Bells()
        seen = bells.rings("main")
        if rung:
            await bells.ring(rung)
        if closed:
            await bells.close()
        began = time.monotonic()
        await bells.wait("main", seen, seconds)
        return time.monotonic() - began

    return asyncio.run(run())


def test_a_ring_before_the_wait_counts() -> None:
    assert seconds_of_wait(rung="main", seconds=60) < 30


def test_a_ring_during_the_wait_ends_it() -> None:
    async def run() -> float:
        bells = Bells()
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(bells.wait("main", bells.rings("main"), 60))
            await asyncio.sleep(0)
            assert not waiting.done()
            await bells.ring("main")
        return time.monotonic() - began

    assert asyncio.run(run()) < 30


def test_another_queue_sleeps_on() -> None:
    assert seconds_of_wait(rung="other") >= 0.2
    assert seconds_of_wait(rung=None) >= 0.2


def test_closing_wakes_everybody() -> None:
    assert seconds_of_wait(rung=None, closed=True, seconds=60) < 30
