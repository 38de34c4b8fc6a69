"""A dead letter's body in a person's hands: how it is shown, what its job says, and what would be sent."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import msgspec

from app.actions.dead_letters import DeadLetterActs
from app.actions.letter_line import LetterLine
from app.replay.edit import DiffLine, Edit, corrected, editable, weigh
from app.replay.linter import LARGEST, Finding
from app.replay.reading import read
from app.store.store import Store
from services.domain.packages import priority_of_package

__all__ = ["DiffLine", "Edit", "Finding", "Look", "corrections", "draft", "look"]


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


def corrections(letters: DeadLetterActs, store: Store, wanted: Iterable[str]) -> dict[str, Edit]:
    """Message id -> what would be sent with the values of its job, of those of these letters that the subscriber would
    read as something else than they say, and that may be sent so."""
    found = {}
    for key in wanted:
        line = letters.lines.get(key)
        body = draft(store, line)[1] if line is not None and line.reading.otherwise else ""
        if line is not None and body and not (seen := look(letters, store, line, body)).why_not:
            found[key] = seen.edit
    return found


def _job(store: Store, job_id: str) -> dict[str, Any]:
    job = store.jobs.get(job_id)
    if job is None:
        return {}
    priority = priority_of_package(job.package) if job.package else ""
    return {"customer_id": job.customer_id, "package_size": job.package_size, "priority": priority}
