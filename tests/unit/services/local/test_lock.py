"""The lock on a data folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.local.lock import AlreadyRunning, FolderLock


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    file = tmp_path / "data" / "local" / "stack.lock"
    first, second = FolderLock(file, "taken"), FolderLock(file, "taken")
    first.take()
    with pytest.raises(AlreadyRunning, match="taken"):
        second.take()
    first.release()
    second.take()
    second.release()


def test_the_data_folder_is_nobody_elses_to_read(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path / "data" / "local" / "stack.lock", "taken")
    lock.take()
    lock.release()
    for place in ("data", "data/local", "data/local/stack.lock"):
        assert (tmp_path / place).stat().st_mode & 0o077 == 0
