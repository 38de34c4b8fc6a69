"""Playwright's own browser, fetched by a child process: the window never waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from services.clients.child_process import ChildProcess
from services.program import role_command
from services.settings import child_environment
from services.submission.events import decode

SILENCE: Final = 120.0
"""Seconds without a line after which the child is taken for dead: unpacking tells nothing."""


class BrowserFetch:
    """`services.ports.BrowserSource`. `environment` adds to the child's, which gets no secrets of ours."""

    def __init__(
        self, environment: Mapping[str, str], *, command: Sequence[str] | None = None, silence: float = SILENCE
    ) -> None:
        self._environment = dict(environment)
        self._command = list(command) if command is not None else role_command("fetch")
        self._silence = silence
        self._child: ChildProcess | None = None

    async def fetch(self) -> AsyncIterator[dict[str, Any]]:
        """See the port."""
        lines: asyncio.Queue[str | int] = asyncio.Queue()
        try:
            child = ChildProcess(
                self._command,
                child_environment(self._environment),
                lines.put_nowait,
                lines.put_nowait,
                gives_way=True,
            )
        except OSError as error:
            yield {"kind": "ended", "error": f"It could not be started: {error}"}
            return
        self._child = child
        last: dict[str, Any] | None = None
        try:
            while not isinstance(line := await child.next_of(lines, self._silence), int):
                event = decode(line)
                if event is not None and event["kind"] == "progress":
                    yield event
                elif event is not None and event["kind"] == "ended":
                    last = event
            yield last or {"kind": "ended", "error": f"Fetching ended before the browser was whole (code {line})."}
        finally:
            self._child = None
            child.kill()

    def cancel(self) -> None:
        """See the port. The next fetch removes what this one leaves."""
        if self._child is not None:
            self._child.kill()
