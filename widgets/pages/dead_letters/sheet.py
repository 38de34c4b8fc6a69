"""The X-ray sheet: what a replay of many would do with each job and directory, before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.actions.colleagues import unrecorded
from app.actions.confirming import typed
from app.actions.letter_batches import FATES, Choice, Directory, Fate, XRay, start_archive, start_replay
from app.desk import Desk
from app.models.table_model import LinesModel
from widgets.look import metrics
from widgets.pages.dead_letters.words import choice_title, letters
from widgets.parts import cell, spans
from widgets.parts.check_box import CheckBox
from widgets.parts.columns import Column
from widgets.parts.label import label, say
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface
from widgets.parts.table import Table

_FATES: Final[dict[Fate, tuple[str, str, str]]] = {
    "submit": ("send", "Will submit", "will submit"),
    "live": ("ok", "Already live", "already live"),
    "unknown": ("unknown", "Unknown", "outcome unknown"),
    "in_flight": ("running", "In flight", "in flight"),
    "blocked": ("blocked", "Blocked", "blocked"),
}
"""Shape, words in a row, words of the sum."""
_WHY: Final[dict[Fate, str]] = {
    "submit": "it is on the work list",
    "live": "it was submitted",
    "unknown": "nobody knows how it ended: it is left alone",
    "in_flight": "a worker has it now",
    "blocked": "",
}


class JobRow(msgspec.Struct, frozen=True):
    """A job of the plan; `words`: send 1, or why it isn't sent. `says`: what the subscriber reads as something else."""

    job_id: str
    business: str
    words: str
    seen: XRay
    says: tuple[str, ...] = ()


class XRayView(QWidget):
    """Jobs at the left, the directories of the chosen one at the right."""

    def __init__(self, rows: Sequence[JobRow], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(metrics.px(300))
        self.jobs = Table((Column("Job", 130, stretch=1), Column("", 92, right=True)), many=False)
        self.jobs_model = LinesModel[JobRow](
            key=lambda row: row.job_id,
            cells=[lambda row: cell.name(row.business), _sent],
            sort_keys=[lambda row: row.business.lower(), lambda row: row.words],
            words=lambda row: f"{row.business}, {row.words}",
            parent=self,
        )
        self.directories = Table(
            (Column("What happens", 110), Column("Directory", 140, stretch=1), Column("Because", 160, stretch=1.4)),
            many=False,
        )
        self.directories_model = LinesModel[Directory](
            key=lambda one: one.host,
            cells=[
                lambda one: cell.status(*_FATES[one.fate][:2]),
                lambda one: cell.name(one.host),
                lambda one: cell.words(one.why or _WHY[one.fate]),
            ],
            sort_keys=[lambda one: FATES.index(one.fate), lambda one: one.host, lambda one: one.why],
            words=lambda one: f"{one.host}, {_FATES[one.fate][1]}",
            parent=self,
        )
        self.jobs.setModel(self.jobs_model)
        self.directories.setModel(self.directories_model)
        self.directories.sort_by(0)
        self.jobs_model.apply({row.job_id: row for row in rows})
        self.jobs.current_moved.connect(self._show)
        self.jobs.setFixedWidth(metrics.px(290))
        self.says = label("", "small", "blocked", wrap=True)
        self.says.setContentsMargins(metrics.px(16), metrics.px(8), metrics.px(16), metrics.px(8))
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.directories, 1)
        right.addWidget(self.says)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        row.addWidget(self.jobs)
        row.addLayout(right, 1)
        self.jobs.go_to(0)

    def _show(self, row: int) -> None:
        chosen = self.jobs_model.line(row) if 0 <= row < self.jobs_model.rowCount() else JobRow("", "", "", XRay(""))
        seen = chosen.seen
        say(self.says, " ".join(chosen.says))
        self.says.setVisible(bool(chosen.says))
        gone: dict[str, Directory | None] = dict.fromkeys(self.directories_model.all_keys())
        self.directories_model.apply({**gone, **{one.host: one for one in seen.directories}})


