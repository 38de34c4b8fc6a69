"""Every role as a process of its own: its help, and no Qt where there is no window."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import main
from services.program import role_command

WITH_WINDOW = ("console", "tour")


@pytest.fixture(scope="module")
def helped() -> dict[str, subprocess.CompletedProcess[str]]:
    """Each role's --help; standard error lists every module that was imported for it."""

    def run(role: str) -> subprocess.CompletedProcess[str]:
        python, *rest = role_command(role, "--help")
        command = [python, "-X", "importtime", *rest]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(main.ROLES, pool.map(run, main.ROLES), strict=True))


@pytest.mark.parametrize("role", main.ROLES)
def test_every_role_tells_how_it_is_used(role: str, helped: dict[str, subprocess.CompletedProcess[str]]) -> None:
    done = helped[role]
    assert done.returncode == 0, done.stderr[-2000:]
    assert f"usage: main.py {role}" in done.stdout


@pytest.mark.parametrize("role", [role for role in main.ROLES if role not in (*WITH_WINDOW, *main.CHECKOUT_ONLY)])
def test_a_role_without_a_window_imports_no_qt(role: str, helped: dict[str, subprocess.CompletedProcess[str]]) -> None:
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in helped[role].stderr.splitlines()}
    assert "services" in imported  # the list is there
    assert not {"PySide6", "shiboken6", "qasync", "pyqtgraph"} & imported


def test_qt_would_be_seen() -> None:
    command = [sys.executable, "-X", "importtime", "-c", "import PySide6"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "| PySide6\n" in done.stderr
