"""Keeps the walks of the garbage collector shorter than a frame."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

LONG: Final = 0.003
"""Seconds of a walk through everything."""
MIDDLE: Final = 4
"""Walks through what is newest between two through what is newer than the last whole one: ten, and one of these
takes 2.5 ms."""


def give_back() -> None:
    """Look through all that was left out of walks, once most of it is no longer in use: it takes a while."""
    gc.enable()
    gc.unfreeze()
    gc.collect()


@contextmanager
def short_walks(clock: Callable[[], float] = time.thread_time) -> Iterator[None]:
    """Leave out of later walks what a long one found to be in use.

    What comes from the server stays for as long as the console runs, and each walk would take longer than the last.
    Of what is left out, only what is part of a ring of references and no longer in use is not given back.
    """
    began = 0.0

    def told(phase: str, info: dict[str, Any]) -> None:
        nonlocal began
        if info["generation"] < 2:
            return
        if phase == "start":
            began = clock()
        elif clock() - began >= LONG:
            gc.freeze()

    usual = gc.get_threshold()
    gc.set_threshold(usual[0], MIDDLE, usual[2])
    gc.callbacks.append(told)
    try:
        yield
    finally:
        gc.callbacks.remove(told)
        gc.set_threshold(*usual)
