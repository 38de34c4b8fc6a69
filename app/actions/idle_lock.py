"""The lock of a window that nobody uses: it is covered and every act is off until its person is back."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from app import tasks
from app.actions.registry import LOCKED
from services.domain.errors import ConsoleError, NotReachable


class Hands(Protocol):
    """Acts that ask for a role."""

    role: str | None


class IdleLock:
    """`tick` each second, `used` at each input; `version` grows with each change.

    `confirm` takes a password and raises ConsoleError unless it is the person's. `minutes`: 0 is never. `shut` is told
    True when it locks and False when it opens: what this computer keeps of the sign-in must open no other window.
    While acts are `busy` they keep their roles, for what was begun goes on; under the cover nothing new is pressed.
    """

    def __init__(
        self,
        confirm: Callable[[str], Awaitable[object]],
        hands: Sequence[Hands],
        *,
        minutes: float,
        shut: Callable[[bool], None] = lambda _: None,
        busy: Callable[[], bool] = lambda: False,
        clocks: tuple[Callable[[], float], Callable[[], float]] = (time.monotonic, time.time),
    ) -> None:
        self._confirm = confirm
        self._hands = tuple(hands)
        self._shut = shut
        self._busy = busy
        self._clocks = clocks
        self._roles: list[str | None] | None = None
        """What was taken from the hands, None while they have it."""
        self._last = self._now()
        self.minutes = minutes
        self.locked = False
        self.trying = False
        self.said = ""
        """Why it did not open, as a sentence."""
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
            self.locked, self.said = True, ""
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
            self.trying, self.said = True, ""
            self.version += 1
            tasks.spawn("unlock", self._unlock(password))

    async def _unlock(self, password: str) -> None:
        try:
            await self._confirm(password)
        except NotReachable:
            self.said = "The project can't be asked now. Try again, or sign out."
        except ConsoleError as error:
            self.said = "This is not your password." if "STAFF_PASSWORD" in error.settings else str(error)
        else:
            self._open()
        finally:
            self.trying = False
            self.version += 1

    def _open(self) -> None:
        self._last = self._now()
        self.locked = False
        if self._roles is not None:
            for hand, role in zip(self._hands, self._roles, strict=True):
                hand.role = role
            self._roles = None
        self._shut(False)

    def _take_roles(self) -> None:
        if self._roles is None and not self._busy():
            self._roles = [hand.role for hand in self._hands]
            for hand in self._hands:
                hand.role = LOCKED

    def _now(self) -> tuple[float, float]:
        return self._clocks[0](), self._clocks[1]()
