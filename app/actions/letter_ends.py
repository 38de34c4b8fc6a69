"""What an earlier replay, of which nothing runs any more, has left, and how its wish ended."""

from __future__ import annotations

from typing import Final

from app.actions.letter_line import Doing
from app.actions.operations import Operation, State
from app.replay.engine import UNDONE
from app.replay.journal import Entry
from app.replay.journal import State as ReplayState

_LEFT: Final[dict[ReplayState, Doing]] = {
    "sending": "unknown",
    "unknown": "unknown",
    "sent": "duplicate_possible",
    "delete_unconfirmed": "duplicate_possible",
    # SQS may show a deleted message again: sending that one would double it.
    "deleted": "duplicate_possible",
}


def left_by(state: ReplayState | None) -> Doing:
    """What a letter's row says of the journal's state."""
    return _LEFT.get(state, "") if state is not None else ""


def ended(wish: Operation, entry: Entry | None) -> tuple[State, str]:
    """How a wish ended of which a killed program left only the journal's word."""
    if entry is not None and entry.state == "deleted":
        return "done", "Sent, verified and taken out of the dead letters."
    if entry is not None and left_by(entry.state):
        return "unknown", entry.why
    if entry is not None and entry.changed_at >= wish.started_at and entry.why == UNDONE:
        return "undone", "Undone; nothing was sent."
    if entry is not None and entry.changed_at >= wish.started_at and entry.state == "failed":
        return "failed", entry.why
    return "failed", "The program ended before it was sent."
