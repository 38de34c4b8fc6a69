"""What waits for a person: held runs, stuck and lost jobs, dead letters, unknown outcomes, failures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from app.store.holds import Hold
from app.store.lines import DirectoryLine, JobLine
from app.store.pending import Wish
from services.domain.records import StaffAction

Kind = Literal["held", "lost", "stuck", "dead_letter", "unknown", "failed"]
RANKS: Final[dict[Kind, int]] = {"held": 0, "lost": 1, "stuck": 2, "dead_letter": 3, "unknown": 4, "failed": 5}
"""Most urgent first."""


_LETTER: Final = "letter:"
"""Before the key of what belongs to no job."""


class Need(msgspec.Struct, frozen=True, gc=False):
    """One thing to look at. `job_id` is "" when no job that we hold belongs to it; `since` is unix seconds."""

    key: str
    kind: Kind
    name: str
    words: str
    since: float | None = None
    job_id: str = ""
    wish: Wish | None = None
    """The newest act on it that the rows don't show yet."""
    hold: Hold | None = None
    """The run that waits, of one that is held."""

    @property
    def target(self) -> str:
        """What an acknowledgement of it names: the job's id and what is the matter with it, or the message's id."""
        return f"{self.key}/{self.kind}" if self.job_id else self.key.removeprefix(_LETTER)


class Acknowledged:
    """When somebody last said that they have seen to a need, by its target; unix seconds."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def take(self, action: StaffAction | None) -> None:
        """An act of staff came in; in any order, any number of times, and acts of other kinds are left out."""
        if action is not None and action.act == "acknowledge":
            self._at[action.target] = max(action.created_at or 0.0, self._at.get(action.target, 0.0))

    def covers(self, target: str, since: float | None) -> bool:
        """Whether it was acknowledged, and nothing new happened to it since then: the newest was at `since`."""
        return target in self._at and self._at[target] >= (since or 0.0)

    def covers_job(self, need: Need, line: JobLine) -> bool:
        """Whether this holds for a job's need. It covers no other one: that a job stands still, or that its message
        is a dead letter, comes without an event of its own. So may an unknown outcome, by time alone: of those the
        newest counts."""
        return self.covers(need.target, need.since if need.kind == "unknown" else line.last_event_at or line.created_at)


def job_need(line: JobLine, dead: bool, unknown_of: Callable[[str], list[DirectoryLine]]) -> Need | None:
    """Why somebody should look at this job, None when nobody has to.

    `dead`: its message is among the dead letters. `unknown_of` gives a job's directories of unknown outcome.
    """
    kind = _kind(line, dead)
    if kind is None:
        return None
    if kind == "held" and line.hold is not None:
        hold = line.hold
        return Need(
            line.id, kind, line.business or line.id, f"{hold.host}: {hold.words}", hold.since, line.id, hold=hold
        )
    words = line.diagnosis.words
    since = line.last_event_at or line.created_at
    if kind == "unknown":
        found = unknown_of(line.id)
        words = f"{len(found) or line.unknown} outcomes unknown"
        since = max((one.unknown_since for one in found if one.unknown_since), default=since)
        if len(found) == 1:
            words = f"{found[0].host}: {found[0].words or 'no outcome is known'}"
    elif kind == "dead_letter":
        words = "It could not be started"
        since = line.created_at
    return Need(line.id, kind, line.business or line.id, words, since, line.id, line.wish)


def letter_need(message_id: str, problem: str, sent_at: float | None) -> Need:
    """A dead letter that belongs to no job that we hold."""
    return Need(f"{_LETTER}{message_id}", "dead_letter", "No job", problem or "Its job is not known here", sent_at)


def _kind(line: JobLine, dead: bool) -> Kind | None:
    found = line.diagnosis
    if line.hold is not None:
        return "held"
    if found.shape == "lost":
        return "lost"
    if found.gap:
        return "stuck"
    if dead and not line.ended:
        return "dead_letter"
    if line.unknown:
        return "unknown"
    if found.shape == "failed":
        return "failed" if line.ended else "stuck"
    return None
