"""Thousands of hostile schedules for sync, in virtual time: how many end with a store that isn't as the server."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Final

from tests.fakes.sync_world import random_schedule

MOST: Final = 10_000


def run(minutes: float, seed: int) -> Mapping[str, int | float | str]:
    """10,000 schedules, or as many as fit, of losses, repeats, delays, gaps and outages against the real engine."""
    logging.disable(logging.CRITICAL)
    until = time.monotonic() + minutes * 60
    divergent: list[str] = []
    done = 0
    try:
        while done < MOST and time.monotonic() < until:
            try:
                random_schedule(seed + done)
            except AssertionError as error:
                divergent.append(f"{seed + done} ({error})")
            done += 1
    finally:
        logging.disable(logging.NOTSET)
    assert not divergent, f"{len(divergent)} of {done} schedules diverged: {'; '.join(divergent[:10])}"
    return {"schedules": done, "divergent": len(divergent)}
