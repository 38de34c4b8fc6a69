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

from services.domain.text import one_line
from services.lifetime import stop_event
from services.ports.wishes import RunRequest
from services.program import usage_name
from services.settings import SettingsError, read_settings
from services.submission.browser import Browser, NoBrowser
from services.submission.events import encode
from services.temporary import remove_own

BEAT_SECONDS: Final = 2.0
_REQUEST_LIMIT: Final = 4 * 1024 * 1024
_EXIT: Final = {"done": 0, "failed": 0, "stopped": 3, "crashed": 1}


def run(argv: list[str]) -> int:
    """Read one request from standard input, run it, print its events on standard output; the exit code."""
    parser = argparse.ArgumentParser(
        prog=usage_name("submit"),
        description="Run one submission in a browser. Reads ONE line of JSON (a run request) from standard input and "
        "prints events, one JSON object a line, on standard output. The run is stopped when standard input ends or on "
        "SIGTERM. Dry runs hold back everything from the submit step on.",
        epilog="Exit codes: 0 the run came to a verdict, 1 it crashed, 2 the request can't be read, 3 it was stopped.",
    )
    parser.add_argument("--end-with-parent", action="store_true", help="always so for this role")
    parser.parse_args(argv)
    try:
        request = msgspec.json.decode(_read_line(), type=RunRequest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        words = f"The run request can't be read: {error}"
        sys.stdout.write(encode({"kind": "ended", "status": "crashed", "ms": 0, "error": words}))
        return 2
    code = asyncio.run(_Child(request).run(stop_event(end_with_parent=True)))
    remove_own()
    return code


class _Child:
    def __init__(self, request: RunRequest) -> None:
        self._request = request
        self._reader_gone = False

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
                path=settings.browser_path, headless=self._request.headless, practice_url=settings.practice_url
            ) as browser:
                outcome = await browser.run(self._request, self._report)
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


def _read_line() -> bytes:
    # Not through sys.stdin: its buffer would swallow the end that the watcher waits for.
    line = b""
    while not line.endswith(b"\n") and len(line) < _REQUEST_LIMIT:
        data = os.read(0, 65536)
        if not data:
            break
        line += data
    return line
