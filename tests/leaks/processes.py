"""Child processes that a test started, and the children of those that it ended."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.leaks.starters import starter

_PR_SET_CHILD_SUBREAPER: Final = 36
_started: dict[int, str] = {}
_init = subprocess.Popen.__init__


def _noted_init(self: subprocess.Popen[Any], *args: Any, **options: Any) -> None:
    _init(self, *args, **options)
    _started[self.pid] = starter()


def watch() -> None:
    """Note from now on who starts each process. On Linux a process whose parent dies becomes ours, so it is seen."""
    subprocess.Popen.__init__ = _noted_init  # type: ignore[method-assign]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Process(NamedTuple):
    """A child of ours."""

    pid: int
    command: str


def living() -> set[Process]:
    """Our children; none where the system doesn't tell (only Linux does).

    One that ended and that its starter still has to ask for its exit code counts.
    """
    found: set[int] = set()
    for listed in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found.update(int(pid) for pid in listed.read_text().split())
    return {Process(pid, _command(pid)) for pid in found if not _buried(pid)}


def added(before: set[Process], now: set[Process]) -> set[Process]:
    """The processes that are new, without those that were started again in place of one that is gone."""
    gone = Counter(process.command for process in before - now)
    new: set[Process] = set()
    for process in now - before:
        if gone[process.command] > 0:
            gone[process.command] -= 1
        else:
            new.add(process)
    return new


def _buried(pid: int) -> bool:
    """True for an orphan that ended: nobody else will ask for its exit code."""
    if pid in _started or not _is_zombie(pid):
        return False
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    return True


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def describe(process: Process) -> str:
    """Its command line, and who started it."""
    pid, command = process
    return (
        f"process {pid} ({command[:200] or 'ended, nobody waited for it'}), started by {_started.get(pid, 'a child')}"
    )
