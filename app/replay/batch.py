"""Moves many dead letters: send, verify, delete, ten at a time, each step in the journal before it is done."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import ChainMap, Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec

from app.replay.answers import JournalFailed, judged, whole_call_failed
from app.replay.awake import Clock
from app.replay.claims import Claims
from app.replay.evidence import Evidence
from app.replay.group_commit import GroupCommit
from app.replay.journal import Batch, Journal, Move, State
from app.replay.line import Line, Progress
from app.replay.linter import outgoing
from app.replay.pace import Options, TokenBucket
from app.replay.results import Results
from services.domain.errors import Busy, ConsoleError
from services.domain.messages import message_size
from services.ports.wishes import DeadLetter, ManyQueues, Outgoing, SentMessage

MOST: Final = 10
"""Messages of one call."""
_SEND_TRIES: Final = 6
_DELETE_TRIES: Final = 3
_DELETE_ROUNDS: Final = 3
RAN_OUT: Final = "The hold on these letters ran out, as when this computer slept: nothing of them was sent."
STILL_THERE: Final = "The archive has it; the queue never said that it is gone, so it may be a dead letter still."
"""Why an archive that was given up in the middle is not confirmed."""


class BatchRun:
    """Carries one batch of the journal to its end, or as far as it goes; a new one goes on where an earlier ended.

    `line`: how it stands, and pause and cancel. `evidence` None: no business results are known, and none are
    waited for.
    """

    def __init__(
        self,
        queues: ManyQueues,
        journal: Journal,
        batch: Batch,
        *,
        evidence: Evidence | None = None,
        on_change: Callable[[Progress], None] = lambda _: None,
        now: Callable[[], float],
        clock: Clock,
        begin: Callable[[int], Awaitable[None]],
        keep: Callable[[str, int], Awaitable[None]],
    ) -> None:
        """`begin` is given how many messages it has, before the first step, and raises Refused when there may be none.
        `keep` is given words and how many were moved, now and then and before each send; raises Refused when
        nothing more may be sent."""
        self._queues = queues
        self._journal = journal
        self._commits = GroupCommit(journal)
        self._batch = batch
        self._options = msgspec.json.decode(batch.options, type=Options) if batch.options else Options()
        self._now = now
        self._begin = begin
        self._keep_lease = keep
        self._clock = clock
        self._claims = Claims(queues, self._options.claim_seconds, clock)
        self._bucket = TokenBucket(self._options.rate if batch.act == "replay" else 0.0)
        self._largest = 0
        self._edits: dict[str, Outgoing] = {}
        """What is sent in the place of some, by message id."""
        self._todo: dict[str, None] = {}
        self._undeleted: dict[str, str] = {}
        """Message id -> its new id: sent, and its dead letter still has to go."""
        self._settled: list[Move] = []
        """Done and not written yet. Nothing hangs on it, so it goes with the next step: after a crash they count as
        sent, and are found to be gone."""
        self._interrupted = False
        self._broken: ConsoleError | None = None
        self.line = Line(on_change)
        self._results = Results(evidence, self._options, self.line, self._keep)

    @property
    def hidden_until(self) -> float:
        """Until then, by the clock, what could not be given back stays hidden; 0 when all was."""
        return 0.0 if self._claims.may_change else self._claims.hidden_until

    async def run(self) -> Progress:
        """Work until nothing is left, the line stops, or it is cancelled. Raises Refused when the journal fails:
        then nothing more was done after the last step that it has."""
        states, self._edits = await self._read()
        await self._begin(len(states))
        self._todo = {key: None for key, state in states.items() if state in ("planned", "claimed")}
        self._undeleted = {key: "" for key, state in states.items() if state in ("sent", "delete_unconfirmed")}
        self._undeleted |= {key: "" for key, state in states.items() if state == "archiving"}
        self._interrupted = any(state != "planned" for state in states.values())
        self.line.begin(states)
        try:
            self._largest = (await self._queues.figures("main")).largest if self._batch.act == "replay" else 0
            await self._steps()
            await self._delete_rest(to_the_end=not self.line.stopped)
        except JournalFailed:
            raise
        except ConsoleError as error:
            self.line.stop(str(error))
        finally:
            await self._claims.give_back_others()
        return await self._end()

    async def _steps(self) -> None:
        ramp = self._options.ramp if self._results.can_wait and self._batch.act == "replay" else ()
        for size in ramp:
            if not self._goes_on():
                return
            await self._step(size, lanes=1)
            await self._write_settled()
            await self._results.wait(self._goes_on)
        if self._goes_on():
            await self._step(len(self._todo), lanes=self._options.lanes)

    async def _step(self, size: int, *, lanes: int) -> None:
        room = [size]
        async with asyncio.TaskGroup() as group:
            for _ in range(max(1, min(lanes, -(-size // MOST)))):
                group.create_task(self._safe_lane(room))
        if self._broken is not None:
            raise self._broken

    async def _safe_lane(self, room: list[int]) -> None:
        try:
            await self._lane(room)
        except ConsoleError as error:
            # The first one tells why; but without a journal nothing may go on at all.
            self._broken = error if isinstance(error, JournalFailed) else self._broken or error
            self.line.stop(str(error))

    async def _lane(self, room: list[int]) -> None:
        """Take from the plan until the step's `room` is used up or nothing is found any more."""
        empty = 0
        while self._goes_on() and room[0] > 0:
            if empty or self._options.rate or self.line.progress.paused:
                await self._write_settled()
            wanted = min(MOST, room[0])
            room[0] -= wanted
            passed = await self._bucket.take(wanted)
            room[0] += wanted - passed
            await self.line.gate(self._keep)
            taken: list[DeadLetter] = []
            known = len(self._claims.seen)
            if self._goes_on():
                # Seen through to the end of the receive: another lane may have moved some of them by then.
                ours = ChainMap[str, Any](self._todo, self._undeleted)
                taken = await self._claims.take(ours, passed, wait=1 if empty else 0)
            room[0] += passed - len(taken)
            self._bucket.give_back(passed - len(taken))
            if taken:
                empty = 0
                await self._move(taken)
                # Those whose hold ran out before anything was sent are wanted as before.
                lost = sum(letter.message_id in self._todo for letter in taken)
                room[0] += lost
                self._bucket.give_back(lost)
                continue
            empty = 0 if len(self._claims.seen) > known else empty + 1
            if empty >= 2 and not self._may_come_back():
                await self._gone()
                return

    def _may_come_back(self) -> bool:
        """Whether letters that were not found may only be hidden, by a hold of ours or of a program that was killed."""
        now = self._clock.now()
        if self._interrupted:
            # That program's holds began before this one did.
            self._interrupted = False
            self._claims.hidden_until = max(self._claims.hidden_until, now + self._options.claim_seconds)
        return self._claims.hidden_until > now

    async def _gone(self) -> None:
        gone = list(self._todo)
        self._todo.clear()
        await self._write(
            [Move(key, "skipped", "Not in the dead letter queue, or somebody else holds it.") for key in gone]
        )

    # One batch of ten

    async def _keep(self) -> None:
        now = self.line.progress
        await self._keep_lease(now.words, now.moved)

    async def _move(self, letters: Sequence[DeadLetter]) -> None:
        try:
            await self._keep()
        except ConsoleError:
            for letter in letters:
                await self._claims.give_back(letter.message_id)
            raise
        late = [letter for letter in letters if letter.message_id in self._undeleted]
        fresh = [letter for letter in letters if letter.message_id in self._todo]
        if self.line.stopped or self.line.cancelled:
            for letter in fresh:
                await self._claims.give_back(letter.message_id)
            fresh = []
        for letter in fresh:
            del self._todo[letter.message_id]
        if late:
            await self._delete([letter.message_id for letter in late])
        held = [letter for letter in fresh if await self._claims.still_hold(letter.message_id)]
        lost = {letter.message_id for letter in fresh} - {letter.message_id for letter in held}
        self._todo.update(dict.fromkeys(lost))
        if self._batch.act == "archive":
            await self._write([Move(one.message_id, "archiving") for one in held])
            self._undeleted |= {one.message_id: "" for one in held}
            await self._delete([one.message_id for one in held])
            return
        ready = await self._without_too_large(held)
        if ready:
            await self._send(ready)

    async def _without_too_large(self, letters: Sequence[DeadLetter]) -> list[tuple[DeadLetter, Outgoing]]:
        ready, refused = [], []
        for letter in letters:
            message = self._edits.get(letter.message_id) or Outgoing(*outgoing(letter), letter.trace)
            size = message_size(message.body, message.attributes)
            if size > self._largest:
                words = f"It can't be replayed: it has {size:,} bytes, the queue takes {self._largest:,}."
                refused.append(Move(letter.message_id, "failed", words))
            else:
                ready.append((letter, message))
        await self._write(refused)
        for one in refused:
            await self._claims.give_back(one.message_id)
        return ready

    async def _send(self, ready: Sequence[tuple[DeadLetter, Outgoing]]) -> None:
        ids = [letter.message_id for letter, _ in ready]
        await self._write([Move(key, state) for key in ids for state in ("claimed", "sending")])
        if why := await self._slept(ids):
            await self._write([Move(key, "planned", why) for key in ids])
            self._todo |= dict.fromkeys(ids)
            for key in ids:
                await self._claims.give_back(key)
            return
        at = self._now()
        answers = await self._send_patiently([message for _, message in ready])
        moves = [judged(letter, message, answer) for (letter, message), answer in zip(ready, answers, strict=True)]
        if whole_call_failed(answers):
            # The call as a whole failed: the next one would fail the same way.
            self.line.stop(str(answers[0]))
            moves = [Move(one.message_id, "planned", one.why) if one.state == "failed" else one for one in moves]
            self._todo |= {one.message_id: None for one in moves if one.state == "planned"}
        await self._write(moves)
        sent = [one for one in moves if one.state == "sent"]
        for (_, message), one in zip(ready, moves, strict=True):
            if one.state == "sent":
                self._undeleted[one.message_id] = one.new_message_id
                self._results.sent(one.message_id, message.body, at)
            elif one.state == "unknown":
                self._claims.keep_hidden(one.message_id)
            else:
                await self._claims.give_back(one.message_id)
        await self._delete([one.message_id for one in sent])

    async def _slept(self, ids: Sequence[str]) -> str:
        """Why these may not be sent any more though they might before the journal was written, or "". A hold that ran
        out is taken again; without the lease the line stops."""
        try:
            await self._keep()
        except ConsoleError as error:
            self.line.stop(str(error))
            return str(error)
        return "" if len(self._claims.receipts(ids)) == len(ids) else RAN_OUT

    async def _send_patiently(self, messages: list[Outgoing]) -> list[SentMessage | ConsoleError]:
        """Send; what the queue was too busy for is sent again after a while, and nothing else is."""
        answers = await self._queues.send_many(messages)
        for tried in range(_SEND_TRIES):
            again = [at for at, answer in enumerate(answers) if isinstance(answer, Busy)]
            if not again:
                break
            await asyncio.sleep(0.1 * 2**tried)
            try:
                await self._keep()
            except ConsoleError as error:
                self.line.stop(str(error))
                break
            for at, answer in zip(again, await self._queues.send_many([messages[at] for at in again]), strict=True):
                answers[at] = answer
        return answers

    async def _delete(self, ids: Sequence[str]) -> None:
        """Take these out of the dead letters. What is not confirmed stays in `_undeleted`."""
        left = list(ids)
        problem = "Its hold ran out before it could be deleted."
        for _ in range(_DELETE_TRIES):
            receipts = self._claims.receipts(left)
            if not receipts:
                break
            answers = await self._queues.delete_many(list(receipts.values()))
            # An answer that came after the hold had run out may be to a receipt that was stale by then.
            held = self._claims.receipts(receipts)
            done = [key for key, answer in zip(receipts, answers, strict=True) if answer is None and key in held]
            problem = next((str(answer) for answer in answers if answer is not None), problem)
            end: State = "archived" if self._batch.act == "archive" else "deleted"
            self._settled += [Move(key, end, new_message_id=self._undeleted.get(key, "")) for key in done]
            for key in done:
                self._undeleted.pop(key, None)
                self._claims.drop(key)
            left = [key for key in left if key not in done]
            if not left:
                return
        if self._batch.act == "replay":
            await self._write([Move(key, "delete_unconfirmed", problem) for key in left])
        for key in left:
            await self._claims.give_back(key)

    async def _delete_rest(self, *, to_the_end: bool) -> None:
        """Look for dead letters that were sent and are still there, and take them out.

        `to_the_end`: wait for those that may only be hidden; what is not there then is gone.
        """
        tries: Counter[str] = Counter()
        empty = 0
        while wanted := {key for key in self._undeleted if tries[key] < _DELETE_ROUNDS}:
            await self._keep()
            taken = await self._claims.take(wanted, MOST, wait=1 if empty else 0)
            tries.update(letter.message_id for letter in taken)
            await self._delete([letter.message_id for letter in taken])
            empty = 0 if taken else empty + 1
            if empty >= 2 and not (to_the_end and self._may_come_back()):
                break
        if to_the_end:
            gone = [key for key in self._undeleted if not tries[key]]
            end: State = "archived" if self._batch.act == "archive" else "deleted"
            await self._write([Move(key, end, "Not among the dead letters any more.") for key in gone])
            for key in gone:
                del self._undeleted[key]

    # The journal

    def _goes_on(self) -> bool:
        return bool(self._todo) and not self.line.stopped and not self.line.cancelled

    async def _end(self) -> Progress:
        await self._write_settled()
        if self.line.cancelled:
            left, self._todo = list(self._todo), {}
            await self._write([Move(key, "skipped", "Cancelled.") for key in left])
            if self._batch.act == "archive":
                half, self._undeleted = list(self._undeleted), {}
                await self._write([Move(key, "archive_unconfirmed", STILL_THERE) for key in half])
        # What was sent and not deleted can be finished one by one; what is half in the archive only by its batch.
        undone = len(self._undeleted) if self._batch.act == "archive" else 0
        state, words = self.line.ending(left=len(self._todo) + undone)
        try:
            await asyncio.to_thread(self._journal.end_batch, self._batch.id, state, words)
        except (OSError, sqlite3.Error) as error:
            raise JournalFailed(error) from error
        return self.line.progress

    async def _read(self) -> tuple[dict[str, State], dict[str, Outgoing]]:
        try:
            states = await asyncio.to_thread(self._journal.batch_states, self._batch.id)
            return states, await asyncio.to_thread(self._journal.batch_edits, self._batch.id)
        except (OSError, sqlite3.Error) as error:
            raise JournalFailed(error) from error

    async def _write_settled(self) -> None:
        await self._write([])

    async def _write(self, moves: Sequence[Move]) -> None:
        moves = [*self._settled, *moves]
        self._settled = []
        if moves:
            await self._commits.write(moves)
            self.line.moved(moves)
