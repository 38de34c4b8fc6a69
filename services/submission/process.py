"""The role `submit`: one browser run in a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import threading
import time
from typing import Any, Final

import msgspec

from services.domain.run_commands import Command, decode_command
from services.domain.text import one_line
from services.lifetime import stop_event
from services.ports.wishes import RunRequest
from services.program import usage_name
from services.settings import SettingsError, read_settings
from services.submission.browser import Browser, NoBrowser
from services.submission.control import Control
from services.submission.events import encode
from services.temporary import remove_own

BEAT_SECONDS: Final = 2.0
_REQUEST_LIMIT: Final = 4 * 1024 * 1024
_EXIT: Final = {"done": 0, "failed": 0, "stopped": 3, "crashed": 1}


def run(argv: list[str]) -> int:
    """Read one request from standard input, run it, print its events on standard output; the exit code."""
    parser = argparse.ArgumentParser(
        prog=usage_name("submit"),
        description="Run one submission in a browser. Reads a line of JSON (a run request) from standard input, after "
        "it commands, one JSON object a line, and prints events, one JSON object a line, on standard output. The run "
        "is stopped when standard input ends or on SIGTERM. Dry runs hold back everything from the submit step on.",
        epilog="Exit codes: 0 the run came to a verdict, 1 it crashed, 2 the request can't be read, 3 it was stopped.",
    )
    parser.add_argument("--end-with-parent", action="store_true", help="always so for this role")
    parser.parse_args(argv)
    try:
        line, more = _read_line()
        request = msgspec.json.decode(line, type=RunRequest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        words = f"The run request can't be read: {error}"
        sys.stdout.write(encode({"kind": "ended", "status": "crashed", "ms": 0, "error": words}))
        return 2
    child = _Child(request)
    child.commands.take(more)
    code = asyncio.run(child.run(stop_event(end_with_parent=True, take=child.commands.take)))
    remove_own()
    return code


class _Child:
    def __init__(self, request: RunRequest) -> None:
        self._request = request
        self._reader_gone = False
        self.commands = _Commands()

    async def run(self, stop: threading.Event) -> int:
        began = time.monotonic()
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        over = threading.Event()

        def watch() -> None:
            stop.wait()
            with contextlib.suppress(RuntimeError):  # the loop is closed: the run is over anyway
                if task is not None and not over.is_set():
                    loop.call_soon_threadsafe(task.cancel)

        threading.Thread(target=watch, name="stop-watch", daemon=True).start()
        try:
            async with asyncio.TaskGroup() as group:
                beat = group.create_task(self._beat())
                try:
                    status, why = await self._submit()
                finally:
                    beat.cancel()
        except asyncio.CancelledError:
            status, why = "stopped", None
        over.set()
        ended: dict[str, Any] = {"kind": "ended", "status": status, "ms": round((time.monotonic() - began) * 1000)}
        self._report({**ended, "error": why} if why else ended)
        return _EXIT[status]

    async def _submit(self) -> tuple[str, str | None]:
        """How it ended, and why where that isn't in the verdict."""
        try:
            settings = read_settings()
            async with Browser(
                path=settings.browser_path,
                headless=self._request.headless,
                practice_url=settings.practice_url,
                data_dir=settings.data_path,
            ) as browser:
                control = Control(self._report, helper=self._request.helper)
                self.commands.hand_to(control)
                outcome = await browser.run(self._request, self._report, control)
        except (NoBrowser, SettingsError) as error:
            return "crashed", str(error)
        except Exception as error:  # the last line must always be told
            return "crashed", one_line(repr(error), 500)
        return ("failed" if outcome.status == "failed" else "done"), None

    async def _beat(self) -> None:
        while True:
            self._report({"kind": "beat"})
            await asyncio.sleep(BEAT_SECONDS)

    def _report(self, event: dict[str, Any]) -> None:
        if self._reader_gone:
            return
        try:
            sys.stdout.buffer.write(encode(event).encode())
            sys.stdout.buffer.flush()
        except (OSError, ValueError):
            # Nobody reads any more; the end of standard input, which stops the run, follows.
            self._reader_gone = True


class _Commands:
    """Puts lines together on the thread that reads them, and hands them over on the loop's."""

    def __init__(self) -> None:
        self._begun = b""
        self._early: list[Command] = []
        self._to: tuple[asyncio.AbstractEventLoop, Control] | None = None
        self._lock = threading.Lock()

    def take(self, data: bytes) -> None:
        """Bytes came, on any thread."""
        *lines, self._begun = (self._begun + data[-_REQUEST_LIMIT:]).split(b"\n")
        for line in lines:
            if (command := decode_command(line)) is not None:
                self._hand_over(command)

    def hand_to(self, control: Control) -> None:
        """From the loop's thread: this is who carries commands out, those that came before too."""
        with self._lock:
            self._to = (asyncio.get_running_loop(), control)
        for command in self._early:
            control.take(command)

    def _hand_over(self, command: Command) -> None:
        with self._lock:
            if self._to is None:
                self._early.append(command)
                return
            loop, control = self._to
        with contextlib.suppress(RuntimeError):  # the loop is closed: the run is over
            loop.call_soon_threadsafe(control.take, command)


def _read_line() -> tuple[bytes, bytes]:
    """The first line, and what came with it of the next ones."""
    # Not through sys.stdin: its buffer would swallow the end that the watcher waits for.
    came = b""
    while b"\n" not in came and len(came) < _REQUEST_LIMIT:
        data = os.read(0, 65536)
        if not data:
            break
        came += data
    line, _, more = came.partition(b"\n")
    return line, more
