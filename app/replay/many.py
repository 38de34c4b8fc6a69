"""What one does with many dead letters, with the journal in between: plan, carry out, decide, put back."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from app.replay.answers import asked, job_of
from app.replay.archive import Archived
from app.replay.batch import STILL_THERE, BatchRun
from app.replay.decisions import tell
from app.replay.engine import ReplayEngine
from app.replay.evidence import Evidence
from app.replay.journal import Batch, BatchAct, BatchState, Entry, Journal, Move, State
from app.replay.line import Line, Progress
from app.replay.pace import Options
from app.replay.putting_back import PuttingBack, end_of
from services.domain.errors import ConsoleError, Refused
from services.domain.messages import parse_job_message
from services.ports.wishes import DeadLetter, Decision, ManyQueues, Outgoing, SharedDecisions

_NONE: Final[Mapping[str, Outgoing]] = {}
MOST_STEPS: Final = 5_000
"""The journal is shown for the messages of so many newest steps; the file keeps all."""
SHARED_ENDS: Final[dict[BatchState, str]] = {
    "done": "done", "cancelled": "undone", "stopped": "unknown", "open": "unknown",
}  # fmt: skip
"""How a batch stands in what all consoles see."""


class ManyEngine:
    """Works on the same queues and journal as `engine`, in turn with it."""

    def __init__(
        self,
        queues: ManyQueues,
        journal: Journal,
        engine: ReplayEngine,
        *,
        evidence: Evidence | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._queues = queues
        self._journal = journal
        self._engine = engine
        self._evidence = evidence
        self._now = now
        self._checked: set[str] = set()
        """Batches that were planned by this one."""

    async def plan(
        self,
        batch_id: str,
        act: BatchAct,
        letters: Sequence[DeadLetter],
        *,
        actor: str,
        reason: str,
        options: Options,
        instead: Mapping[str, Outgoing] = _NONE,
    ) -> dict[str, str]:
        """Write the wish down, messages and all, and what is sent `instead` of some (by message id). Message id -> why
        it isn't part of it. Raises ConsoleError."""
        if act == "replay":
            dlq = await self._engine.require_target()
            self._checked.add(batch_id)
        else:
            dlq = (await self._queues.figures("dlq")).arn
        return await asked(
            lambda: self._journal.plan_batch(
                batch_id, act, letters, actor=actor, reason=reason, options=msgspec.json.encode(options).decode(),
                dlq=dlq, instead=instead,
            )
        )  # fmt: skip

    async def unfinished(self) -> list[Batch]:
        """Batches that an earlier start, or an error, has left; a person may go on with them. Raises Refused."""
        return await asked(self._journal.unfinished)

    async def run(
        self,
        batch_id: str,
        *,
        on_change: Callable[[Progress], None] = lambda _: None,
        on_line: Callable[[Line], None] = lambda _: None,
    ) -> Progress:
        """Carry a batch out, or go on with one. `on_line` is given its levers. Raises Refused."""
        batch = await asked(lambda: self._journal.batch(batch_id))
        if batch is None or batch.state in ("done", "cancelled"):
            raise Refused("There is no such operation to go on with.")
        if batch.act == "replay" and batch_id not in self._checked:
            # Planned by an earlier start, which may have been set up for other queues.
            await self._engine.require_target()
        edited = len(await asked(lambda: self._journal.batch_edits(batch_id)))
        writer = self._engine.writer

        async def begin(total: int) -> None:
            label = f"{batch.act.capitalize()} {total:,} dead {'letter' if total == 1 else 'letters'}"
            label += f", {edited:,} edited" if edited else ""
            await writer.begin(batch_id, batch.act, label, total=max(total, 1), reason=batch.reason)

        run = BatchRun(
            self._queues, self._journal, batch,
            evidence=self._evidence, on_change=on_change, now=self._now, clock=self._engine.clock,
            begin=begin, keep=functools.partial(writer.keep, batch_id),
        )  # fmt: skip
        on_line(run.line)
        async with self._engine.turn, writer:
            await self._engine.until_visible()
            try:
                ended = await run.run()
            except Refused as error:
                await writer.end(batch_id, "unknown", str(error), run.line.progress.moved)
                raise
            finally:
                self._engine.hidden_until = max(self._engine.hidden_until, run.hidden_until)
            await writer.end(batch_id, SHARED_ENDS[ended.state], ended.words, ended.moved)
            return ended

    async def give_up(self, batch_id: str) -> None:
        """End a batch that an earlier start has left; what it has not sent stays where it is. Raises Refused."""
        states = await asked(lambda: self._journal.batch_states(batch_id))
        left = [Move(key, "skipped", "Cancelled.") for key, state in states.items() if state in ("planned", "claimed")]
        # Its delete may have arrived: the archive goes on to list it.
        left += [Move(key, "archive_unconfirmed", STILL_THERE) for key, state in states.items() if state == "archiving"]
        await asked(lambda: self._journal.move_many(left))
        await asked(lambda: self._journal.end_batch(batch_id, "cancelled", "Cancelled."))

    async def settle_unknown(self) -> list[str]:
        """Sends without an answer of which the facts say that they arrived: noted as sent. Their ids.

        Raises Refused."""
        if self._evidence is None:
            return []
        unknown = await asked(lambda: self._journal.in_state("unknown"))
        times = await asked(lambda: {one.message_id: self._journal.sending_at(one.message_id) for one in unknown})
        arrived = [one.message_id for one in unknown if self._arrived(one, times[one.message_id])]
        why = "The subscriber took a message of this job after the send."
        await asked(lambda: self._journal.move_many([Move(key, "delete_unconfirmed", why) for key in arrived]))
        return arrived

    async def decide(self, message_id: str, *, sent: bool, actor: str, reason: str = "", request_id: str = "") -> None:
        """A person says what became of a send whose end isn't known. Not sent: it may be replayed again. `request_id`:
        for the project's audit, "" where there is none.

        Raises Refused when its end is known.
        """
        entry = await asked(lambda: self._journal.entry(message_id))
        if entry is None or entry.state not in ("unknown", "putting_back"):
            raise Refused("What became of this message is known.")
        said = f"{actor} says that {'it was sent' if sent else 'it was not sent'}{': ' if reason else '.'}{reason}"
        to_main: tuple[State, State] = ("delete_unconfirmed", "skipped")
        to_dead: tuple[State, State] = ("put_back", "archived")
        state = (to_dead if entry.state == "putting_back" else to_main)[0 if sent else 1]
        what = "Put back" if entry.state == "putting_back" else "Send to the main queue"
        decision = Decision(
            request_id, "decide", message_id, f"{what}: it was {'' if sent else 'not '}sent.", reason,
            job_of(entry.sent_body or entry.body), actor, self._now(),
        )  # fmt: skip
        await asked(
            lambda: self._journal.decide(message_id, state, why=said, decision=decision if request_id else None)
        )

    async def unsent(self, actor: str) -> list[Decision]:
        """What this person has decided and the project's audit doesn't have yet. Raises Refused."""
        return await asked(lambda: self._journal.unsent(actor))

    async def send_decisions(self, shared: SharedDecisions, actor: str) -> dict[str, str]:
        """Tell the project's audit what it doesn't have yet. Request id -> what is to be said of it. Raises Refused."""
        said = {}
        for decision in await self.unsent(actor):
            there, said[decision.request_id] = await tell(shared, decision)
            if there:
                await asked(functools.partial(self._journal.sent, decision.request_id))
        return said

    async def newest(self, most: int = MOST_STEPS) -> list[Entry]:
        """The messages of the `most` newest steps, and all whose end isn't known; newest first. Raises Refused."""
        return await asked(lambda: self._journal.newest(most))

    async def archived(self) -> list[Archived]:
        """The messages of the archive, the newest first; also those being put back. Raises Refused."""
        return await asked(self._journal.archived)

    async def put_back(self, message_id: str, *, here: bool = False) -> str:
        """Put back one. Raises ConsoleError; see `put_back_many`."""
        answer = (await self.put_back_many([message_id], here=here))[message_id]
        if isinstance(answer, ConsoleError):
            raise answer
        return answer

    async def put_back_many(
        self, ids: Sequence[str], *, request_id: str = "", reason: str = "", here: bool = False
    ) -> dict[str, str | ConsoleError]:
        """Send messages of the archive to the queue that they came from. Message id -> its new id there, the old one
        for a letter that never left, or why it was not put back. `request_id`: for the audit. `here`: somebody says
        that those of which nobody knows where they came from belong to this queue.

        Raises ConsoleError before anything is sent.
        """
        writer = self._engine.writer
        async with self._engine.turn, writer:
            act = PuttingBack(
                self._queues, self._journal, self._engine,
                dlq=(await self._queues.figures("dlq")).arn, here=here,
                keep=lambda done: writer.keep(request_id, f"{done:,} put back.", done),
            )  # fmt: skip
            if request_id:
                label = f"Put back {len(ids):,} archived {'letter' if len(ids) == 1 else 'letters'}"
                await writer.begin(request_id, "put_back", label, total=len(ids), reason=reason)
            await act.run(ids)
            await writer.end(request_id, end_of(act.answers), f"{act.done:,} put back.", act.done)
        return act.answers

    def _arrived(self, entry: Entry, since: float) -> bool:
        assert self._evidence is not None
        try:
            job_id = parse_job_message(entry.sent_body or entry.body).job_id
        except ValueError:
            return False
        return self._evidence.claimed(job_id, since)
