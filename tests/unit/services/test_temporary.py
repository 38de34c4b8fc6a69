"""Folders that are gone with who wrote into them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from services.temporary import environment_for, make_folder, remove_folder, remove_forgotten, remove_own


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_is_made_told_and_removed_with_all_in_it() -> None:
    folder = make_folder()
    assert set(environment_for(folder).values()) == {str(folder)}
    (folder / "profile").mkdir()
    (folder / "profile" / "lock").write_text("x")
    assert remove_folder(folder)
    assert not folder.exists()
    assert remove_folder(folder), "it is gone already"


def test_a_child_removes_only_what_it_was_given(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remove_own()
    assert temporary.exists()
    folder = make_folder()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    remove_own()
    assert not folder.exists()


def test_what_nobody_used_for_an_hour_is_removed(temporary: Path) -> None:
    old, new, other = make_folder(), make_folder(), temporary / "somebody-elses"
    other.mkdir()
    for folder in (old, other):
        os.utime(folder, (1000, 1000))
    (temporary / "directory-bolt-run-link").symlink_to(other)
    os.utime(temporary / "directory-bolt-run-link", (1000, 1000), follow_symlinks=False)
    now = new.stat().st_mtime
    assert remove_forgotten(now) == 1
    assert (old.exists(), new.exists(), other.exists()) == (False, True, True)
