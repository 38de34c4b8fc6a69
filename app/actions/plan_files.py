"""The plan of a run, or the one in the project's record, written to a file of its own without secrets."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from app import tasks
from app.actions.exports import Exports
from app.actions.run_state import RunState, StepLine
from app.store.lines import DirectoryLine
from services.domain.plans import Plan, Step, step_place
from services.domain.redaction import redact_value
from services.domain.text import storable
from services.domain.times import to_iso
from services.domain.typed import MASK, shown_payload

FORMAT: Final = "directory-bolt plan"
VERSION: Final = 1


def plan_of_run(state: RunState | None) -> dict[str, Any] | None:
    """What a file says of the plan of a run on this machine; None where it has none.

    `plan`, `constraints` and `idempotency_factors` are as Brain answers them; a value that may be a password is masked.
    """
    if state is None or state.plan is None:
        return None
    source = f"{'Dry' if state.dry else 'Real'} run on this computer at {to_iso(state.started_at)}"
    made = msgspec.to_builtins(_as_run(state.plan, state.steps))
    return _file(state.job_id, state.business, state.directory, source, made)


def recorded_plan(line: DirectoryLine | None) -> dict[str, Any] | None:
    """The same of the last run that the project has of a directory."""
    steps = shown_payload(line.result.payload).get("plan") if line is not None and line.result is not None else None
    if line is None or not isinstance(steps, list) or not steps:
        return None
    return _file(line.job_id, "", line.host, "The project's record of the last run", {"plan": steps})


def why_not_export(exports: Exports, role: str | None, *, known: bool) -> str:
    """Why it can't be exported, "" when it can. `known`: whether there is one."""
    return exports.why_not(1, role) or ("" if known else "No plan is known yet: a dry run gets one.")


def export_plan(exports: Exports, known: dict[str, Any], business: str) -> None:
    """Write it to a file, as a task."""
    whole = {**known, "business": known["business"] or business}

    def made() -> bytes:
        return json.dumps(storable(redact_value(whole)), indent=2, ensure_ascii=False).encode() + b"\n"

    about = f"{whole['business'] or whole['job_id']}, {whole['directory']}"
    tasks.spawn("export of a plan", exports.write_made("plan", about, "json", made))


def _file(job_id: str, business: str, directory: str, source: str, made: dict[str, Any]) -> dict[str, Any]:
    head = {"format": FORMAT, "version": VERSION, "from": source}
    return {**head, "job_id": job_id, "business": business, "directory": directory, **made}


def _as_run(plan: Plan, lines: tuple[StepLine, ...]) -> Plan:
    """The plan as it was run: with the selectors that a person put in, and the values that the browser saw."""
    if len(lines) != len(plan.plan):
        return plan
    steps = [_as_done(step, line) for step, line in zip(plan.plan, lines, strict=True)]
    return msgspec.structs.replace(plan, plan=steps)


def _as_done(step: Step, line: StepLine) -> Step:
    if step.selector and line.detail != step_place(step):
        step = msgspec.structs.replace(step, selector=line.detail)
    if step.action not in ("fill", "select") or not step.value or line.status != "done":
        return step
    # The browser's own word: it saw what kind of field that is.
    if MASK in (step.value, line.value):
        return msgspec.structs.replace(step, value=line.value or MASK)
    return step
