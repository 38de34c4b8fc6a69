"""Tells the project which claimed run of this desk waits for a person, so that every list shows it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final, Protocol

from app import tasks
from app.actions.run_state import Held
from services.domain.errors import ConsoleError, NotReachable
from services.ports.wishes import RunClaims

_log = logging.getLogger(__name__)

_RELEASE_SECONDS: Final = 2.0


class _Claimed(Protocol):
    """Of a claimed run, what names it."""

    @property
    def job_id(self) -> str: ...
    @property
    def directory(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def run_id(self) -> str: ...


class HoldTelling:
    """`tell` at each change, in their order; only the newest is worth telling. It fails nothing that it is about."""

    def __init__(self, acts: RunClaims, clock: Callable[[], float], again: float) -> None:
        """`again`: seconds until a project that didn't answer is told again."""
        self._acts = acts
        self._clock = clock
        self._again = again
        self._newest: tuple[_Claimed, Held | None] | None = None
        self._telling = False

    def tell(self, run: _Claimed, held: Held | None) -> None:
        """The run waits from now on, or (None) goes on."""
        self._newest = (run, held)
        if not self._telling:
            self._telling = True
            tasks.spawn("tell of a hold", self._go())

    async def release(self, run: _Claimed) -> None:
        """The program ends while the run waits: it waits no longer. A project that doesn't answer soon isn't told."""
        with contextlib.suppress(ConsoleError, TimeoutError):
            async with asyncio.timeout(_RELEASE_SECONDS):
                await self._acts.hold_run(
                    job_id=run.job_id, directory=run.directory, key=run.key, run_id=run.run_id, why="", seconds=0
                )

    async def _go(self) -> None:
        try:
            while (newest := self._newest) is not None:
                if await self._told(*newest) and self._newest is newest:
                    self._newest = None
        finally:
            self._telling = False

    async def _told(self, run: _Claimed, held: Held | None) -> bool:
        seconds = 0 if held is None else max(1, round(held.until - self._clock()))
        try:
            await self._acts.hold_run(
                job_id=run.job_id, directory=run.directory, key=run.key, run_id=run.run_id,
                why=held.why if held is not None else "", seconds=seconds,
            )  # fmt: skip
        except NotReachable:
            if held is not None and held.until <= self._clock():
                return True
            await asyncio.sleep(self._again)
            return False
        except ConsoleError as error:
            _log.info("Nobody else sees that a run waits for a person: %s", error)
        return True
