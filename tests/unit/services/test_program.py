"""How this program is called, and how a role of it is started as a child."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from services import program

ROOT = Path(__file__).resolve().parents[3]


def test_from_a_checkout_python_runs_main() -> None:
    command = [*program.role_command("stack"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert "usage: main.py stack" in done.stdout
    assert program.home() == ROOT
    assert not program.is_frozen()


def test_a_frozen_program_is_its_own_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", "/opt/bolt/directory-bolt")
    assert program.is_frozen()
    assert program.role_command("submit", "--data", "/x") == ["/opt/bolt/directory-bolt", "submit", "--data", "/x"]
    assert program.usage_name("submit") == "directory-bolt submit"
    assert program.home() == Path("/opt/bolt")


def test_the_version_is_that_of_pyproject() -> None:
    assert program.version() == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
