"""The Jobs page: tabs by status, a search, the list, and what waits while the list stands still."""

from __future__ import annotations

import time
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.desk import Desk
from app.store.store import Changes
from widgets.pages.jobs.rows import COLUMNS, accepting, jobs_model
from widgets.parts import spans
from widgets.parts.button import Button
from widgets.parts.faces import Faces
from widgets.parts.head import AsOf, PageHead
from widgets.parts.search_box import SearchBox
from widgets.parts.table import Table
from widgets.parts.tabs import Tab, TabRow

TABS = (
    Tab("all", "All"),
    Tab("pending", "Pending", "waiting"),
    Tab("in_progress", "In progress", "running"),
    Tab("completed", "Completed", "ok"),
    Tab("failed", "Failed", "failed"),
    Tab("paused", "Paused", "paused"),
    Tab("unknown", "Outcome unknown", "unknown"),
)


MOVE_SECONDS: Final = 0.064
"""Rows take other places at most so often."""


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
        self.model = jobs_model(desk.store.now, self)
        self.table.setModel(self.model)
        self.table.sort_by(0)
        self._engaged = False
        self._moved_at = 0.0
        self._moving = QTimer(self)
        self._moving.setSingleShot(True)
        self._moving.setInterval(int(MOVE_SECONDS * 1000))
        self._moving.timeout.connect(self._move_now)
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
            self._pace()
            self.model.apply({key: jobs.get(key) for key in changes.jobs})
            for old in seen:
                line = self.model.by_key(old.id) if old.id in changes.jobs else None
                if line is not None and line.done != old.done and (row := self.model.row_of(old.id)) >= 0:
                    self.table.flash_row(row)
        if changes.states:
            self._engage(self.table.is_engaged)
        if changes.jobs or changes.states or changes.link:
            self._show_counts()
            self._show_face()

    def _engage(self, engaged: bool) -> None:
        """Nothing moves under the pointer or the keyboard, once there is something to look at."""
        self._engaged = engaged and self._desk.store.state("jobs").loaded
        self.model.freeze(self._engaged)
        self._show_waiting()

    def _pace(self) -> None:
        """Values change at once, but rows move to other places only so often: each time all of them are drawn."""
        if not self._engaged:
            due = time.monotonic() - self._moved_at >= MOVE_SECONDS
            self.model.freeze(not due)
            if due:
                self._moved_at = time.monotonic()
            elif not self._moving.isActive():
                self._moving.start()

    def _move_now(self) -> None:
        if not self._engaged:
            self._moved_at = time.monotonic()
            self.model.freeze(False)

    def _let_in(self) -> None:
        self.model.let_in()
        self._show_face()

    def _show_waiting(self) -> None:
        fresh, moved = self.model.waiting()
        self.chip.say(f"{fresh:,} new" if fresh else f"{moved:,} moved")
        self.chip.setVisible(self._engaged and bool(fresh or moved))

    def _filter(self) -> None:
        needle = self.search.text().strip().lower()
        tab = self.tabs.current()

        self.model.set_filter(accepting(tab, needle))
        self._show_face()

    def _to_the_rows(self) -> None:
        self.table.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if self.table.current_row() < 0:
            self.table.go_to(0)

    def _clear(self) -> None:
        self.search.set_text("")
        self.show_status("all")

    def _show_counts(self) -> None:
        if not self._desk.store.state("jobs").loaded:
            return  # nobody knows yet: no number is better than a zero
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
                state.problem, state.hint, shape="blocked" if state.kind == "not_permitted" else "failed"
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
        state = store.state("jobs")
        words = spans.as_of(store.true_at("jobs"), store.now(), stale=stale, kept=state.kept)
        self._as_of.show_time("not read" if state.kind and not state.loaded else words, stale=stale)
        self._as_of.setToolTip(f"Read completely at {spans.moment(state.as_of)}" if state.loaded else "")
        if self.isVisible():
            self.table.viewport().update()
