"""Holds dead letters of a plan for as long as they are worked on, always with the newest receipt."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Iterable
from typing import Final

from app.replay.awake import Clock
from services.domain.errors import Busy, ConsoleError, NotPermitted, NotReachable
from services.ports.wishes import DeadLetter, ManyQueues

MARGIN: Final = 10.0
"""Seconds that must be left of a hold before something is done under it."""
_TRIES: Final = 5


class Claims:
    """What one batch holds. Several lanes share it: a letter is given to one of them only."""

    def __init__(self, queues: ManyQueues, seconds: int, clock: Clock) -> None:
        self._queues = queues
        self._seconds = seconds
        self._clock = clock
        self._held: dict[str, tuple[str, float]] = {}
        """Message id -> its newest receipt, and until when the hold lasts by the clock."""
        self._working: set[str] = set()
        self._others: dict[str, str] = {}
        self.may_change = True
        """Whether this sign-in may change how long a message is hidden, as far as it was tried."""
        self.seen: set[str] = set()
        """Every message that a receive has shown."""
        self.hidden_until = 0.0
        """Until then, by the clock, letters of ours may be hidden from ourselves."""

    async def take(self, wanted: Container[str], most: int, *, wait: int) -> list[DeadLetter]:
        """One receive: at most `most` letters that are in `wanted` by then and that no other lane works on. Raises
        ConsoleError."""
        letters, until = await self._receive(most, wait)
        # The queue may have begun to hide them at any moment of the call.
        self.hidden_until = self._clock.now() + self._seconds if letters else self.hidden_until
        taken = []
        for letter in letters:
            self.seen.add(letter.message_id)
            if letter.message_id in self._working:
                self._held[letter.message_id] = (letter.receipt, until)
            elif letter.message_id in wanted:
                self._held[letter.message_id] = (letter.receipt, until)
                self._working.add(letter.message_id)
                taken.append(letter)
            else:
                self._others[letter.message_id] = letter.receipt
        return taken

    async def still_hold(self, message_id: str) -> bool:
        """Whether there is time left to do something with it; the hold is renewed where that is allowed."""
        receipt, until = self._held[message_id]
        now = self._clock.now()
        margin = min(MARGIN, self._seconds / 2)
        if until - now > margin:
            return True
        if self.may_change and until > now:
            try:
                await self._queues.hold_dead(receipt, self._seconds)
            except NotPermitted:
                self.may_change = False
            except ConsoleError:
                pass
            else:
                self._held[message_id] = (receipt, now + self._seconds)
                self.hidden_until = self._clock.now() + self._seconds
                return True
        self.drop(message_id)
        return False

    def receipt(self, message_id: str) -> str:
        """The newest receipt while the hold lasts, "" after it: SQS would say yes to a stale one and delete nothing."""
        return self.receipts((message_id,)).get(message_id, "")

    def receipts(self, message_ids: Iterable[str]) -> dict[str, str]:
        """Of those whose holds last: message id -> its newest receipt."""
        now = self._clock.now()
        held = ((key, *self._held.get(key, ("", 0.0))) for key in message_ids)
        return {key: receipt for key, receipt, until in held if until > now}

    def drop(self, message_id: str) -> None:
        """Nobody works on it any more; the queue shows it again by itself."""
        self._held.pop(message_id, None)
        self._working.discard(message_id)

    async def give_back(self, message_id: str) -> None:
        """Nobody works on it any more; make it visible at once where that is allowed."""
        receipt = self.receipt(message_id)
        self.drop(message_id)
        if receipt:
            await self._release(receipt)

    def keep_hidden(self, message_id: str) -> None:
        """Nobody works on it any more, and no lane is to meet it again: it is made visible with the others."""
        self._others[message_id] = self.receipt(message_id)
        self.drop(message_id)

    async def give_back_others(self) -> None:
        """Make visible what receives have shown of letters that are not to be moved."""
        others, self._others = self._others, {}
        for receipt in others.values():
            await self._release(receipt)

    async def _receive(self, most: int, wait: int) -> tuple[list[DeadLetter], float]:
        """The letters, and until when the hold on them lasts."""
        tried = 0
        while True:
            until = self._clock.now() + self._seconds
            try:
                return await self._queues.receive_dead(limit=most, visibility=self._seconds, wait=wait), until
            except (Busy, NotReachable) as error:
                if isinstance(error, NotReachable):
                    # Only the answer may have been lost.
                    self.hidden_until = self._clock.now() + self._seconds
                tried += 1
                if tried == _TRIES:
                    raise
                await asyncio.sleep(0.1 * 2**tried)

    async def _release(self, receipt: str) -> None:
        if not self.may_change:
            return
        try:
            await self._queues.release_dead(receipt)
        except NotPermitted:
            self.may_change = False
        except ConsoleError:
            # It comes back by itself.
            return
