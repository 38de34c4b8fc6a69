"""Sends messages of the archive to the dead letters again, ten at a time, each step in the journal first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Literal

from app.replay.answers import asked
from app.replay.archive import ORIGIN_UNKNOWN, Archived, elsewhere
from app.replay.engine import ReplayEngine
from app.replay.journal import Journal, Move, State
from services.domain.checksums import attributes_md5, body_md5
from services.domain.errors import ConsoleError, NotInstalled, NotPermitted, NotReachable, Refused
from services.ports.wishes import ManyQueues, Outgoing, SentMessage

_MOST: Final = 10
_SAY_HERE: Final = "Say that it belongs here, in a terminal with --here, if you are sure of it."
_CHANGED: Final = "the queue took something else than was sent. The archive keeps the message."


class Unanswered(NotReachable):
    """A letter may have been put back, or not: a person has to say."""

    def __init__(self, why: str, raw: str = "") -> None:
        super().__init__(
            f"Nobody knows whether it was put back: {why}", hint="Look for it, and say so in the journal.", raw=raw
        )


class PuttingBack:
    """One wish to put messages back; for who has the turn of `engine` and its lease.

    `dlq`: the ARN of the queue that they go to. `here`: somebody says that those of which nobody knows where they came
    from belong to it. `keep` is given how many were put back, before each send; raises Refused when nothing may be
    sent.
    """

    def __init__(
        self,
        queues: ManyQueues,
        journal: Journal,
        engine: ReplayEngine,
        *,
        dlq: str,
        here: bool,
        keep: Callable[[int], Awaitable[None]],
    ) -> None:
        self._queues = queues
        self._journal = journal
        self._engine = engine
        self._dlq = dlq
        self._here = here
        self._keep = keep
        self.answers: dict[str, str | ConsoleError] = {}
        """Message id -> its new id there, the old one for a letter that never left, or why it was not put back."""

    @property
    def done(self) -> int:
        """How many are dead letters again."""
        return sum(isinstance(answer, str) for answer in self.answers.values())

    async def run(self, ids: Sequence[str]) -> None:
        """Fill `answers`; what goes wrong with one letter or one call is among them."""
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), _MOST):
            ten = wanted[start : start + _MOST]
            try:
                await self._keep(self.done)
                await self._put_back(ten)
            except ConsoleError as error:
                # Of none of those that are not answered yet anything was sent.
                self.answers |= {key: error for key in ten if key not in self.answers}

    async def _put_back(self, ids: Sequence[str]) -> None:
        found = await asked(lambda: {key: self._journal.archived_one(key) for key in ids})
        ready: list[Archived] = []
        for key, kept in found.items():
            try:
                if (one := await self._may_go(kept)) is None:
                    self.answers[key] = key
                else:
                    ready.append(one)
            except ConsoleError as error:
                self.answers[key] = error
        if ready:
            await self._send(ready)

    async def _may_go(self, kept: Archived | None) -> Archived | None:
        """None: it was a dead letter still, and is in the archive no more. Raises Refused when it may not be sent."""
        if kept is not None and kept.sent_body:
            raise Refused("It was replayed with another body: putting it back could start its job a second time.")
        if kept is None or kept.state not in ("archived", "archive_unconfirmed", "skipped", "failed"):
            raise Refused("This message is not in the archive, or may have been put back already.")
        if why_not := elsewhere(kept, self._dlq) or ("" if kept.dlq or self._here else ORIGIN_UNKNOWN):
            raise Refused(why_not, hint="Set SQS_DLQ_URL to the queue that it came from." if kept.dlq else _SAY_HERE)
        if kept.is_out or not await self._engine.holds(kept.message_id):
            return kept
        await asked(lambda: self._journal.drop_archived(kept.message_id, "It was a dead letter still."))
        return None

    async def _send(self, ready: Sequence[Archived]) -> None:
        await asked(lambda: self._journal.move_many([Move(one.message_id, "putting_back") for one in ready]))
        try:
            # The looks before, or the disk, may have taken longer than the lease lasts.
            await self._keep(self.done)
        except ConsoleError as error:
            back = [Move(one.message_id, _before(one), str(error)) for one in ready]
            await asked(lambda: self._journal.move_many(back))
            raise
        messages = [Outgoing(one.body, one.attributes, one.trace) for one in ready]
        answers = await self._queues.send_many(messages, to="dlq")
        judged = {one.message_id: _judged(one, answer) for one, answer in zip(ready, answers, strict=True)}
        moves = [move for one in ready if (move := _move(one, judged[one.message_id])) is not None]
        try:
            await asked(lambda: self._journal.move_many(moves))
        except Refused as error:
            for key, new_id in judged.items():
                if isinstance(new_id, str):
                    why = f"it was sent as {new_id}, and that could not be written."
                    judged[key] = Unanswered(why, error.raw)
        self.answers |= judged


def end_of(answers: Mapping[str, str | ConsoleError]) -> Literal["done", "failed", "unknown"]:
    """How a putting back ended, by the answers to its letters."""
    if any(isinstance(answer, Unanswered) for answer in answers.values()):
        return "unknown"
    return "failed" if any(isinstance(answer, ConsoleError) for answer in answers.values()) else "done"


def _judged(kept: Archived, answer: SentMessage | ConsoleError) -> str | ConsoleError:
    """Its new id, why it was not sent, or Unanswered."""
    if isinstance(answer, Refused | NotPermitted | NotInstalled):
        return answer
    if isinstance(answer, ConsoleError):
        return Unanswered(str(answer), answer.raw)
    if answer.body_md5 != body_md5(kept.body) or answer.attributes_md5 != attributes_md5(kept.attributes):
        return Unanswered(_CHANGED)
    return answer.message_id


def _move(kept: Archived, answer: str | ConsoleError) -> Move | None:
    """What the journal is told of it; None for what stays unknown until a person says."""
    if isinstance(answer, str):
        return Move(kept.message_id, "put_back", "", answer)
    if isinstance(answer, Unanswered):
        return None
    return Move(kept.message_id, _before(kept), str(answer))


def _before(kept: Archived) -> State:
    return "archived" if kept.is_out else "archive_unconfirmed"
