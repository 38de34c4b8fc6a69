"""A run here beside the last one that the project has of the same directory, step by step."""

from __future__ import annotations

from typing import Final

import msgspec

from app.actions.remote_steps import detail_of, plan_of, steps_of
from app.actions.run_state import RunState, StepLine
from services.domain.plans import Step, step_words
from services.domain.redaction import redact
from services.domain.result import Result
from services.domain.text import one_line

_DID: Final = frozenset({"done", "blocked"})
"""A step that a dry run held back was carried out as far as a dry run goes."""
_OPEN: Final = frozenset({"waiting", "running"})


class Pair(msgspec.Struct, frozen=True):
    """One step of both. `remote`, `here`: done, failed, blocked, running, waiting, or "" where the plan has no such.

    `why`: what differs, in words; "" where nothing does, or where one of them didn't get there.
    """

    index: int
    words: str
    detail: str
    remote: str = ""
    remote_ms: int | None = None
    here: str = ""
    here_ms: int | None = None
    why: str = ""


class Comparison(msgspec.Struct, frozen=True):
    """`first`: the index of the first step that differs, None for none. `is_own`: the project's is this very run."""

    pairs: tuple[Pair, ...]
    first: int | None
    is_own: bool = False


def compare(result: Result | None, state: RunState) -> Comparison | None:
    """Both side by side; None where the project has no run of this directory that says how its steps went."""
    if result is None:
        return None
    log = result.response_log
    remote = steps_of(log)
    plan = plan_of(result.payload)
    if not remote and not plan:
        return None
    pairs: list[Pair] = []
    for index in range(max(len(plan), len(state.steps), max(remote, default=-1) + 1)):
        step = plan[index] if index < len(plan) else None
        line = state.steps[index] if index < len(state.steps) else None
        pairs.append(_pair(index, step, remote.get(index, ("waiting", None)), line, dry=state.dry))
    first = next((pair.index for pair in pairs if pair.why), None)
    # What comes after the first difference differs because of it.
    shown = tuple(
        pair if first is None or pair.index <= first else msgspec.structs.replace(pair, why="") for pair in pairs
    )
    return Comparison(shown, first, log.get("run_id") == state.run_id)


def _pair(index: int, step: Step | None, remote: tuple[str, int | None], line: StepLine | None, *, dry: bool) -> Pair:
    there, there_ms = remote
    if line is None:
        words = one_line(step_words(step), 120) if step is not None else f"Step {index + 1}"
        why = "This step is not in the plan any more" if step is not None else ""
        return Pair(index, words, detail_of(step), there, there_ms, why=why)
    pair = Pair(index, line.words, line.detail, there, there_ms, line.status, line.ms)
    if step is None:
        return msgspec.structs.replace(pair, remote="", remote_ms=None, why="This step is new in the plan")
    return msgspec.structs.replace(pair, why=_why(step, there, line, dry=dry))


def _why(step: Step, there: str, line: StepLine, *, dry: bool) -> str:
    # The project's address is written without its token.
    if (one_line(step_words(step), 120), redact(detail_of(step))) != (line.words, redact(one_line(line.detail, 300))):
        return f"The plan had “{one_line(step_words(step), 60)}” {detail_of(step)}".rstrip()
    if line.status in _OPEN or (dry and there == "waiting" and line.status == "blocked"):
        return ""
    if there == "waiting":
        return "The remote run did not get here" if line.status in _DID else ""
    if (there in _DID) != (line.status in _DID):
        return "It failed there and works here" if line.status in _DID else "It worked there and fails here"
    return ""
