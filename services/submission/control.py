"""Holds a run between two steps for as long as a person wants, or until one has helped."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final, Literal

from services.domain.run_commands import (
    HELP_SECONDS,
    PATIENCE_SECONDS,
    Command,
    EditStep,
    GoOn,
    OneStep,
    Pause,
    RunTo,
    SkipStep,
    Watch,
)
from services.submission.edits import EditRefused
from services.submission.events import Report
from services.submission.steps import StepFailed

Help = Literal["again", "skip"]
Revise = Callable[[EditStep], Awaitable[dict[str, Any]]]
"""Carries out an edit; gives what the `edited` event says of the step. Raises EditRefused."""
_PAUSED_TOO_LONG: Final = "Nobody came back to the paused run"


class Control:
    """Takes commands on the loop's thread at any time; the run asks it between its steps."""

    def __init__(self, report: Report, *, attended: bool = False) -> None:
        """`attended`: a step that fails waits for a person."""
        self._report = report
        self._attended = attended
        self._patience = PATIENCE_SECONDS
        self._commands: asyncio.Queue[Command] | None = None
        self._hold_at: int | None = None
        self._watched = False
        self._watch: Callable[[bool], None] | None = None
        self.limit: asyncio.Timeout | None = None
        """The run's time limit, which stands still while it is held."""
        self.revise: Revise | None = None
        self.record: list[dict[str, Any]] = []
        """What was held, and for how long: {"index", "why", "ms"}."""

    def take(self, command: Command) -> None:
        """A person says what is to be done."""
        if isinstance(command, Watch):
            self._watched = command.on
            if self._watch is not None:
                self._watch(command.on)
        elif self._commands is not None:
            self._commands.put_nowait(command)
        elif isinstance(command, Pause):
            self._hold_at = 0
        elif isinstance(command, RunTo):
            self._hold_at = command.index
        elif isinstance(command, EditStep):
            self._report({"kind": "refused", "why": "Pause the run first"})

    def let_watch(self, watch: Callable[[bool], None]) -> None:
        """From now on `watch` is told whether somebody watches."""
        self._watch = watch
        watch(self._watched)

    async def before(self, index: int) -> None:
        """Called before each step: waits while the run is held. Raises StepFailed when nobody comes back."""
        if self._hold_at is None or index < self._hold_at:
            return
        if await self._hold(index, "paused", self._patience) is None:
            raise StepFailed(_PAUSED_TOO_LONG)

    async def failed(self, index: int, error: StepFailed, *, again: str = "", skip: str = "") -> Help | None:
        """A step failed and nothing was sent by it: what a person wants instead; None for the end of the run.

        `again`, `skip`: why that can't be done, "" when it can.
        """
        if not self._attended:
            return None
        return await self._hold(index, "failed", HELP_SECONDS, error=str(error), again=again, skip=skip)

    async def _hold(
        self, index: int, why: str, seconds: float, *, error: str = "", again: str = "", skip: str = ""
    ) -> Help | None:
        self._hold_at = None
        began = time.monotonic()
        seconds = min(seconds, self._patience)
        told = {"kind": "held", "index": index, "why": why, "seconds": round(seconds)}
        self._report({**told, "error": error} if error else told)
        commands = self._commands = asyncio.Queue()
        skip = skip if why == "failed" else "Only a step that failed is skipped"
        try:
            with _stopped(self.limit):
                async with asyncio.timeout(seconds):
                    return await self._commanded(commands, index, again, skip)
        except TimeoutError:
            return None
        finally:
            self._commands = None
            took = time.monotonic() - began
            self._patience -= took
            self.record.append({"index": index, "why": why, "ms": round(took * 1000)})
            self._report({"kind": "released", "index": index, "ms": round(took * 1000)})

    async def _commanded(self, commands: asyncio.Queue[Command], index: int, again: str, skip: str) -> Help:
        while True:
            command = await commands.get()
            if isinstance(command, EditStep):
                await self._edit(command, index)
            elif isinstance(command, SkipStep):
                if not skip:
                    return "skip"
                self._report({"kind": "refused", "why": skip})
            elif isinstance(command, GoOn | OneStep | RunTo):
                if not again:
                    self._hold_at = _next_hold(command, index)
                    return "again"
                self._report({"kind": "refused", "why": again})

    async def _edit(self, edit: EditStep, index: int) -> None:
        try:
            if edit.index < index or self.revise is None:
                raise EditRefused("This step is done")
            self._report({"kind": "edited", "index": edit.index, **await self.revise(edit)})
        except EditRefused as error:
            self._report({"kind": "refused", "why": str(error)})


def _next_hold(command: GoOn | OneStep | RunTo, index: int) -> int | None:
    if isinstance(command, RunTo):
        return max(command.index, index + 1)
    return index + 1 if isinstance(command, OneStep) else None


@contextlib.contextmanager
def _stopped(limit: asyncio.Timeout | None) -> Iterator[None]:
    """The time limit stands still meanwhile; one that was brought forward (the browser broke down) stays so."""
    end = limit.when() if limit is not None else None
    if limit is None or end is None:
        yield
        return
    loop = asyncio.get_running_loop()
    began = loop.time()
    limit.reschedule(None)
    try:
        yield
    finally:
        if limit.when() is None:
            limit.reschedule(end + loop.time() - began)
