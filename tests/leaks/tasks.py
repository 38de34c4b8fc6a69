"""asyncio tasks that a test started: pending when their loop ends, or after the test."""

from __future__ import annotations

import asyncio
import weakref
from typing import Any

from tests.leaks.starters import starter

_started: weakref.WeakKeyDictionary[asyncio.Task[Any], str] = weakref.WeakKeyDictionary()
_outlived: list[str] = []
_create_task = asyncio.BaseEventLoop.create_task
_close = asyncio.BaseEventLoop.close
_cancel_all_tasks = asyncio.runners._cancel_all_tasks  # type: ignore[attr-defined]


def _noted_create_task(self: asyncio.BaseEventLoop, *args: Any, **options: Any) -> asyncio.Task[Any]:
    task = _create_task(self, *args, **options)
    _started[task] = starter()
    return task


def _note_pending(loop: asyncio.AbstractEventLoop) -> None:
    # One that was already told to end is none of those that nobody thought of.
    _outlived.extend(describe(task) for task in asyncio.all_tasks(loop) if not task.cancelling())


def _noted_close(self: asyncio.BaseEventLoop) -> None:
    if not self.is_closed() and not self.is_running():
        _note_pending(self)
    _close(self)


def _noted_cancel_all_tasks(loop: asyncio.AbstractEventLoop) -> None:
    # asyncio.run ends in silence what was left running; that is just what must be seen.
    _note_pending(loop)
    _cancel_all_tasks(loop)


def watch() -> None:
    """Note from now on who starts each task, and which of them outlive the run of their loop."""
    asyncio.BaseEventLoop.create_task = _noted_create_task  # type: ignore[method-assign]
    asyncio.BaseEventLoop.close = _noted_close  # type: ignore[method-assign]
    asyncio.runners._cancel_all_tasks = _noted_cancel_all_tasks  # type: ignore[attr-defined]


def pending() -> set[asyncio.Task[Any]]:
    """The tasks that have not ended."""
    while True:
        try:
            return {task for task in list(_started) if not task.done()}
        except RuntimeError:  # another thread's loop started one meanwhile
            continue


def added(before: set[asyncio.Task[Any]], now: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """The tasks that are new, without those of a loop that ran before: a server that a module's fixture holds."""
    held = {task.get_loop() for task in before}
    return {task for task in now - before if task.get_loop() not in held}


def take_outlived() -> list[str]:
    """What outlived the run of its loop since the last call, described."""
    taken = list(_outlived)
    _outlived.clear()
    return taken


def describe(task: asyncio.Task[Any]) -> str:
    """Its name, its coroutine, and who started it."""
    coro = getattr(task.get_coro(), "__qualname__", "?")
    return f"task {task.get_name()} ({coro}), started by {_started.get(task, 'an unknown')}"
