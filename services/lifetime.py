"""When a headless role ends: on a signal, or when the process that started it is gone."""

from __future__ import annotations

import contextlib
import os
import signal
import threading


def stop_event(*, end_with_parent: bool) -> threading.Event:
    """An event that is set by SIGINT, SIGTERM, or (on request) the end of standard input.

    A parent holds the write end of our standard input; when it dies in any way, kill -9
    included, the pipe ends and so do we. Call from the main thread.
    """
    stop = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, lambda *_: stop.set())
    if end_with_parent:
        threading.Thread(target=_wait_for_end_of_input, args=(stop,), name="parent-watch", daemon=True).start()
    return stop


def _wait_for_end_of_input(stop: threading.Event) -> None:
    with contextlib.suppress(OSError, ValueError):
        while os.read(0, 4096):
            pass
    stop.set()
