"""What the journal and the archive hold, and the acts on it: put back, and say what became of a send."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Literal, TypeVar

import msgspec

from app import tasks
from app.actions.dead_letters import DeadLetterActs
from app.actions.decisions import Decisions
from app.actions.letter_items import name_of
from app.actions.operations import Operations
from app.actions.registry import CONFIRM_TARGET, DECIDE, PUT_BACK, why_not
from app.replay.archive import Archived, elsewhere
from app.replay.journal import Entry, Journal, Step
from app.replay.many import ManyEngine
from app.replay.putting_back import end_of
from app.replay.reading import Reading, read
from app.store.store import Store
from services.domain.errors import ConsoleError, Refused

__all__ = ["Archived", "Entry", "Kept", "Known", "LetterRecords", "Reading", "Record", "Step"]  # what the page shows

_T = TypeVar("_T")
_Done = tuple[int, str, Literal["done", "failed", "unknown"]]
_OPEN: Final = ("unknown", "putting_back")


class Kept(msgspec.Struct, frozen=True):
    """A message of the archive, read."""

    archived: Archived
    reading: Reading

    @property
    def id(self) -> str:
        """The message's id, while it was a dead letter."""
        return self.archived.message_id

    @property
    def job_id(self) -> str:
        """The job that it starts, "" when nobody can read one."""
        return self.reading.message.job_id if self.reading.message else ""


class Record(msgspec.Struct, frozen=True):
    """A message of the journal, read. `operation`: what was asked for with it, "" for one letter alone."""

    entry: Entry
    reading: Reading
    operation: str = ""

    @property
    def id(self) -> str:
        """The message's id, while it was a dead letter."""
        return self.entry.message_id

    @property
    def job_id(self) -> str:
        """The job that it starts, "" when nobody can read one."""
        return self.reading.message.job_id if self.reading.message else ""

    @property
    def is_open(self) -> bool:
        """Whether a person has to say what became of it."""
        return self.entry.state in _OPEN


class Known(msgspec.Struct, frozen=True):
    """What is known of a send without an answer. Times are unix seconds by the server's clock.

    `events`: (when, event) of its job since the send, None where the job's history is not known.
    `in_queue`: whether the last look showed the dead letter, None before the first look.
    """

    sent_at: float
    events: tuple[tuple[float, str], ...] | None
    in_queue: bool | None


