"""Overview: counts that click through, charts, what needs a person, and what happens now."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from typing import Final, Self

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from app.desk import Desk
from app.store.store import Changes
from widgets.look import metrics
from widgets.pages.overview.activity import ActivityPanel
from widgets.pages.overview.figures import figures
from widgets.pages.overview.needs import NeedsPanel
from widgets.pages.overview.queues import QueuesPanel
from widgets.pages.overview.rates import OutcomesPanel, ThroughputPanel
from widgets.pages.overview.workers import WorkersPanel
from widgets.parts import spans
from widgets.parts.head import AsOf, PageHead
from widgets.parts.label import tip
from widgets.parts.stat import StatRow

REFRESH_SECONDS: Final = 0.25
PARTS: Final = 4
"""The page is brought up to date part by part."""
LIST_SECONDS: Final = 0.2
"""Lists follow five times a second: nobody reads faster, and each row costs."""
LISTED_AT_ONCE: Final = 150
"""So many changed jobs are looked at in one frame; while more wait, the next ones come twice as soon."""
_ROOM: Final = 500
"""Bytes that an id may take in a set: several times of what it needs."""
_CHARTS: Final = 269
_LOW_CHARTS: Final = 209
"""Height of the charts on a page that is lower than `_HIGH`: lists need the room more."""
_HIGH: Final = 640
_LISTS: Final = {"success": "all", "main": "pending"}


class OverviewPage(QWidget):
    """`show_jobs` gives a status, `show_directory` a host, `open_job` a job's id, `acknowledge` a `Need` or None."""

    show_jobs = Signal(str)
    show_directory = Signal(str)
    show_dead_letters = Signal()
    open_job = Signal(str)
    acknowledge = Signal(object)

    def __init__(
        self,
        desk: Desk,
        parent: QWidget | None = None,
        *,
        charts: tuple[ThroughputPanel, OutcomesPanel] | None = None,
        lists: tuple[NeedsPanel, ActivityPanel, WorkersPanel] | None = None,
    ) -> None:
        """Panels may be given: see `in_turns`."""
        super().__init__(parent)
        self._desk = desk
        self._dirty = True
        self._refreshed_at = 0.0
        self._letters_seen = -1
        self._jobs_changed: set[str] = set()
        self._acts_changed: set[str] = set()
        self._events_changed = self._beats_changed = False
        self._needs_at = self._told_at = 0.0
        self.stats = StatRow()
        self.stats.show_stats(figures(desk))
        self.stats.pressed.connect(self._pressed)
        self._as_of = AsOf()
        self.throughput, self.outcomes = charts or (ThroughputPanel(desk), OutcomesPanel(desk))
        self.outcomes.bars.pressed.connect(self.show_directory)
        self.needs, self.activity, self.workers = lists or (NeedsPanel(desk), ActivityPanel(desk), WorkersPanel(desk))
        self.needs.show_dead_letters.connect(self.show_dead_letters)
        self.needs.acknowledge.connect(self.acknowledge)
        self.queues = QueuesPanel(desk)
        self.queues.show_dead_letters.connect(self.show_dead_letters)
        for panel in (self.needs, self.activity, self.workers):
            panel.open_job.connect(self.open_job)
        self._lay_out()
        self._next_part = 0
        self._part_at = 0.0

    @classmethod
    def in_turns(cls, desk: Desk, parent: QWidget) -> Generator[None, None, Self]:
        """Build it over several turns of the loop, none of which takes longer than a frame or two."""
        throughput = ThroughputPanel(desk)
        yield
        outcomes, needs = OutcomesPanel(desk), NeedsPanel(desk)
        yield
        lists = needs, ActivityPanel(desk), WorkersPanel(desk)
        yield
        return cls(desk, parent, charts=(throughput, outcomes), lists=lists)

    def take(self, changes: Changes) -> None:
        """Note what changed in the store: lists follow within a fifth of a second, figures and charts within a fourth.

        While nobody sees the page, it only takes note.
        """
        self._jobs_changed |= changes.jobs
        self._acts_changed |= changes.tables.get("staff_actions", frozenset())
        self._events_changed |= bool(changes.events)
        self._beats_changed |= "worker_heartbeats" in changes.tables
        self._dirty = True

    def frame(self) -> None:
        """A frame: bring the lists or a part of the page up to date when it is time, and look at the dead letters."""
        version = self._desk.dead_letters.version
        if version != self._letters_seen:
            self._letters_seen = version
            self.needs.show_letters()
            self._dirty = True
        if not self.isVisible():
            self._next_part = 0
            return
        now = time.monotonic()
        soon = LIST_SECONDS / 2 if len(self._jobs_changed) > LISTED_AT_ONCE else LIST_SECONDS
        if now - self._needs_at >= soon and (self._jobs_changed or self._acts_changed):
            self._show_needs()
        elif now - self._told_at >= LIST_SECONDS and (self._events_changed or self._beats_changed):
            self._show_what_happens()
        elif now - self._part_at >= REFRESH_SECONDS / PARTS:
            self._part_at = now
            self._follow_part()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._dirty = True
        self._show_needs()
        self._show_what_happens()
        self._show_words()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for panel in (self.throughput, self.outcomes):
            panel.setFixedHeight(metrics.px(_CHARTS if self.height() >= metrics.px(_HIGH) else _LOW_CHARTS))

    def _show_needs(self) -> None:
        self._needs_at = time.monotonic()
        if self._jobs_changed:
            # Taken out one by one: a look at the first of very many passes by all that went before.
            many = min(LISTED_AT_ONCE, len(self._jobs_changed))
            self.needs.work_out([self._jobs_changed.pop() for _ in range(many)])
            if sys.getsizeof(self._jobs_changed) > _ROOM * (len(self._jobs_changed) + many):
                # It would keep the room of the most that it ever held: 4 MiB after the first load.
                self._jobs_changed = set(self._jobs_changed)
        if self._acts_changed:
            acts, self._acts_changed = self._acts_changed, set()
            self.needs.take_acts(acts)

    def _show_what_happens(self) -> None:
        self._told_at = time.monotonic()
        if self._events_changed:
            self._events_changed = False
            self.activity.follow()
        if self._beats_changed:
            self._beats_changed = False
            self.workers.follow()

    def refresh(self) -> None:
        """Bring figures and charts up to date."""
        self._dirty = False
        self._refreshed_at = time.monotonic()
        for part in range(PARTS):
            self._show_part(part)

    def _follow_part(self) -> None:
        """A part of the page in each frame: all of it at once takes longer than one."""
        if self._next_part == 0:
            # Ages move on even when nothing happens.
            if not self._dirty and time.monotonic() - self._refreshed_at < 1.0:
                return
            self._dirty = False
            self._refreshed_at = time.monotonic()
        self._show_part(self._next_part)
        self._next_part = (self._next_part + 1) % PARTS

    def _show_part(self, part: int) -> None:
        if part == 0:
            self._show_figures()
            self.workers.refresh()
            self.queues.refresh()
        elif part == 1:
            self.throughput.refresh()
        elif part == 2:
            self.needs.refresh()
            self.activity.refresh()
        else:
            self.outcomes.refresh()

    def _show_figures(self) -> None:
        """The figures on top, and how old they are."""
        self.stats.show_stats(figures(self._desk))
        store = self._desk.store
        state, stale = store.state("jobs"), store.stale("jobs")
        words = spans.as_of(store.true_at("jobs"), store.now(), stale=stale, kept=state.kept)
        self._as_of.show_time("not read" if state.kind and not state.loaded else words, stale=stale)
        tip(self._as_of, f"Read completely at {spans.moment(state.as_of)}" if state.loaded else state.problem)

    def _show_words(self) -> None:
        self._show_figures()
        for part in (self.needs, self.activity, self.workers, self.queues):
            part.refresh()

    def _pressed(self, key: str) -> None:
        if key == "dead_letters":
            self.show_dead_letters.emit()
        else:
            self.show_jobs.emit(_LISTS.get(key, key))

    def _lay_out(self) -> None:
        panels = QWidget()
        grid = QGridLayout(panels)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(0)
        grid.addWidget(self.throughput, 0, 0)
        grid.addWidget(self.outcomes, 0, 1)
        grid.addWidget(self.needs, 1, 0)
        grid.addWidget(self.activity, 2, 0)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.queues)
        right.addWidget(self.workers, 1)
        grid.addLayout(right, 1, 1, 2, 1)
        grid.setColumnStretch(0, 840)
        grid.setColumnStretch(1, 432)
        grid.setRowStretch(1, 9)
        grid.setRowStretch(2, 6)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = PageHead("Overview")
        head.add_stretch()
        head.add(self._as_of)
        column.addWidget(head)
        column.addWidget(self.stats)
        column.addWidget(panels, 1)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
