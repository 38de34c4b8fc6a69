"""What waits for a person: stuck and lost jobs, dead letters, unknown outcomes, failures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from app.store.lines import DirectoryLine, JobLine

Kind = Literal["lost", "stuck", "dead_letter", "unknown", "failed"]
RANKS: Final[dict[Kind, int]] = {"lost": 0, "stuck": 1, "dead_letter": 2, "unknown": 3, "failed": 4}
"""Most urgent first."""


class Need(msgspec.Struct, frozen=True):
    """One thing to look at. `job_id` is "" when no job that we hold belongs to it; `since` is unix seconds."""

    key: str
    kind: Kind
    name: str
    words: str
    since: float | None = None
    job_id: str = ""


def job_need(line: JobLine, dead: bool, unknown_of: Callable[[str], list[DirectoryLine]]) -> Need | None:
    """Why somebody should look at this job, None when nobody has to.

    `dead`: its message is among the dead letters. `unknown_of` gives a job's directories of unknown outcome.
    """
    kind = _kind(line, dead)
    if kind is None:
        return None
    words = line.diagnosis.words
    since = line.last_event_at or line.created_at
    if kind == "unknown":
        found = unknown_of(line.id)
        words = f"{len(found) or line.unknown} outcomes unknown"
        if len(found) == 1:
            words = f"{found[0].host}: {found[0].words or 'no outcome is known'}"
            since = found[0].when or since
    elif kind == "dead_letter":
        words = "It could not be started"
        since = line.created_at
    return Need(f"job:{line.id}", kind, line.business or line.id, words, since, line.id)


def letter_need(message_id: str, problem: str, sent_at: float | None) -> Need:
    """A dead letter that belongs to no job that we hold."""
    return Need(f"letter:{message_id}", "dead_letter", "No job", problem or "Its job is not known here", sent_at)


def _kind(line: JobLine, dead: bool) -> Kind | None:
    found = line.diagnosis
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
