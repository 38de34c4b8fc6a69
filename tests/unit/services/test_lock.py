"""One holder of a data folder, until it lets go or dies."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from services.lock import AlreadyRunning, FolderLock

ROOT = Path(__file__).resolve().parents[3]
HOLDER = """
import sys
from pathlib import Path
from services.lock import FolderLock
FolderLock(Path(sys.argv[1]), "late").take()
lock = FolderLock(Path(sys.argv[2]), "late")
lock.take()
print("held", flush=True)
sys.stdin.read()
"""


def test_the_second_is_refused_in_words_until_the_first_lets_go(tmp_path: Path) -> None:
    file = tmp_path / "local" / "stack.lock"
    first, second = FolderLock(file, "one"), FolderLock(file, "The stack is already running.")
    first.take()
    with pytest.raises(AlreadyRunning, match=r"^The stack is already running\.$"):
        second.take()
    first.release()
    second.take()
    second.release()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_letting_go_twice_or_of_nothing_is_harmless(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path / "stack.lock", "late")
    lock.release()
    lock.take()
    lock.release()
    lock.release()


def test_a_holder_that_is_killed_frees_it(tmp_path: Path) -> None:
    file = tmp_path / "stack.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "other.lock"), str(file)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunning):
            FolderLock(file, "late").take()
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    lock = FolderLock(file, "late")
    lock.take()
    lock.release()


def test_the_data_folder_is_nobody_elses_to_read(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path / "data" / "local" / "stack.lock", "late")
    lock.take()
    lock.release()
    for place in ("data", "data/local", "data/local/stack.lock"):
        assert (tmp_path / place).stat().st_mode & 0o077 == 0
