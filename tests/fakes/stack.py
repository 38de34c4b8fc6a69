"""A local stack that is up at once: its settings are given, and it ends when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from services.clients.stack_process import PartState
from services.domain.errors import NotReachable


class FakeStack:
    """In the place of `StackProcess`; `made` has all of them, `answers` what each start leads to, the last for ever."""

    made: list[FakeStack]
    answers: list[dict[str, str] | NotReachable]

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self.stopped = False
        self._ended = asyncio.Event()
        self.watchers = 0
        self.made.append(self)

    @property
    def has_ended(self) -> bool:
        return self._ended.is_set()

    async def start(self, on_part: Callable[[PartState], None]) -> dict[str, str]:
        on_part(PartState("worker", "up"))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, NotReachable):
            raise answer
        return answer

    async def watch(self, on_part: Callable[[PartState], None]) -> None:
        self.watchers += 1
        try:
            await self._ended.wait()
        finally:
            self.watchers -= 1

    async def ended(self) -> None:
        await self._ended.wait()

    def end(self) -> None:
        """End by itself, as after a crash."""
        self._ended.set()

    async def stop(self) -> None:
        self.stopped = True
        self._ended.set()


def fake_stack(*answers: dict[str, str] | NotReachable) -> type[FakeStack]:
    """A class of its own for one test."""
    return type("OneTestsStack", (FakeStack,), {"made": [], "answers": list(answers)})