class LetterRecords:
    """`kept` and `records` by message id, as of the last `read`. `version` grows with each change of them."""

    def __init__(
        self,
        journal: Journal,
        many: ManyEngine,
        letters: DeadLetterActs,
        operations: Operations,
        store: Store,
        *,
        actor: str,
        decisions: Decisions,
    ) -> None:
        self._decisions = decisions
        letters.terms.decisions = decisions
        self._journal = journal
        self._many = many
        self._letters = letters
        self._operations = operations
        self._store = store
        self._actor = actor
        self.kept: dict[str, Kept] = {}
        self.records: dict[str, Record] = {}
        self.steps: dict[str, list[Step]] = {}
        """By message id, of those that somebody has looked at."""
        self.as_of: float | None = None
        self.problem: ConsoleError | None = None
        self.doing: set[str] = set()
        """Messages that an act is at."""
        self.version = 0

    async def settle(self) -> None:
        """After a crash: end the acts that it cut off, as far as is known. Before anything else is done.

        Raises Refused when the journal can't be read, or the end not be written.
        """
        for wish in self._operations.left_behind(PUT_BACK.name, DECIDE.name, CONFIRM_TARGET.name):
            if wish.ended:
                continue
            state: Literal["done", "failed", "unknown"] = "unknown"
            words = "The program ended in the middle. The journal has what was done."
            if wish.act == DECIDE.name:
                entry = await self._ask(functools.partial(self._journal.entry, wish.target))
                noted = entry is not None and entry.state not in _OPEN
                state = "done" if noted else "failed"
                words = "Noted in the journal." if noted else "The program ended before it was noted."
            await asyncio.to_thread(self._operations.move, wish.id, state, words, done=1 if state == "done" else 0)

    async def read(self) -> None:
        """Read both lists again; a failure is kept in `problem`, the old lists stay."""
        try:
            kept, newest = await self._many.archived(), await self._many.newest()
        except ConsoleError as error:
            self.problem = error
            self.version += 1
            return
        # A body may have a megabyte.
        known = (dict(self.kept), dict(self.records))
        self.kept, self.records = await asyncio.to_thread(_read_all, kept, newest, known, self._labels())
        self.problem, self.as_of = None, self._store.now()
        self.version += 1

    async def read_steps(self, message_id: str) -> None:
        """Read what was written of one message; what can't be read is left as it was."""
        try:
            self.steps[message_id] = await self._ask(lambda: self._journal.steps(message_id))
        except ConsoleError as error:
            self.problem = error
        self.version += 1

    def known(self, record: Record) -> Known:
        """The evidence on a send without an answer, as far as it was read."""
        began = max((step.at for step in self.steps.get(record.id, []) if step.state in ("sending", "putting_back")),
                    default=record.entry.changed_at)  # fmt: skip
        sent_at = began + self._store.now() - time.time()
        message = record.reading.message
        events = None
        if message is not None and self._store.jobs.get(message.job_id) is not None:
            history = self._store.jobs.history(message.job_id)
            events = tuple((one.created_at or 0.0, one.event) for one in history if (one.created_at or 0.0) >= sent_at)
        looked = self._letters.look.as_of is not None
        return Known(sent_at, events, record.id in self._letters.lines if looked else None)

    def why_not_decide(self, record: Record | None) -> str:
        """Why nobody is asked what became of this send; "" when one may say."""
        if record is None or not record.is_open:
            return "What became of this message is known."
        if record.id in self.doing:
            return "This is being written down."
        return why_not(DECIDE, self._letters.role)

    def why_not_put_back(self, ids: Sequence[str]) -> str:
        """Why "put back" is off for these messages of the archive; "" when it may be pressed."""
        return self._why_none_goes(ids) or next(filter(None, map(self._stays(), ids)), "")

    def may_go(self, ids: Sequence[str]) -> tuple[list[str], str]:
        """Those of these messages that may be put back, and why the first of the others stays, "" when none does."""
        if why := self._why_none_goes(ids):
            return [], why
        stays = self._stays()
        whys = {key: stays(key) for key in ids}
        return [key for key, why in whys.items() if not why], next(filter(None, whys.values()), "")

    def _why_none_goes(self, ids: Sequence[str]) -> str:
        if not ids:
            return "Choose archived letters first."
        return why_not(PUT_BACK, self._letters.role) or self._letters.terms.why_not("put_back")

    def _stays(self) -> Callable[[str], str]:
        """Says why a message stays in the archive, "" when it may go."""
        figures = self._letters.look.figures
        dlq = figures.arn if figures is not None else ""

        def why(key: str) -> str:
            if key in self.doing:
                return "One of these is being put back."
            if key not in self.kept:
                return ""
            one = self.kept[key].archived
            if one.sent_body:
                return "One of these was replayed with another body: its job was started."
            if one.state == "putting_back":
                return "Nobody knows yet whether one of these was put back. Say so in the journal."
            if one.state in ("planned", "claimed", "archiving"):
                return "An operation is at one of these: go on with it, or give it up, first."
            return elsewhere(one, dlq)

        return why

    def of_unknown_origin(self, ids: Sequence[str]) -> int:
        """Of how many of these nobody knows which queue they came from."""
        return sum(not self.kept[key].archived.dlq for key in ids if key in self.kept)

    async def decide(self, message_id: str, *, sent: bool, reason: str) -> None:
        """Write down what a person knows of a send. Raises ConsoleError when one may not, or it is known already."""
        if refusal := self.why_not_decide(self.records.get(message_id)):
            raise ConsoleError(refusal)
        label = f"Decide 1 send: it was {'' if sent else 'not '}sent"

        async def write(request_id: str) -> _Done:
            name = self._decisions.name(request_id)
            await self._many.decide(message_id, sent=sent, actor=self._actor, reason=reason, request_id=name)
            await self._letters.look_up(message_id)
            return 1, await self._decisions.tell(request_id), "done"

        await self._act(DECIDE.name, label, [message_id], reason, write)

    async def put_back(self, ids: Sequence[str], *, reason: str, here: bool = False) -> None:
        """Send these to the dead letters again; `here`: also those of which nobody knows where they came from.
        Raises ConsoleError when one may not; how it ends is in the Operations list."""
        if refusal := self.why_not_put_back(ids):
            raise ConsoleError(refusal)
        letters = "letter" if len(ids) == 1 else "letters"
        label = f"Put back {len(ids):,} archived {letters}"
        answers: dict[str, str | ConsoleError] = {}
        act = functools.partial(self._put_back, ids, reason, here, answers)
        names = {key: self._name(key) for key in ids}
        request_id = await self._act(PUT_BACK.name, label, ids, reason, act)
        if len(ids) > 1:
            await asyncio.to_thread(self._keep_items, request_id, answers, names)
        tasks.supersede("dlq-scan", self._letters.scan())

    async def _put_back(
        self, ids: Sequence[str], reason: str, here: bool, answers: dict[str, str | ConsoleError], request_id: str
    ) -> _Done:
        answers.update(await self._many.put_back_many(ids, request_id=request_id, reason=reason, here=here))
        failures = [f"{key[:8]}: {answer}" for key, answer in answers.items() if isinstance(answer, ConsoleError)]
        done = len(ids) - len(failures)
        words = f"{done:,} of {len(ids):,} done."
        if len(ids) == 1 and not failures:
            new_id = answers[ids[0]]
            words = "It was a dead letter still." if new_id == ids[0] else f"Put back as {new_id}."
        return done, " ".join([words, *failures[:3]]), end_of(answers)

    async def _act(
        self, name: str, label: str, ids: Sequence[str], reason: str, act: Callable[[str], Awaitable[_Done]]
    ) -> str:
        """One row of the Operations list, and its id, which `act` is given; that gives how many were done, words, and
        the end."""
        self.doing.update(ids)
        self.version += 1
        try:
            wish = await asyncio.to_thread(
                self._operations.plan, name, label, ids[0] if len(ids) == 1 else "", actor=self._actor, reason=reason,
                total=len(ids),
            )  # fmt: skip
            try:
                done, words, end = await act(wish.id)
            except ConsoleError as error:
                await asyncio.to_thread(self._operations.move, wish.id, "failed", str(error))
                raise
            except Exception:
                # What nobody foresaw: it may have been done.
                words = "Something unexpected happened in the middle."
                await asyncio.to_thread(self._operations.move, wish.id, "unknown", words)
                raise
            await asyncio.to_thread(self._operations.move, wish.id, end, words, done=done)
            return wish.id
        finally:
            self.doing.difference_update(ids)
            await self.read()
            for key in ids:
                await self.read_steps(key)

    def _keep_items(self, request_id: str, answers: Mapping[str, str | ConsoleError], names: Mapping[str, str]) -> None:
        """What came of each letter, for the row of the Operations list; where that can't be written, the journal has
        it all the same."""
        with contextlib.suppress(Refused):
            self._operations.add_items(request_id, PUT_BACK.name, self._actor, (
                (names[key], key, end_of({key: answer}),
                 str(answer) if isinstance(answer, ConsoleError) else f"Put back as {answer}.")
                for key, answer in answers.items()
            ))  # fmt: skip

    def _name(self, message_id: str) -> str:
        kept = self.kept.get(message_id)
        return name_of(self._store, kept.job_id, kept.reading.what, message_id) if kept is not None else message_id

    def _labels(self) -> dict[str, str]:
        return {wish.id: wish.label for wish in self._operations.newest_first()}

    async def _ask(self, act: Callable[[], _T]) -> _T:
        try:
            return await asyncio.to_thread(act)
        except (OSError, sqlite3.Error) as error:
            raise Refused("The journal can't be read.", hint="Is the disk full?", raw=str(error)) from error


