"""Dead letters of mixed kinds, replayed through the page of a real console; the practice sites' logs are the judge."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.letters_world import LettersWorld
from tests.local_stack import ROOT, RunningStack, processes_of, running_stack, unmeasured, wait_until

LETTERS = 100
_A_DIRECTORY = 20.0
"""Seconds that a directory may take on a busy machine."""


def run(minutes: float, seed: int) -> dict[str, int | float | str]:
    """Replays 100 dead letters of mixed kinds through the page; each directory must be submitted exactly once."""
    home = Path(tempfile.mkdtemp(prefix="directory-bolt-letters-"))
    try:
        with running_stack(home) as stack:
            figures = replay_all(stack, LETTERS, seed, home / "desk")
        assert not processes_of(home), f"still running: {processes_of(home)}"
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return figures


def replay_all(stack: RunningStack, letters: int, seed: int, desk: Path) -> dict[str, int | float | str]:
    """Put so many letters into the stack's queue, replay all of them through the page, judge; gives the figures."""
    world = LettersWorld(stack, letters, seed)
    began = time.monotonic()
    limit = 60 + letters * 3 * _A_DIRECTORY
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.letters_scenario", str(letters), f"{limit:g}"],
        cwd=ROOT,
        env=unmeasured(**{**stack.env, "DIRECTORY_BOLT_HOME": str(desk), "QT_QPA_PLATFORM": "offscreen"}),
        capture_output=True,
        text=True,
        timeout=limit + 60,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}"
    replayed = time.monotonic() - began
    wait_until(world.settled, limit, "every directory has its outcome")
    return {
        **world.judge(),
        "replayed_seconds": round(replayed, 1),
        "submitted_seconds": round(time.monotonic() - began, 1),
    }
