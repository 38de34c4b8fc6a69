"""Every task of the console: named, held, and its failure reported."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_LOOK_AGAIN: Final = 0.1
"""Seconds between two looks for what was spawned while all is ending."""
_tasks: set[asyncio.Task[Any]] = set()
_latest: dict[str, asyncio.Task[Any]] = {}
_handlers: list[Callable[[str, BaseException], None]] = []


def report_failures(handler: Callable[[str, BaseException], None] | None) -> None:
    """Call `handler(name, error)` for each task that fails, after it was logged. None: only log."""
    _handlers[:] = [handler] if handler is not None else []


def failed(name: str, error: BaseException) -> None:
    """Log what nobody caught, and report it as a task's failure is."""
    _log.error("%s failed", name, exc_info=error)
    for handler in _handlers:
        handler(name, error)


def spawn(name: str, coro: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
    """Start `coro` as a task that is kept alive until it ends and whose failure is reported under `name`."""
    task = asyncio.get_running_loop().create_task(coro, name=name)
    _tasks.add(task)
    task.add_done_callback(_ended)
    return task


def supersede(name: str, coro: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
    """Like `spawn`, but first cancels the task that this name still has: loading B ends loading A."""
    earlier = _latest.get(name)
    if earlier is not None:
        earlier.cancel()
    task = spawn(name, coro)
    _latest[name] = task
    return task


def running() -> list[str]:
    """Names of the tasks that have not ended."""
    return sorted(task.get_name() for task in _tasks)


async def shutdown(timeout: float = 5.0) -> list[str]:
    """Cancel every task, those too that are spawned meanwhile, and wait until all ended, at most `timeout` seconds.

    Names of those that didn't end.
    """
    loop, mine = asyncio.get_running_loop(), {asyncio.current_task()}
    until, asked = loop.time() + timeout, set[asyncio.Task[Any]]()
    while left := _tasks - mine:
        for task in left - asked:
            task.cancel()
        asked |= left
        if (seconds := until - loop.time()) <= 0:
            break
        # Not for all of them: one that ends late may have spawned another.
        await asyncio.wait(left, timeout=min(seconds, _LOOK_AGAIN), return_when=asyncio.FIRST_COMPLETED)
    return sorted(task.get_name() for task in left)


def _ended(task: asyncio.Task[Any]) -> None:
    _tasks.discard(task)
    name = task.get_name()
    if _latest.get(name) is task:
        del _latest[name]
    if task.cancelled():
        return
    error = task.exception()
    if error is None:
        return
    failed(name, error)
