"""What the Operations drawer shows of each act and each failure, and what its buttons do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from app.actions import many_jobs, run_batches
from app.actions.colleagues import theirs
from app.actions.letter_batches import buttons, press
from app.actions.operation_report import start_report
from app.actions.operations import FAILURE, Operation
from app.actions.registry import EXPORT
from app.desk import Desk
from app.store.holds import words_of
from services.domain.diagnosis import since
from services.domain.statuses import Shape
from widgets.parts import cell, drawer, spans
from widgets.parts.clipboard import copy

UNDO: Final = "Undo"
COPY: Final = "Copy"
COPY_PATH: Final = "Copy path"
_SHAPES: dict[str, Shape] = {
    "planned": "waiting",
    "running": "running",
    "done": "ok",
    "failed": "failed",
    "unknown": "unknown",
    "undone": "skipped",
}


def shape_of(operation: Operation) -> Shape:
    """The shape beside an act."""
    return _SHAPES.get(operation.state, "unknown")


def operation_row(operation: Operation, desk: Desk) -> drawer.Operation:
    """An act for the drawer; one on many things with its progress, rate, time left and buttons."""
    batches, many = desk.batches, desk.many
    words, more, bar = operation.words.rstrip("."), spans.when(operation.changed_at), None
    shape = shape_of(operation)
    progress = batches.progress.get(operation.id)
    if progress is not None and batches.is_running(operation.id):
        parts = [f"{progress.moved:,} of {progress.total:,}"]
        parts += [f"{progress.failed:,} failed"] if progress.failed else []
        parts += [f"{progress.unknown:,} unknown"] if progress.unknown else []
        waits_for = progress.waits_for
        parts += [f"waits for {waits_for:,} job{'s' if waits_for > 1 else ''}"] if waits_for else []
        words = ", ".join(parts)
        more = "paused" if progress.paused else _pace(batches.rate(operation.id), 0 if waits_for else progress.waiting)
        shape = "paused" if progress.paused else "running"
        bar = cell.Bar(
            (("send", progress.moved), ("failed", progress.failed), ("unknown", progress.unknown)), progress.total
        )
    held = desk.runs.state.held
    if held is not None and operation.target.endswith(desk.runs.state.run_id):
        shape, words, more = "paused", words_of(held.why), f"until {spans.clock(held.until)}"
    for steered in (many, desk.run_batches):
        ended = steered.progress(operation.id)
        if ended is None:
            continue
        waiting = 0 if many.waits_for(operation.id) else operation.total - ended.tried
        shape = "paused" if steered.is_paused(operation.id) else "running"
        more = "paused" if shape == "paused" else _pace(steered.rate(operation.id), waiting)
        bar = cell.Bar((("send", ended.done), ("failed", ended.failed), ("unknown", ended.unknown)), operation.total)
    acts = many_jobs.buttons(many, operation) or run_batches.buttons(desk.run_batches, operation)
    acts = acts or buttons(batches, operation)
    if desk.jobs.can_undo(operation.id):
        acts = (UNDO,)
    elif operation.act == EXPORT.name and operation.state == "done":
        acts = (COPY_PATH,)
    elif not acts and operation.state in ("failed", "unknown"):
        acts = (COPY,)
    return drawer.Operation(
        key=operation.id, name=operation.label, shape=shape, words=words, more=more, bar=bar, acts=acts, tip=words
    )


def _pace(rate: float, waiting: int) -> str:
    """Things a second; of what takes long, a minute; with the time that those which are `waiting` take, 0 where that
    can't be told. "" while nothing is known of it."""
    if rate <= 0:
        return ""
    left = f", {since(waiting / rate)} left" if waiting else ""
    return f"{rate:,.1f}/s{left}" if rate >= 0.1 else f"{rate * 60:,.1f}/min{left}"


def summary(operations: Sequence[Operation], back_to: float | None) -> str:
    """How many acts are running, and how many ended today; failures of the program itself are no acts.

    `back_to`: older ones than this are not among them, None where all are.
    """
    acts = [operation for operation in operations if operation.act != FAILURE]
    running = sum(1 for operation in acts if not operation.ended)
    today = datetime.now().astimezone().date()
    more = "more than " if back_to and datetime.fromtimestamp(back_to).astimezone().date() == today else ""
    done = sum(
        1
        for operation in acts
        if operation.ended and datetime.fromtimestamp(operation.changed_at).astimezone().date() == today
    )
    return f"{running or 'None'} running, {more}{done:,} done today"


def pressed(desk: Desk, key: str, act: str) -> None:
    """A button of the drawer."""
    if desk.many.progress(key) is not None or (act not in (COPY, COPY_PATH) and desk.many.can_go_on(key)):
        many_jobs.press(desk.many, key, act)
        return
    known = desk.operations.get(key)
    if known is not None and act in run_batches.buttons(desk.run_batches, known):
        run_batches.press(desk.run_batches, key, act)
        return
    if act == UNDO:
        desk.jobs.undo(key)
        return
    if act not in (COPY, COPY_PATH):
        press(desk.batches, key, act)
        return
    operation = known or next((one for one in theirs(desk.store, ()) if one.id == key), None)
    if operation is not None and act == COPY_PATH:
        copy(operation.target)
    elif operation is not None:
        start_report(desk.operations, desk.batches.items, operation, desk.data_dir / "console" / "crashes", copy)
