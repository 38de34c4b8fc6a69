"""The Jobs page: tabs by status, the query bar, the list, its selection, and what waits while the list stands still."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.actions.exports import Kind
from app.actions.registry import RETRY_FAILED
from app.desk import Desk
from app.models import export_rows
from app.models.query import Query, QueryProblem
from app.models.query_offers import Offer, offers
from app.store.job_facts import host_of
from app.store.lines import JobLine
from app.store.store import Changes
from services.domain.case_links import job_of_link
from widgets.pages.jobs.fields import job_fields, job_query, picking
from widgets.pages.jobs.rows import COLUMNS, jobs_model
from widgets.pages.jobs.selection import SelectionBar
from widgets.parts import spans
from widgets.parts.button import Button
from widgets.parts.export_button import ExportButton
from widgets.parts.faces import Faces
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.head import AsOf, PageHead
from widgets.parts.label import label, tip
from widgets.parts.query_box import QueryBox
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


MOVE_SECONDS: Final = 0.25
"""Rows take other places at most so often: nobody's eyes follow faster, and each time all of them are drawn."""
MOVES_APART_MS: Final = 16
"""Where very many move, some move in each frame."""
CLOCK_SECONDS: Final = 10
"""A filter on ages is asked anew so often."""


class JobsPage(QWidget):
    """The list. `opened` gives the id of a job that somebody wants to read."""

    opened = Signal(str)

    def __init__(
        self,
        desk: Desk,
        parent: QWidget | None = None,
        *,
        kept: dict[str, Any] | None = None,
        say_end: Callable[[str, str], object] = lambda words, shape: None,
    ) -> None:
        """`kept` has what the last start left and is written to; `say_end` says how an act on many ended."""
        super().__init__(parent)
        self._desk = desk
        self._kept = {} if kept is None else kept
        self._fields = job_fields(desk.store.now, self._hosts, desk.store.jobs.having)
        self._query: Query[JobLine] = Query()
        self.search = QueryBox("Search a customer, e-mail or id, or filter: status:failed age:>2h", self._offers, self)
        self.sorting = label("Sorting…", "micro", "tertiary")
        self.sorting.hide()
        self._polled = GlyphLabel("polling", "", "micro", "secondary")
        self._polled.hide()
        self.tabs = TabRow(TABS)
        self._as_of = AsOf()
        self.chip = Button("", icon="chevron-up", small=True, tip="Show what came while the list stood still")
        self.chip.clicked.connect(self._let_in)
        self.chip.hide()
        self.tabs.add_right(self.chip)
        self.tabs.add_right(self.sorting)
        self.tabs.add_right(self._polled)
        self.tabs.add_right(self._as_of)
        self.table = Table(COLUMNS, checks=True, huge=True, name="Jobs")
        self.model = jobs_model(desk.store.now, self)
        self.table.setModel(self.model)
        self.table.sort_by(0)
        self.model.sorting_changed.connect(self._show_sorting)
        self._chosen: tuple[str, ...] | None = None
        """What was selected as "all matching", None while the table's own selection counts."""
        self.selection = SelectionBar(desk, self.selected, say_end)
        self.selection.everything.connect(self.select_matching)
        self.selection.cleared.connect(self.select_nothing)
        self.table.selection_moved.connect(self._selection_moved)
        again = QShortcut(QKeySequence(RETRY_FAILED.key), self.table, context=Qt.ShortcutContext.WidgetShortcut)
        again.activated.connect(lambda: self.selection.ask(RETRY_FAILED))
        self.export_button = ExportButton()
        self.export_button.chosen.connect(self._export)
        self._engaged = False
        self._moved_at = 0.0
        self._moves_on = False
        """Rows are moving, and some haven't moved yet."""
        self._moving = QTimer(self)
        self._moving.setSingleShot(True)
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
        head.add(self.export_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addWidget(self.tabs)
        column.addWidget(self.selection)
        column.addWidget(self._faces, 1)
        self.first = self.table
        # Ages and spans move on even when nothing happens.
        self._second = QTimer(self)
        self._second.setInterval(1000)
        self._second.timeout.connect(self._tick)
        self._second.start()
        self._again = CLOCK_SECONDS
        self.search.set_text(str(self._kept.get("query", "")))
        self._tick()

    def show_status(self, status: str, query: str = "") -> None:
        """Show one tab: all, pending, in_progress, completed, failed, paused or unknown; of it what `query` asks for,
        and not what was asked for before."""
        self.tabs.choose(status)
        with QSignalBlocker(self.search):  # it would have them filtered once more
            self.search.set_text(query)
        self._filter()

    def selected(self) -> list[JobLine]:
        """The lines that are selected, those no longer there left out."""
        if self._chosen is None:
            return [self.model.line(row) for row in self.table.selected_rows() if not self.model.is_gone(row)]
        return [line for key in self._chosen if (line := self.model.by_key(key)) is not None]

    def select_matching(self) -> None:
        """Select every job that matches now; one that comes later isn't selected."""
        keys = tuple(self.model.shown_keys())
        chosen = frozenset(keys)
        self.select_nothing()
        self._chosen = keys
        self.table.choose(lambda row: self.model.line(row).id in chosen)
        self._show_selection()

    def select_nothing(self) -> None:
        """Select no job."""
        self.table.clearSelection()
        self._selection_moved()

    def take(self, changes: Changes) -> None:
        """Show what changed in the store."""
        jobs = self._desk.store.jobs
        if changes.jobs:
            seen = [self.model.line(row) for row in self.table.seen_rows()]
            # Values change at once; what is shown first is in order at once.
            self.model.freeze(self._desk.store.state("jobs").loaded and self.model.rowCount() > 0)
            self.model.apply({key: jobs.get(key) for key in changes.jobs})
            self._pace()
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
        self._moving.stop()
        self._moves_on = False
        if not self._engaged:
            self._move_now()
        self._show_waiting()

    def _pace(self) -> None:
        """Have rows move that were held back, but only so often, and in a turn of their own."""
        if self.model.holds_back and not self._engaged and not self._moving.isActive():
            wait = self._moved_at + MOVE_SECONDS - time.monotonic()
            self._moving.start(max(0, int(wait * 1000)))

    def _move_now(self) -> None:
        """Let some rows move; where there are more, they follow in the next turns."""
        if not self._moves_on:
            self._moved_at = time.monotonic()
        self.model.thaw()
        self.model.apply({})
        self.model.freeze(True)
        self._moves_on = self.model.holds_back
        if self._moves_on:
            self._moving.start(MOVES_APART_MS)
        self._show_face()

    def _let_in(self) -> None:
        self.model.let_in()
        self._show_face()

    def _show_sorting(self) -> None:
        self.sorting.setVisible(self.model.sorting)
        self._show_face()

    def _show_waiting(self) -> None:
        if not self._engaged:
            self.chip.hide()
            return
        fresh, moved = self.model.waiting()
        self.chip.say(f"{fresh:,} new" if fresh else f"{moved:,} moved")
        self.chip.setVisible(bool(fresh or moved))

    def _selection_moved(self) -> None:
        if self._chosen is not None:
            self._chosen = None
            self.table.choose(None)
        self._show_selection()

    def _show_selection(self) -> None:
        everything = self._chosen is not None
        count = len(self._chosen) if self._chosen is not None else len(self.table.selected_rows())
        self.selection.show_selection(count, self.model.rowCount(), everything)

    def _offers(self, before: str) -> list[Offer]:
        return offers(before, self._fields)

    def _hosts(self) -> tuple[str, ...]:
        """Real directories to offer behind `dir:`."""
        return tuple(
            sorted(
                {host_of(row.submission_url or row.website) for row in self._desk.store.rows("directories").values()}
            )
        )

    def _filter(self) -> None:
        try:
            job_id = job_of_link(self.search.text())
            self._query = job_query(f'"{job_id}"' if job_id else self.search.text(), self._fields)
        except QueryProblem as problem:
            # What was shown stays: half a query is no answer.
            self.search.show_problem(str(problem))
            return
        self.search.show_problem("")
        self.select_nothing()
        self.model.set_filter(*picking(self.tabs.current(), self._query))
        self._kept["query"] = self.search.text()
        self._show_face()

    def _export(self, kind: Kind) -> None:
        """The selected jobs, or all that are listed."""
        found = (self.model.by_key(key) for key in self.model.shown_keys())
        lines = self.selected() or [line for line in found if line is not None]
        if not self._desk.exports.why_not(len(lines), self._desk.role):
            self._desk.exports.start("jobs", "", kind, lines, export_rows.of_job)

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
        elif not state.loaded:
            self._faces.show_unread(state.kind, state.problem, state.hint)
        elif self.model.total():
            self._faces.show_face("Nothing matches.", f"{self.model.total():,} jobs exist.", act="Clear the filter")
        else:
            self._faces.show_face("No jobs.", "Nobody has bought a package yet.")
        self.table.set_old(self._desk.store.stale("jobs"))
        self.export_button.set_why(self._desk.exports.why_not(self.model.rowCount(), self._desk.role))

    def _tick(self) -> None:
        store = self._desk.store
        stale = store.stale("jobs")
        state = store.state("jobs")
        words = spans.as_of(store.true_at("jobs"), store.now(), stale=stale, kept=state.kept)
        self._as_of.show_time("not read" if state.kind and not state.loaded else words, stale=stale)
        tip(self._as_of, f"Read completely at {spans.moment(state.as_of)}" if state.loaded else "")
        self._polled.setVisible(state.polled)
        self._polled.say("Jobs are polled" if state.polled else "")
        tip(self._polled, "The feed does not tell of changed jobs: they are read again every few seconds.")
        if self.selection.isVisible():
            self._show_selection()
        self._again -= 1
        if self._query.clock and self._again <= 0 and not self._engaged:
            self._again = CLOCK_SECONDS
            self.model.set_filter(*picking(self.tabs.current(), self._query))
            self._show_face()
        if self.isVisible():
            self.table.viewport().update()
