"""Whether the other end of a connection still lives, told from how much came in."""

from __future__ import annotations

from typing import Literal

Verdict = Literal["lives", "ask", "dead"]


class Pulse:
    """Call `beat` at a steady pace with a count that grows whenever something comes in.

    After `ask_after` beats without anything it says "ask" (send something that must be answered), and again
    as often; after `dead_after` it says "dead". Beats are counted, not seconds: a machine that was too busy to
    listen takes nobody for dead.
    """

    def __init__(self, ask_after: int, dead_after: int) -> None:
        self._ask_after = ask_after
        self._dead_after = dead_after
        self._seen = -1
        self._quiet = 0

    def beat(self, count: int) -> Verdict:
        """What to do now, given how much came in so far."""
        if count != self._seen:
            self._seen = count
            self._quiet = 0
            return "lives"
        self._quiet += 1
        if self._quiet >= self._dead_after:
            return "dead"
        return "ask" if self._quiet % self._ask_after == 0 else "lives"