def ask_replay(body: Surface, desk: Desk, ids: Sequence[str]) -> ConfirmSheet:
    """Show what a replay of these would do, and start it once it is confirmed."""
    choice = desk.batches.weigh(ids)
    inside = QWidget()
    column = QVBoxLayout(inside)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    rows = _job_rows(desk, choice)
    if rows:
        column.addWidget(XRayView(rows))
    else:
        words = label("Nothing is known of these jobs: the project's facts have not come yet.", "body", "secondary")
        words.setContentsMargins(metrics.px(20), metrics.px(12), metrics.px(20), metrics.px(12))
        column.addWidget(words)
    archive = CheckBox(f"Archive the {len(choice.done):,} that nobody needs any more")
    archive.setChecked(bool(choice.done))
    archive.setVisible(bool(choice.done))
    line = QHBoxLayout()
    line.setContentsMargins(metrics.px(20), metrics.px(8), metrics.px(20), metrics.px(8))
    line.addWidget(archive)
    pace = desk.batches.pace
    rate = f"{pace.rate:g}/s" if pace.rate else "as fast as it goes"
    ramp = ", ".join(str(step) for step in pace.ramp)
    line.addStretch(1)
    line.addWidget(label(f"Rate {rate}, first {ramp}; stops above {pace.worst:.0%} failures", "small", "secondary"))
    column.addLayout(line)
    environment = desk.environment.upper()
    sheet = ConfirmSheet(
        body,
        f"Replay {letters(len(ids))}: {choice_title(choice)}",
        f"Dead letters to the main queue, {environment}. Plan frozen {spans.clock(desk.store.now())}; "
        "what arrives later is not in it.",
        f"Replay {len(choice.send):,} to {environment}" if choice.send else "Archive only",
        facts=[_sum(fate, choice) for fate in FATES],
        reason=True,
        typed=typed(len(choice.send), desk.environment),
        foot=unrecorded(desk.store) or "Written to the journal before each send",
        inside=inside,
        width=880,
    )
    sheet.confirmed.connect(
        lambda reason: start_replay(desk.batches, choice, reason=reason, archive=archive.isChecked())
    )
    return sheet


def ask_archive(body: Surface, desk: Desk, ids: Sequence[str]) -> ConfirmSheet:
    """Ask before dead letters are taken out of the queue."""
    sheet = ConfirmSheet(
        body,
        f"Archive {letters(len(ids))} in {desk.environment.upper()}",
        "They leave the queue and stay in the archive of this machine, from where they can be put back.",
        f"Archive {len(ids):,}",
        reason=True,
        typed=typed(len(ids), desk.environment),
        foot=unrecorded(desk.store) or "Written to the journal first",
    )
    sheet.confirmed.connect(lambda reason: start_archive(desk.batches, ids, reason=reason))
    return sheet


def _sum(fate: Fate, choice: Choice) -> tuple[str, str]:
    """How many directories of all jobs that are sent have this fate."""
    shape, _, words = _FATES[fate]
    return shape, f"{sum(seen.count(fate) for seen in choice.jobs.values()):,} {words}"


def job_row(desk: Desk, job_id: str, seen: XRay, words: str, says: tuple[str, ...] = ()) -> JobRow:
    """A job of the plan, with its customer as far as it is known."""
    job = desk.store.jobs.get(job_id)
    return JobRow(job_id, (job.business if job else "") or f"Job {job_id[:8]}", words, seen, says)


def _job_rows(desk: Desk, choice: Choice) -> list[JobRow]:
    sent = [desk.dead_letters.lines[letter.message_id].reading for letter in choice.send]
    says = {reading.message.job_id: reading.otherwise for reading in sent if reading.message}
    return [
        job_row(desk, job_id, seen, "not sent" if seen.stops else "send 1", says.get(job_id, ()))
        for job_id, seen in choice.jobs.items()
    ]


def _sent(row: JobRow) -> cell.Cell:
    if row.seen.stops:
        return cell.words(row.words, "tertiary", row.seen.stops)
    return cell.words(row.words, "send")
