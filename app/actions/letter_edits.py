"""A dead letter's body in a person's hands: how it is shown, what its job says, and what would be sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from app import tasks
from app.actions.dead_letters import DeadLetterActs
from app.actions.letter_line import LetterLine
from app.replay.edit import DiffLine, Edit, corrected, editable, weigh
from app.replay.linter import LARGEST, Finding
from app.replay.reading import read
from app.store.store import Store
from services.domain.packages import priority_of_package

__all__ = ["DiffLine", "Edit", "Finding", "Look", "draft", "look", "start_corrections"]

Corrections = Mapping[str, Edit | None]
"""Message id -> what would be sent with the values of its job; None where there is nothing to correct, or where it may
not be sent so."""
_PART: Final = 20


class Look(msgspec.Struct, frozen=True):
    """A body that somebody has typed. `job_id`: the job that it would start, "" for none. `why_not`: why it can't be
    sent, "" when it can."""

    edit: Edit
    job_id: str
    why_not: str


def draft(store: Store, line: LetterLine) -> tuple[str, str]:
    """The body to begin with, and the one that says what the letter's job says; "" when there is nothing to correct."""
    return editable(line.letter.body), corrected(line.letter.body, _job(store, line.job_id))


def look(letters: DeadLetterActs, store: Store, line: LetterLine, body: str) -> Look:
    """What would be sent, what is wrong with it, and what would become of its job."""
    known = store.jobs.get(line.job_id) is not None
    edit = weigh(line.letter, body, now=time.time(), largest=_largest(letters), job_known=known)
    message = read(msgspec.structs.replace(line.letter, body=body), now=time.time()).message
    job_id = message.job_id if message else ""
    return Look(edit, job_id, edit.why_not or (letters.stops(job_id) if job_id else ""))


def start_corrections(
    letters: DeadLetterActs, store: Store, lines: Sequence[LetterLine], told: Callable[[Corrections], None]
) -> None:
    """Work the corrections of letters that would be sent out as a task, off the window's thread, by what is known now.
    `told` is called with a part of them at a time, in their order, until each was in one; another start ends this."""
    largest = _largest(letters)
    known = [(line, _job(store, line.job_id)) for line in lines]

    def corrections(part: Sequence[tuple[LetterLine, dict[str, Any]]]) -> Corrections:
        return {line.id: _correction(line, job, largest) for line, job in part}

    async def work() -> None:
        for at in range(0, len(known), _PART):
            told(await asyncio.to_thread(corrections, known[at : at + _PART]))

    tasks.supersede("letter corrections", work())


def _correction(line: LetterLine, job: Mapping[str, Any], largest: int) -> Edit | None:
    body = corrected(line.letter.body, job)
    edit = weigh(line.letter, body, now=time.time(), largest=largest, job_known=bool(job)) if body else None
    return None if edit is None or edit.why_not else edit


def _job(store: Store, job_id: str) -> dict[str, Any]:
    job = store.jobs.get(job_id)
    if job is None:
        return {}
    priority = priority_of_package(job.package) if job.package else ""
    return {"customer_id": job.customer_id, "package_size": job.package_size, "priority": priority}


def _largest(letters: DeadLetterActs) -> int:
    main = letters.look.main
    return main.largest if main else LARGEST
