"""One dead letter as the page shows it."""

from __future__ import annotations

from typing import Literal

import msgspec

from app.replay.reading import Reading, read
from services.ports.wishes import DeadLetter

Doing = Literal["", "planned", "waiting", "running", "unknown", "duplicate_possible"]
Out = Literal["replayed", "archived"]
"""How a letter left the queue."""


class LetterLine(msgspec.Struct, frozen=True):
    """One dead letter as the page shows it. `doing` is what a replay of it is at, "" for nothing.

    `kept_seconds`: how long its queue keeps a message, counted from when it was first sent; None when not known.
    `same_job`: how many other letters are for the same job.
    """

    letter: DeadLetter
    reading: Reading
    doing: Doing = ""
    undo_until: float = 0.0
    kept_seconds: float | None = None
    same_job: int = 0
    since: float = 0.0
    """When a replay of this start came to `doing`, unix seconds; 0 when an earlier start left it."""

    @property
    def id(self) -> str:
        """The message's id."""
        return self.letter.message_id

    @property
    def job_id(self) -> str:
        """The job that the subscriber would start; "" when it can't read one."""
        return self.reading.message.job_id if self.reading.message else ""

    @property
    def problem(self) -> str:
        """Why the subscriber can't use it; "" when it can."""
        return self.reading.problem

    @property
    def busy(self) -> str:
        """Why nothing can be sent of it now, "" when something can."""
        if self.doing in ("planned", "waiting", "running"):
            return "A replay of this message is running."
        return "An earlier send has no known end. It is not repeated by itself." if self.doing == "unknown" else ""

    @property
    def expires_at(self) -> float | None:
        """When the queue drops it for good, unix seconds; None when that isn't known."""
        if self.letter.sent_at is None or self.kept_seconds is None:
            return None
        return self.letter.sent_at + self.kept_seconds


def read_all(letters: list[DeadLetter], known: dict[str, LetterLine], now: float) -> dict[str, Reading]:
    """Message id -> what it is; a body that was read before isn't read again."""
    readings = {}
    for letter in letters:
        old = known.get(letter.message_id)
        same = old is not None and old.letter.body == letter.body
        readings[letter.message_id] = old.reading if old and same else read(letter, now=now)
    return readings
