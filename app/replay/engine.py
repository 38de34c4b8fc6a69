"""Replays a dead letter: send, verify, delete, with every step in the journal first."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from typing import Final, Literal

import msgspec

from app.replay.awake import Clock
from app.replay.journal import SENT, Entry, Journal, State
from app.replay.linter import outgoing
from app.replay.target import Target, target
from app.replay.writer import Writer
from services.domain.checksums import attributes_md5, body_md5
from services.domain.errors import ConsoleError, NotInstalled, NotPermitted, Refused
from services.ports.wishes import DeadLetter, Decision, Outgoing, QueueFigures, Queues

LOOK_VISIBILITY: Final = 10
"""Seconds for which a look hides a message where it can't be given back."""
CLAIM_VISIBILITY: Final = 60
_SCAN_LIMIT: Final = 200
_STATES: Final = {
    "replayed": "done", "duplicate_possible": "unknown", "unknown": "unknown", "failed": "failed", "gone": "failed",
}  # fmt: skip
"""How the operation of a single replay ends, by its outcome."""
UNDONE: Final = "Undone."
_RAN_OUT: Final = "Its hold ran out, as when this computer slept."
"""Why a replay was skipped that its person took back."""


class Inventory(msgspec.Struct, frozen=True):
    """One look at the DLQ. `hidden_for`: seconds for which the messages stay hidden, 0 when given back."""

    letters: list[DeadLetter]
    figures: QueueFigures
    hidden_for: int = 0


class Replayed(msgspec.Struct, frozen=True):
    """How one replay ended; `words` is a sentence for staff."""

    outcome: Literal["replayed", "duplicate_possible", "unknown", "failed", "gone"]
    words: str
    new_message_id: str = ""


