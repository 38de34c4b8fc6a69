"""What the stack tells whoever started it: one event a line on standard output."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any, Literal

log = logging.getLogger(__name__)

State = Literal["starting", "up", "silent", "restarting", "down", "ended"]
"""Of a part. silent: it runs but doesn't answer. down: can't be had for now, and isn't started again by itself."""


def say_part(name: str, state: State, pid: int | None, why: str) -> None:
    """Tell one change of one part; `why` in plain words, "" when there is nothing to explain."""
    say({"event": "part", "name": name, "state": state, "pid": pid, "why": why})


def say(event: dict[str, Any]) -> None:
    """One event: a JSON line for a program, words for a person at a terminal."""
    line = _in_words(event) if sys.stdout.isatty() else json.dumps(event)
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
