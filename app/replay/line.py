"""How a batch stands, and the levers on it: pause, cancel, stop."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from app.replay.journal import BatchState, Move, State


class Progress(msgspec.Struct, frozen=True):
    """Messages of a batch by how they stand; together they are `total`. `words`: why it stands still, or "".

    `moved`: sent and taken out of the dead letters, or archived. `undeleted`: sent, the dead letter may still be there.
    `failures`: message id -> why, of those that failed. `waits_for`: jobs whose result the ramp waits for.
    """

    total: int = 0
    moved: int = 0
    waiting: int = 0
    failed: int = 0
    unknown: int = 0
    undeleted: int = 0
    skipped: int = 0
    paused: bool = False
    words: str = ""
    waits_for: int = 0
    failures: dict[str, str] = {}
    state: BatchState = "open"
    ended: bool = False


class Line:
    """The state of one batch that is under way. `on_change` is told of every change, on the loop's thread."""

    def __init__(self, on_change: Callable[[Progress], None]) -> None:
        self.progress = Progress()
        self.stopped = False
        self.cancelled = False
        self._on_change = on_change
        self.states: dict[str, State] = {}
        """How far each message is. Read it, don't change it."""
        self._counts: Counter[str] = Counter()
        self._failures: dict[str, str] = {}
        self._judged: dict[str, bool] = {}
        self._open = asyncio.Event()
        self._open.set()

    def begin(self, states: Mapping[str, State]) -> None:
        """Where the journal says that the batch's messages are."""
        self.states = dict(states)
        self._counts = Counter(_GROUP[state] for state in states.values())
        self._tell()

    def moved(self, moves: Sequence[Move]) -> None:
        """These steps are in the journal."""
        for one in moves:
            # Counting all of them at each step would cost more than the step.
            self._counts[_GROUP[self.states[one.message_id]]] -= 1
            self._counts[_GROUP[one.state]] += 1
            self.states[one.message_id] = one.state
            self._failures.pop(one.message_id, None)
            if one.state in ("failed", "unknown", "delete_unconfirmed", "archive_unconfirmed"):
                self._failures[one.message_id] = one.why
        self._tell()

    def judge(self, message_id: str, ok: bool) -> None:
        """The business result of a message that was sent."""
        self._judged[message_id] = ok

    def failed_share(self) -> float:
        """The share of failures among what is known, sends that were refused included."""
        bad = sum(not ok for ok in self._judged.values()) + sum(state == "failed" for state in self.states.values())
        known = len(self._judged) + sum(state == "failed" for state in self.states.values())
        return bad / known if known else 0.0

    def wait_for(self, jobs: int) -> None:
        """So many jobs' results are waited for."""
        if jobs != self.progress.waits_for:
            self._tell(waits_for=jobs)

    def pause(self) -> None:
        """After the send in hand nothing more is sent."""
        self._open.clear()
        self._tell(paused=True)

    def go_on(self) -> None:
        """End a pause."""
        self._open.set()
        self._tell(paused=False)

    def cancel(self) -> None:
        """Finish the send in hand, and leave the rest where it is."""
        self.cancelled = True
        self.go_on()

    def stop(self, words: str) -> None:
        """Something is wrong: nothing more is sent, and a person may go on later. The first reason stays."""
        if not self.stopped:
            self.stopped = True
            self._tell(words=words)

    async def gate(self, meanwhile: Callable[[], Awaitable[None]]) -> None:
        """Wait while it is paused, and do `meanwhile` every second of it."""
        while not self._open.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._open.wait()
            await meanwhile()

    def ending(self, *, left: int) -> tuple[BatchState, str]:
        """How the batch ends when nothing is done any more, and in words what was done."""
        state: BatchState = "cancelled" if self.cancelled else "stopped" if left else "done"
        words = " ".join(part for part in (self._count_words(left), self.progress.words) if part)
        self._tell(words=words, state=state, ended=True)
        return state, words

    def _count_words(self, left: int) -> str:
        now = self.progress
        parts = [
            f"{count:,} {words}"
            for count, words in (
                (now.moved, "moved"),
                (now.failed, "failed"),
                (now.unknown, "with an unknown end"),
                (now.undeleted, "sent, not deleted"),
                (now.skipped, "skipped"),
                (left, "left"),
            )
            if count
        ]
        return ", ".join(parts) + "." if parts else "Nothing was there to do."

    def _tell(self, **changes: object) -> None:
        counts = {name: self._counts[name] for name in set(_GROUP.values())}
        self.progress = msgspec.structs.replace(
            self.progress, total=len(self.states), failures=dict(self._failures), **counts, **changes
        )
        self._on_change(self.progress)


_GROUP: dict[State, str] = {
    "planned": "waiting", "claimed": "waiting", "sending": "waiting", "archiving": "waiting", "putting_back": "waiting",
    "sent": "undeleted", "delete_unconfirmed": "undeleted",
    "deleted": "moved", "archived": "moved", "put_back": "moved",
    "skipped": "skipped", "failed": "failed", "unknown": "unknown", "archive_unconfirmed": "unknown",
}  # fmt: skip
