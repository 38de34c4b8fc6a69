"""The command line of the program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import main
from services import entry, setup


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str], bool]]:
    """The roles that ran: name, arguments, whether setting up was allowed. Every role answers 7."""
    calls: list[tuple[str, list[str], bool]] = []
    allowed: list[bool] = []
    monkeypatch.setattr(entry, "needs_setup", lambda _root: True)
    monkeypatch.setattr(setup, "enter", lambda _root, may_install: allowed.append(may_install))

    def role(name: str) -> Any:
        def run(argv: list[str]) -> int:
            calls.append((name, argv, allowed[-1]))
            return 7

        return run

    for name, (_, what) in list(main.ROLES.items()):
        monkeypatch.setitem(main.ROLES, name, (role(name), what))
    return calls


@pytest.mark.parametrize(
    ("argv", "name", "rest", "may_install"),
    [
        ([], "console", [], True),
        (["--theme", "dark"], "console", ["--theme", "dark"], True),
        (["stack", "--help"], "stack", ["--help"], True),
        (["tour", "--out", "x", "--no-setup"], "tour", ["--out", "x"], False),
    ],
)
def test_the_role_gets_its_own_arguments(
    argv: list[str], name: str, rest: list[str], may_install: bool, called: list[tuple[str, list[str], bool]]
) -> None:
    assert main.main(argv) == 7
    assert called == [(name, rest, may_install)]


def test_help_lists_every_role_and_needs_no_setup(
    called: list[tuple[str, list[str], bool]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in main.ROLES)
    assert not called


def test_an_unknown_role_is_refused(
    called: list[tuple[str, list[str], bool]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["wroker"]) == 2
    assert "Did you mean worker?" in capsys.readouterr().err
    assert not called


@pytest.mark.parametrize(("failing", "code"), [(None, 0), ("ruff", 1), ("mypy", 1), ("lint-imports", 1), ("pytest", 4)])
def test_test_runs_every_check_and_pytest_last(
    failing: str | None, code: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    ran: list[str] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        tool = command[2] if command[0] == sys.executable else Path(command[0]).stem
        ran.append(tool)
        print(f"output of {tool}", flush=True)
        return subprocess.CompletedProcess(command, 4 if tool == failing else 0)

    monkeypatch.setattr(subprocess, "run", run)
    assert main._test([]) == code
    assert ran == ["ruff", "ruff", "mypy", "lint-imports", "pytest"]
    assert capfd.readouterr().out.splitlines()[-1] == "output of pytest"


def test_with_arguments_test_is_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        ran.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    assert main._test(["-k", "plans"]) == 0
    assert ran == [[sys.executable, "-m", "pytest", "-k", "plans"]]
