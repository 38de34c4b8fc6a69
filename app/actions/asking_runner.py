"""Runs that may ask 2Captcha, where that is allowed in the moment they begin."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, cast

import msgspec

from services.domain.run_commands import Command
from services.ports.wishes import CaptchaTerms, Runner, RunRequest


class AskingRunner:
    """`services.ports.Runner` over another one, for single runs and for those of a batch."""

    def __init__(self, runner: Runner, terms: Callable[[], Awaitable[CaptchaTerms | None]]) -> None:
        self._runner = runner
        self._terms = terms
        self._beginning: dict[str, bool] = {}
        """Runs that wait for their terms, and whether they are stopped."""

    async def run(self, request: RunRequest) -> AsyncIterator[dict[str, Any]]:
        """See the port."""
        self._beginning[request.run_id] = False
        try:
            terms = await self._terms()
        finally:
            stopped = self._beginning.pop(request.run_id)
        if stopped:
            yield {"kind": "ended", "status": "stopped", "ms": 0}
            return
        events = cast("Any", self._runner.run(msgspec.structs.replace(request, captchas=terms)))
        async with aclosing(events):
            async for event in events:
                yield event

    def tell(self, run_id: str, command: Command) -> None:
        """See the port."""
        self._runner.tell(run_id, command)

    def stop(self, run_id: str) -> None:
        """See the port."""
        if run_id in self._beginning:
            self._beginning[run_id] = True
        self._runner.stop(run_id)
