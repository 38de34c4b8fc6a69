"""What stays from one sign-in to the next: the hold on the data folder, with the local stack that runs on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from app.local_stack import LocalStack
from services.domain.errors import Refused
from services.lock import AlreadyRunning, FolderLock
from services.settings import Settings
from services.submission.choice import find_browser, may_sandbox, why_no_window
from services.to_the_end import to_the_end


class AnotherConsole(Refused):
    """A console of the same data folder is open."""


class Premises:
    """One program's hold on one data folder at a time. `close` at the end; it can be held again afterwards."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._lock: FolderLock | None = None
        self._stack: LocalStack | None = None

    async def hold(self, data_dir: Path) -> None:
        """Take this folder, and leave another one that was held. Raises AnotherConsole, Refused.

        One console a folder: a second one would take what the first is doing for what a crash has left.
        """
        if self._lock is not None and self._folder == data_dir:
            return
        await self.close()
        lock = FolderLock(data_dir / "console" / "console.lock", f"A console is already running on {data_dir}.")
        try:
            await _through(lock.take)
        except asyncio.CancelledError:
            await _through(lock.release)
            raise
        except AlreadyRunning as error:
            raise AnotherConsole(
                str(error),
                hint="This window opens by itself as soon as the other one is closed. "
                "To have both, give this one a data folder of its own: DIRECTORY_BOLT_HOME.",
            ) from error
        except OSError as error:
            raise Refused(
                f"The data folder {data_dir} can't be used.",
                hint="It must be a folder that this account may write to, on a disk with space left.",
                raw=str(error),
                settings={"DIRECTORY_BOLT_HOME": f"{error.strerror or error}: {error.filename or data_dir}."},
            ) from error
        self._folder, self._lock = data_dir, lock

    def local_stack(self, settings: Settings) -> LocalStack:
        """The local stack of the folder that is held, running or not."""
        if self._stack is None:
            self._stack = LocalStack(browser(settings))
        return self._stack

    async def leave_local_stack(self) -> None:
        """End the local stack, if it runs."""
        # Held until it has ended: who is called off in the middle must still know of it.
        if self._stack is not None:
            await self._stack.stop()
            self._stack = None

    async def close(self) -> None:
        """End the local stack and let go of the folder."""
        await self.leave_local_stack()
        lock, self._folder, self._lock = self._lock, None, None
        if lock is not None:
            await _through(lock.release)


async def _through(step: Callable[[], None]) -> None:
    """Do it in a thread, for a slow disk must not hold the window; who gives up waiting gets the turn after it."""
    await to_the_end(asyncio.to_thread(step))


class BrowserFinder:
    """Looks on the disk for the browsers of this machine; each call blocks the thread."""

    def __init__(self, settings: Settings) -> None:
        self._path, self._data_dir = settings.browser_path, settings.data_path

    def without_window(self) -> str | None:
        """The one for runs that nobody sees; None for none."""
        return find_browser(self._path, data_dir=self._data_dir)

    def in_window(self) -> str | None:
        """The one for a run that shows its window; None for none."""
        return find_browser(self._path, headless=False, data_dir=self._data_dir)

    def why_no_window(self) -> str:
        """Why no run can show its window here; "" when one can."""
        return why_no_window(self._path, data_dir=self._data_dir)

    def sandbox(self) -> bool:
        """Whether they run in a sandbox."""
        return may_sandbox()


def browser(settings: Settings, practice_url: str = "") -> dict[str, str]:
    """What a child is told of the browser to use, where a fetched one lies, and of the practice sites: it reads no
    .env of its own."""
    told = {
        "BROWSER_PATH": settings.browser_path, "PRACTICE_URL": practice_url, "DIRECTORY_BOLT_HOME": settings.data_dir,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value}
