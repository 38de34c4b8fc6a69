"""Each part of the local stack is frozen and killed under an open console: said, mended, and nothing lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.test_tour import processes_of
from tests.local_stack import ROOT, remove_postgres, unmeasured, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.browser]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    made = tmp_path / "home"
    made.mkdir()
    yield made
    remove_postgres(made)


def test_every_fault_is_said_and_mended(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.faults_scenario", str(home)],
        cwd=ROOT,
        env=unmeasured(QT_QPA_PLATFORM="offscreen"),
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}"
    assert done.stdout.splitlines() == [
        "intake, subscriber, worker, brain frozen: said, and mended",
        "intake, subscriber, worker, brain killed: said, and mended",
        "endpoints SIGSTOP: said, and mended",
        "endpoints SIGKILL: said, and mended",
        "postgres SIGSTOP: said, and mended",
        "postgres SIGKILL: said, and mended",
        "supervisor SIGSTOP, console cut off: said, and mended",
        "supervisor killed: said, started again, and live",
        "counts equal the database",
    ]
    wait_until(lambda: not processes_of(home), 10, f"every process ended: {processes_of(home)}")
