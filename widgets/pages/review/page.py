"""The list of what is to be checked, in two lanes, and the inspector that says how."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Final, Self

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.desk import Desk
from app.store.lanes import Lane, LaneLine
from app.store.store import Changes
from services.domain.statuses import Declared
from widgets.pages.review import words
from widgets.pages.review.asking import ask_review
from widgets.pages.review.inspector import Inspector
from widgets.pages.review.rows import ReviewRows
from widgets.parts import spans
from widgets.parts.button import Button
from widgets.parts.columns import Column
from widgets.parts.faces import Faces
from widgets.parts.head import AsOf, PageHead
from widgets.parts.label import label, tip
from widgets.parts.surface import Surface
from widgets.parts.table import Table
from widgets.parts.tabs import Tab, TabRow

_COLUMNS: Final = (
    Column("Counts as", 96),
    Column("Directory", 150, stretch=0.4),
    Column("Customer", 150, stretch=0.4),
    Column("Why", 220, stretch=1),
    Column("Age", 52, right=True),
)
_TABS: Final[tuple[tuple[Lane, str, str], ...]] = (
    ("unknown", "Outcome unknown", "unknown"), ("doubt", "Doubtful verdicts", "stale"),
)  # fmt: skip


class ReviewPage(Surface):
    """`open_job` gives a job's id; `declare` job, directory and outcome of what is unknown.

    `body` is what sheets cover.
    """

    back = Signal()
    open_job = Signal(str)
    declare = Signal(object, object, str)

    def __init__(
        self, desk: Desk, body: Surface, parent: QWidget | None = None, *, inspector: Inspector | None = None
    ) -> None:
        """`inspector` may be given: see `in_turns`."""
        super().__init__("surface.page", parent=parent)
        self._desk = desk
        self._body = body
        self._operations_seen = -1
        self._second_seen = 0
        self._head = PageHead("To check")
        self._head.add_first(label("/", "title", "tertiary"))
        self.back_button = Button("Runs", "link")
        self.back_button.clicked.connect(self.back)
        self._head.add_first(self.back_button)
        self._head.add_stretch()
        self.tabs = TabRow([Tab(lane, told, shape) for lane, told, shape in _TABS])
        self.tabs.chosen.connect(lambda _: self._filter())
        self.as_of = AsOf()
        self.tabs.add_right(self.as_of)
        self.table = Table(_COLUMNS, many=False, name="To check")
        self._rows = ReviewRows(desk.store, self)
        self.model = self._rows.model
        self.table.setModel(self.model)
        self.table.sort_by(4)  # what waits for the longest first
        self.table.current_moved.connect(lambda _: self._inspect())
        self.table.opened.connect(lambda _: self._open())
        self.table.engaged.connect(self.model.freeze)
        self.faces = Faces(self.table)
        self.inspector = inspector or Inspector(desk.data_dir, desk.pictures, desk.environment)
        self.inspector.open_job.connect(self._open)
        self.inspector.said.connect(self._say)
        QShortcut(QKeySequence("Esc"), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut).activated.connect(
            self.back.emit
        )
        self._lay_out()
        self.first = self.table
        self._rows.look_at_all()
        self._filter()

    @classmethod
    def in_turns(cls, desk: Desk, body: Surface, parent: QWidget) -> Generator[None, None, Self]:
        """Build it over several turns of the loop, none of which takes longer than a frame or two."""
        inspector = Inspector(desk.data_dir, desk.pictures, desk.environment)
        yield
        return cls(desk, body, parent, inspector=inspector)

    def take(self, changes: Changes) -> None:
        """Note what changed in the store; the next frames show it."""
        self._rows.look_at(changes.jobs)
        if changes.states or changes.link:
            self._show_counts()
            self._show_state()

    def frame(self) -> None:
        """Show what changed, a portion at a time, and follow the Operations list and the clock."""
        if not self.isVisible():
            return
        if self._rows.busy and (self._rows.go_on() or not self._rows.busy):
            self._show_counts()
            if self.table.current_row() < 0:
                self.table.go_to(0)
            self._inspect()
            self._show_state()
        if self._desk.operations.version != self._operations_seen:
            self._operations_seen = self._desk.operations.version
            self._show_acts()
        if (second := int(time.monotonic())) != self._second_seen:
            self._second_seen = second
            self._show_state()

    def show_lane(self, lane: Lane) -> None:
        """Show one of the two lanes."""
        self.tabs.choose(lane)
        self._filter()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.frame()
        self._show_state()

    def _filter(self) -> None:
        lane = self.tabs.current()
        self.model.set_filter(lambda line: line.lane == lane)
        self._show_counts()
        if self.table.current_row() < 0:
            self.table.go_to(0)
        self._inspect()
        self._show_state()

    def _show_counts(self) -> None:
        read = self._desk.store.state("job_results").loaded
        self.tabs.set_counts({lane: self._rows.counts[lane] if read else None for lane, _, _ in _TABS})

    def _current(self) -> LaneLine | None:
        row = self.table.current_row()
        return self.model.line(row) if 0 <= row < self.model.rowCount() and not self.model.is_gone(row) else None

    def _inspect(self) -> None:
        self.inspector.show_line(self._current())
        self._show_acts()

    def _show_acts(self) -> None:
        line = self._current()
        if line is None:
            return
        job = self._desk.store.jobs.get(line.directory.job_id)
        acts = self._desk.jobs
        why_not = acts.why_not_declare if line.lane == "unknown" else acts.why_not_review
        self.inspector.set_off(why_not(job, line.directory))

    def _say(self, outcome: Declared) -> None:
        line = self._current()
        job = self._desk.store.jobs.get(line.directory.job_id) if line is not None else None
        if line is None or job is None:
            return
        if line.lane == "doubt":
            ask_review(self._body, self._desk, line, outcome)
        else:
            self.declare.emit(job, line.directory, outcome)

    def _open(self) -> None:
        if (line := self._current()) is not None:
            self.open_job.emit(line.directory.job_id)

    def _show_state(self) -> None:
        store, lane = self._desk.store, self.tabs.current()
        state, stale = store.state("job_results"), store.stale("job_results")
        told = spans.as_of(store.true_at("job_results"), store.now(), stale=stale, kept=state.kept)
        self.as_of.show_time("not read" if state.kind and not state.loaded else told, stale=stale)
        tip(self.as_of, f"Read completely at {spans.moment(state.as_of)}" if state.loaded else state.problem)
        self.table.set_old(stale)
        self.table.viewport().update()
        if self.model.rowCount():
            self.faces.show_content()
        elif not state.loaded:
            self.faces.show_unread(state.kind, state.problem, state.hint)
        elif self._rows.busy:
            self.faces.show_loading()
        else:
            self.faces.show_face(*words.EMPTY["doubt" if lane == "doubt" else "unknown"])

    def _lay_out(self) -> None:
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addWidget(self._head)
        column.addWidget(self.tabs)
        column.addWidget(self.faces, 1)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(column, 1)
        whole.addWidget(self.inspector)
