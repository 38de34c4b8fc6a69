"""What people may see and change of how they work: their environments, their sign-in, the lock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from app import tasks
from app.actions.idle_lock import IdleLock
from app.environments import Environments
from services.domain.environments import Environment
from services.domain.errors import ConsoleError

MINUTES: Final = (5, 15, 30, 60)
"""After how many minutes without input a window may be told to lock."""
IN_MEMORY: Final = "The sign-in is kept in memory only."
DEFAULT_MINUTES: Final = 15.0
_Kept = TypeVar("_Kept")


class Preferences:
    """`current`: the id of the environment that is open, "" for the local stack.

    `given`: the environment or .env names the project, so there is no choice. `fixed`: why the minutes can't be
    changed, "" when they can. `kept_where`: where the sign-in is kept, as a sentence.
    """

    def __init__(
        self,
        environments: Environments,
        lock: IdleLock,
        *,
        current: str,
        given: bool,
        fixed: str,
        kept_where: Callable[[], str],
    ) -> None:
        self._environments = environments
        self._lock = lock
        self.current = current
        self.given = given
        self.fixed = fixed
        self.kept_where = kept_where
        self._writing = asyncio.Lock()
        self.trouble = ""
        """What could not be kept, as a sentence."""

    @property
    def environments(self) -> tuple[Environment, ...]:
        """The projects that this computer knows."""
        return self._environments.all

    @property
    def in_memory(self) -> bool:
        """Whether the sign-in is lost with the program, for there is no keyring to keep it in."""
        return self.kept_where().startswith(IN_MEMORY)

    @property
    def minutes(self) -> float:
        """After how many minutes without input the window locks; 0 is never."""
        return self._lock.minutes

    def set_minutes(self, minutes: float) -> None:
        """Lock after so many minutes from now on, in the next starts too."""
        if not self.fixed:
            self._lock.minutes = minutes
            tasks.spawn("keep preferences", self._keep(self._environments.set_idle_minutes, minutes))

    @property
    def shows_browser(self) -> bool:
        """Whether runs here show their browser's window, where they can."""
        return self._environments.shows_browser

    def set_shows_browser(self, on: bool) -> None:
        """Show it from now on, in the next starts too, or no longer."""
        tasks.spawn("keep preferences", self._keep(self._environments.set_shows_browser, on))

    async def _keep(self, keep: Callable[[_Kept], None], what: _Kept) -> None:
        try:
            async with self._writing:  # in the order in which they were pressed
                await asyncio.to_thread(keep, what)
            self.trouble = ""
        except ConsoleError as error:
            self.trouble = str(error)


def lock_minutes(where: str, given: float | None, chosen: float | None) -> tuple[float, str]:
    """The minutes of the lock, and why they can't be changed ("" when they can).

    `where`: local, staging or production; `given` by the environment or .env; `chosen` on the Settings page.
    """
    if where == "local":
        return 0.0, "Never on the local stack: nobody needs a password there."
    if given is not None:
        return given, "Set by IDLE_LOCK_MINUTES in the environment or .env."
    return (DEFAULT_MINUTES if chosen is None else chosen), ""
