"""Acts on dead letters, and the list of them that the page shows."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from app import tasks
from app.actions.letter_ends import ended, left_by
from app.actions.letter_line import Doing, LetterLine, Out, read_all
from app.actions.operations import Operations, State
from app.actions.queue_terms import QueueTerms
from app.actions.queue_watch import QueueWatch
from app.actions.registry import EDIT, REPLAY, SCAN, why_not
from app.replay.engine import Replayed, ReplayEngine
from app.replay.journal import Journal
from app.replay.journal import State as ReplayState
from app.replay.writer import Writer
from services.domain.errors import ConsoleError, NotPermitted, Refused
from services.ports.wishes import Outgoing, QueueFigures, Queues

UNDO_SECONDS: Final = 5.0
_OUTCOMES: Final[dict[str, State]] = {
    "replayed": "done",
    "duplicate_possible": "unknown",
    "unknown": "unknown",
    "failed": "failed",
    "gone": "failed",
}

_DOING: Final[dict[str, Doing]] = {"unknown": "unknown", "duplicate_possible": "duplicate_possible"}
_IN_BATCH: Final[dict[ReplayState, Doing]] = {
    "planned": "waiting", "claimed": "waiting", "sending": "running", "sent": "running", "archiving": "running",
}  # fmt: skip


class Look(msgspec.Struct, frozen=True):
    """The state of the list. `as_of` is None before the first look; `problem` is a sentence or "", `raw` is for
    experts, `denied`: a right is missing.

    `hidden_until`: until then (unix seconds) the last look hides the messages from everybody.
    """

    as_of: float | None = None
    looking: bool = False
    problem: str = ""
    hint: str = ""
    raw: str = ""
    denied: bool = False
    figures: QueueFigures | None = None
    main: QueueFigures | None = None
    hidden_until: float = 0.0


class DeadLetterActs:
    """The inventory and the replay of single letters. `version` grows with each change of what is shown."""

    def __init__(
        self,
        queues: Queues,
        journal: Journal,
        operations: Operations,
        *,
        actor: str,
        role: str | None,
        undo_seconds: float = UNDO_SECONDS,
        clock: Callable[[], float] = time.time,
        writer: Writer | None = None,
        held_by: Callable[[str], str] = lambda _: "",
    ) -> None:
        """`held_by` is given the DLQ's ARN and says who else works on it, "" for nobody; `writer` as the engine's."""
        self._journal = journal
        self.engine = ReplayEngine(queues, journal, writer)
        self.watch = QueueWatch(queues, clock=clock)
        self._held_by = held_by
        self._operations = operations
        self.terms = QueueTerms(queues, self.engine, operations, actor=actor)
        self._actor = actor
        self.role = role
        """Whose hands these are: it becomes known later where the project did not answer at the start."""
        self.in_batch = False
        """A batch receives: a look would have to wait for its end, and is not needed before."""
        self._undo_seconds = undo_seconds
        self._clock = clock
        self._undo: dict[str, asyncio.Event] = {}
        self._total = self._visible = 0
        self.version = 0
        self.stops: Callable[[str], str] = lambda _: ""
        """Why a job would not run, by what is known of it, "" when it would."""
        self.lines: dict[str, LetterLine] = {}
        self.ways_out: dict[str, Out] = {}
        """How letters left the queue by this console, since its start."""
        self.look = Look()

    @property
    def undo_seconds(self) -> float:
        """How long a replay can be taken back."""
        return self._undo_seconds

    def job_ids(self) -> set[str]:
        """Jobs that have a message among the dead letters, as far as the last look says."""
        return {line.job_id for line in self.lines.values() if line.job_id}

    @property
    def held_by(self) -> str:
        """Who else works on the dead letters, as a sentence; "" when nobody does, as far as the project says."""
        return self._held_by(self.look.figures.arn) if self.look.figures is not None else ""

    def why_not_replay(self, line: LetterLine | None) -> str:
        """Why "replay" is off for this letter; "" when it may be pressed."""
        if line is None:
            return "Choose a dead letter first."
        if refusal := why_not(REPLAY, self.role):
            return refusal
        # What was sent before, perhaps with another body, only has to be deleted.
        sent = line.doing == "duplicate_possible"
        if refusal := self.held_by or self.terms.why_not("archive" if sent else "replay"):
            return refusal
        if line.problem and not sent:
            return f"{line.problem} It would only come back."
        return line.busy or ("" if sent else self.stops(line.job_id))

    def why_not_edit(self, line: LetterLine | None) -> str:
        """Why this letter can't be sent with another body; "" when it may."""
        if line is None:
            return "Choose a dead letter first."
        if line.doing == "duplicate_possible":
            return "It was sent already: only what is left of it can be deleted."
        return why_not(EDIT, self.role) or self.held_by or self.terms.why_not("replay") or line.busy

    async def scan(self) -> None:
        """Look at the queue again; a failure is kept in `look.problem`, the old list stays."""
        if self.in_batch:
            return
        if refusal := why_not(SCAN, self.role):
            self._set_look(looking=False, problem=refusal, hint="A look hides the letters from everybody for a while.")
            return
        if held_by := self.held_by:
            self._set_look(looking=False, problem=held_by, hint="A look would hide letters from them.")
            return
        self._set_look(looking=True)
        try:
            main = await self._main()
            asked_at = self._clock()
            found = await self.engine.look()
            await self.terms.look(main, found.figures)
            states = await self.engine.states()
        except ConsoleError as error:
            self._set_problem(error, looking=False)
            return
        # A body may have a megabyte, and a look two hundred of them.
        readings = await asyncio.to_thread(read_all, found.letters, dict(self.lines), self._clock())
        jobs = Counter(reading.message.job_id for reading in readings.values() if reading.message)
        fresh: dict[str, LetterLine] = {}
        for letter in found.letters:
            old = self.lines.get(letter.message_id)
            reading = readings[letter.message_id]
            fresh[letter.message_id] = LetterLine(
                letter,
                reading,
                (old.doing if old is not None else "") or left_by(states.get(letter.message_id)),
                old.undo_until if old else 0.0,
                found.figures.kept_seconds,
                jobs[reading.message.job_id] - 1 if reading.message else 0,
                old.since if old is not None else 0.0,
            )
        # A letter that a replay holds right now is hidden from the look, not gone; one whose replay was cut off
        # stays hidden for a while longer, as long as the queue counts more than it showed.
        hidden = found.figures.visible + found.figures.in_flight - len(found.letters)
        for key, old in self.lines.items():
            if key not in fresh and (old.doing in ("planned", "waiting", "running") or (old.doing and hidden > 0)):
                fresh[key] = old
        self.lines = fresh
        self.watch.take("dlq", found.figures, asked_at)
        # What a later look would find is judged by the counts of this one: others may hold messages that we don't see.
        self._total = found.figures.visible + found.figures.in_flight
        self._visible = max(found.figures.visible, len(found.letters))
        self._set_look(
            looking=False,
            problem="",
            hint="",
            raw="",
            denied=False,
            as_of=self._clock(),
            figures=found.figures,
            main=main,
            hidden_until=self._clock() + found.hidden_for if found.hidden_for else 0.0,
        )

    async def _main(self) -> QueueFigures | None:
        """The main queue's counts. `watch` keeps why there are none: the dead letters are there all the same."""
        try:
            return await self.watch.figures("main")
        except ConsoleError:
            return None

    async def follow(self) -> None:
        """Look again only where the counts tell of other messages: a look hides them from everybody for a while."""
        try:
            main = await self._main()
            figures = await self.watch.figures("dlq")
        except ConsoleError as error:
            self._set_problem(error)
            return
        watched = not self.in_batch and (not self.held_by or bool(self.look.problem))
        if watched and (
            self.look.as_of is None
            or self.look.problem
            or figures.visible + figures.in_flight != self._total
            or figures.visible > self._visible
        ):
            await self.scan()
        else:
            self._set_look(as_of=self._clock(), figures=figures, main=main)

    async def replay(self, message_id: str, *, reason: str = "", instead: Outgoing | None = None) -> Replayed | None:
        """Replay one letter after the time to undo; None when it was undone. Raises Refused before anything is sent.

        `instead`: what is sent in its place, where somebody has changed it.
        """
        line = self.lines.get(message_id)
        if refusal := self.why_not_replay(line) if instead is None else self.why_not_edit(line):
            raise ConsoleError(refusal)
        assert line is not None
        resume = line.doing == "duplicate_possible"
        undone = asyncio.Event()
        # Marked before the first await: a second press finds it taken.
        if resume:
            self._mark(message_id, "running")
        else:
            self._undo[message_id] = undone
            self._mark(message_id, "planned", undo_until=self._clock() + self._undo_seconds)
        # Not by the clock on the wall: that may be set back meanwhile.
        send_at = asyncio.get_running_loop().time() + self._undo_seconds
        try:
            wish = await asyncio.to_thread(
                self._operations.plan, REPLAY.name, _label(line, instead), message_id,
                actor=self._actor, reason=reason,
            )  # fmt: skip
        except ConsoleError:
            self._undo.pop(message_id, None)
            self._mark(message_id, line.doing)
            raise
        try:
            answer = await self._carry_out(line, wish.id, None if resume else undone, send_at, reason, instead)
        except Exception as error:
            # What nobody foresaw too: the journal knows how far it came, and nothing may look as if it went on.
            left = await self._left_now(message_id)
            words = str(error) if isinstance(error, ConsoleError) else "Something unexpected happened in the middle."
            self._mark(message_id, left)
            await self._end(wish.id, "unknown" if left == "unknown" else "failed", words)
            raise
        finally:
            self._undo.pop(message_id, None)
        if answer is None:
            self._mark(message_id, "")
            await self._end(wish.id, "undone", "Undone; nothing was sent.")
            return None
        if answer.outcome in ("replayed", "gone"):
            self.lines.pop(message_id, None)
            if answer.outcome == "replayed":
                self.ways_out[message_id] = "replayed"
            self.version += 1
        else:
            self._mark(message_id, _DOING.get(answer.outcome, ""))
        await self._end(wish.id, _OUTCOMES[answer.outcome], answer.words, done=1 if answer.outcome == "replayed" else 0)
        tasks.supersede("dlq-scan", self.scan())
        return answer

    async def look_up(self, message_id: str) -> None:
        """Show what the journal says of a letter now: a person has decided. Raises ConsoleError."""
        self._mark(message_id, await self._left_now(message_id))

    def follow_batch(self, states: Mapping[str, ReplayState]) -> None:
        """Show how far a batch is with each of its letters."""
        for key, state in states.items():
            line = self.lines.get(key)
            if line is None:
                continue
            if state in ("deleted", "archived"):
                del self.lines[key]
                self.ways_out[key] = "archived" if state == "archived" else "replayed"
            elif (doing := _IN_BATCH.get(state, left_by(state))) != line.doing:
                self.lines[key] = self._moved(line, doing)
        self.version += 1

    def left_of(self, line: LetterLine) -> ReplayState | None:
        """What the journal says of a letter that must not be sent again; None when it may be."""
        if line.doing == "unknown":
            return "unknown"
        return "delete_unconfirmed" if line.doing == "duplicate_possible" else None

    def undo(self, message_id: str) -> None:
        """Take a replay back while its time to undo runs."""
        event = self._undo.get(message_id)
        if event is not None:
            event.set()

    async def settle(self) -> None:
        """After a crash: end the wishes of replays as the journal knows them. Before anything else is done.

        Raises Refused when that can't be written.
        """
        try:
            await asyncio.to_thread(self._journal.settle_after_crash)
        except (OSError, sqlite3.Error) as error:
            raise Refused(
                "The journal of replays can't be written.", hint="Is the disk full?", raw=str(error)
            ) from error
        for wish in self._operations.left_behind(REPLAY.name):
            state, words = ended(wish, await self.engine.entry(wish.target))
            if state != wish.state:
                await self._end(wish.id, state, words, done=1 if state == "done" else 0)

    async def _carry_out(
        self,
        line: LetterLine,
        wish_id: str,
        undone: asyncio.Event | None,
        send_at: float,
        reason: str,
        instead: Outgoing | None,
    ) -> Replayed | None:
        """Plan, wait until `send_at` by the loop's clock, send; None when it was undone in time.

        `undone` is None for one that was sent before.
        """
        if undone is not None:
            await self.engine.plan(line.letter, actor=self._actor, reason=reason, instead=instead)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(send_at):
                    await undone.wait()
            if undone.is_set():
                await self.engine.undo(line.id)
                return None
        self._undo.pop(line.id, None)
        self._mark(line.id, "running")
        await asyncio.to_thread(self._operations.move, wish_id, "running", "Sending")
        return await self.engine.replay(line.id, request_id=wish_id)

    async def _left_now(self, message_id: str) -> Doing:
        try:
            entry = await self.engine.entry(message_id)
        except ConsoleError:
            return "unknown"
        return left_by(entry.state if entry else None)

    def _mark(
        self,
        message_id: str,
        doing: Doing,
        *,
        undo_until: float = 0.0,
    ) -> None:
        line = self.lines.get(message_id)
        if line is not None:
            self.lines[message_id] = self._moved(line, doing, undo_until=undo_until)
        self.version += 1

    def _moved(self, line: LetterLine, doing: Doing, *, undo_until: float = 0.0) -> LetterLine:
        since = line.since if doing == line.doing else self._clock()
        return msgspec.structs.replace(line, doing=doing, undo_until=undo_until, since=since)

    def _set_problem(self, error: ConsoleError, **changes: object) -> None:
        denied = isinstance(error, NotPermitted)
        self._set_look(problem=str(error), hint=error.hint, raw=error.raw, denied=denied, **changes)

    def _set_look(self, **changes: object) -> None:
        self.look = msgspec.structs.replace(self.look, **changes)
        self.version += 1

    async def _end(self, wish_id: str, state: State, words: str, *, done: int = 0) -> None:
        await asyncio.to_thread(self._operations.move, wish_id, state, words, done=done)


def _label(line: LetterLine, instead: Outgoing | None) -> str:
    return f"Replay 1 {'message' if instead is None else 'edited message'} of job {line.job_id[:8]}".rstrip()


def start_replay(acts: DeadLetterActs, message_id: str, *, reason: str = "", instead: Outgoing | None = None) -> None:
    """Start the replay of one letter as a task; how it ends is in the Operations list."""
    tasks.spawn("replay", acts.replay(message_id, reason=reason, instead=instead))


def start_scan(acts: DeadLetterActs) -> None:
    """Look at the queue again as a task; a failure is kept in `look.problem`."""
    acts.terms.try_again()
    tasks.supersede("dlq-scan", acts.scan())
