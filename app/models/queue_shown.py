"""What is shown of a queue: how much waits in it, is in flight and delayed, how that went, and how old it may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from app.actions.dead_letters import DeadLetterActs
from app.actions.queue_watch import EVERY, POINTS, Which
from app.store.store import Store
from services.domain.diagnosis import since

SPAN: Final = EVERY * POINTS
"""Seconds of history."""
_NAMES: Final[dict[Which, str]] = {"main": "Main queue", "dlq": "Dead letters"}
_TONES: Final[dict[Which, str]] = {"main": "running", "dlq": "failed"}
_FACES: Final = {"denied": "Not permitted", "absent": "Not set up", "away": "No answer"}


class QueueShown(msgspec.Struct, frozen=True):
    """`value`: messages that wait, "—" where that isn't known; `tone` of it. `below`: its age, or why it isn't known.
    `points`: (seconds before now, messages), the oldest first."""

    key: Which
    name: str
    value: str
    tone: str
    below: str
    flight: str = ""
    delayed: str = ""
    points: tuple[tuple[float, int], ...] = ()


def queue_shown(
    letters: DeadLetterActs, store: Store, which: Which, clock: Callable[[float | None], str]
) -> QueueShown:
    """By what was last told of it. `clock` gives a moment's words."""
    queue, now = letters.watch.now[which], store.now()
    points = tuple(letters.watch.history(which))
    figures, stale = queue.figures, queue.stale(now)
    if figures is None:
        return QueueShown(which, _NAMES[which], "—", "tertiary", _FACES.get(queue.kind, "Not asked yet"), points=points)
    name = figures.arn.rpartition(":")[2] or _NAMES[which]
    age = _main_age(store, now) if which == "main" else _letters_age(letters, now)
    below = f"{_FACES[queue.kind]} since {clock(queue.as_of)}" if queue.kind else age
    empty = figures.visible + figures.in_flight + figures.delayed == 0
    return QueueShown(
        which, name, f"{figures.visible:,}", "tertiary" if stale or empty else _TONES[which],
        "empty" if empty and not queue.kind else below,
        f"{figures.in_flight:,} in flight", f"{figures.delayed:,} delayed" if figures.delayed else "", points,
    )  # fmt: skip


def _main_age(store: Store, now: float) -> str:
    """SQS doesn't tell it, and nobody here receives from that queue: so it is an estimate."""
    oldest = store.oldest_enqueued()
    return "age not known" if oldest is None else f"oldest about {since(max(0.0, now - oldest))}, estimated"


def _letters_age(letters: DeadLetterActs, now: float) -> str:
    sent = [line.letter.sent_at for line in letters.lines.values() if line.letter.sent_at is not None]
    return f"oldest {since(max(0.0, now - min(sent)))}" if sent else "none looked at"
