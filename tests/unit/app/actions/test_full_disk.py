"""The Operations list on a disk that takes no more: the kernel says so, not a stand-in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
SCRIPT = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from app.actions.operations import Operations
from services.domain.errors import Refused

file = Path({file!r})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit fails, as on a full disk
operations = Operations(file)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
size = max(one.stat().st_size for one in file.parent.iterdir())
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20_000, hard))
written = 0
try:
    while written < 1000:
        operations.plan("retry_failed", "Retry 1", "j" * 2000, actor="desk-1")
        written += 1
except Refused as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
operations.plan("retry_failed", "Retry 1", "after", actor="desk-1")
held = [one.id for one in operations.newest_first()]
operations.close()
again = Operations(file)
print(written > 0, [one.id for one in again.newest_first()] == held, again.newest_first()[0].target)
again.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as POSIX systems do")
def test_an_act_is_refused_while_it_can_not_be_recorded_and_possible_again_after(tmp_path: Path) -> None:
    file = tmp_path / "console" / "operations.db"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(root=str(ROOT), file=str(file))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines() == [
        "The journal can't be written, so nothing was done.",
        "True True after",
    ], done.stderr
