"""The whole program as a person starts it: the journey on the real stack with a real browser."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local_stack import ROOT, remove_postgres, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.browser]


def processes_of(home: Path) -> list[str]:
    """Command lines of the processes that were started for this data folder."""
    wanted = str(home).encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            words = (folder / "cmdline").read_bytes()
            if words and (wanted in words or wanted in (folder / "environ").read_bytes()):
                found.append(f"{folder.name} {words.replace(bytes(1), b' ').decode(errors='replace')[:120]}")
        except OSError:
            continue
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of all tests here: what the first one leaves is what a later start finds."""
    made = tmp_path_factory.mktemp("home")
    yield made
    remove_postgres(made)


def test_the_tour_sees_every_step_and_leaves_nothing(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "pictures"
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "tour", "--out", str(out)],
        env={**os.environ, "DIRECTORY_BOLT_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}"
    assert "All 11 steps were seen to happen" in done.stdout
    pictures = sorted(out.glob("*.png"))
    assert len(pictures) >= 6
    assert all(picture.stat().st_size > 20_000 for picture in pictures)
    wait_until(lambda: not processes_of(home), 10, f"every process ended: {processes_of(home)}")


def test_a_killed_console_takes_everything_along(home: Path) -> None:
    console = subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), "tour", "--out", str(home / "out")],
        env={**os.environ, "DIRECTORY_BOLT_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert console.stdout is not None
        # The first step's line says that the stack is up.
        for line in console.stdout:
            if line.startswith("[ 1/"):
                break
        console.kill()
        console.wait(5)
        wait_until(lambda: not processes_of(home), 20, "every process ended")
    finally:
        console.kill()
        console.wait(5)
        if console.stdout is not None:
            console.stdout.close()
