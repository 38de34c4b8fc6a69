"""The lock of a window that nobody uses: it is covered and every act is off until its person is back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from app import tasks
from app.actions.known_password import KnownPassword
from app.actions.registry import LOCKED
from services.domain.errors import ConsoleError, NotReachable

AGAIN_SECONDS: Final = 3.0
"""Between two questions to a project that did not answer."""
AGAIN_FOR: Final = 60.0
"""Seconds for which it is asked by itself after one press: a window must not open after its person has left again."""


class Hands(Protocol):
    """Acts that ask for a role."""

    role: str | None


class IdleLock:
    """`tick` each second, `used` at each input; `version` grows with each change.

    `confirm` takes a password and raises ConsoleError unless it is the person's. `minutes`: 0 is never. `shut` is told
    True when it locks and False when it opens: what this computer keeps of the sign-in must open no other window.
    While acts are `busy` they keep their roles, for what was begun goes on; under the cover nothing new is pressed.
    Where the project can't be asked, `known` opens it, and the project decides what is pressed then; where nothing is
    known, it is asked again for a while.
    """

    def __init__(
        self,
        confirm: Callable[[str], Awaitable[object]],
        hands: Sequence[Hands],
        *,
        minutes: float,
        shut: Callable[[bool], None] = lambda _: None,
        busy: Callable[[], bool] = lambda: False,
        known: KnownPassword | None = None,
        again_seconds: float = AGAIN_SECONDS,
        clocks: tuple[Callable[[], float], Callable[[], float]] = (time.monotonic, time.time),
    ) -> None:
        self._confirm = confirm
        self._hands = tuple(hands)
        self._shut = shut
        self._busy = busy
        self._known = known or KnownPassword()
        self._again_seconds = again_seconds
        self._clocks = clocks
        self._roles: list[str | None] | None = None
        """What was taken from the hands, None while they have it."""
        self._last = self._now()
        self.minutes = minutes
        self.locked = False
        self.trying = False
        self.said = ""
        """Why it did not open, as a sentence."""
        self.unsure = False
        """Whether that says nothing of the password: nobody could be asked about it."""
        self.version = 0

    def used(self) -> None:
        """Somebody is there. Whoever comes back after too long finds it locked, also where no tick came first."""
        self.tick()
        self._last = self._now()

    def tick(self) -> None:
        """Lock when nobody was there for long. A machine that slept is seen by the wall clock."""
        idle = max(now - then for now, then in zip(self._now(), self._last, strict=True))
        if self.minutes and not self.locked and idle >= self.minutes * 60:
            self.lock()
        elif self.locked:
            self._take_roles()

    def lock(self) -> None:
        """Cover the window now."""
        if not self.locked:
            self.locked, self.said, self.unsure = True, "", False
            self._take_roles()
            self._shut(True)
            self.version += 1

    def set_role(self, role: str | None) -> None:
        """The person turned out to have this role; it counts once the lock is open."""
        if self._roles is not None:
            self._roles = [role] * len(self._hands)
            return
        for hand in self._hands:
            hand.role = role

    def unlock(self, password: str) -> None:
        """Try to open it; how it went is in `locked` and `said`."""
        if self.locked and not self.trying:
            self._say("", trying=True)
            tasks.supersede("unlock", self._unlock(password))

    def give_up(self) -> None:
        """Another password is being typed: the last one is asked about no more."""
        if self.locked and self.unsure:
            tasks.supersede("unlock", asyncio.sleep(0))
            self._say("")

    async def _unlock(self, password: str) -> None:
        until = self._now()[0] + AGAIN_FOR
        while True:
            try:
                if await self._is_right(password):
                    self._open()
                    return
            except Exception:
                self._say("It could not be tried.")
                raise
            if not self.unsure:
                return
            await asyncio.sleep(self._again_seconds)
            if self._now()[0] >= until:
                break
            self._say(self.said, unsure=True, trying=True)
        self._say("The project could not be asked. Try again, or sign out.", unsure=True)

    async def _is_right(self, password: str) -> bool:
        """Whether it opens; else `said` is why."""
        try:
            await self._confirm(password)
        except NotReachable:
            if self._known.usable:
                if await self._known.matches(password):
                    return True
                self._say("You did not come in with this password, and the project can't be asked about another one.")
                return False
            self._say("The project can't be asked now. It is tried again by itself; you can sign out too.", unsure=True)
        except ConsoleError as error:
            wrong = "STAFF_PASSWORD" in error.settings
            if wrong and await self._known.matches(password):
                self._known.forget()
            self._say("This is not your password." if wrong else str(error))
        else:
            await self._known.learn(password)
            return True
        return False

    def _say(self, words: str, *, unsure: bool = False, trying: bool = False) -> None:
        self.said, self.unsure, self.trying = words, unsure, trying
        self.version += 1

    def _open(self) -> None:
        self._last = self._now()
        self.locked = False
        if self._roles is not None:
            for hand, role in zip(self._hands, self._roles, strict=True):
                hand.role = role
            self._roles = None
        self._say("")
        self._shut(False)

    def _take_roles(self) -> None:
        if self._roles is None and not self._busy():
            self._roles = [hand.role for hand in self._hands]
            for hand in self._hands:
                hand.role = LOCKED

    def _now(self) -> tuple[float, float]:
        return self._clocks[0](), self._clocks[1]()
