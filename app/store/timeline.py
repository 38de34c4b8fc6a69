"""A job's way through the pipeline, hop by hop, with the silent gaps named."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from app.store.hops import Hops
from app.store.lines import JobLine
from app.store.link import Link
from services.domain.diagnosis import DEFAULT_THRESHOLDS, Gap, Thresholds, since
from services.domain.records import OutboxMessage
from services.domain.statuses import Shape


class Hop(msgspec.Struct, frozen=True):
    """One hop. `at`: unix seconds, None when it was not seen; `words`: what stands below the name without a time.

    `before` is how the way from the hop before looks: passed, a silent gap, or not yet; `span` its length in words.
    """

    name: str
    shape: Shape
    at: float | None = None
    words: str = ""
    before: Literal["none", "passed", "gap", "not_yet"] = "not_yet"
    span: str = ""


GAP_WORDS: Final[dict[Gap, tuple[str, str]]] = {
    "never_queued": ("Paid, but never queued", "No message was written for this job, and nothing ever took one."),
    "claimed_not_triggered": ("Taken, but no flow started", "The deployment is missing, or could not be called."),
    "triggered_not_started": ("Triggered, but not started", "No worker of the pool has taken the flow run."),
    "started_not_finalized": ("Started, then silent", "The worker has probably crashed."),
}
"""Each gap's name, and what it means."""

_GAP_BEFORE: Final[dict[Gap, int]] = {
    "never_queued": 1,
    "claimed_not_triggered": 3,
    "triggered_not_started": 4,
    "started_not_finalized": 6,
}


def timeline(
    line: JobLine,
    hops: Hops,
    message: OutboxMessage | None,
    link: Link,
    now: float,
    limits: Thresholds = DEFAULT_THRESHOLDS,
) -> list[Hop]:
    """The eight hops of a job, first to last. All times by the server's clock."""
    tried = line.submitted + line.failed + line.unknown + line.skipped
    times = (
        line.created_at,
        message.sent_at if message else None,
        hops.claimed_at,
        hops.triggered_at,
        hops.started_at,
        hops.started_at if tried or line.running else None,
        hops.finalized_at,
    )
    names = ("Paid", "Queued", "Taken", "Flow triggered", "Flow started", "Directories", "Job ends")
    slow = (0.0, limits.claim, limits.claim, limits.trigger, limits.start, limits.silence, 0.0)
    gap_at = _GAP_BEFORE.get(line.diagnosis.gap) if line.diagnosis.gap else None
    # A later hop proves the earlier ones, even where their own evidence is not held.
    furthest = max((index for index, at in enumerate(times) if at is not None), default=0)
    # What was tried has come that far, and what ended has ended: "not yet" would be wrong of a hop before that.
    reached = 6 if line.ended else 5 if tried or line.running else 0
    made: list[Hop] = []
    for index, (name, at) in enumerate(zip(names, times, strict=True)):
        passed = index <= furthest
        earlier = next((t for t in reversed(times[:index]) if t is not None), None)
        span = at - earlier if at is not None and earlier is not None and at >= earlier else None
        before: Literal["none", "passed", "gap", "not_yet"] = "passed" if passed else "not_yet"
        text = since(span) if span is not None else ""
        if index == 0:
            before, text = "none", ""
        elif gap_at == index and earlier is not None:
            before, text = "gap", since(now - earlier)
        elif span is not None and slow[index] and span >= slow[index]:
            before = "gap"
        words = _words(line, index, tried, passed or index <= reached)
        made.append(Hop(name, _shape(line, index, passed or (index == 5 and tried > 0)), at, words, before, text))
    made.append(
        Hop("Seen here", "ok" if link.live else "stale", None, link.word, "passed" if line.ended else "not_yet")
    )
    return made


def _shape(line: JobLine, index: int, passed: bool) -> Shape:
    if index == 5 and not line.ended:
        return "running" if line.status == "in_progress" else "waiting"
    if index == 6 and line.ended:
        return "failed" if line.status == "failed" else "ok"
    return "ok" if passed else "waiting"


def _words(line: JobLine, index: int, tried: int, reached: bool) -> str:
    if index == 5:
        return f"{tried} of {line.total} tried"
    return "not seen" if reached else "not yet"
