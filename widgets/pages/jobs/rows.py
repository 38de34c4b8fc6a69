"""The rows of the Jobs page: what each column shows of a job, and how it sorts."""

from __future__ import annotations

import operator
from collections.abc import Callable

from PySide6.QtCore import QObject

from app.models.table_model import LinesModel
from app.store.lines import JobLine
from services.domain.statuses import job_status_shape, job_status_word
from widgets.parts import cell, spans
from widgets.parts.columns import Column
from widgets.parts.held import held

COLUMNS = (
    Column("Status", 96),
    Column("Customer", 164, stretch=1),
    Column("Package", 82, drops=1),
    Column("Progress", 140),
    Column("Current directory", 132, drops=4),
    Column("OK", 30, right=True),
    Column("Failed", 42, right=True),
    Column("Elapsed", 54, right=True, drops=2),
    Column("Last event", 62, right=True),
    Column("Diagnosis", 236, stretch=1.75),
)
_ORDER = {"in_progress": 0, "pending": 1, "failed": 2, "paused": 3, "completed": 4, "cancelled": 5}


def jobs_model(now: Callable[[], float], parent: QObject | None = None) -> LinesModel[JobLine]:
    """A model of job lines by id; `now` is the server's clock, unix seconds."""

    def elapsed(line: JobLine) -> cell.Cell:
        seconds = line.elapsed(now())
        return cell.NONE if seconds is None else cell.words(spans.elapsed(seconds))

    def last_event(line: JobLine) -> cell.Cell:
        return cell.words(spans.ago(line.last_event_at, now()), tip=spans.moment(line.last_event_at))

    return LinesModel(
        key=operator.attrgetter("id"),
        cells=[
            lambda line: cell.status(job_status_shape(line.status), job_status_word(line.status)),
            lambda line: cell.name(line.business or line.customer or line.id[:8], f"{line.email}  {line.customer}"),
            lambda line: cell.words(line.package_word),
            _progress,
            lambda line: cell.words(line.current) if line.current else cell.NONE,
            lambda line: cell.number(line.submitted),
            lambda line: cell.number(line.failed, "failed"),
            elapsed,
            last_event,
            lambda line: _diagnosis(line, now()),
        ],
        sort_keys=[
            _status_key,
            operator.attrgetter("folded"),
            operator.attrgetter("package_size"),
            lambda line: line.done / line.total if line.total else 0,
            operator.attrgetter("current"),
            operator.attrgetter("submitted"),
            operator.attrgetter("failed"),
            _elapsed_key,
            lambda line: -(line.last_event_at or 0.0),
            _why,
        ],
        words=_words,
        parent=parent,
        steady=lambda: int(now()),
    )


def _status_key(line: JobLine) -> float:
    """By status, within it the newest first; one number, since those are sorted fastest."""
    return _ORDER.get(line.status, 9) * 1e11 - (line.created_at or 0.0)


def _elapsed_key(line: JobLine) -> float:
    """How long it took or is taking; what never started comes first, what still runs last.

    A key must be the line's alone: one that reads the clock would lose its row.
    """
    if line.started_at is None:
        return -1.0
    if line.ended and line.completed_at is not None:
        return line.completed_at - line.started_at
    return 1e12 - line.started_at


def _progress(line: JobLine) -> cell.Cell:
    return cell.progress(
        line.done,
        line.total,
        face="ended" if line.status == "completed" else "running" if line.status == "in_progress" else "ok",
        submitted=line.submitted,
        failed=line.failed,
        unknown=line.unknown,
        skipped=line.skipped,
    )


def _diagnosis(line: JobLine, now: float) -> cell.Cell:
    if line.hold is not None:
        told = f"Held, {line.hold.told(spans.elapsed(line.hold.left(now)))}"
        return held(told, ", ".join(part for part in (told, line.hold.host, line.hold.who) if part))
    if line.wish is not None:
        words = line.wish.whole(spans.hour(line.wish.since))
        return cell.status(line.wish.shape, words, tip=words)
    found = line.diagnosis
    tone = cell.word_tone(found.shape) if found.shape else ("tertiary" if line.status == "completed" else "secondary")
    return cell.words(found.words, tone)


def _why(line: JobLine) -> str:
    if line.hold is not None:
        return line.hold.words
    return line.wish.act if line.wish else line.diagnosis.words


def _words(line: JobLine) -> str:
    parts = [job_status_word(line.status), line.business, f"{line.done} of {line.total}", _why(line)]
    return ", ".join(part for part in parts if part)
