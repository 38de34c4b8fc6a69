"""Whether a start has to set up first."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from services import interpreter


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "requirements.lock").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    monkeypatch.setenv(interpreter.GUARD, str(tmp_path / ".venv"))
    return tmp_path


def test_a_process_that_a_setup_started_needs_none(checkout: Path) -> None:
    assert not interpreter.needs_setup(str(checkout))


def test_a_python_of_somewhere_else_needs_one(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", "/usr")
    assert interpreter.needs_setup(str(checkout))


def test_without_the_mark_of_a_setup_one_is_needed(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(interpreter.GUARD)
    assert interpreter.needs_setup(str(checkout))


def test_outside_a_checkout_and_in_a_frozen_program_there_is_none(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", "/usr")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert not interpreter.needs_setup(str(checkout))
    monkeypatch.delattr(sys, "frozen")
    (checkout / "requirements.lock").unlink()
    assert not interpreter.needs_setup(str(checkout))
