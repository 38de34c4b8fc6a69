"""Threads that a test started."""

from __future__ import annotations

import threading
import weakref
from typing import Any

from tests.leaks.starters import starter

_started: weakref.WeakKeyDictionary[threading.Thread, str] = weakref.WeakKeyDictionary()
_start = threading.Thread.start


def _noted_start(self: threading.Thread, *args: Any) -> None:
    _started[self] = starter()
    _start(self, *args)


def watch() -> None:
    """Note from now on who starts each thread."""
    threading.Thread.start = _noted_start  # type: ignore[method-assign]


def living() -> set[threading.Thread]:
    """The threads that run now. One that no Python code started (Qt has such) is nobody's leak."""
    return {thread for thread in threading.enumerate() if not isinstance(thread, threading._DummyThread)}


def describe(thread: threading.Thread) -> str:
    """Its name, and who started it."""
    return f"thread {thread.name}, started by {_started.get(thread, 'an unknown')}"
