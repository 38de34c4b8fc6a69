"""The local stack as a child of the console: it lives as long as the console and no longer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from services.clients.child_process import ChildProcess
from services.domain.errors import NotReachable
from services.program import role_command
from services.settings import child_environment


class PartState(msgspec.Struct, frozen=True):
    """What the supervisor says of one part. `state`: starting, up, silent, restarting, down or ended."""

    name: str
    state: str
    pid: int | None = None
    why: str = ""


_LOOK_SECONDS: Final = 0.1
_PARTS_END: Final = 8.0
_AWAY_SECONDS: Final = 2.0
_SILENT_SECONDS: Final = 5.0
_KILL_SECONDS: Final = 60.0
"""Longer than the supervisor gives a part: for its end all parts end."""


class StackProcess:
    """Started once; `stop` ends all of it. One that ended by itself isn't started again: make another."""

    def __init__(self, environment: Mapping[str, str] | None = None, *, command: Sequence[str] | None = None) -> None:
        self._environment = dict(environment or {})
        self._command = list(command) if command is not None else role_command("stack", "--end-with-parent", "--beat")
        self._child: ChildProcess | None = None
        self._ended = asyncio.Event()
        self._pids: dict[str, int] = {}
        self._heard = 0.0

    async def start(self, on_part: Callable[[PartState], None], *, limit: float = 120.0) -> dict[str, str]:
        """Start it and wait until all parts are up; the settings for a console, under their environment names.

        `on_part` is called for every change of a part, later ones too. Raises NotReachable with the stack's
        last words when it ends, or isn't up within `limit` seconds.
        """
        ready: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()

        def on_line(line: str) -> None:
            self._heard = asyncio.get_running_loop().time()
            said = _object(line)
            if said.get("event") == "part":
                pid = said.get("pid")
                if isinstance(pid, int):
                    self._pids[str(said.get("name"))] = pid
                else:
                    self._pids.pop(str(said.get("name")), None)
                on_part(
                    PartState(
                        str(said.get("name")),
                        str(said.get("state")),
                        pid if isinstance(pid, int) else None,
                        str(said.get("why") or ""),
                    )
                )
            elif said.get("event") == "failed" and not ready.done():
                words = self._child.last_words if self._child else ""
                ready.set_exception(_failed(str(said.get("why") or "it gave no reason").rstrip("."), words))
            elif said.get("event") == "ready" and not ready.done():
                try:
                    ready.set_result(_settings_in(Path(str(said.get("settings_file")))))
                except (OSError, msgspec.DecodeError) as error:
                    ready.set_exception(_failed("its settings can't be read", str(error)))

        def on_end(code: int) -> None:
            self._ended.set()
            if not ready.done():
                words = self._child.last_words if self._child else ""
                ready.set_exception(_failed(f"it ended with code {code}", words))

        try:
            self._child = ChildProcess(
                self._command, child_environment(self._environment), on_line, on_end, gives_way=True
            )
        except OSError as error:
            raise _failed("it could not be started", str(error)) from error
        try:
            async with asyncio.timeout(limit):
                return await ready
        except TimeoutError as error:
            words = self._child.last_words
            await self.stop()
            raise _failed(f"it was not up after {limit:g} s", words) from error

    @property
    def has_ended(self) -> bool:
        """True once it ended by itself, or was stopped."""
        return self._ended.is_set()

    async def ended(self) -> None:
        """Return once it ended, however that came about, and its parts too: until then their ports are theirs.

        A part that doesn't notice, being frozen, is killed after some seconds.
        """
        await self._ended.wait()
        deadline = asyncio.get_running_loop().time() + _PARTS_END
        while any(_alive(pid) for pid in self._pids.values()):
            if asyncio.get_running_loop().time() > deadline:
                for pid in self._pids.values():
                    _kill(pid)
                deadline += _PARTS_END
            await asyncio.sleep(_LOOK_SECONDS)

    async def watch(self, on_part: Callable[[PartState], None]) -> None:
        """Tell when the supervisor falls silent and when it speaks again; return once it ended.

        The parts go on without it, but nobody mends them: one that is silent for a minute is killed.
        """
        loop = asyncio.get_running_loop()
        looked = self._heard = loop.time()
        silent = False
        while not self._ended.is_set():
            now = loop.time()
            if now - looked > _AWAY_SECONDS:
                self._heard += now - looked  # we weren't there to listen
            looked = now
            quiet = now - self._heard
            if silent != (quiet > _SILENT_SECONDS):
                silent = not silent
                why = f"it said nothing for {_SILENT_SECONDS:g} s" if silent else ""
                on_part(PartState("supervisor", "silent" if silent else "up", None, why))
            if quiet > _KILL_SECONDS and self._child is not None:
                self._child.kill()
            await asyncio.sleep(_LOOK_SECONDS)

    async def stop(self, *, limit: float = 15.0) -> None:
        """Ask it to end and wait; what still runs after `limit` seconds is killed. Safe to call twice."""
        child = self._child
        if child is None or self._ended.is_set():
            return
        child.end_input()
        try:
            async with asyncio.timeout(limit):
                await self._ended.wait()
        except TimeoutError:
            child.kill()
            await self._ended.wait()


def _alive(pid: int) -> bool:
    if sys.platform == "win32":
        return False  # there a part ends with its supervisor, by the job object
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        # One that has ended keeps its number until its parent asks how it ended, and some parents are slow.
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return sys.platform != "linux"


def _kill(pid: int) -> None:
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            # Each part leads a group of its own; a number that was given away meanwhile leads none.
            if os.getpgid(pid) == pid:
                os.killpg(pid, signal.SIGKILL)


def _settings_in(file: Path) -> dict[str, str]:
    """The settings, secrets included, come in a file of the owner's: lines on a pipe end in logs."""
    return msgspec.json.decode(file.read_bytes(), type=dict[str, str])


def _object(line: str) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _failed(why: str, words: str) -> NotReachable:
    return NotReachable(
        f"The local stack did not start: {why}.", hint="See the stack's log, then try again.", raw=words
    )
