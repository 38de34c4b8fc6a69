"""How a role of this program is started as a child."""

from __future__ import annotations

import subprocess
import sys

import pytest

from services.program import role_command


def test_from_a_checkout_python_runs_main() -> None:
    done = subprocess.run([*role_command("stack"), "--help"], capture_output=True, text=True, timeout=30, check=True)
    assert "stack" in done.stdout


def test_a_frozen_program_is_its_own_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", "/opt/directory-bolt")
    assert role_command("submit", "--data", "/x") == ["/opt/directory-bolt", "submit", "--data", "/x"]
