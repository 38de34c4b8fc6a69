"""`main.py test`: every check runs, and a failure of any is the answer."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import pytest

from services import setup
from tests import check, reach


class Calls:
    """Stands in for the tools: notes each call, and fails the one named."""

    def __init__(self, failing: str | None = None) -> None:
        self.failing = failing
        self.ran: list[str] = []
        self.arguments: dict[str, tuple[str, ...]] = {}
        self.told: dict[str, Mapping[str, str]] = {}

    def __call__(self, command: tuple[str, ...], environment: Mapping[str, str], output: IO[bytes] | None) -> int:
        tool = command[2] if command[0] == sys.executable else Path(command[0]).stem
        self.ran.append(tool)
        self.arguments[tool] = command[3:] if command[0] == sys.executable else ()
        self.told[tool] = environment
        if output is not None:
            output.write(f"{tool} says this\n".encode())
        return 4 if tool == self.failing else 0


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the last check answers; by default that nothing is missing."""
    answers = [0]
    monkeypatch.setattr(reach, "main", lambda _: answers[-1])
    return answers


@pytest.mark.parametrize(
    ("failing", "code"), [(None, 0), ("ruff", 1), ("mypy", 1), ("lint-imports", 1), ("coverage", 4)]
)
def test_every_check_runs(
    failing: str | None, code: int, reached: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    calls = Calls(failing)
    assert check.run([], calls) == code
    assert sorted(calls.ran) == ["coverage", "lint-imports", "mypy", "ruff", "ruff"]
    assert calls.arguments["coverage"][:3] == ("run", "-m", "pytest")
    said = capsys.readouterr().out
    assert "\nmypy says this\n" in said
    assert ("== FAILED\n" in said) == bool(failing)


def test_python_keeps_what_it_compiles_where_it_may(reached: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls()
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    check.run([], calls)
    told = calls.told["coverage"]
    assert "PYTHONDONTWRITEBYTECODE" not in told
    assert Path(told["PYTHONPYCACHEPREFIX"]).parent == Path(told["COVERAGE_FILE"]).parents[1]
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE")
    check.run([], calls)
    assert "PYTHONPYCACHEPREFIX" not in calls.told["coverage"]


def test_files_of_tests_lie_in_memory_where_there_is_room(reached: list[int], tmp_path: Path) -> None:
    calls = Calls()
    check.run([], calls)
    files = Path(calls.arguments["coverage"][-1].removeprefix("--basetemp="))
    assert files.parent == Path(calls.told["coverage"]["COVERAGE_FILE"]).parents[1]
    assert files.parent.parent == (check.in_memory() or Path(tempfile.gettempdir()))
    assert check.in_memory(tmp_path / "nowhere") is None
    assert check.in_memory(Path("/proc")) is None, "it has no room"


def test_what_the_tests_do_not_reach_is_a_failure(reached: list[int]) -> None:
    reached.append(1)
    assert check.run([], Calls()) == 1
    assert check.run([], Calls("coverage")) == 4


def test_with_arguments_it_is_pytest_alone(reached: list[int]) -> None:
    calls = Calls()
    assert check.run(["-k", "plans"], calls) == 0
    assert (calls.ran, calls.arguments) == (["pytest"], {"pytest": ("-k", "plans")})


def test_help_runs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    calls = Calls()
    assert check.run(["--help"], calls) == 0
    assert "pytest alone" in capsys.readouterr().out
    assert not calls.ran


def test_what_a_window_is_tested_on_is_installed_first(
    reached: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted: list[str] = []

    def need(_: str, packages: list[str]) -> None:
        wanted.extend(packages)
        raise setup.SetupFailed("Ask whoever may install it.")

    monkeypatch.setattr(setup, "need", need)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check.run(["tests/unit"], Calls()) == 0
    assert wanted == ["xvfb", "xdotool"]
    assert "Ask whoever may install it." in capsys.readouterr().out
