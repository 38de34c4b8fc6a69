"""Runs of a job that were not made on this machine, as far as the project and this disk tell of them, for its case."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from app.actions.remote_steps import detail_of, plan_of, steps_of
from app.actions.run_state import RunState, taken
from app.store.lines import DirectoryLine
from services import artifacts
from services.domain.case_file import CaseRun, CaseStep
from services.domain.plans import step_words
from services.domain.text import one_line

WORKER: Final = "a worker"
COLLEAGUE: Final = "another staff machine"
_MOST_LOGS: Final = 20
_LARGEST_LOG: Final = 4 * 1024 * 1024


class Remote(msgspec.Struct, frozen=True):
    """`left_out`: sentences on what isn't in them."""

    runs: tuple[CaseRun, ...] = ()
    left_out: tuple[str, ...] = ()


class _Log(msgspec.Struct, frozen=True):
    """The file that a worker keeps of its newest run of a directory."""

    claim: str
    told: list[dict[str, Any]]


def remote_runs(
    lines: Iterable[DirectoryLine], known: Collection[str], root: Path, placed: Callable[[str], str]
) -> Remote:
    """The run behind each directory's result, newest first, but those of this machine: `known` are their ids.

    `root`: where workers on this machine keep what a page wrote and asked for; `placed` gives a picture's name in the
    file. Blocks the thread.
    """
    runs: list[CaseRun] = []
    elsewhere = older = traces = 0
    for line in sorted(lines, key=lambda line: -(line.when or 0.0)):
        run = _run(line, placed)
        if run is None or run.run_id in known:
            continue
        if run.by == WORKER:
            place = artifacts.place_of_worker(root, line.job_id, line.host)
            log = _log(place.with_suffix(artifacts.LOG), run.run_id)
            traces += log is not None and place.with_suffix(artifacts.TRACE).exists()
            elsewhere += log is None
            if log is not None and len(runs) < _MOST_LOGS:
                run = _with_log(run, log)
            else:
                older += log is not None
        runs.append(run)
    return Remote(tuple(runs), tuple(_sentences(runs, elsewhere, older, traces)))


def _run(line: DirectoryLine, placed: Callable[[str], str]) -> CaseRun | None:
    """None where the project has no run that says how its steps went."""
    if line.result is None:
        return None
    log, payload = line.result.response_log, line.result.payload
    went, plan = steps_of(log), plan_of(payload)
    if not went and not plan:
        return None
    here = bool(log.get("run_here"))
    newest = line.attempts[0] if line.attempts else None
    steps = []
    for index in range(max(len(plan), max(went, default=-1) + 1)):
        step = plan[index] if index < len(plan) else None
        status, ms = went.get(index, ("waiting" if went else "not told", None))
        words = one_line(step_words(step), 120) if step is not None else f"Step {index + 1}"
        steps.append(CaseStep(words, detail_of(step), status, ms))
    reasons = log.get("reasons")
    return CaseRun(
        one_line((log.get("run_id") if here else payload.get("claim")) or "", 80), line.host, False,
        newest.started_at if newest else None, newest.ended_at if newest else None,
        verdict=line.outcome, words=line.words or line.error,
        reasons=tuple(one_line(reason, 300) for reason in reasons if reason) if isinstance(reasons, list) else (),
        steps=tuple(steps), picture=placed(line.screenshot_url), by=COLLEAGUE if here else WORKER,
    )  # fmt: skip


def _log(file: Path, claim: str) -> _Log | None:
    """What a worker on this machine kept of the run under this claim; None where it kept none."""
    try:
        if not claim or file.stat().st_size > _LARGEST_LOG:
            return None
        log = msgspec.json.decode(file.read_bytes(), type=_Log)
    except (OSError, ValueError, RecursionError):
        return None
    return log if log.claim == claim else None


def _with_log(run: CaseRun, log: _Log) -> CaseRun:
    state = RunState()
    for event in log.told:
        if event.get("kind") in ("console", "network"):
            state = taken(state, event)
    console: tuple[dict[str, Any], ...] = tuple(msgspec.structs.asdict(said) for said in state.console)
    network: tuple[dict[str, Any], ...] = tuple(msgspec.structs.asdict(asked) for asked in state.network)
    return msgspec.structs.replace(run, console=console, network=network)


def _sentences(runs: Iterable[CaseRun], elsewhere: int, older: int, traces: int) -> Iterable[str]:
    by: Mapping[str, int] = {who: sum(run.by == who for run in runs) for who in (WORKER, COLLEAGUE)}
    if by[WORKER]:
        yield "Of a worker's run only the last picture is kept."
    if elsewhere:
        yield f"What pages wrote and asked for in {_runs(elsewhere, 'worker')} stays on the worker's machine."
    if older:
        yield f"The logs of {_runs(older, 'worker')}, the older ones, were left out: they would be too much."
    if traces:
        yield f"Of {_runs(traces, 'worker')} a trace lies on this computer; it holds what was typed, and stays there."
    if by[COLLEAGUE]:
        yield f"Pictures, logs and traces of {_runs(by[COLLEAGUE], 'colleague')} stay on their machines, but the last."


def _runs(count: int, of: str) -> str:
    return f"a run of a {of}" if count == 1 else f"{count} runs of {of}s"
