"""What the stack tells whoever started it: one event a line on standard output."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any, Final, Literal

log = logging.getLogger(__name__)

State = Literal["starting", "up", "silent", "restarting", "down", "ended"]
"""Of a part. silent: it runs but doesn't answer. down: can't be had for now, and isn't started again by itself."""

_BEAT_SECONDS: Final = 1.0


class Beat:
    """A sign of life for whoever started the stack: an empty line a second, as long as `tick` is called."""

    def __init__(self) -> None:
        self._next = 0.0

    def tick(self) -> None:
        """Write the line when it is due."""
        if (now := time.monotonic()) >= self._next:
            self._next = now + _BEAT_SECONDS
            _write("")


def say_part(name: str, state: State, pid: int | None, why: str) -> None:
    """Tell one change of one part; `why` in plain words, "" when there is nothing to explain."""
    say({"event": "part", "name": name, "state": state, "pid": pid, "why": why})


def say(event: dict[str, Any]) -> None:
    """One event: a JSON line for a program, words for a person at a terminal."""
    _write(_in_words(event) if sys.stdout.isatty() else json.dumps(event))


def _write(line: str) -> None:
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except (OSError, ValueError):
        # The reader is gone; ending all parts matters more than telling it.
        log.debug("nobody reads our events")


def _in_words(event: dict[str, Any]) -> str:
    if event["event"] == "part":
        pid = f" (process {event['pid']})" if event["pid"] else ""
        why = f": {event['why']}" if event["why"] else ""
        return f"{event['name']:<11} {event['state']}{pid}{why}"
    if event["event"] == "ready":
        shown = [f"  {key}={value}" for key, value in event["env"].items()]
        return "\n".join(["The stack is up.", *shown, f"Its secrets too: {event['settings_file']}"])
    return str(event.get("why") or "Everything has ended.")
