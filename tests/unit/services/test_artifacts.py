"""The folder of artifacts: bounded, the oldest run first, nothing half written left."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from services import artifacts

NOW = 1_800_000_000.0
DAY = 86_400.0


def run(root: Path, name: str, age: float, size: int = 1000, *, whole: bool = True) -> Path:
    folder = artifacts.folder_of(root, "job", "host", name)
    folder.mkdir(parents=True)
    (folder / "final.jpg").write_bytes(b"x" * size)
    if whole:
        (folder / artifacts.RECORD).write_text("{}")
    _age(folder, age)
    return folder


def picture(root: Path, name: str, age: float, size: int = 1000) -> Path:
    file = root / "j2" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x" * size)
    _age(file, age)
    return file


def _age(place: Path, age: float) -> None:
    for path in (place, *place.rglob("*")) if place.is_dir() else (place,):
        os.utime(path, (NOW - age, NOW - age))


def test_within_the_bound_nothing_goes(tmp_path: Path) -> None:
    kept = [run(tmp_path, "r1", 9 * DAY), picture(tmp_path, "a.jpg", 8 * DAY)]
    left = artifacts.tidy(tmp_path, 10**6, NOW)
    assert 2000 < left < 30_000
    assert all(place.exists() for place in kept)


def test_beyond_the_bound_the_oldest_go_first_and_none_that_is_needed(tmp_path: Path) -> None:
    places = [run(tmp_path, f"r{age}", age * DAY, 100_000) for age in range(1, 6)]
    worker = picture(tmp_path, "a.jpg", 4.5 * DAY, 100_000)
    left = artifacts.tidy(tmp_path, 250_000, NOW, keep={"r5"})
    assert [place.exists() for place in places] == [True, False, False, False, True]
    assert not worker.exists()
    assert not worker.parent.exists(), "an empty folder of a job stays"
    assert left < 250_000
    assert artifacts.tidy(tmp_path, 0, NOW, keep={"r1", "r5"}) > 200_000


def test_what_was_cut_off_goes_once_nobody_can_be_at_it(tmp_path: Path) -> None:
    old, fresh = run(tmp_path, "old", 2 * 3600, whole=False), run(tmp_path, "fresh", 60, whole=False)
    mine = run(tmp_path, "mine", 2 * 3600, whole=False)
    part, fresh_part = picture(tmp_path, "a.part", DAY), picture(tmp_path, "b.part", 60)
    gone = run(tmp_path, ".gone-1", 60)
    artifacts.tidy(tmp_path, 10**6, NOW, keep={"mine"})
    assert (old.exists(), part.exists(), gone.exists()) == (False, False, False)
    assert fresh.exists()
    assert mine.exists()
    assert fresh_part.exists()
    artifacts.tidy(tmp_path, 0, NOW)
    assert fresh.exists(), "a run that may be going on"


@pytest.mark.skipif(sys.platform == "win32", reason="makes links")
def test_links_are_removed_and_never_followed(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "x.jpg").write_text("x")
    (tmp_path / "j1").symlink_to(outside)
    run(tmp_path, "r1", 5 * DAY, 100_000)
    (tmp_path / "j2").mkdir()
    (tmp_path / "j2" / "link").symlink_to(outside)
    artifacts.tidy(tmp_path, 0, NOW + 2 * DAY * 365)
    assert (outside / "x.jpg").exists()
    assert list((tmp_path / "j1").iterdir()) == [tmp_path / "j1" / "x.jpg"]


def test_a_missing_folder_is_empty(tmp_path: Path) -> None:
    assert artifacts.tidy(tmp_path / "none", 0, NOW) == 0


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "deep" / "run.json"
    artifacts.write_whole(file, b"one")
    assert file.read_bytes() == b"one"
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        artifacts.write_whole(file, b"two")
    assert [path.name for path in file.parent.iterdir()] == ["run.json"]
    assert file.read_bytes() == b"one"
