"""Acts on many dead letters: weigh, replay or archive, pause, cancel, and go on with what was left."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from app import tasks
from app.actions.dead_letters import DeadLetterActs
from app.actions.letter_items import LetterItems
from app.actions.operations import Operation, Operations, State
from app.actions.registry import ARCHIVE, REPLAY_MANY, Act, why_not
from app.actions.speed import Speed
from app.replay.choice import MERGED, Choice, choose
from app.replay.evidence import StoreEvidence
from app.replay.journal import BatchAct, BatchState, Journal
from app.replay.line import Line, Progress
from app.replay.many import ManyEngine
from app.replay.pace import Options
from app.replay.xray import CANCELLED, FATES, NO_JOB, PAUSED, Directory, Fate, XRay, replay_xray
from app.store.store import Store
from services.domain.errors import ConsoleError, Refused
from services.ports.wishes import DeadLetter, ManyQueues, Outgoing

__all__ = [  # what the sheet shows
    "CANCELLED", "FATES", "MERGED", "NO_JOB", "PAUSED", "Choice", "Directory", "Fate", "LetterBatches", "XRay",
]  # fmt: skip

PACE: Final = Options()
AT_ONCE: Final = 20
"""Jobs that are weighed in one go: a few milliseconds."""
_AS_THEY_ARE: Final[Mapping[str, Outgoing]] = {}
_RUNNING: Final = "An operation on the dead letters is running. Wait for it, or cancel it."
_ACTS: Final[dict[str, BatchAct]] = {REPLAY_MANY.name: "replay", ARCHIVE.name: "archive"}
_ENDS: Final[dict[BatchState, State]] = {"done": "done", "cancelled": "undone", "stopped": "unknown", "open": "unknown"}


class LetterBatches:
    """One batch after the other; each is a row of the Operations list whose id is the batch's.

    `progress`: by that id, of batches of this start. `version` grows with each change of it.
    """

    def __init__(
        self,
        queues: ManyQueues,
        journal: Journal,
        letters: DeadLetterActs,
        operations: Operations,
        store: Store,
        *,
        actor: str,
        pace: Options = PACE,
    ) -> None:
        self._journal = journal
        self._letters = letters
        self._operations = operations
        self._store = store
        self._actor = actor
        self.pace = pace
        self.many = ManyEngine(queues, journal, letters.engine, evidence=StoreEvidence(store))
        letters.stops = self._stops
        self._lines: dict[str, Line] = {}
        self._taken = False
        """Whether one act has the turn, from before its first step until it ended."""
        self._speeds: dict[str, Speed] = {}
        self.progress: dict[str, Progress] = {}
        self.version = 0
        self.items = LetterItems(journal, store, lambda: self.version)
        """What became of each letter of an act on many."""

    def why_not(self, act: Act, ids: Sequence[str]) -> str:
        """Why this act is off for these letters; "" when it may be pressed."""
        if not ids:
            return "Choose dead letters first."
        if refusal := why_not(act, self._letters.role):
            return refusal
        if self._taken:
            return _RUNNING
        if held_by := self._letters.held_by or self._letters.terms.why_not(_ACTS[act.name]):
            return held_by
        if any(
            self._letters.lines[key].doing in ("planned", "waiting", "running")
            for key in ids
            if key in self._letters.lines
        ):
            return "One of these is being replayed."
        return ""

    def weigh(self, ids: Sequence[str]) -> Choice:
        """What a replay of these would do, by what is known now."""
        return self._choose(ids, self.look_into)

    async def weigh_in_turns(self, ids: Sequence[str]) -> Choice:
        """As `weigh`; the window has its turn in between."""
        seen: dict[str, XRay | None] = {}
        for key in ids:
            line = self._letters.lines.get(key)
            if line is not None and line.job_id and line.job_id not in seen:
                seen[line.job_id] = self.look_into(line.job_id)
                if len(seen) % AT_ONCE == 0:
                    await asyncio.sleep(0)
        return self._choose(ids, lambda job_id: seen.get(job_id) or self.look_into(job_id))

    def _choose(self, ids: Sequence[str], look_into: Callable[[str], XRay | None]) -> Choice:
        lines = [self._letters.lines[key] for key in ids if key in self._letters.lines]
        pairs = [(line.letter, line.reading) for line in lines]
        states = {line.id: self._letters.left_of(line) for line in lines}
        return choose(pairs, {key: state for key, state in states.items() if state}, look_into)

    async def replay(
        self, choice: Choice, *, reason: str, archive: bool = False, instead: Mapping[str, Outgoing] = _AS_THEY_ARE
    ) -> None:
        """Send what was weighed, and keep what nobody needs any more in the archive if `archive`. `instead`: what is
        sent in the place of some, by message id; their originals go to the archive.

        Raises ConsoleError before anything is done; how it ends is in the Operations list.
        """
        done = choice.done
        end = await self._new(REPLAY_MANY, choice.send, reason, instead) if choice.send else "done"
        if end == "undone":
            # Who cancels wants nothing more to be done.
            return
        if end != "done":
            # The message that was to be sent instead of these may still be a dead letter, or lost.
            done = tuple(letter for letter in done if choice.rest.get(letter.message_id) != MERGED)
        if archive and done:
            await self._new(ARCHIVE, done, reason)

    async def archive(self, ids: Sequence[str], *, reason: str) -> None:
        """Keep these in the archive and take them out of the queue. Raises and ends as `replay`."""
        await self._new(ARCHIVE, [self._letters.lines[key].letter for key in ids if key in self._letters.lines], reason)

    async def resume(self, operation_id: str) -> None:
        """Go on with a batch that an error or an earlier start has left. Raises ConsoleError when one may not."""
        if refusal := why_not(REPLAY_MANY, self._letters.role):
            raise ConsoleError(refusal)
        with self._turn():
            await self.many.settle_unknown()
            await self._carry_out(operation_id)

    async def give_up(self, operation_id: str) -> None:
        """Leave the rest of such a batch where it is. Raises ConsoleError when one may not."""
        if refusal := why_not(REPLAY_MANY, self._letters.role):
            raise ConsoleError(refusal)
        with self._turn():
            await self.many.give_up(operation_id)
            await self._end(operation_id, "undone", "Given up: what was not sent is still a dead letter.")

    def can_resume(self, operation: Operation) -> bool:
        """Whether there is something to go on with, for somebody who may."""
        may = not why_not(REPLAY_MANY, self._letters.role)
        return may and operation.act in _ACTS and operation.state == "unknown" and not self.is_running(operation.id)

    def is_running(self, operation_id: str) -> bool:
        """Whether this start works on it."""
        line = self._lines.get(operation_id)
        return line is not None and not line.progress.ended

    def pause(self, operation_id: str) -> None:
        """After the send in hand nothing more is sent, until it is pressed again."""
        line = self._lines[operation_id]
        if line.progress.paused:
            line.go_on()
        else:
            line.pause()

    def cancel(self, operation_id: str) -> None:
        """Finish the send in hand, and leave the rest."""
        self._lines[operation_id].cancel()

    def rate(self, operation_id: str) -> float:
        """Messages a second that were moved since it began; 0 while nothing can be said of it."""
        speed = self._speeds.get(operation_id)
        return speed.rate(self.progress[operation_id].moved) if speed is not None else 0.0

    async def settle(self) -> None:
        """After a crash: say of each batch that was cut off that it can be gone on with. Raises Refused."""
        for wish in self._operations.left_behind(*_ACTS):
            try:
                batch = await asyncio.to_thread(self._journal.batch, wish.id)
            except (OSError, sqlite3.Error) as error:
                raise Refused("The journal of replays can't be read.", raw=str(error)) from error
            if batch is None:
                await self._end(wish.id, "failed", "The program ended before anything was done.")
            elif batch.state == "open":
                await self._end(wish.id, "unknown", "The program ended in the middle: go on with it, or give it up.")
            else:
                await self._end(wish.id, _ENDS[batch.state], batch.words)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One act at a time, also when two are pressed in the same moment."""
        if self._taken:
            raise ConsoleError(_RUNNING)
        self._taken = True
        try:
            yield
        finally:
            self._taken = False

    async def _new(
        self, act: Act, letters: Sequence[DeadLetter], reason: str, instead: Mapping[str, Outgoing] = _AS_THEY_ARE
    ) -> State:
        if refusal := self.why_not(act, [letter.message_id for letter in letters]):
            raise ConsoleError(refusal)
        with self._turn():
            return await self._plan(act, letters, reason, instead)

    async def _plan(
        self, act: Act, letters: Sequence[DeadLetter], reason: str, instead: Mapping[str, Outgoing]
    ) -> State:
        label = f"{act.label} {len(letters):,} dead {'letter' if len(letters) == 1 else 'letters'}"
        label += f", {len(instead):,} edited" if instead else ""
        wish = await asyncio.to_thread(
            self._operations.plan, act.name, label, "", actor=self._actor, reason=reason, total=len(letters)
        )
        try:
            left_out = await self.many.plan(
                wish.id, _ACTS[act.name], letters, actor=self._actor, reason=reason, options=self.pace, instead=instead
            )
        except ConsoleError as error:
            await self._end(wish.id, "failed", str(error))
            raise
        return await self._carry_out(wish.id, "".join(f" Not {key}: {why}" for key, why in left_out.items()))

    async def _carry_out(self, operation_id: str, more: str = "") -> State:
        await asyncio.to_thread(self._operations.move, operation_id, "running", "Sending")
        self._letters.in_batch = True
        try:
            progress = await self.many.run(
                operation_id,
                on_change=lambda now: self._changed(operation_id, now),
                on_line=lambda line: self._lines.update({operation_id: line}),
            )
        except Exception as error:
            self._lines.pop(operation_id, None)
            words = str(error) if isinstance(error, ConsoleError) else "Something unexpected happened in the middle."
            await self._end(operation_id, "unknown", words)
            raise
        finally:
            self._letters.in_batch = False
        end = _ENDS[progress.state]
        if end == "done" and (more or progress.moved < progress.total):
            end = "failed"
        named = "".join(f" {key[:8]}: {why}" for key, why in list(progress.failures.items())[:3])
        await self._end(operation_id, end, f"{progress.words}{named}{more}", done=progress.moved)
        tasks.supersede("dlq-scan", self._letters.scan())
        return end

    def _changed(self, operation_id: str, progress: Progress) -> None:
        if operation_id not in self._speeds:
            self._speeds[operation_id] = Speed(progress.moved)
        self.progress[operation_id] = progress
        self._letters.follow_batch(self._lines[operation_id].states)
        self.version += 1

    def look_into(self, job_id: str) -> XRay | None:
        """What a replay would do with this job, by what is known now; None while the jobs are not read."""
        if not self._store.state("jobs").loaded:
            return None
        return replay_xray(job_id, self._store.jobs.get(job_id), self._store.jobs.directories(job_id))

    def _stops(self, job_id: str) -> str:
        seen = self.look_into(job_id)
        return seen.stops if seen is not None else ""

    async def _end(self, operation_id: str, state: State, words: str, *, done: int | None = None) -> None:
        await asyncio.to_thread(self._operations.move, operation_id, state, words, done=done)
        self.version += 1


