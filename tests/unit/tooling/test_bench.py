"""`main.py bench`: rows, goals and the exit code."""

from __future__ import annotations

import json

import pytest

from tests.bench import runner
from tests.bench.rows import Bound, Row, row


def measured(ours: float, bound: Bound, goal: float, name: str = "thing") -> Row:
    return row("made", name, ours=[ours], peer=[2.0], peer_name="bare", unit="ms", bound=bound, goal=goal)


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {"good": [measured(3.0, "<=", 1.5)], "bad": [measured(3.0, ">=", 1.6)]}
    for name, given in rows.items():
        monkeypatch.setitem(runner.GROUPS, name, given.copy)
    return rows


@pytest.mark.parametrize(
    ("bound", "goal", "met"), [("<=", 1.5, True), ("<=", 1.49, False), (">=", 1.5, True), (">=", 1.51, False)]
)
def test_the_bound_says_which_way_is_better(bound: Bound, goal: float, met: bool) -> None:
    assert measured(3.0, bound, goal)["met"] is met


def test_medians_are_judged_and_the_spread_is_half_the_width() -> None:
    made = row("made", "x", ours=[1, 9, 2], peer=[4, 4, 100], peer_name="p", unit="s", bound="<=", goal=0.5)
    assert (made["ours"], made["peer"], made["ratio"], made["met"]) == (2, 4, 0.5, True)
    assert (made["runs"], made["spread"]) == (3, 4)


def test_the_exit_code_says_whether_every_goal_was_met(
    groups: dict[str, list[Row]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert runner.run(["good"]) == 0
    assert "ratio 1.50 (goal <= 1.5: met)" in capsys.readouterr().out
    assert runner.run(["bad"]) == 1
    assert "ratio 1.50 (goal >= 1.6: missed)" in capsys.readouterr().out


def test_what_is_only_reported_misses_nothing(groups: dict[str, list[Row]], capsys: pytest.CaptureFixture[str]) -> None:
    groups["bad"][:] = [measured(3.0, "reported", 0.0)]
    assert runner.run(["bad"]) == 0
    assert "ratio 1.50 (reported)" in capsys.readouterr().out


def test_json_is_the_rows_and_nothing_else(groups: dict[str, list[Row]], capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.run(["--json", "bad"]) == 1
    assert json.loads(capsys.readouterr().out) == {"rows": groups["bad"]}


def test_an_unknown_group_is_refused(groups: dict[str, list[Row]], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        runner.run(["godo"])
    assert ended.value.code == 2
