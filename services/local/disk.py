"""Whether there is space left where the stack writes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from services.local.parts import OnState
from services.local.watch import Asking, Look

# A segment of PostgreSQL's log has 16 MB; with less than two it may end at any moment.
LEAST_FREE: Final = 32_000_000
_EVERY: Final = 2.0


class Disk:
    """Tells of the pseudo part `disk`: down with a sentence while a folder's disk is full, up again after that."""

    def __init__(self, folders: Sequence[Path], on_state: OnState, free: Callable[[Path], int] | None = None) -> None:
        self._folders = folders
        self._free = free or _free
        self._on_state = on_state
        self._said = ""
        self._watch = Asking(self._ask, every=_EVERY)

    def tick(self) -> None:
        """Tell what has changed."""
        full = self._watch.why
        if full != self._said:
            self._said = full
            self._on_state("disk", "down" if full else "up", None, full)

    def close(self) -> None:
        """Look no longer."""
        self._watch.close()

    def _ask(self) -> Look:
        for folder in self._folders:
            try:
                left = self._free(folder)
            except OSError:
                continue
            if left < LEAST_FREE:
                return Look(True, True, f"The disk of {folder} is full. Make some space; all goes on by itself then.")
        return Look(True, True)


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free
