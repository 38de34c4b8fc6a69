"""Browser runs, each in a child process: a crash of the browser can't take the window along."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from services.clients.child_process import ChildProcess
from services.domain.run_commands import Command, encode_command
from services.ports.wishes import RunRequest
from services.program import role_command
from services.settings import child_environment
from services.submission.events import decode
from services.temporary import RunFolder, remove_forgotten
from services.to_the_end import to_the_end

SILENCE: Final = 30.0
"""Seconds without a line (a run says "beat" every 2 s) after which the child is taken for dead."""
_CLEARED_WITHIN: Final = 10.0
"""Seconds that all runs of a console that ends have to be gone: a machine out of breath takes some."""


class _StoppedBefore(Exception):
    """Nothing of the run was begun."""


class SubmissionProcess:
    """`services.ports.Runner`. `environment` adds to the child's; it gets no secrets of ours."""

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        command: Sequence[str] | None = None,
        grace: float = 5.0,
        silence: float = SILENCE,
    ) -> None:
        self._environment = dict(environment or {})
        self._command = list(command) if command is not None else role_command("submit")
        self._grace = grace
        self._silence = silence
        self._children: dict[str, ChildProcess] = {}
        self._leaving: set[ChildProcess] = set()
        """Asked to end, and perhaps not cleared away yet: the console may end before their grace time does."""
        self._beginning: set[str] = set()
        """Runs whose folder is being made."""
        self._stopped: set[str] = set()
        self._closed = False
        self._swept = False

    async def run(self, request: RunRequest) -> AsyncIterator[dict[str, Any]]:
        """See the port."""
        began = time.monotonic()
        lines: asyncio.Queue[str | int] = asyncio.Queue()
        made: list[RunFolder] = []
        self._beginning.add(request.run_id)
        try:
            await to_the_end(asyncio.to_thread(self._make_folder, made))
            folder = made[0]
            if self._closed or request.run_id in self._stopped:
                raise _StoppedBefore
            child = ChildProcess(
                self._command,
                child_environment({**self._environment, **folder.environment()}),
                lines.put_nowait,
                lines.put_nowait,
                first_input=msgspec.json.encode(request).decode() + "\n",
                clear_away=folder.remove,
            )
        except BaseException as error:
            self._stopped.discard(request.run_id)
            for folder in made:
                await to_the_end(asyncio.to_thread(folder.remove))
            if isinstance(error, _StoppedBefore):
                yield {"kind": "ended", "status": "stopped", "ms": 0}
                return
            if not isinstance(error, OSError):
                raise
            yield {"kind": "ended", "status": "crashed", "ms": 0, "error": f"It could not be started: {error}"}
            return
        finally:
            self._beginning.discard(request.run_id)
        self._children[request.run_id] = child
        last: dict[str, Any] | None = None
        try:
            while not isinstance(line := await child.next_of(lines, self._silence), int):
                event = decode(line)
                if event is None:
                    continue
                if event["kind"] == "ended":
                    last = event
                else:
                    yield event
            status = "stopped" if request.run_id in self._stopped else "crashed"
            lost = {"kind": "ended", "status": status, "ms": round((time.monotonic() - began) * 1000)}
            if last is None and status == "crashed":
                lost["error"] = child.last_words or f"It ended with code {line}."
            yield last or lost
        finally:
            del self._children[request.run_id]
            self._stopped.discard(request.run_id)
            self._end(child)

    def _make_folder(self, made: list[RunFolder]) -> None:
        if not self._swept:
            remove_forgotten(time.time())
            self._swept = True
        made.append(RunFolder())

    def tell(self, run_id: str, command: Command) -> None:
        """See the port."""
        if (child := self._children.get(run_id)) is not None:
            child.say(encode_command(command))

    def stop(self, run_id: str) -> None:
        """See the port. Asks first; kills what still runs after the grace time."""
        child = self._children.get(run_id)
        if child is not None or run_id in self._beginning:
            self._stopped.add(run_id)
        if child is not None:
            self._end(child)

    def close(self) -> None:
        """Kill every run at once, and begin none any more: the console ends. Blocks the thread, ten seconds at most."""
        self._closed = True
        children = self._leaving | set(self._children.values())
        for child in children:
            child.end_input()
            child.kill()
        until = time.monotonic() + _CLEARED_WITHIN
        for child in children:
            child.wait_cleared(max(0.0, until - time.monotonic()))

    def _end(self, child: ChildProcess) -> None:
        child.end_input()
        self._leaving = {one for one in self._leaving if not one.is_cleared} | {child}
        asyncio.get_running_loop().call_later(self._grace, child.kill)