def _read_all(
    archived: list[Archived],
    newest: list[Entry],
    known: tuple[dict[str, Kept], dict[str, Record]],
    labels: dict[str, str],
) -> tuple[dict[str, Kept], dict[str, Record]]:
    """Both lists by message id; a body that was read before isn't read again."""
    now = time.time()
    kept, records = {}, {}
    for one in archived:
        old = known[0].get(one.message_id)
        reading = old.reading if old is not None else read(one.letter, now=now)
        kept[one.message_id] = Kept(one, reading)
    for entry in newest:
        before = known[1].get(entry.message_id)
        reading = before.reading if before is not None else read(entry.letter, now=now)
        records[entry.message_id] = Record(entry, reading, labels.get(entry.batch, ""))
    return kept, records


def start_read(records: LetterRecords) -> None:
    """Read both lists again, as a task."""
    tasks.supersede("letter records", records.read())


def start_steps(records: LetterRecords, message_id: str) -> None:
    """Read what was written of one message, as a task."""
    tasks.supersede("letter steps", records.read_steps(message_id))


def start_decide(records: LetterRecords, message_id: str, *, sent: bool, reason: str) -> None:
    """Start it as a task; how it ends is in the Operations list."""
    tasks.spawn("decide", records.decide(message_id, sent=sent, reason=reason))


def start_put_back(records: LetterRecords, ids: Sequence[str], *, reason: str, here: bool) -> None:
    """Start it as a task; how it ends is in the Operations list."""
    tasks.spawn("put back", records.put_back(ids, reason=reason, here=here))
