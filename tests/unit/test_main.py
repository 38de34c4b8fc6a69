"""The command line of the program."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import main
from services import interpreter, program, setup


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str], bool]]:
    """The roles that ran: name, arguments, whether setting up was allowed. Every role answers 7."""
    calls: list[tuple[str, list[str], bool]] = []
    allowed: list[bool] = []
    monkeypatch.setattr(interpreter, "needs_setup", lambda _root: True)
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


@pytest.mark.parametrize(("argv", "read_only"), [(["--read-only"], True), (["--theme", "dark"], False), ([], False)])
def test_the_window_is_told_whether_it_is_only_to_look(
    argv: list[str], read_only: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[bool] = []
    monkeypatch.setattr("services.settings.has_display", lambda: True)
    monkeypatch.setattr(main, "_window", lambda _theme, *, read_only: told.append(read_only))
    main._console(argv)
    assert told == [read_only]


def test_without_a_display_a_console_to_look_at_takes_no_tour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.settings.has_display", lambda: False)
    monkeypatch.setattr(main, "_tour", lambda _: 0)
    assert (main._console([]), main._console(["--read-only"])) == (0, 2)


@pytest.fixture
def frozen(called: list[tuple[str, list[str], bool]], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """This as the frozen program; says when its start was made ready."""
    entered: list[str] = []
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", "/opt/bolt/directory-bolt")
    monkeypatch.setattr("services.frozen.enter", lambda: entered.append("ready"))
    return entered


def test_the_frozen_program_lists_only_what_it_has(frozen: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: directory-bolt [ROLE]")
    assert all((f"  {name} " in out) is (name not in main.CHECKOUT_ONLY) for name in main.ROLES)
    assert "--no-setup" not in out


@pytest.mark.parametrize("role", main.CHECKOUT_ONLY)
def test_the_frozen_program_says_in_words_what_only_a_checkout_has(
    role: str, frozen: list[str], called: list[tuple[str, list[str], bool]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main([role, "--help"]) == 2
    assert "run it in a checkout" in capsys.readouterr().err
    assert not called


def test_the_frozen_program_is_made_ready_before_its_role(
    frozen: list[str], called: list[tuple[str, list[str], bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(main.ROLES, "worker", (lambda argv: len(frozen), "as it was"))
    assert main.main(["worker"]) == 1


def test_it_tells_its_version(called: list[tuple[str, list[str], bool]], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--version"]) == 0
    assert capsys.readouterr().out == f"Directory-Bolt {program.version()}\n"
    assert not called


@pytest.mark.parametrize("argv", [["tour"], ["console"]])
def test_the_tour_presses_no_button_of_a_real_project(
    argv: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("services.settings.has_display", lambda: False)
    monkeypatch.setenv("SUPABASE_URL", "https://abc.supabase.example")
    monkeypatch.setattr(main, "_window", lambda *_, **__: pytest.fail("a window was opened"))
    assert main.main(argv) == 2
    assert "SUPABASE_URL leads to https://abc.supabase.example" in capsys.readouterr().err
