"""One holder of a data folder at a time."""

from __future__ import annotations

import os
import sys
from pathlib import Path


class AlreadyRunning(RuntimeError):
    """Another process holds the folder."""


class FolderLock:
    """A file lock that the system frees when its holder dies in any way. `words` says what it means to be late."""

    def __init__(self, file: Path, words: str) -> None:
        self._file = file
        self._words = words
        self._handle: int | None = None

    def take(self) -> None:
        """Hold the lock. Raises AlreadyRunning at once when somebody else does."""
        # Pictures and records of customers lie in the data folder: nobody else's to read.
        for folder in (self._file.parent.parent, self._file.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            raise AlreadyRunning(self._words) from error
        self._handle = handle

    def release(self) -> None:
        """Free the lock; safe when it isn't held."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
