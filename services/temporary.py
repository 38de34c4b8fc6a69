"""Folders for what a child process writes while it lives, gone with it whatever ends it."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

_PREFIX: Final = "directory-bolt-run-"
_FORGOTTEN_SECONDS: Final = 3600.0
_ATTEMPTS: Final = 50
_PAUSE_SECONDS: Final = 0.1


def make_folder() -> Path:
    """A new empty folder below the system's folder for such; raises OSError."""
    return Path(tempfile.mkdtemp(prefix=_PREFIX))


def environment_for(folder: Path) -> dict[str, str]:
    """What makes a child, and all that it starts, write there."""
    return dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))


def remove_folder(folder: Path) -> bool:
    """Whether the folder is gone. Blocks for up to 5 s: a browser that was killed may write for a moment more."""
    for _ in range(_ATTEMPTS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return True
        time.sleep(_PAUSE_SECONDS)
    return False


def remove_own() -> None:
    """In a child: remove the folder that it was given, when its parent may be gone. Others' folders are left alone."""
    folder = Path(tempfile.gettempdir())
    if folder.name.startswith(_PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def remove_forgotten(now: float) -> int:
    """Remove folders that nobody used for an hour, left by a machine that went down; how many. `now`: unix seconds."""
    found = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            old = folder.stat().st_mtime < now - _FORGOTTEN_SECONDS
        except OSError:
            continue
        if old and not folder.is_symlink():
            shutil.rmtree(folder, ignore_errors=True)
            found += not folder.exists()
    return found
