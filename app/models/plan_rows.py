"""What is exported of a plan: each message and directory of it, and what was going to happen to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from app.actions.exports import Exports, Kind, Row
from app.actions.letter_batches import Choice, Fate, XRay
from app.actions.letter_line import LetterLine
from app.store.store import Store

_FATES: Final[dict[Fate, str]] = {
    "submit": "will submit", "live": "already live", "unknown": "outcome unknown", "in_flight": "in flight",
    "blocked": "blocked",
}  # fmt: skip


class PlanLine(msgspec.Struct, frozen=True):
    """A directory of a job, or a job or message of which nothing more is known. `message_id`: "" for a retry.

    `does`: whether it goes out, `why` it doesn't. `edited`: the body that is sent instead, "" for the message as it is.
    `host`, `fate`, `because`: "" where no directory is known.
    """

    message_id: str
    job_id: str
    business: str
    does: str
    why: str = ""
    edited: str = ""
    host: str = ""
    fate: str = ""
    because: str = ""


def of_choice(
    choice: Choice, letters: Mapping[str, LetterLine], business: Callable[[str], str], edited: Mapping[str, str]
) -> list[PlanLine]:
    """A replay of many: the messages that are sent first. `business` of a job, `edited`: bodies by message id."""
    sent = {letter.message_id: "" for letter in choice.send}
    lines: list[PlanLine] = []
    for key, why in {**sent, **choice.rest}.items():
        line = letters.get(key)
        job_id = line.job_id if line is not None else ""
        first = PlanLine(key, job_id, business(job_id), "send" if key in sent else "not sent", why, edited.get(key, ""))
        lines += _directories(first, choice.jobs.get(job_id))
    return lines


def of_retry(
    weighed: Iterable[XRay], hosts: Mapping[str, Iterable[str]], business: Callable[[str], str]
) -> list[PlanLine]:
    """A retry of one job or of many. `hosts`: by job id what is asked for."""
    lines: list[PlanLine] = []
    for seen in weighed:
        does = "retry" if any(True for _ in hosts.get(seen.job_id, ())) else "not retried"
        lines += _directories(PlanLine("", seen.job_id, business(seen.job_id), does, seen.stops), seen)
    return lines


def business_of(store: Store) -> Callable[[str], str]:
    """A job's customer by its id, "" where that isn't known."""

    def find(job_id: str) -> str:
        job = store.jobs.get(job_id) if job_id else None
        return job.business if job is not None else ""

    return find


def export_plan(exports: Exports, about: str, kind: Kind, lines: Sequence[PlanLine]) -> None:
    """Write them to a file, as a task. `about`: what the plan is of, such as "a retry"."""
    exports.start("lines of a plan", about, kind, lines, of_plan)


def of_plan(line: PlanLine) -> Row:
    """A row of the file."""
    return {
        "message_id": line.message_id, "job_id": line.job_id, "customer": line.business, "what": line.does,
        "why_not": line.why, "sent_instead": line.edited, "directory": line.host, "fate": line.fate,
        "because": line.because,
    }  # fmt: skip


def _directories(first: PlanLine, seen: XRay | None) -> list[PlanLine]:
    if seen is None or not seen.directories:
        return [first]
    return [
        msgspec.structs.replace(first, host=one.host, fate=_FATES[one.fate], because=one.why)
        for one in seen.directories
    ]
