"""When a headless role ends, and how it shows that it lives."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_BEAT_SECONDS: Final = 1.0


def stop_event(*, end_with_parent: bool, take: Callable[[bytes], object] = lambda data: None) -> threading.Event:
    """An event that is set by SIGINT, SIGTERM, or (on request) the end of standard input.

    A parent holds the write end of our standard input; when it dies in any way, kill -9
    included, the pipe ends and so do we. `take` gets what comes through it until then, on another
    thread. Call from the main thread.
    """
    stop = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, lambda *_: stop.set())
    if end_with_parent:
        threading.Thread(target=_wait_for_end_of_input, args=(stop, take), name="parent-watch", daemon=True).start()
        if sys.platform == "linux":
            # A process that was frozen can't see that its parent is gone, unless that wakes it.
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGCONT)
    return stop


class WatchedStop(threading.Event):
    """The event `plain` as a main loop gets it: each look at it shows that the loop goes round.

    After `beat` it writes a line to standard output each second, until nobody has looked for `patience` seconds.
    """

    def __init__(self, plain: threading.Event, *, patience: float) -> None:
        super().__init__()
        self.plain = plain
        self._patience = patience
        self._looked = time.monotonic()

    def is_set(self) -> bool:
        self._looked = time.monotonic()
        return self.plain.is_set()

    def set(self) -> None:
        self.plain.set()

    def wait(self, timeout: float | None = None) -> bool:
        end = None if timeout is None else time.monotonic() + timeout
        while not self.is_set():
            left = _BEAT_SECONDS if end is None else min(_BEAT_SECONDS, end - time.monotonic())
            if left <= 0:
                return False
            self.plain.wait(left)
        return True

    def beat(self) -> None:
        """Begin to show signs of life."""
        threading.Thread(target=self._beat, name="beat", daemon=True).start()

    def _beat(self) -> None:
        while True:
            if time.monotonic() - self._looked < self._patience:
                try:
                    os.write(1, b"\n")
                except OSError:
                    return  # nobody reads it
            if self.plain.wait(_BEAT_SECONDS):
                return


def _wait_for_end_of_input(stop: threading.Event, take: Callable[[bytes], object]) -> None:
    with contextlib.suppress(OSError, ValueError):
        while data := os.read(0, 65536):
            take(data)
    stop.set()
