"""A case as rows of its tabs."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from services.domain.case_file import Case, CaseDirectory, CaseRun, Moment
from services.domain.event_words import worker_words
from widgets.parts import cell, spans
from widgets.parts.cell import Cell
from widgets.parts.columns import Column

MOMENTS: Final = (
    Column("When", 176, sorts=False),
    Column("What", 140, sorts=False),
    Column("Directory", 130, stretch=1, sorts=False, drops=2),
    Column("Who", 110, sorts=False, drops=1, middle=True),
    Column("Words", 160, stretch=2, sorts=False),
)
DIRECTORIES: Final = (
    Column("Outcome", 132, sorts=False),
    Column("Directory", 150, stretch=1, sorts=False),
    Column("Tries", 48, right=True, sorts=False, drops=2),
    Column("Why", 160, stretch=2, sorts=False),
)
RUNS: Final = (
    Column("Step", 150, stretch=1, sorts=False),
    Column("Where", 150, stretch=1, sorts=False, drops=1),
    Column("Took", 56, right=True, sorts=False, drops=2),
    Column("Result", 170, stretch=1, sorts=False),
)
LEFT_OUT: Final = (Column("What", 160, stretch=1, sorts=False),)
_OUTCOMES: Final = {
    "submitted": "ok", "done": "ok", "dry": "ok", "failed": "failed", "unknown": "unknown", "skipped": "skipped",
    "running": "running", "blocked": "blocked", "stopped": "skipped", "waiting": "waiting",
}  # fmt: skip


class Row(msgspec.Struct, frozen=True):
    """One row: its place, what is drawn, and what is shown beside it: a picture by name, a value as a tree."""

    number: int
    cells: tuple[Cell, ...]
    picture: str = ""
    value: Any = None


def moments(told: tuple[Moment, ...]) -> list[Row]:
    """The timeline, or the decisions, newest last."""
    return [Row(number, _moment(one), "", _plain(one)) for number, one in enumerate(told)]


def left_out(case: Case) -> list[Row]:
    """What isn't in it, and where that is."""
    return [
        Row(number, (cell.words(words, "primary", words),), "", {"words": words})
        for number, words in enumerate(case.left_out)
    ]


def directories(case: Case) -> list[Row]:
    """One row for each directory."""
    return [Row(number, _directory(one), one.picture, _beside(one)) for number, one in enumerate(case.directories)]


def runs(case: Case) -> list[Row]:
    """For each run a row that says how it ended, then its steps."""
    found: list[Row] = []
    for run in case.runs:
        told = {name: value for name, value in _plain(run).items() if name != "steps"}
        found.append(Row(len(found), _run(run), run.picture, told))
        for number, step in enumerate(run.steps, 1):
            cells = (
                cell.words(f"{number} {step.words}", "primary"),
                cell.mono(step.detail, tip=step.detail),
                cell.words(spans.took(step.ms) if step.ms is not None else "", "tertiary"),
                cell.status(_OUTCOMES.get(step.status, "waiting"), step.error or step.status, tip=step.error),
            )
            found.append(Row(len(found), cells, step.picture or run.picture, _plain(step)))
    return found


def _moment(one: Moment) -> tuple[Cell, ...]:
    return (
        cell.words(spans.moment(one.at) or "—", "tertiary"),
        cell.words(one.what, "primary"),
        cell.words(one.directory, tip=one.directory),
        cell.words(worker_words(one.who), tip=one.who),
        cell.words(one.words, tip=one.words),
    )


def _directory(one: CaseDirectory) -> tuple[Cell, ...]:
    why = one.words or one.error
    return (
        cell.status(_OUTCOMES.get(one.outcome, "unknown"), one.outcome or "unknown"),
        cell.name(one.host, tip=one.url),
        cell.number(len(one.attempts)),
        cell.words(why, tip=why),
    )


def _run(run: CaseRun) -> tuple[Cell, ...]:
    kind = "Dry run" if run.dry else "Real run"
    return (
        cell.name(f"{kind} of {run.directory}{f', by {run.by}' if run.by else ''}"),
        cell.words(spans.moment(run.started_at) or "—", "tertiary"),
        cell.words(_took(run), "tertiary"),
        cell.status(_OUTCOMES.get(run.verdict, "unknown"), run.words or run.verdict or "not known", tip=run.words),
    )


def _took(run: CaseRun) -> str:
    if run.started_at is None or run.ended_at is None:
        return ""
    return spans.took(round((run.ended_at - run.started_at) * 1000))


def _beside(one: CaseDirectory) -> dict[str, Any]:
    told = {"url": one.url, "listing_url": one.listing_url, "error": one.error}
    tries = [_plain(moment) for moment in one.attempts]
    return {name: value for name, value in {**told, "attempts": tries, **one.record}.items() if value}


def _plain(value: Any) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(value)
    return {name: inner for name, inner in made.items() if inner or inner is False or inner == 0}
