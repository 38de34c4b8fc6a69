"""Folders for what a browser and its driver write while they live, gone with them whatever ends them."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

from services.lock import AlreadyRunning, FolderLock
from services.process_tree import kill_users_of

_PREFIX: Final = "directory-bolt-run-"
_HOLD: Final = "held"
_YOUNG_SECONDS: Final = 60.0
_ATTEMPTS: Final = 50
_PAUSE_SECONDS: Final = 0.1


_SHORT: Final = Path("/tmp")  # noqa: S108 - only for links of a name that nobody can guess
_LINK: Final = "db-run-"
_LONGEST: Final = 50
"""A browser with a window makes a socket below it, whose whole path may have some hundred characters."""


class RunFolder:
    """A new empty folder below the system's folder for such. Whoever makes it holds it until `remove`, or its own end.

    Raises OSError.
    """

    def __init__(self) -> None:
        self._link: Path | None = None
        for _ in range(_ATTEMPTS):
            self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))
            self._hold = FolderLock(self.path / _HOLD, "")
            try:
                self._hold.take()
            except AlreadyRunning:
                continue  # somebody who clears up took it for a forgotten one
            return
        raise FileExistsError(f"each new folder below {tempfile.gettempdir()} is taken away at once")

    def environment(self) -> dict[str, str]:
        """What makes a child, and all that it starts, write there."""
        return dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(self.path))

    def short_environment(self) -> dict[str, str]:
        """The same by a way that is short enough for sockets. Raises OSError."""
        if len(str(self.path)) > _LONGEST and _SHORT.is_dir():
            self._link = _SHORT / f"{_LINK}{secrets.token_hex(4)}"
            self._link.symlink_to(self.path)
        return {**self.environment(), "TMPDIR": str(self._link or self.path)}

    def remove(self) -> bool:
        """Whether the folder is gone, with whoever still wrote there. Blocks for up to 5 s: a browser that was killed
        may write for a moment more."""
        kill_users_of(self.path)
        if self._link is not None:
            self._link.unlink(missing_ok=True)
        self._hold.release()
        return _removed(self.path)


def remove_own() -> None:
    """In a child: remove the folder that it was given, when its parent may be gone. Others' folders are left alone."""
    folder = Path(tempfile.gettempdir())
    if folder.name.startswith(_PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def remove_forgotten(now: float) -> int:
    """Remove the folders that nobody holds any more: who made them was killed, or the machine went down; how many.

    `now`: unix seconds.
    """
    found = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if not folder.is_symlink() and _forgotten(folder, now):
            kill_users_of(folder)
            found += _removed(folder)
    for link in _SHORT.glob(f"{_LINK}*"):
        with contextlib.suppress(OSError):  # another person's
            if link.is_symlink() and not link.exists():
                link.unlink()
    return found


def _forgotten(folder: Path, now: float) -> bool:
    try:
        if not (folder / _HOLD).exists():
            # What was made just now isn't held yet.
            return folder.stat().st_mtime < now - _YOUNG_SECONDS
        hold = FolderLock(folder / _HOLD, "")
        hold.take()
    except (AlreadyRunning, OSError):
        return False
    hold.release()
    return True


def _removed(folder: Path) -> bool:
    for _ in range(_ATTEMPTS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return True
        time.sleep(_PAUSE_SECONDS)
    return False
