"""Each role as a process: help, a clear refusal, a quick end with its parent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from services.local.postgres import free_port
from services.settings import Settings, child_environment

ROOT = Path(__file__).resolve().parents[3]
ROLES = {
    "brain": "Brain online",
    "intake": "Relay online",
    "subscriber": "Queue URL",
    "worker": "Worker online",
    "monitor": "Monitor online",
}


def start(role: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    code = (
        f"import sys; from services.pipeline.{role} import run; code = run(sys.argv[1:]); "
        "qt = {name.partition('.')[0] for name in sys.modules} & {'PySide6', 'shiboken6', 'qasync', 'pyqtgraph'}; "
        "raise SystemExit(f'{qt} was loaded' if qt else code)"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT, env=child_environment(environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait_for_line(process: subprocess.Popen[str], words: str) -> None:
    """Read the log up to the line with `words`; fails when the log ends before it."""
    assert process.stderr
    assert any(words in line for line in process.stderr)


@pytest.mark.parametrize("role", ROLES)
def test_help_and_a_missing_setting(role: str) -> None:
    helped, refused = start(role, "--help"), start(role, DATABASE_URL="", SQS_QUEUE_URL="", CREWAI_URL="")
    out, _ = helped.communicate(timeout=30)
    assert (helped.returncode, "--end-with-parent" in out) == (0, True)
    _, err = refused.communicate(timeout=30)
    assert refused.returncode == 2
    assert "DATABASE_URL" in err


@pytest.mark.parametrize("role", ROLES)
def test_ends_with_its_parent(role: str, settings: Settings, tmp_path: Path) -> None:
    process = start(
        role, "--end-with-parent",
        DATABASE_URL=settings.database_url, SQS_QUEUE_URL=settings.queue_url, SQS_WAIT_TIME_SECONDS="20",
        AWS_DEFAULT_ACCESS_KEY_ID="local-key", AWS_DEFAULT_SECRET_ACCESS_KEY="local-secret",
        CREWAI_URL="http://127.0.0.1:9", PORT=str(free_port()), DIRECTORY_BOLT_HOME=str(tmp_path), LOG_LEVEL="INFO",
    )  # fmt: skip
    try:
        assert process.stdin
        wait_for_line(process, ROLES[role])
        process.stdin.close()
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()
