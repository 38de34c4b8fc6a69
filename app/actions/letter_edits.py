"""A dead letter's body in a person's hands: how it is shown, what its job says, and what would be sent."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from app.actions.dead_letters import DeadLetterActs
from app.actions.letter_line import LetterLine
from app.replay.edit import DiffLine, Edit, corrected, editable, weigh
from app.replay.linter import LARGEST, Finding
from app.replay.reading import read
from app.store.store import Store
from services.domain.packages import priority_of_package

__all__ = ["DiffLine", "Edit", "Finding", "Look", "correction", "draft", "look"]


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
    main = letters.look.main
    known = store.jobs.get(line.job_id) is not None
    edit = weigh(line.letter, body, now=time.time(), largest=main.largest if main else LARGEST, job_known=known)
    message = read(msgspec.structs.replace(line.letter, body=body), now=time.time()).message
    job_id = message.job_id if message else ""
    return Look(edit, job_id, edit.why_not or (letters.stops(job_id) if job_id else ""))


def correction(letters: DeadLetterActs, store: Store, message_id: str) -> Edit | None:
    """What would be sent of a letter with the values of its job; None where the subscriber reads it as it says, where
    there is nothing to correct, or where it may not be sent so."""
    line = letters.lines.get(message_id)
    body = draft(store, line)[1] if line is not None and line.reading.otherwise else ""
    if line is None or not body:
        return None
    seen = look(letters, store, line, body)
    return None if seen.why_not else seen.edit


def _job(store: Store, job_id: str) -> dict[str, Any]:
    job = store.jobs.get(job_id)
    if job is None:
        return {}
    priority = priority_of_package(job.package) if job.package else ""
    return {"customer_id": job.customer_id, "package_size": job.package_size, "priority": priority}
