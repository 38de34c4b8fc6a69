"""An event loop whose clock jumps to the next timer, so that hours pass in milliseconds, the same way each time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


class _Jumping(selectors.SelectSelector):
    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("every task waits and no timer is set")
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` starts at 0 and moves only when nothing is left to do."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def stand_still(self, seconds: float) -> None:
        """Nothing runs for so long, as on a machine that sleeps."""
        self._jumping.now += seconds


def run_virtually(coro: Coroutine[Any, Any, _T], loop: type[VirtualLoop] = VirtualLoop) -> _T:
    """Run `coro` to its end on a loop of its own."""
    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(coro)


class ThreadlessLoop(VirtualLoop):
    """Work for threads is done at once, on the loop's own: the order of things is the same each time. As with threads,
    whatever else is ready runs before its end is heard."""

    def run_in_executor(self, executor: Any, func: Callable[..., _T], *args: Any) -> asyncio.Future[_T]:  # type: ignore[override]
        done: asyncio.Future[_T] = self.create_future()
        try:
            answer = func(*args)
        except Exception as error:
            self.call_soon(_end, done, done.set_exception, error)
        else:
            self.call_soon(_end, done, done.set_result, answer)
        return done


def _end(done: asyncio.Future[Any], how: Callable[[Any], None], what: object) -> None:
    if not done.cancelled():
        how(what)
