"""`main.py soak`: figures, seeds and the exit code."""

from __future__ import annotations

import json

import pytest

from tests.soak import runner


@pytest.fixture(autouse=True)
def soaks(monkeypatch: pytest.MonkeyPatch) -> None:
    def holds(minutes: float, seed: int) -> runner.Figures:
        """Counts to the seed."""
        return {"counted": seed, "minutes": minutes}

    def breaks(minutes: float, seed: int) -> runner.Figures:
        raise AssertionError("two were lost")

    monkeypatch.setitem(runner.SOAKS, "holds", holds)
    monkeypatch.setitem(runner.SOAKS, "breaks", breaks)


def test_a_soak_that_holds_prints_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.run(["holds", "--minutes", "0.5", "--seed", "7"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["counted", "7"] in lines
    assert ["minutes", "0.5"] in lines


def test_a_soak_that_breaks_says_what_and_how_to_repeat_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.run(["breaks", "--seed", "7"]) == 1
    error = capsys.readouterr().err
    assert "two were lost" in error
    assert "seed 7" in error


def test_without_a_seed_a_new_one_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.run(["holds", "--json"]) == 0
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert told["figures"]["counted"] == told["seed"]
    assert f"--seed {told['seed']}" in captured.err


@pytest.mark.parametrize("argv", [["hodls"], ["holds", "--minutes", "0"], ["holds", "--minutes", "2000"], []])
def test_what_cannot_be_run_is_refused(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        runner.run(argv)
    assert ended.value.code == 2


def test_help_says_what_each_soak_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        runner.run(["--help"])
    assert "holds       Counts to the seed." in capsys.readouterr().out