class ReplayEngine:
    """Works on one DLQ. One replay or look at a time: both receive, and would hide messages from each other.

    `writer` None: there is no project whose other consoles could be asked.
    """

    def __init__(
        self, queues: Queues, journal: Journal, writer: Writer | None = None, *, clock: Clock | None = None
    ) -> None:
        self._queues = queues
        self._journal = journal
        self.writer = writer or Writer(queues)
        self.clock = clock or Clock()
        self.turn = asyncio.Lock()
        """Held by whoever receives."""
        self.hidden_until = 0.0
        """Until then, by the clock, messages that could not be given back are hidden from us too."""
        self._held_until = 0.0
        """Until then, by the clock, the message that was found is held."""

    async def look(self) -> Inventory:
        """Everything that the DLQ shows now; each message is given back at once where that is allowed.

        Raises Refused when the DLQ has a redrive policy of its own: looking would push messages on.
        """
        async with self.turn:
            await self.until_visible()
            figures = await self._queues.figures("dlq")
            if figures.redrive_target_arn:
                raise Refused(
                    "This dead letter queue moves messages on after a few looks, so it can't be listed safely.",
                    hint="Ask an admin to remove the redrive policy of the dead letter queue.",
                )
            seen: dict[str, DeadLetter] = {}
            # One empty answer isn't proof: SQS samples its servers, and only a long poll asks all of them.
            empty = wait = 0
            while empty < 2 and len(seen) < _SCAN_LIMIT:
                batch = await self._queues.receive_dead(limit=10, visibility=LOOK_VISIBILITY, wait=wait)
                fresh = [letter for letter in batch if letter.message_id not in seen]
                empty = 0 if fresh else empty + 1
                seen.update({letter.message_id: letter for letter in batch})
                if empty == 2 and not wait and len(seen) < figures.visible:
                    empty, wait = 0, 1
            hidden_for = await self._give_back(list(seen.values()), LOOK_VISIBILITY)
            return Inventory(list(seen.values()), figures, hidden_for)

    async def plan(self, letter: DeadLetter, *, actor: str, reason: str, instead: Outgoing | None = None) -> None:
        """Write the wish down, message and all, and what is sent `instead` of it where somebody has changed it.

        Raises Refused when the journal can't be written, or forbids it, and where the queues don't belong together.
        """
        dlq = await self.require_target()
        try:
            why_not = await asyncio.to_thread(
                self._journal.plan, letter, actor=actor, reason=reason, dlq=dlq, instead=instead
            )
        except (OSError, sqlite3.Error) as error:
            raise Refused("The journal can't be written, so nothing is sent.", raw=str(error)) from error
        if why_not:
            raise Refused(why_not)

    async def target(self, main: QueueFigures, dlq: QueueFigures) -> Target:
        """Whether the main queue is where these dead letters come from; `named` also once an admin has confirmed it.

        Raises Refused when the journal can't be read.
        """
        found = target(main, dlq)
        if found.state != "unnamed":
            return found
        try:
            confirmed = await asyncio.to_thread(self._journal.confirmed_target, main.arn, dlq.arn)
        except (OSError, sqlite3.Error) as error:
            raise _unreadable(error) from error
        return Target("named") if confirmed else found

    async def confirm_target(self, *, actor: str, reason: str, request_id: str = "") -> None:
        """An admin says that the dead letters come from the main queue, which names none. `request_id`: for the
        project's audit, "" where there is none. Raises ConsoleError."""
        main, dlq = await self._queues.figures("main"), await self._queues.figures("dlq")
        if (found := target(main, dlq)).state != "unnamed":
            raise Refused(found.words or "The main queue says so itself: there is nothing to confirm.")
        said = f"The dead letters of {main.arn or 'the main queue'} come to {dlq.arn}."
        decision = Decision(request_id, "confirm_target", dlq.arn, said, reason, "", actor, time.time())
        try:
            await asyncio.to_thread(
                self._journal.confirm_target, main.arn, dlq.arn, actor=actor, reason=reason,
                decision=decision if request_id else None,
            )  # fmt: skip
        except (OSError, sqlite3.Error) as error:
            raise Refused("The journal can't be written.", hint="Is the disk full?", raw=str(error)) from error

    async def require_target(self) -> str:
        """The ARN of the dead letter queue. Raises Refused where its letters are not the main queue's, or nobody has
        confirmed that they are, and NotPermitted where that can't be asked."""
        dlq = await self._queues.figures("dlq")
        found = await self.target(await self._queues.figures("main"), dlq)
        if found.state != "named":
            raise Refused(found.words, hint="Check SQS_QUEUE_URL and SQS_DLQ_URL.")
        return dlq.arn

    async def undo(self, message_id: str) -> None:
        """Drop a planned replay."""
        await self._note(message_id, "skipped", why=UNDONE)

    async def entry(self, message_id: str) -> Entry | None:
        """What the journal has of a message's replay. Raises Refused when it can't be read."""
        try:
            return await asyncio.to_thread(self._journal.entry, message_id)
        except (OSError, sqlite3.Error) as error:
            raise _unreadable(error) from error

    async def states(self) -> dict[str, State]:
        """Message id -> how far its replay came. Raises Refused when the journal can't be read."""
        try:
            return await asyncio.to_thread(self._journal.states)
        except (OSError, sqlite3.Error) as error:
            raise _unreadable(error) from error

    async def replay(self, message_id: str, *, request_id: str = "") -> Replayed:
        """Carry out a planned replay, or finish one whose delete was not confirmed. `request_id`: for the audit.

        Never sends a message whose earlier send has no known end. Raises Refused before anything is sent.
        """
        async with self.turn, self.writer:
            entry = await self.entry(message_id)
            if entry is None:
                raise Refused("This replay was never planned.")
            if entry.state in ("sending", "unknown"):
                return Replayed("unknown", "An earlier send has no known end. It is not repeated by itself.")
            if request_id:
                label = "Replay 1 edited dead letter" if entry.sent_body else "Replay 1 dead letter"
                await self.writer.begin(request_id, "replay", label, total=1, reason=entry.reason)
            try:
                answer = await self._carry_out(entry)
            except ConsoleError as error:
                await self.writer.end(request_id, "unknown", str(error), 0)
                raise
            if request_id:
                state = _STATES[answer.outcome]
                await self.writer.end(request_id, state, answer.words, int(answer.outcome == "replayed"))
            return answer

    async def _carry_out(self, entry: Entry) -> Replayed:
        await self.until_visible()
        letter = await self._find(entry.message_id)
        if entry.state in SENT:
            return await self._finish(letter, entry.new_message_id)
        if letter is None:
            await self._note(entry.message_id, "skipped", why="Not in the dead letter queue any more.")
            return Replayed("gone", "This message is not in the queue any more, or somebody else holds it.")
        await self._note(entry.message_id, "claimed")
        try:
            await self.writer.keep()
        except Refused as error:
            await self._note(entry.message_id, "failed", why=str(error))
            await self._give_back([letter], CLAIM_VISIBILITY)
            return Replayed("failed", str(error))
        return await self._send(letter, entry)

    async def holds(self, message_id: str) -> bool:
        """Whether the queue shows this dead letter still; for who has the turn. Raises Refused while somebody else
        holds some: then nobody can tell."""
        await self.until_visible()
        # Before our own look hides some.
        others_hold = (await self._queues.figures("dlq")).in_flight
        letter = await self._find(message_id)
        await self._give_back([letter] if letter is not None else [], CLAIM_VISIBILITY)
        if letter is None and others_hold:
            raise Refused("Somebody holds dead letters now, perhaps this one.", hint="Try again in a few minutes.")
        return letter is not None

    async def _send(self, letter: DeadLetter, entry: Entry) -> Replayed:
        await self._note(letter.message_id, "sending")
        if why := await self._slept():
            await self._note(letter.message_id, "failed", why=why)
            await self._give_back([letter], CLAIM_VISIBILITY)
            return Replayed("failed", f"{why} Nothing was sent: replay it again.")
        body, attributes = (entry.sent_body, entry.sent_attributes) if entry.sent_body else outgoing(letter)
        try:
            sent = await self._queues.send(body, attributes, letter.trace)
        except (NotPermitted, NotInstalled, Refused) as error:
            await self._note(letter.message_id, "failed", why=str(error))
            await self._give_back([letter], CLAIM_VISIBILITY)
            return Replayed("failed", str(error))
        except ConsoleError as error:
            await self._note(letter.message_id, "unknown", why=str(error))
            return Replayed("unknown", f"The send has no answer: it is not repeated by itself. {error}")
        if sent.body_md5 != body_md5(body) or sent.attributes_md5 != attributes_md5(attributes):
            await self._note(letter.message_id, "unknown", why="The checksums differ.", new_message_id=sent.message_id)
            await self._give_back([letter], CLAIM_VISIBILITY)
            return Replayed("unknown", "The queue took something else than was sent. The dead letter is kept.")
        await self._note(letter.message_id, "sent", new_message_id=sent.message_id)
        return await self._delete(letter, sent.message_id)

    async def _finish(self, letter: DeadLetter | None, new_id: str) -> Replayed:
        """The rest of a replay that has sent. A letter that isn't seen may only be hidden: its entry stays."""
        if letter is None:
            return Replayed("duplicate_possible", "It was sent; the dead letter is deleted, or hidden for now.", new_id)
        return await self._delete(letter, new_id)

    async def _delete(self, letter: DeadLetter, new_id: str) -> Replayed:
        try:
            if self._is_held():
                await self._queues.delete_dead(letter.receipt)
            if not self._is_held():
                # The queue says yes to an old receipt too, and deletes nothing.
                raise Refused(_RAN_OUT)
        except ConsoleError as error:
            await self._note(letter.message_id, "delete_unconfirmed", why=str(error), new_message_id=new_id)
            return Replayed(
                "duplicate_possible", f"It was sent, but the dead letter could not be deleted: {error}", new_id
            )
        await self._note(letter.message_id, "deleted", new_message_id=new_id)
        return Replayed("replayed", "Sent, verified and taken out of the dead letters.", new_id)

    async def _find(self, message_id: str) -> DeadLetter | None:
        """Hold one message for the time of a replay; everything else that had to be looked at is given back."""
        found: DeadLetter | None = None
        others: list[DeadLetter] = []
        seen: set[str] = set()
        empty = 0
        while found is None and empty < 2:
            self._held_until = self.clock.now() + CLAIM_VISIBILITY
            batch = await self._queues.receive_dead(limit=10, visibility=CLAIM_VISIBILITY, wait=1)
            empty = 0 if any(letter.message_id not in seen for letter in batch) else empty + 1
            for letter in batch:
                seen.add(letter.message_id)
                if letter.message_id == message_id:
                    found = letter
                else:
                    others.append(letter)
        await self._give_back(others, CLAIM_VISIBILITY)
        return found

    async def _slept(self) -> str:
        """Why it may not be sent any more, though it might a moment ago: before the journal was written."""
        try:
            await self.writer.keep()
        except Refused as error:
            return str(error)
        return "" if self._is_held() else _RAN_OUT

    def _is_held(self) -> bool:
        return self.clock.now() < self._held_until

    async def _give_back(self, letters: list[DeadLetter], visibility: int) -> int:
        """Make them visible again; the seconds for which they stay hidden where that isn't allowed."""
        for letter in letters:
            try:
                await self._queues.release_dead(letter.receipt)
            except NotPermitted:
                self.hidden_until = self.clock.now() + visibility
                return visibility
            except ConsoleError:
                continue
        return 0

    async def until_visible(self) -> None:
        """Wait while our own receives hide messages: a look would miss them, and a replay not find its own."""
        await asyncio.sleep(max(0.0, self.hidden_until - self.clock.now()))

    async def _note(
        self,
        message_id: str,
        state: State,
        *,
        why: str = "",
        new_message_id: str = "",
    ) -> None:
        try:
            await asyncio.to_thread(self._journal.move, message_id, state, why=why, new_message_id=new_message_id)
        except (OSError, sqlite3.Error) as error:
            raise Refused("The journal can't be written.", raw=str(error)) from error


def _unreadable(error: Exception) -> Refused:
    return Refused("The journal can't be read, so it isn't known what was sent before.", raw=str(error))
