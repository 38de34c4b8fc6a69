"""Waits for what the jobs of a ramp's step came to, and stops the line when too many have failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from app.replay.answers import job_of
from app.replay.evidence import Evidence
from app.replay.line import Line
from app.replay.pace import Options


class Results:
    """Of one batch. `evidence` None: nothing is known of any job, and nothing is waited for."""

    def __init__(
        self, evidence: Evidence | None, options: Options, line: Line, keep: Callable[[], Awaitable[None]]
    ) -> None:
        self._evidence = evidence
        self._options = options
        self._line = line
        self._keep = keep
        self._sent: dict[str, tuple[str, float]] = {}
        """Message id -> the job that it starts, and when it was sent; those whose result isn't known."""

    @property
    def can_wait(self) -> bool:
        """Whether results are known at all."""
        return self._evidence is not None

    def sent(self, message_id: str, body: str, at: float) -> None:
        """One was sent with this body, at this unix time."""
        if self._evidence is not None:
            self._sent[message_id] = (job_of(body), at)

    async def wait(self, goes_on: Callable[[], bool]) -> None:
        """Until each has a result, or its time is over: then it counts as failed. Raises ConsoleError."""
        until = asyncio.get_running_loop().time() + self._options.result_seconds
        while self._sent and goes_on():
            self._judge(late=asyncio.get_running_loop().time() >= until)
            if self._sent:
                self._line.wait_for(len(self._sent))
                await self._keep()
                await asyncio.sleep(self._options.poll_seconds)
        self._line.wait_for(0)
        if self._line.failed_share() > self._options.worst:
            self._line.stop("Too many of the jobs that were sent first have failed. The rest was not sent.")

    def _judge(self, *, late: bool) -> None:
        assert self._evidence is not None
        for key, (job_id, at) in list(self._sent.items()):
            came_to = self._evidence.result(job_id, at) if job_id else "ok"
            if came_to or late:
                del self._sent[key]
                self._line.judge(key, came_to == "ok")
