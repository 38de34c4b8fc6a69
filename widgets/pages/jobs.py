"""Jobs: every job as a row, with why it isn't moving."""

from __future__ import annotations

import operator

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.desk import Desk
from app.models.lines import LinesModel
from app.store.lines import JobLine
from app.store.store import Changes
from services.domain.statuses import job_status_shape, job_status_word
from widgets.parts import cell, spans
from widgets.parts.button import Button
from widgets.parts.columns import Column
from widgets.parts.faces import Faces
from widgets.parts.head import AsOf, PageHead
from widgets.parts.search_box import SearchBox
from widgets.parts.table import Table
from widgets.parts.tabs import Tab, TabRow

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
TABS = (
    Tab("all", "All"),
    Tab("pending", "Pending", "waiting"),
    Tab("in_progress", "In progress", "running"),
    Tab("completed", "Completed", "ok"),
    Tab("failed", "Failed", "failed"),
    Tab("paused", "Paused", "paused"),
    Tab("unknown", "Outcome unknown", "unknown"),
)
_ORDER = {"in_progress": 0, "pending": 1, "failed": 2, "paused": 3, "completed": 4, "cancelled": 5}


class JobsPage(QWidget):
    """The list. `opened` gives the id of a job that somebody wants to read."""

    opened = Signal(str)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.search = SearchBox("Search a customer, e-mail or id")
        self.tabs = TabRow(TABS)
        self._as_of = AsOf()
        self.chip = Button("", icon="chevron-up", small=True, tip="Show what came while the list stood still")
        self.chip.clicked.connect(self._let_in)
        self.chip.hide()
        self.tabs.add_right(self.chip)
        self.tabs.add_right(self._as_of)
        self.table = Table(COLUMNS)
        self.model = LinesModel(
            key=operator.attrgetter("id"),
            cells=[
                lambda line: cell.status(job_status_shape(line.status), job_status_word(line.status)),
                lambda line: cell.name(line.business or line.customer or line.id[:8], f"{line.email}  {line.customer}"),
                lambda line: cell.words(line.package_word),
                _progress,
                lambda line: cell.words(line.current) if line.current else cell.NONE,
                lambda line: cell.number(line.submitted),
                lambda line: cell.number(line.failed, "failed"),
                self._elapsed,
                self._last_event,
                _diagnosis,
            ],
            sort_keys=[
                _status_key,
                lambda line: line.business.lower(),
                operator.attrgetter("package_size"),
                lambda line: line.done / line.total if line.total else 0,
                operator.attrgetter("current"),
                operator.attrgetter("submitted"),
                operator.attrgetter("failed"),
                _elapsed_key,
                lambda line: -(line.last_event_at or 0.0),
                lambda line: line.diagnosis.words,
            ],
            words=_words,
            parent=self,
        )
        self.table.setModel(self.model)
        self.table.sort_by(0)
        self._engaged = False
        self.table.engaged.connect(self._engage)
        self.model.waiting_changed.connect(self._show_waiting)
        self.table.opened.connect(lambda row: self.opened.emit(self.model.line(row).id))
        self.search.changed.connect(lambda _: self._filter())
        self.search.left.connect(self._to_the_rows)
        self.tabs.chosen.connect(lambda _: self._filter())
        self._faces = Faces(self.table)
        self._faces.pressed.connect(self._clear)
        head = PageHead("Jobs")
        head.add(self.search, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addWidget(self.tabs)
        column.addWidget(self._faces, 1)
        self.setFocusProxy(self.table)
        # Ages and spans move on even when nothing happens.
        self._second = QTimer(self)
        self._second.setInterval(1000)
        self._second.timeout.connect(self._tick)
        self._second.start()
        self._tick()

    def show_status(self, status: str) -> None:
        """Show one tab: all, pending, in_progress, completed, failed, paused or unknown."""
        self.tabs.choose(status)
        self._filter()

    def take(self, changes: Changes) -> None:
        """Show what changed in the store."""
        jobs = self._desk.store.jobs
        if changes.jobs:
            seen = [self.model.line(row) for row in self.table.seen_rows()]
            self.model.apply({key: jobs.get(key) for key in changes.jobs})
            for old in seen:
                line = self.model.by_key(old.id) if old.id in changes.jobs else None
                if line is not None and line.done != old.done and (row := self.model.row_of(old.id)) >= 0:
                    self.table.flash_row(row)
        if changes.states:
            self._engage(self._engaged)
        if changes.jobs or changes.states or changes.link:
            self._show_counts()
            self._show_face()

    def _engage(self, engaged: bool) -> None:
        """Nothing moves under the pointer or the keyboard, once there is something to look at."""
        self._engaged = engaged
        self.model.freeze(engaged and self._desk.store.state("jobs").loaded)

    def _let_in(self) -> None:
        self.model.let_in()
        self._show_face()

    def _show_waiting(self) -> None:
        fresh, moved = self.model.waiting()
        self.chip.say(f"{fresh:,} new" if fresh else f"{moved:,} moved")
        self.chip.setVisible(bool(fresh or moved))

    def _filter(self) -> None:
        needle = self.search.text().strip().lower()
        tab = self.tabs.current()

        def accepts(line: JobLine) -> bool:
            right_tab = tab in ("all", line.status) or (tab == "unknown" and line.unknown > 0)
            return right_tab and (not needle or line.matches(needle))

        self.model.set_filter(accepts if needle or tab != "all" else None)
        self._show_face()

    def _to_the_rows(self) -> None:
        self.table.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if self.table.current_row() < 0:
            self.table.go_to(0)

    def _clear(self) -> None:
        self.search.set_text("")
        self.show_status("all")

    def _show_counts(self) -> None:
        counts = self._desk.store.counts()
        self.tabs.set_counts(
            {
                "all": counts.total,
                "pending": counts.pending,
                "in_progress": counts.in_progress,
                "completed": counts.completed,
                "failed": counts.failed,
                "paused": counts.paused,
                "unknown": counts.unknown,
            }
        )

    def _show_face(self) -> None:
        state = self._desk.store.state("jobs")
        if self.model.rowCount():
            self._faces.show_content()
        elif state.kind and not state.loaded:
            self._faces.show_face(
                state.problem, state.hint, shape="stale" if state.kind == "not_permitted" else "failed"
            )
        elif not state.loaded:
            self._faces.show_loading()
        elif self.model.total():
            self._faces.show_face("Nothing matches.", f"{self.model.total():,} jobs exist.", act="Clear the filter")
        else:
            self._faces.show_face("No jobs.", "Nobody has bought a package yet.")
        self.table.set_old(self._desk.store.stale("jobs"))

    def _tick(self) -> None:
        store = self._desk.store
        stale = store.stale("jobs")
        self._as_of.show_time(spans.as_of(store.true_at("jobs"), store.now(), stale=stale), stale=stale)
        self._as_of.setToolTip(f"Read completely at {spans.moment(store.state('jobs').as_of)}")
        if self.isVisible():
            self.table.viewport().update()

    def _elapsed(self, line: JobLine) -> cell.Cell:
        seconds = line.elapsed(self._desk.store.now())
        return cell.NONE if seconds is None else cell.words(spans.elapsed(seconds))

    def _last_event(self, line: JobLine) -> cell.Cell:
        now = self._desk.store.now()
        return cell.words(spans.ago(line.last_event_at, now), tip=spans.moment(line.last_event_at))


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


def _diagnosis(line: JobLine) -> cell.Cell:
    found = line.diagnosis
    tone = cell.word_tone(found.shape) if found.shape else ("tertiary" if line.status == "completed" else "secondary")
    return cell.words(found.words, tone)


def _words(line: JobLine) -> str:
    parts = [job_status_word(line.status), line.business, f"{line.done} of {line.total}", line.diagnosis.words]
    return ", ".join(part for part in parts if part)
