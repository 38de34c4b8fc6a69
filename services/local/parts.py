"""One child process of the local stack: started, watched, restarted with back-off, ended."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from services.local.events import State
from services.program import role_command

log = logging.getLogger(__name__)

OnState = Callable[[str, State, int | None, str], None]
"""Takes name, state, process id (None when there is none) and why."""

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
STEADY_SECONDS: Final = 60.0
_LOG_LIMIT: Final = 5_000_000


@dataclass
class Part:
    """A role of this program as a child. `is_up` is asked about five times a second until it says yes."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log_file: Path
    on_state: OnState
    is_up: Callable[[], bool] = lambda: True
    state: State = "down"
    _process: subprocess.Popen[bytes] | None = None
    _started: float = 0.0
    _pause: float = field(default=FIRST_PAUSE)
    _retry_at: float = 0.0

    def start(self) -> None:
        """Start the child; `tick` follows it up, also when it could not be started."""
        self._started = time.monotonic()
        try:
            self._process = self._launch()
        except OSError as error:
            self._try_later(f"could not be started: {error}")
        else:
            self._say("starting")

    def tick(self) -> None:
        """Look at the child: up, gone, or due for another start. Call several times a second."""
        if self.state == "ended":
            return
        if self._process is None:
            if self.state == "restarting" and time.monotonic() >= self._retry_at:
                self.start()
            return
        code = self._process.poll()
        if code is not None:
            self._close_input()
            self._end_descendants(self._process)
            self._process = None
            self._try_later(f"ended with exit code {code}")
        elif self.state == "starting" and self.is_up():
            self._say("up")

    def ask_to_end(self) -> None:
        """Tell the child to stop, by the end of its standard input."""
        self.state = "ended"
        self._close_input()

    def wait_for_end(self, limit: float) -> None:
        """Wait `limit` seconds, then kill; says "ended" when the child is gone."""
        if self._process is not None:
            try:
                self._process.wait(limit)
            except subprocess.TimeoutExpired:
                log.warning("A part did not end in time and is killed", extra={"part": self.name})
                self._process.kill()
                self._process.wait()
            self._end_descendants(self._process)
            self._process = None
        self._say("ended")

    def _launch(self) -> subprocess.Popen[bytes]:
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        if self.log_file.exists() and self.log_file.stat().st_size > _LOG_LIMIT:
            self.log_file.replace(self.log_file.with_suffix(".old.log"))
        with open(self.log_file, "ab") as output:
            return subprocess.Popen(
                role_command(self.name, "--end-with-parent", *self.arguments),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=dict(self.environment),
                start_new_session=sys.platform != "win32",
            )

    def _end_descendants(self, gone: subprocess.Popen[bytes]) -> None:
        """End what a child that is gone left running in its process group, such as a browser."""
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(gone.pid, signal.SIGKILL)

    def _try_later(self, why: str) -> None:
        now = time.monotonic()
        if now - self._started >= STEADY_SECONDS:
            self._pause = FIRST_PAUSE
        self._retry_at = now + self._pause
        self._say("restarting", f"{why}; next start in {self._pause:g} s")
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _close_input(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def _say(self, state: State, why: str = "") -> None:
        self.state = state
        self.on_state(self.name, state, self._process.pid if self._process else None, why)
