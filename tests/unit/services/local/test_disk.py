"""A full disk is told in words, once, and so is its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from services.local import disk as module
from services.local.disk import LEAST_FREE, Disk


def test_it_is_told_when_a_disk_fills_and_when_there_is_space_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_EVERY", 0.005)
    said: list[tuple[str, str, int | None, str]] = []
    left = {Path("/data"): LEAST_FREE, Path("/server"): LEAST_FREE}

    def free(folder: Path) -> int:
        if folder not in left:
            raise FileNotFoundError(folder)
        return left[folder]

    disk = Disk([Path("/not-yet"), *left], lambda *event: said.append(event), free)

    def until(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 10
        while not condition():
            disk.tick()
            assert time.monotonic() < deadline
            time.sleep(0.001)

    until(lambda: disk._watch.signs > 2)
    assert not said
    left[Path("/server")] -= 1
    until(lambda: said)
    assert said == [("disk", "down", None, "The disk of /server is full. Make some space; all goes on by itself then.")]
    left[Path("/server")] += 1
    until(lambda: len(said) > 1)
    assert said[1] == ("disk", "up", None, "")
    disk.close()


def test_a_real_folder_has_space_or_not(tmp_path: Path) -> None:
    assert module._free(tmp_path) >= 0
