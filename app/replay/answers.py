"""What the queue's answers to a batch of ten mean, and a journal that takes no more."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from typing import TypeVar

from app.replay.journal import Move
from services.domain.checksums import attributes_md5, body_md5
from services.domain.errors import ConsoleError, NotInstalled, NotPermitted, Refused
from services.domain.messages import parse_job_message
from services.ports.wishes import DeadLetter, Outgoing, SentMessage

_T = TypeVar("_T")


class JournalFailed(Refused):
    """The journal takes no more: nothing may be sent."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(
            "The journal can't be written, so nothing more is sent.", hint="Is the disk full?", raw=str(error)
        )


async def asked(act: Callable[[], _T]) -> _T:
    """Something of the journal, off the loop's thread. Raises Refused when the journal can't be used."""
    try:
        return await asyncio.to_thread(act)
    except (OSError, sqlite3.Error) as error:
        raise Refused("The journal of replays can't be used.", hint="Is the disk full?", raw=str(error)) from error


def whole_call_failed(answers: Sequence[SentMessage | ConsoleError]) -> bool:
    """One error for all of them; a lone message that was refused may be refused for what is in it."""
    first = answers[0]
    if len(answers) == 1 and type(first) is Refused:
        return False
    return isinstance(first, ConsoleError) and all(answer is first for answer in answers)


def judged(letter: DeadLetter, message: Outgoing, answer: SentMessage | ConsoleError) -> Move:
    """What the queue's answer to one message of a batch means."""
    key = letter.message_id
    if isinstance(answer, Refused | NotPermitted | NotInstalled):
        return Move(key, "failed", str(answer))
    if isinstance(answer, ConsoleError):
        return Move(key, "unknown", f"The send has no answer. {answer}")
    if answer.body_md5 != body_md5(message.body) or answer.attributes_md5 != attributes_md5(message.attributes):
        return Move(key, "unknown", "The checksums differ: the queue took something else.", answer.message_id)
    return Move(key, "sent", "", answer.message_id)


def job_of(body: str) -> str:
    """The job that a message starts, "" when nobody can read one."""
    try:
        return parse_job_message(body).job_id
    except ValueError:
        return ""
