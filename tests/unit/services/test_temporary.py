"""Folders that are gone with who wrote into them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from services import temporary as module
from services.lock import AlreadyRunning, FolderLock
from services.temporary import RunFolder, remove_forgotten, remove_own

ROOT = Path(__file__).resolve().parents[3]
HOLDER = """
import sys
from services.temporary import RunFolder
print(RunFolder().path, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_is_made_told_and_removed_with_all_in_it() -> None:
    folder = RunFolder()
    assert set(folder.environment().values()) == {str(folder.path)}
    (folder.path / "profile").mkdir()
    (folder.path / "profile" / "lock").write_text("x")
    assert folder.remove()
    assert not folder.path.exists()
    assert folder.remove(), "it is gone already"


def test_a_child_removes_only_what_it_was_given(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remove_own()
    assert temporary.exists()
    folder = RunFolder()
    monkeypatch.setattr(tempfile, "tempdir", str(folder.path))
    remove_own()
    assert not folder.path.exists()


def test_what_somebody_holds_is_left_alone_until_they_are_killed(temporary: Path) -> None:
    ours = RunFolder()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )  # fmt: skip
    try:
        assert holder.stdout is not None
        theirs = Path(holder.stdout.readline().strip())
        (theirs / "profile").mkdir()
        assert theirs.parent == temporary
        assert remove_forgotten(time.time() + 86400) == 0
    finally:
        holder.kill()
        holder.communicate()
    assert remove_forgotten(time.time()) == 1
    assert (ours.path.exists(), theirs.exists()) == (True, False)
    ours.remove()


def test_what_is_being_made_others_folders_and_links_are_left_alone(temporary: Path) -> None:
    old, new, other = (temporary / name for name in ("directory-bolt-run-a", "directory-bolt-run-b", "somebody-elses"))
    for folder in (old, new, other):
        folder.mkdir()
    for folder in (old, other):
        os.utime(folder, (1000, 1000))
    (temporary / "directory-bolt-run-link").symlink_to(other)
    assert remove_forgotten(new.stat().st_mtime) == 1
    assert (old.exists(), new.exists(), other.exists()) == (False, True, True)


def test_a_folder_that_is_taken_for_a_forgotten_one_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[Path] = []

    class Taken(FolderLock):
        def __init__(self, file: Path, words: str) -> None:
            super().__init__(file, words)
            self.file = file

        def take(self) -> None:
            if len(taken) < 2:
                taken.append(self.file)
                raise AlreadyRunning
            super().take()

    monkeypatch.setattr(module, "FolderLock", Taken)
    folder = RunFolder()
    assert len({*taken, folder.path}) == 3
    folder.remove()
    taken.clear()
    monkeypatch.setattr(module, "_ATTEMPTS", 1)
    with pytest.raises(FileExistsError, match="taken away at once"):
        RunFolder()


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
@pytest.mark.parametrize("forgotten", [False, True])
def test_whoever_still_writes_there_ends_with_it(forgotten: bool, temporary: Path) -> None:
    folder, other = RunFolder(), RunFolder()
    below = folder.path / "below"
    below.mkdir()
    writers = [
        subprocess.Popen(["sleep", "60"], env={**os.environ, "TMP": str(place)})
        for place in (folder.path, below, other.path, f"{folder.path}2")
    ]
    try:
        # One that hangs hears no other signal.
        os.kill(writers[1].pid, signal.SIGSTOP)
        if forgotten:
            folder._hold.release()
            assert remove_forgotten(time.time()) == 1
        else:
            assert folder.remove()
        assert [writer.wait(10) for writer in writers[:2]] == [-signal.SIGKILL, -signal.SIGKILL]
        assert [writer.poll() for writer in writers[2:]] == [None, None]
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
        other.remove()


@pytest.mark.skipif(sys.platform == "win32", reason="makes links")
def test_a_way_that_is_too_long_for_sockets_is_made_short(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = temporary / "short"
    short.mkdir()
    monkeypatch.setattr(module, "_SHORT", short)
    folder = RunFolder()
    told = folder.short_environment()
    assert told["TMP"] == str(folder.path)
    link = Path(told["TMPDIR"])
    assert (link.parent, link.resolve()) == (short, folder.path)
    assert folder.remove()
    assert list(short.iterdir()) == []
    gone, there = short / "db-run-1", short / "db-run-2"
    gone.symlink_to(folder.path)
    there.symlink_to(temporary)
    remove_forgotten(time.time())
    assert [place.name for place in short.iterdir()] == ["db-run-2"]
    monkeypatch.setattr(module, "_LONGEST", 4000)
    near = RunFolder()
    assert near.short_environment() == near.environment()
    assert near.remove()
