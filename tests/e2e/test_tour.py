"""The whole program as a person starts it: the journey on the real stack with a real browser."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.local.witness import Witness
from tests.local_stack import ROOT, leave_few, remove_postgres, unmeasured, wait_until

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


@contextmanager
def touring(home: Path, out: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A tour whose stack is up, since it took its first step. What it says goes to files in `home`."""
    with (home / "told").open("wb") as told, (home / "errors").open("wb") as errors:
        tour = subprocess.Popen(
            [sys.executable, str(ROOT / "main.py"), "tour", "--out", str(out)],
            env={**environment, "DIRECTORY_BOLT_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"},
            stdout=told,
            stderr=errors,
        )
    try:
        wait_until(lambda: "[ 1/" in (home / "told").read_text() or tour.poll() is not None, 120, "the first step")
        assert tour.poll() is None, said(home)
        yield tour
    finally:
        tour.kill()
        tour.wait()


def said(home: Path) -> str:
    return f"{(home / 'told').read_text()}\n{(home / 'errors').read_text()[-3000:]}"


def test_the_tour_sees_every_step_and_leaves_nothing(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "pictures"
    with touring(home, out, dict(os.environ)) as tour:
        leave_few(Witness(home))
        tour.wait(400)
    assert tour.returncode == 0, said(home)
    assert "All 11 steps were seen to happen" in said(home)
    pictures = sorted(out.glob("*.png"))
    assert len(pictures) >= 6
    assert all(picture.stat().st_size > 20_000 for picture in pictures)
    wait_until(lambda: not processes_of(home), 10, f"every process ended: {processes_of(home)}")


def test_a_killed_console_takes_everything_along(home: Path) -> None:
    with touring(home, home / "out", unmeasured()) as tour:
        tour.kill()
        tour.wait(5)
        wait_until(lambda: not processes_of(home), 20, "every process ended")
