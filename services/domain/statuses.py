"""Status words: what the database says, and what the console shows for it."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal

Shape = Literal[
    "ok", "running", "waiting", "failed", "unknown", "lost", "doubled", "skipped", "paused", "blocked", "stale", "send"
]
"""The status shapes; `resources/look/glyphs.json` draws each of them."""

Declared = Literal["submitted", "failed", "skipped"]
"""What a person may say of a submission whose outcome nobody knows."""

JOB_STATUSES: Final = ("pending", "in_progress", "completed", "failed", "paused", "cancelled")

_JOB_SPELLINGS: Final = {
    "complete": "completed",
    "done": "completed",
    "in-progress": "in_progress",
    "processing": "in_progress",
    "running": "in_progress",
    "queued": "pending",
    "canceled": "cancelled",
}
_JOB_WORDS: Final = {
    "pending": "Pending",
    "in_progress": "In progress",
    "completed": "Completed",
    "failed": "Failed",
    "paused": "Paused",
    "cancelled": "Cancelled",
}
_JOB_SHAPES: Final[dict[str, Shape]] = {
    "pending": "waiting",
    "in_progress": "running",
    "completed": "ok",
    "failed": "failed",
    "paused": "paused",
    "cancelled": "skipped",
}

GOOD_RESULTS: Final = frozenset({"submitted", "approved", "success"})
_RESULT_SPELLINGS: Final = {
    "approved": "submitted",
    "success": "submitted",
    "rejected": "failed",
    "error": "failed",
    "captcha_failed": "failed",
    "2fa_required": "failed",
    "requires_manual": "failed",
    "processing": "submitting",
    "retry": "pending",
}
_RESULT_WORDS: Final = {
    "pending": "Waiting",
    "submitting": "Submitting",
    "submitted": "Submitted",
    "failed": "Failed",
    "skipped": "Skipped",
    "unknown": "Outcome unknown",
}
_RESULT_SHAPES: Final[dict[str, Shape]] = {
    "pending": "waiting",
    "submitting": "running",
    "submitted": "ok",
    "failed": "failed",
    "skipped": "skipped",
    "unknown": "unknown",
}


@lru_cache(maxsize=256)
def job_status(raw: str | None) -> str:
    """The status in our spelling; one that nobody knows is returned as it is."""
    text = (raw or "").strip()
    folded = text.lower()
    return _JOB_SPELLINGS.get(folded, folded if folded in JOB_STATUSES else text)


def job_status_word(status: str) -> str:
    """What staff read for a job status; an unknown one is shown raw."""
    return _JOB_WORDS.get(status, status or "—")


def job_status_shape(status: str) -> Shape:
    """The shape beside a job status; an unknown one has the question mark."""
    return _JOB_SHAPES.get(status, "unknown")


@lru_cache(maxsize=256)
def result_status(raw: str | None) -> str:
    """A result's status in our spelling; one that nobody knows is returned as it is."""
    text = (raw or "").strip()
    folded = text.lower()
    return _RESULT_SPELLINGS.get(folded, folded if folded in _RESULT_WORDS else text)


def result_status_word(status: str) -> str:
    """What staff read for a directory's outcome; an unknown spelling is shown raw."""
    return _RESULT_WORDS.get(status, status or "—")


def result_status_shape(status: str) -> Shape:
    """The shape beside a directory's outcome."""
    return _RESULT_SHAPES.get(status, "unknown")
