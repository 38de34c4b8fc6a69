"""Which of the chosen dead letters are sent, and why the others are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from app.replay.journal import SENT, State
from app.replay.reading import Reading
from app.replay.xray import XRay
from services.ports.wishes import DeadLetter

MERGED: Final = "Another message for the same job is sent."


class Choice(msgspec.Struct, frozen=True):
    """`send`: the letters to send, one for each job. `rest`: message id -> why it is not sent. `done`: those of the
    rest that nobody needs any more, so that they may be archived. `jobs`: job id -> what would happen to it."""

    send: tuple[DeadLetter, ...] = ()
    rest: dict[str, str] = {}
    done: tuple[DeadLetter, ...] = ()
    jobs: dict[str, XRay] = {}


def choose(
    letters: Sequence[tuple[DeadLetter, Reading]],
    states: Mapping[str, State],
    look_into: Callable[[str], XRay | None],
) -> Choice:
    """Weigh the letters in their order. `look_into` a job: None where the facts about jobs are not known."""
    send: dict[str, DeadLetter] = {}
    rest: dict[str, str] = {}
    done: list[DeadLetter] = []
    jobs: dict[str, XRay] = {}
    for letter, reading in letters:
        key = letter.message_id
        if reading.message is None or reading.problem:
            rest[key] = reading.problem
            continue
        if states.get(key) in SENT:
            rest[key] = "It was sent before, or may have been."
            continue
        job_id = reading.message.job_id
        seen = jobs.get(job_id) or look_into(job_id)
        if seen is not None:
            jobs[job_id] = seen
        if seen is not None and seen.stops:
            rest[key] = seen.stops
            if seen.done:
                done.append(letter)
        elif job_id in send:
            rest[key] = MERGED
            done.append(letter)
        else:
            send[job_id] = letter
    return Choice(tuple(send.values()), rest, tuple(done), jobs)
