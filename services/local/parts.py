"""One part of the local stack: started, watched, ended when it falls silent, started again after a pause."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from services.local.events import State

OnState = Callable[[str, State, int | None, str], None]
"""Takes name, state, process id (None when there is none) and why."""

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 10.0
STEADY_SECONDS: Final = 60.0


class Runner(Protocol):
    """What a part runs. Nothing here takes noticeable time but `wait_for_end`."""

    name: str

    @property
    def pid(self) -> int | None:
        """Process id, None when there is no process."""
        ...

    @property
    def signs(self) -> int:
        """Signs of life since `begin`."""
        ...

    @property
    def ready(self) -> bool:
        """Whether it did its work when it was last looked at."""
        ...

    @property
    def why(self) -> str:
        """What was missing then."""
        ...

    def begin(self) -> None:
        """Start it, or begin to. Raises OSError or RuntimeError."""
        ...

    def follow(self) -> str:
        """Go on with what `begin` began; returns why it is gone, "" as long as it isn't."""
        ...

    def kill(self) -> None:
        """End it and all that it started at once."""
        ...

    def ask_to_end(self) -> None:
        """Tell it to end in order."""
        ...

    def wait_for_end(self, limit: float) -> None:
        """Wait `limit` seconds for that, then kill it."""
        ...


@dataclass(frozen=True)
class Limits:
    """Seconds without a sign of life after which a part counts as silent and is killed, and to come up in."""

    silent: float = 4.0
    kill: float = 12.0
    start: float = 60.0


class Part:
    """Keeps one runner alive. `tick` is called several times a second; all times are monotonic."""

    def __init__(self, runner: Runner, on_state: OnState, limits: Limits = Limits()) -> None:
        self.name = runner.name
        self.state: State = "down"
        self.why = ""
        self._runner = runner
        self._on_state = on_state
        self._limits = limits
        self._running = False
        self._started = 0.0
        self._seen = 0
        self._heard = 0.0
        self._pause = FIRST_PAUSE
        self._retry_at = 0.0

    def start(self) -> None:
        """Start it; `tick` follows it up, also when it could not be started."""
        self._started = self._heard = time.monotonic()
        self._seen = 0
        try:
            self._runner.begin()
        except (OSError, RuntimeError) as error:
            self._try_later(f"could not be started: {_words(error)}")
        else:
            self._running = True
            self._say("starting")

    def tick(self) -> None:
        """Look at it: up, silent, gone, or due for another start."""
        if self.state in ("down", "ended"):
            return
        now = time.monotonic()
        if not self._running:
            if now >= self._retry_at:
                self.start()
            return
        gone = self._runner.follow()
        if gone:
            self._try_later(gone)
            return
        if self._runner.signs != self._seen:
            self._seen = self._runner.signs
            self._heard = now
        quiet = now - self._heard
        if self.state == "starting":
            if self._runner.ready:
                self._say("up")
            elif now - self._started > self._limits.start:
                self._kill(f"was not up after {self._limits.start:g} s ({self._runner.why}) and was ended")
        elif quiet > self._limits.kill:
            self._kill(f"did not answer for {self._limits.kill:g} s and was ended")
        elif quiet > self._limits.silent:
            if self.state == "up":
                self._say("silent", f"it runs but does not answer: {self._runner.why or 'no sign of life'}")
        elif self.state == "silent" and self._runner.ready:
            self._say("up")

    def forgive(self, seconds: float) -> None:
        """Leave `seconds` out of account: we weren't there to listen."""
        self._heard += seconds
        self._started += seconds

    def ask_to_end(self) -> None:
        """Tell it to end in order; it isn't started again."""
        self.state = "ended"
        self._runner.ask_to_end()

    def wait_for_end(self, limit: float) -> None:
        """Wait `limit` seconds, then kill; says "ended" when it is gone."""
        self._runner.wait_for_end(limit)
        self._running = False
        self._say("ended")

    def _kill(self, why: str) -> None:
        self._runner.kill()
        self._try_later(why)

    def _try_later(self, why: str) -> None:
        self._running = False
        now = time.monotonic()
        if now - self._started >= STEADY_SECONDS:
            self._pause = FIRST_PAUSE
        self._retry_at = now + self._pause
        self._say("restarting", f"{why}; next start in {self._pause:g} s")
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _say(self, state: State, why: str = "") -> None:
        self.state, self.why = state, why
        self._on_state(self.name, state, self._runner.pid, why)


def _words(error: Exception) -> str:
    """What an error says to a person: the system's text and the file, without the number."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error)