def start_weighing(batches: LetterBatches, ids: Sequence[str], told: Callable[[Choice], None]) -> None:
    """Call `told` with what a replay of these would do: at once for a few, else as a task, which another start ends."""
    if len(ids) <= AT_ONCE:
        told(batches.weigh(ids))
        return

    async def weigh() -> None:
        told(await batches.weigh_in_turns(ids))

    tasks.supersede("weigh letters", weigh())


def start_replay(
    batches: LetterBatches, choice: Choice, *, reason: str, archive: bool, instead: Mapping[str, Outgoing]
) -> None:
    """Start it as a task; how it ends is in the Operations list."""
    tasks.spawn("replay many", batches.replay(choice, reason=reason, archive=archive, instead=instead))


def start_archive(batches: LetterBatches, ids: Sequence[str], *, reason: str) -> None:
    """Start it as a task; how it ends is in the Operations list."""
    tasks.spawn("archive", batches.archive(ids, reason=reason))


def press(batches: LetterBatches, operation_id: str, act: str) -> None:
    """What was pressed in the Operations list: Pause, Go on, Cancel, Resume or Give up."""
    if act in ("Pause", "Go on"):
        batches.pause(operation_id)
    elif act == "Cancel":
        batches.cancel(operation_id)
    elif act == "Resume":
        tasks.spawn("resume", batches.resume(operation_id))
    else:
        tasks.spawn("give up", batches.give_up(operation_id))


def buttons(batches: LetterBatches, operation: Operation) -> tuple[str, ...]:
    """What can be pressed at an operation of the list."""
    if batches.is_running(operation.id):
        # One that waits for its turn has told nothing yet.
        now = batches.progress.get(operation.id, Progress())
        return ("Go on" if now.paused else "Pause", "Cancel")
    return ("Resume", "Give up") if batches.can_resume(operation) else ()
