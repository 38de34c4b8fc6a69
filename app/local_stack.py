"""The local stack as it stays from one sign-in to the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from app import tasks
from services.clients.stack_process import PartState, StackProcess
from services.domain.errors import ConsoleError

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 10.0

Listen = Callable[[str, str, str], None]
"""Hears of a part: its name, its state, and why."""


class LocalStack:
    """Started with the first sign-in; `stop` once, at the end. `environment`: what the stack is told."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._told = dict(environment)
        self._stack: StackProcess | None = None
        self._settings: dict[str, str] = {}
        self._states: dict[str, tuple[str, str]] = {}
        self._listen: Listen = _nobody

    async def settings(self, listen: Listen) -> dict[str, str]:
        """What leads a console to it; it is started unless it runs. Raises NotReachable.

        From now on `listen` hears of its parts, first how each of them stands. Who opens a console calls `keep` next.
        """
        self._listen = listen
        self._states.pop("supervisor", None)  # whoever watches next says so anew
        for name, (state, why) in self._states.items():
            listen(name, state, why)
        if self._stack is None or not self._settings or self._stack.has_ended:
            await self.stop()
            await self._start()
        return self._settings

    async def keep(self) -> None:
        """Start it again whenever its supervisor ends; its parts are the supervisor's to mend.

        Returns when it is at another address than before. Run it as a task, which may be cancelled at any time.
        """
        before, pause = self._settings, FIRST_PAUSE
        while self._settings == before:
            assert self._stack is not None
            tasks.supersede("watch over the supervisor", self._stack.watch(self._note))
            await self._stack.ended()
            self._say("stack", "restarting", "its supervisor ended")
            while True:
                try:
                    await self._start()
                    break
                except ConsoleError as error:
                    self._say("stack", "restarting", str(error))
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE)
            pause = FIRST_PAUSE

    async def stop(self) -> None:
        """End all of it and wait; safe when nothing runs."""
        self._settings = {}
        # Held until it has ended: who is called off in the middle must still know of it.
        if (stack := self._stack) is not None:
            await stack.stop()
            if self._stack is stack:
                self._stack = None

    async def _start(self) -> None:
        self._settings = {}
        stack = self._stack = StackProcess(self._told)
        try:
            self._settings = await stack.start(self._note)
        except ConsoleError:
            await stack.stop()
            raise
        if "stack" in self._states:
            self._say("stack", "up", "")

    def _note(self, part: PartState) -> None:
        self._say(part.name, part.state, part.why)

    def _say(self, name: str, state: str, why: str) -> None:
        self._states[name] = (state, why)
        self._listen(name, state, why)


def _nobody(name: str, state: str, why: str) -> None:
    return None
