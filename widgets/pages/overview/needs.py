"""Needs you: what waits for a person, most urgent first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from app.actions.registry import ACKNOWLEDGE
from app.desk import Desk
from app.models.table_model import LinesModel
from app.store.needs import RANKS, Kind, Need, job_need, letter_need
from services.domain.statuses import Shape
from widgets.pages.overview.panel import Panel
from widgets.parts import cell, spans
from widgets.parts.button import Button
from widgets.parts.columns import Column
from widgets.parts.held import held
from widgets.parts.table import Table

WORDS: Final[dict[Kind, tuple[Shape, str]]] = {
    "held": ("paused", "Held"),
    "lost": ("lost", "Lost"),
    "stuck": ("failed", "Stuck"),
    "dead_letter": ("blocked", "Dead letter"),
    "unknown": ("unknown", "Unknown"),
    "failed": ("failed", "Failed"),
}
_LINK: Final = 4


class NeedsPanel(Panel):
    """`open_job` gives a job's id; `show_dead_letters` asks for that list; `acknowledge` gives a `Need` or None."""

    open_job = Signal(str)
    acknowledge = Signal(object)
    show_dead_letters = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        self.table = Table(
            (
                Column("What", 96),
                Column("Customer", 150, stretch=0.4),
                Column("Why", 160, stretch=1),
                Column("Age", 60, right=True),
                Column("", 84, right=True),
            ),
            many=False,
            name="Needs you",
        )
        super().__init__("Needs you", self.table, lines="b", ruled=True, parent=parent)
        self._desk = desk
        self._dead: set[str] = set()
        self._seen = -1
        self._quiet: set[str] = set()
        """Keys of what somebody has seen to."""
        self.acknowledge_button = Button("Acknowledge", key="⇧A", small=True)
        self.acknowledge_button.clicked.connect(lambda: self.acknowledge.emit(self._current()))
        self.head.add_right(self.acknowledge_button)
        press = QShortcut(QKeySequence(ACKNOWLEDGE.key), self.table, context=Qt.ShortcutContext.WidgetShortcut)
        press.activated.connect(lambda: self.acknowledge.emit(self._current()))
        self.model: LinesModel[Need] = LinesModel(
            key=lambda need: need.key,
            cells=[
                lambda need: held() if need.kind == "held" else cell.status(*WORDS[need.kind]),
                lambda need: cell.name(need.name),
                lambda need: _why(need, desk.store.now()),
                lambda need: cell.words(spans.ago(need.since, desk.store.now()), tip=spans.moment(need.since)),
                lambda need: cell.link("Dead letters" if need.kind == "dead_letter" else "Open job"),
            ],
            # One number: these are sorted fastest, and there may be very many.
            sort_keys=[lambda need: RANKS[need.kind] * 1e11 - (need.since or 0.0)],
            words=lambda need: f"{WORDS[need.kind][1]}, {need.name}, {need.words}",
            parent=self,
        )
        self.table.setModel(self.model)
        self.table.horizontalHeader().hide()
        self.table.sort_by(0)
        self.table.opened.connect(self._open)
        self.table.current_moved.connect(lambda _: self._show_act())
        self.table.pressed_cell.connect(lambda row, column: self._open(row) if column == _LINK else None)
        self.work_out(desk.store.jobs.lines)
        self.show_letters()

    def show_letters(self) -> None:
        """Show the dead letters as they stand; costs nothing while they are the same."""
        letters = self._desk.dead_letters
        if letters.version == self._seen:
            return
        self._seen = letters.version
        dead = letters.job_ids()
        moved, self._dead = self._dead ^ dead, dead
        found = [
            letter_need(line.id, line.problem, line.letter.sent_at)
            for line in letters.lines.values()
            if self._desk.store.jobs.get(line.job_id) is None
        ]
        seen = {need.key for need in found if self._desk.store.acknowledged.covers(need.target, need.since)}
        self._quiet = {key for key in self._quiet if not key.startswith("letter:")} | seen
        wanted = {need.key: need for need in found if need.key not in seen}
        gone = {key: None for key in self.model.all_keys() if key.startswith("letter:") and key not in wanted}
        self.model.apply({**gone, **wanted})
        self.work_out(moved)

    def refresh(self) -> None:
        """Ages, the count, and how old it all is."""
        count = self.model.total()
        known = count or self._quiet or self._desk.store.state("jobs").loaded
        noted = f", {len(self._quiet):,} acknowledged" if self._quiet else ""
        self.head.say_note(f"{count:,}{noted}" if known else "")
        self.show_state(
            self._desk.store,
            "jobs",
            filled=bool(count),
            empty="Nothing needs you.",
            sentence="No job is stuck, lost or failed, no outcome is unknown, and there are no dead letters.",
        )
        self.table.set_old(self.stale)
        self.table.viewport().update()
        self._show_act()

    def take_acts(self, keys: Iterable[str]) -> None:
        """Acts of staff came in: what they say is seen to goes."""
        actions = [self._desk.store.get("staff_actions", key) for key in keys]
        targets = {action.target for action in actions if action is not None and action.act == ACKNOWLEDGE.name}
        if targets:
            self._seen = -1
            self.show_letters()
            self.work_out({target.partition("/")[0] for target in targets})

    def work_out(self, job_ids: Iterable[str]) -> None:
        """Look at these jobs anew."""
        jobs = self._desk.store.jobs
        changed: dict[str, Need | None] = {}
        for job_id in job_ids:
            line = jobs.get(job_id)
            need = job_need(line, job_id in self._dead, jobs.unknown_directories) if line is not None else None
            self._quiet.discard(job_id)
            if need is not None and line is not None and self._desk.store.acknowledged.covers_job(need, line):
                self._quiet.add(job_id)
                need = None
            if need != self.model.by_key(job_id):
                changed[job_id] = need
        self.model.apply(changed)

    def _current(self) -> Need | None:
        row = self.table.current_row()
        return self.model.line(row) if 0 <= row < self.model.rowCount() else None

    def _show_act(self) -> None:
        self.acknowledge_button.set_off(self._desk.needs.why_not(self._current()))

    def _open(self, row: int) -> None:
        need = self.model.line(row)
        if need.kind == "dead_letter":
            self.show_dead_letters.emit()
        else:
            self.open_job.emit(need.job_id)


def _why(need: Need, now: float) -> cell.Cell:
    if need.hold is not None:
        told = need.hold.told(spans.elapsed(need.hold.left(now)))
        return cell.words(f"{need.hold.host}: {told}", "primary", tip=need.hold.who)
    if need.wish is not None:
        return cell.status(need.wish.shape, need.wish.whole(spans.hour(need.wish.since)), tip=need.words)
    return cell.words(need.words)
