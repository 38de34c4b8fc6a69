"""The X-ray of a plan: its jobs, what would happen to each directory of the chosen one, and the body that is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.actions.letter_batches import FATES, Directory, Fate, XRay
from app.actions.letter_edits import Corrections, Edit
from app.desk import Desk
from app.models.table_model import LinesModel
from services.domain.text import clause
from widgets.look import metrics
from widgets.pages.dead_letters.words import plain
from widgets.parts import cell
from widgets.parts.check_box import CheckBox
from widgets.parts.columns import Column
from widgets.parts.diff import DiffView
from widgets.parts.label import label, say
from widgets.parts.table import Table

FATE_WORDS: Final[dict[Fate, tuple[str, str, str]]] = {
    "submit": ("send", "Will submit", "will submit"),
    "live": ("ok", "Already live", "already live"),
    "unknown": ("unknown", "Unknown", "outcome unknown"),
    "in_flight": ("running", "In flight", "in flight"),
    "blocked": ("blocked", "Blocked", "blocked"),
}
"""Shape, words in a row, words of the sum."""
_HIGH: Final = 300
_LEAST: Final = 112
"""In a low window the tables give way first: what is ticked below them must be seen."""
_WHY: Final[dict[Fate, str]] = {
    "submit": "it is on the work list",
    "live": "it was submitted",
    "unknown": "nobody knows how it ended: it is left alone",
    "in_flight": "a worker has it now",
    "blocked": "",
}


class JobRow(msgspec.Struct, frozen=True):
    """A job of the plan; `words`: send 1, or why it isn't sent. `says`: what the subscriber reads as something else.
    `message_id`: the message that is sent, "" for none; `edited`: with the values of its job."""

    job_id: str
    business: str
    words: str
    seen: XRay
    says: tuple[str, ...] = ()
    message_id: str = ""
    edited: bool = False


class XRayView(QWidget):
    """Jobs at the left, the directories of the chosen one at the right. `changed`: other letters are corrected, or can
    be."""

    changed = Signal()

    def __init__(self, rows: Sequence[JobRow], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fixes: dict[str, Edit | None] = {}
        self.setMaximumHeight(metrics.px(_HIGH))
        self.jobs = Table((Column("Job", 130, stretch=1), Column("", 126, right=True)), many=False, name="Jobs")
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
            name="Directories",
        )
        self.directories_model = LinesModel[Directory](
            key=lambda one: one.host,
            cells=[
                lambda one: cell.status(*FATE_WORDS[one.fate][:2]),
                lambda one: cell.name(one.host),
                lambda one: cell.words(clause(one.why) or _WHY[one.fate]),
            ],
            sort_keys=[lambda one: FATES.index(one.fate), lambda one: one.host, lambda one: one.why],
            words=lambda one: f"{one.host}, {FATE_WORDS[one.fate][1]}",
            parent=self,
        )
        self.jobs.setModel(self.jobs_model)
        self.directories.setModel(self.directories_model)
        self.directories.sort_by(0)
        self.jobs_model.apply({row.job_id: row for row in rows})
        self.jobs.current_moved.connect(self._show)
        self.jobs.setFixedWidth(metrics.px(322))
        for table in (self.jobs, self.directories):
            table.setMinimumHeight(metrics.px(_LEAST))
        self.says = label("", "small", "blocked", wrap=True)
        self.correct = CheckBox("Send the corrected body")
        self.correct.clicked.connect(self._correct_one)
        self.diff = DiffView()
        self.diff.setFixedHeight(metrics.px(84))
        self._lay_out()
        self.jobs.go_to(0)

    def take_fixes(self, fixes: Corrections) -> None:
        """What some messages are with the values of their jobs: that can be ticked from now on."""
        self._fixes.update(fixes)
        if self._row(self.jobs.current_row()).message_id in fixes:
            self._show(self.jobs.current_row())
        self.changed.emit()

    def unread(self) -> list[str]:
        """The messages that are read as something else than they say, and of which it isn't known whether they can be
        corrected."""
        return [row.message_id for row in self._rows() if row.says and row.message_id not in self._fixes]

    def can_correct(self) -> int:
        """How many can be corrected, as far as that is known."""
        return sum(edit is not None for edit in self._fixes.values())

    def edits(self) -> dict[str, Edit]:
        """Message id -> what is sent instead, of those that are ticked."""
        found = {row.message_id: self._fixes.get(row.message_id) for row in self._rows() if row.edited}
        return {key: edit for key, edit in found.items() if edit is not None}

    def correct_all(self, ticked: bool) -> None:
        """Send every one that can be with the values of its job, or none."""
        self._tick(self._rows(), ticked)

    def all_corrected(self) -> bool:
        """Whether every one is that can be."""
        return all(row.edited for row in self._rows() if self._fixes.get(row.message_id) is not None)

    def _correct_one(self, ticked: bool) -> None:
        self._tick([self._row(self.jobs.current_row())], ticked)

    def _tick(self, rows: Sequence[JobRow], ticked: bool) -> None:
        can = [row for row in rows if self._fixes.get(row.message_id) is not None]
        self.jobs_model.apply({row.job_id: msgspec.structs.replace(row, edited=ticked) for row in can})
        self._show(self.jobs.current_row())
        self.changed.emit()

    def _rows(self) -> list[JobRow]:
        found = (self.jobs_model.by_key(key) for key in self.jobs_model.all_keys())
        return [row for row in found if row is not None]

    def _row(self, at: int) -> JobRow:
        return self.jobs_model.line(at) if 0 <= at < self.jobs_model.rowCount() else JobRow("", "", "", XRay(""))

    def _show(self, at: int) -> None:
        chosen = self._row(at)
        edit = self._fixes.get(chosen.message_id)
        say(self.says, " ".join(chosen.says))
        self.correct.setVisible(edit is not None)
        self.correct.setChecked(chosen.edited)
        self.diff.setVisible(edit is not None)
        self.diff.show_lines([(line.sign, plain(line.text, whole=True)) for line in edit.diff] if edit else [])
        self._below.setVisible(bool(chosen.says) or edit is not None)
        gone: dict[str, Directory | None] = dict.fromkeys(self.directories_model.all_keys())
        self.directories_model.apply({**gone, **{one.host: one for one in chosen.seen.directories}})

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), metrics.px(_HIGH))

    def hasHeightForWidth(self) -> bool:
        return False  # what is said wraps, and would have the tables begin at their least height

    def _lay_out(self) -> None:
        said = QHBoxLayout()
        said.setSpacing(metrics.px(16))
        said.addWidget(self.says, 1)
        said.addWidget(self.correct)
        self._below = QWidget()
        below = QVBoxLayout(self._below)
        below.setContentsMargins(metrics.px(16), metrics.px(8), metrics.px(16), metrics.px(8))
        below.setSpacing(metrics.px(6))
        below.addLayout(said)
        below.addWidget(self.diff)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.directories, 1)
        right.addWidget(self._below)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        row.addWidget(self.jobs)
        row.addLayout(right, 1)


def job_row(desk: Desk, job_id: str, seen: XRay, words: str) -> JobRow:
    """A job of the plan, with its customer as far as it is known."""
    job = desk.store.jobs.get(job_id)
    return JobRow(job_id, (job.business if job else "") or f"Job {job_id[:8]}", words, seen)


def _sent(row: JobRow) -> cell.Cell:
    if row.seen.stops:
        return cell.words(row.words, "tertiary", row.seen.stops)
    return cell.words(f"{row.words} corrected" if row.edited else row.words, "send")
