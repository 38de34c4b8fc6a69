"""Acts that the database carries out: written down first, believed when answered, looked up in the audit when not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from app import tasks
from app.actions.operations import Operation, Operations, State
from app.actions.registry import BY_DATABASE, Act
from app.store.pending import Pending
from services.domain.errors import ConsoleError, NotReachable
from services.ports.facts import Reads

LOOK_AGAIN: Final = 30.0
"""Seconds between two questions to the audit after an act whose answer was lost."""
CERTAIN_AFTER: Final = 60.0
"""Seconds after which a call that the audit doesn't know can't be going on any more."""

NOT_CARRIED_OUT: Final = "It was not carried out."
"""Of an act that the audit doesn't know, when it could not be going on any more."""
_LABELS: Final = {act.name: act.label for act in BY_DATABASE}

Answer = Mapping[str, Any]


class DatabaseActs:
    """One row of the Operations list for each act, with the request id that the database's audit has too."""

    def __init__(
        self,
        reads: Reads,
        operations: Operations,
        pending: Pending,
        *,
        actor: str,
        clock: Callable[[], float] = time.time,
        may_look: Callable[[], bool] = lambda: True,
    ) -> None:
        """`may_look`: whether the person may read the audit; to whom may not, it looks empty."""
        self._may_look = may_look
        self._reads = reads
        self._operations = operations
        self._pending = pending
        self._actor = actor
        self._clock = clock
        self._asking: set[str] = set()
        self._undo: dict[str, asyncio.Event] = {}

    def is_asking(self, target: str) -> bool:
        """Whether this program waits for the database's answer about `target`."""
        return target in self._asking

    async def carry_out(
        self,
        act: Act,
        label: str,
        target: str,
        call: Callable[[str], Awaitable[Answer]],
        done: Callable[[Answer], tuple[str, int]],
        *,
        job_id: str = "",
        hosts: Sequence[str] = (),
        status: str = "",
        reason: str = "",
        total: int = 1,
        parent: str = "",
        undo_seconds: float = 0.0,
    ) -> Operation:
        """Write the wish down, make the call with its request id, and return the operation as it stands at the end.

        `target` is what the act is about, mostly a job's id. The row of the job (`job_id`, where that is another)
        shows the act until it shows the effect; `hosts`: so do those of these directories. `status`: the job's, as
        the person saw it. `undo_seconds`: for so long it can be taken back before the call is made. `done` turns the
        answer into words and how many things were done. Raises Refused when the wish can't be written: then nothing
        was asked for.
        """
        # Marked before the first await: a second press finds it taken.
        self._asking.add(target)
        try:
            wish = await asyncio.to_thread(
                self._operations.plan, act.name, label, target, actor=self._actor, reason=reason, total=total,
                parent=parent,
            )  # fmt: skip
            self._pending.begin(wish.id, act.label, job_id or target, hosts, status=status)
            if undo_seconds and await self._undone(wish, undo_seconds):
                self._pending.dropped(wish.id)
                self._asking.discard(target)
                return await self._move(wish, "undone", "Undone; nothing was asked for.")
            try:
                try:
                    words, count = done(await call(wish.id))
                finally:
                    # Before the list says how it ended, as above: whoever looks then finds the act free again.
                    self._asking.discard(target)
            except NotReachable as error:
                self._pending.unknown(wish.id, str(error))
                ended = await self._move(wish, "unknown", f"No answer from the database: {error}")
                tasks.supersede("settle acts", self.settle())
                return ended
            except ConsoleError as error:
                self._pending.failed(wish.id, str(error))
                return await self._move(wish, "failed", str(error))
            except Exception:
                # What nobody foresaw: it may have been done, and nothing may look as if it went on.
                words = "Something unexpected happened in the middle."
                self._pending.unknown(wish.id, words)
                await self._move(wish, "unknown", words)
                tasks.supersede("settle acts", self.settle())
                raise
            self._pending.answered(wish.id)
            return await self._move(wish, "done", words, done=count)
        finally:
            self._asking.discard(target)

    def undo(self, operation_id: str) -> None:
        """Take an act back while its time for that runs."""
        if operation_id in self._undo:
            self._undo[operation_id].set()

    def can_undo(self, operation_id: str) -> bool:
        """Whether its time for that runs."""
        return operation_id in self._undo

    async def _undone(self, wish: Operation, seconds: float) -> bool:
        event = self._undo[wish.id] = asyncio.Event()
        try:
            await self._move(wish, "planned", f"Asked for in {seconds:g} s; it can be taken back until then.")
            with suppress(TimeoutError):
                await asyncio.wait_for(event.wait(), seconds)
            return event.is_set()
        finally:
            del self._undo[wish.id]

    async def settle(self) -> None:
        """Find out by their request id in the audit how acts ended whose end a crash or a lost answer hid.

        Asks again until each is known, or until the audit can't be read at all.
        """
        for wish in self._unsettled():
            if not self._pending.knows(wish.id):
                self._pending.begin(wish.id, _LABELS[wish.act], wish.target, ago=self._clock() - wish.started_at)
                self._pending.unknown(wish.id, "The program ended before the database answered.")
        while open_ones := self._unsettled():
            for wish in open_ones:
                try:
                    await self._look_up(wish)
                except NotReachable:
                    break
                except ConsoleError:
                    return
            if self._unsettled():
                await asyncio.sleep(LOOK_AGAIN)

    def _unsettled(self) -> list[Operation]:
        names = [act.name for act in BY_DATABASE]
        left = {wish.id: wish for wish in self._operations.left_behind(*names)}
        left.update({wish.id: wish for wish in self._operations.of_unknown_end(*names)})
        return list(left.values())

    async def _look_up(self, wish: Operation) -> None:
        found = await self._reads.page("staff_actions", order="id", limit=1, equals={"request_id": wish.id})
        if found:
            counts = found[0].get("counts")
            done = counts.get("directories") if isinstance(counts, dict) else None
            words = "Carried out, as the audit says."
            self._pending.answered(wish.id)
            await self._move(wish, "done", words, done=done if isinstance(done, int) else wish.total)
        elif self._clock() - wish.started_at >= CERTAIN_AFTER and self._may_look():
            self._pending.failed(wish.id, NOT_CARRIED_OUT)
            await self._move(wish, "failed", NOT_CARRIED_OUT)
        elif wish.state != "unknown":
            await self._move(wish, "unknown", "The program ended before the database answered.")

    async def _move(self, wish: Operation, state: State, words: str, *, done: int = 0) -> Operation:
        return await asyncio.to_thread(self._operations.move, wish.id, state, words, done=done)
