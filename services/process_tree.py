"""A process with everything that it has started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path


def kill_tree(pid: int) -> None:
    """End a process that leads a session, its group, and (where the system tells) all that descends from it."""
    if sys.platform == "win32":
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(pid)], capture_output=True, check=False, timeout=10)
        return
    # A browser leads a group of its own. Looked up first: who has lost its parent can't be found any more.
    descendants = _descendants(pid)
    kill_group(pid)
    for descendant in descendants:
        with contextlib.suppress(OSError):
            os.kill(descendant, signal.SIGKILL)


def kill_group(pid: int) -> None:
    """End what is left of the process group that `pid` led; there is none on Windows."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)


def kill_users_of(folder: Path) -> None:
    """End every process whose temporary files go into a folder or below it, where the system tells; never this one.

    A browser that hangs keeps its driver, and neither ends with who started them.
    """
    told = f"TMP={folder}".encode()
    for environment in Path("/proc").glob("[0-9]*/environ"):
        pid = int(environment.parent.name)
        with contextlib.suppress(OSError):
            lines = environment.read_bytes().split(b"\0") if pid != os.getpid() else []
            if any(line == told or line.startswith(told + b"/") for line in lines):
                os.kill(pid, signal.SIGKILL)


def _descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found, todo = [], [pid]
    while todo:
        for child in children.get(todo.pop(), ()):
            found.append(child)
            todo.append(child)
    return found
