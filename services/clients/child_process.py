"""A child process of the console that speaks in lines, without ever making the window wait."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Final

from services.process_tree import kill_tree

TAIL_LINES: Final = 20
_MOST_UNSAID: Final = 200
NICE: Final = 10
"""How far a child steps back: a tenth of the window's share where both want the processor."""
_BELOW_NORMAL: Final[int] = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)


class ChildProcess:
    """Started in a process group of its own. Threads read it; its lines arrive on the loop's thread."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        on_line: Callable[[str], None],
        on_end: Callable[[int], None],
        first_input: str = "",
        *,
        gives_way: bool = False,
        clear_away: Callable[[], object] = lambda: None,
    ) -> None:
        """Start now, from a running loop. Raises OSError when the program can't be started.

        `on_end` gets the exit code, once, after the last line. `clear_away` is called before that, on another thread,
        and also where the loop is closed already. One that `gives_way` runs, with all that it starts,
        at a lower priority than the window.
        """
        self._loop = asyncio.get_running_loop()
        self._on_line = on_line
        self._on_end = on_end
        self._clear_away = clear_away
        self._cleared = threading.Event()
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._to_say: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.say(first_input)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            # A group of its own, so that Ctrl-C in a terminal is the console's to handle, but no session of its own:
            # Linux shares the processor out among sessions, and priorities count within one only.
            process_group=0 if sys.platform != "win32" else None,
            creationflags=_BELOW_NORMAL if gives_way else 0,
        )
        if gives_way and sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError):
                own = os.getpriority(os.PRIO_PROCESS, 0)
                os.setpriority(os.PRIO_PROCESS, self._process.pid, min(own + NICE, 19))
        self._threads = [
            threading.Thread(target=self._write, name="child-input", daemon=True),
            threading.Thread(target=self._read_errors, name="child-errors", daemon=True),
            threading.Thread(target=self._read, name="child-output", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def last_words(self) -> str:
        """The newest lines of its standard error."""
        return "\n".join(self._tail)

    def say(self, text: str) -> None:
        """Write to its standard input; never waits for it. What too much stands before is lost: it reads no more."""
        if self._to_say.qsize() < _MOST_UNSAID:
            self._to_say.put(text)

    def end_input(self) -> None:
        """Ask it to end: its standard input is over, after what it was told before."""
        self._to_say.put(None)

    def kill(self) -> None:
        """End it and all that it started at once, if it still runs."""
        if self._process.poll() is None:
            kill_tree(self._process.pid)

    async def next_of(self, told: asyncio.Queue[str | int], silence: float) -> str | int:
        """The next of its lines, or its exit code, from where both are put. Killed after so many silent seconds."""
        try:
            async with asyncio.timeout(silence):
                return await told.get()
        except TimeoutError:
            self.kill()
            return await told.get()

    @property
    def is_cleared(self) -> bool:
        """Whether it has ended and is cleared away."""
        return self._cleared.is_set()

    def wait_cleared(self, seconds: float) -> None:
        """Block until it has ended and is cleared away, at most so long."""
        self._cleared.wait(seconds)

    def _write(self) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        while (text := self._to_say.get()) is not None:
            with contextlib.suppress(OSError, ValueError):
                pipe.write(text.encode())
                pipe.flush()
        _close(pipe)

    def _read(self) -> None:
        for line in _lines(self._process.stdout):
            self._hand_over(self._on_line, line)
        code = self._process.wait()
        self._clear_away()
        self._cleared.set()
        self._threads[1].join(1.0)
        self.end_input()
        _close(self._process.stdout)
        self._hand_over(self._on_end, code)

    def _read_errors(self) -> None:
        for line in _lines(self._process.stderr):
            self._tail.append(line.rstrip())
        # A child of the child may live on and hold this pipe open; to close it under its reader would hang.
        _close(self._process.stderr)

    def _hand_over(self, callback: Callable[..., None], value: str | int) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(callback, value)


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        with contextlib.suppress(OSError, ValueError):
            pipe.close()


def _lines(pipe: IO[bytes] | None) -> Iterator[str]:
    if pipe is not None:
        with contextlib.suppress(OSError, ValueError):
            for line in pipe:
                yield line.decode(errors="replace")
