"""The Activity page: a list that fills from the top, and stands still while somebody reads or says so."""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.actions.exports import Kind
from app.desk import Desk
from app.models import export_rows
from app.models.activity_feed import ActivityFeed, Changed
from app.models.activity_lines import ActivityLine
from app.models.query import Query, QueryProblem
from app.models.query_offers import Offer, offers
from app.store.store import Changes
from widgets.pages.activity.fields import accepting, activity_fields, activity_query
from widgets.pages.activity.rows import COLUMNS, activity_model
from widgets.parts import spans
from widgets.parts.button import Button
from widgets.parts.export_button import ExportButton
from widgets.parts.faces import Faces
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.head import AsOf, PageHead
from widgets.parts.label import tip
from widgets.parts.list_foot import Foot
from widgets.parts.query_box import QueryBox
from widgets.parts.table import Table
from widgets.parts.tabs import Tab, TabRow

TABS = (
    Tab("all", "All"),
    Tab("staff", "By staff", "send"),
    Tab("pipeline", "Pipeline"),
    Tab("wrong", "Went wrong", "failed"),
)
AT_ONCE: Final = 200
"""So many lines come in with one frame; the others with the next ones."""
MOST: Final = 20_000
"""Events that can be listed: the store holds no more."""
CLOCK_SECONDS: Final = 10
"""A filter on ages is asked anew so often."""


class ActivityPage(QWidget):
    """`open_job` gives the id of the job whose line was opened."""

    open_job = Signal(str)

    def __init__(self, desk: Desk, parent: QWidget | None = None, *, kept: dict[str, Any] | None = None) -> None:
        """`kept` has what the last start left and is written to."""
        super().__init__(parent)
        self._desk = desk
        self._kept = {} if kept is None else kept
        self.feed = ActivityFeed(desk.store, desk.operations)
        self._waiting: Changed = {}
        """What the list doesn't show yet."""
        self._behind = True
        self._paused = self._engaged = False
        self._older_seen = desk.older_activity.version
        self._again = CLOCK_SECONDS
        self._query: Query[ActivityLine] = Query()
        self._fields = activity_fields(desk.store.now, self._customer, self._people, self._happenings)
        self.search = QueryBox(
            "Search who, what, why or a customer, or filter: who:desk-4 what:retry", self._offers, self
        )
        self.search.changed.connect(lambda _: self._filter())
        self.search.left.connect(self._to_the_rows)
        self.pause_button = Button("Pause", icon="pause", key="p")
        self.pause_button.clicked.connect(self._turn_pause)
        self.export_button = ExportButton()
        self.export_button.chosen.connect(self._export)
        self.tabs = TabRow(TABS)
        self.tabs.chosen.connect(lambda _: self._filter())
        self.chip = Button("", icon="chevron-up", small=True, tip="Show what came while the list stood still")
        self.chip.clicked.connect(self._let_in)
        self.chip.hide()
        self._lacks = GlyphLabel("blocked", "", "micro", "secondary")
        self._lacks.hide()
        self._as_of = AsOf()
        for part in (self.chip, self._lacks, self._as_of):
            self.tabs.add_right(part)
        self.table = Table(COLUMNS, many=False, name="Activity")
        self.model = activity_model(desk.store.now, self._customer, self)
        self.table.setModel(self.model)
        self.table.sort_by(0)
        self.table.engaged.connect(self._engage)
        self.table.opened.connect(self._open)
        self.foot = Foot()
        self.foot.pressed.connect(self._press_older)
        self._faces = Faces(self.table)
        self._faces.pressed.connect(self._clear)
        self._lay_out()
        self.first = self.table
        self._second = QTimer(self)
        self._second.setInterval(500)
        self._second.timeout.connect(self._tick)
        self._second.start()
        self.search.set_text(str(self._kept.get("query", "")))

    def take(self, changes: Changes) -> None:
        """The store changed: note it, and show it with the next frame."""
        if not self.isVisible():
            self._behind = True
            return
        self._note(self.feed.take(changes))
        if changes.states or changes.link:
            if self._query.accepts is not None and not self.stands_still:
                # Names of customers may have come, by which lines are found.
                self._filter()
            self._tick()

    def frame(self) -> None:
        """Show what is due, unless the list stands still."""
        if not self.isVisible():
            return
        if self._behind:
            self._catch_up()
        self._note(self.feed.follow_operations())
        if self._waiting and not self.stands_still:
            due = dict(islice(self._waiting.items(), AT_ONCE))
            for key in due:
                del self._waiting[key]
            self.model.apply(due)
            self._show_face()
        older = self._desk.older_activity
        if older.version != self._older_seen:
            self._older_seen = older.version
            if older.words("") == ("", False):
                self._list_more()
            self._show_foot()

    @property
    def stands_still(self) -> bool:
        """True while nothing may move: paused, or the pointer or the keyboard is in the rows."""
        return self._paused or (self._engaged and bool(self.model.rowCount()))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._behind:
            self._catch_up()
        self._tick()

    # What is shown

    def _note(self, changed: Changed) -> None:
        """Keep what the list has to show; a line that came and went meanwhile never was."""
        for key, line in changed.items():
            if line is None and self.model.by_key(key) is None:
                self._waiting.pop(key, None)
            else:
                self._waiting[key] = line

    def _catch_up(self) -> None:
        """Take in whatever came while nobody looked, all at once."""
        self._behind = False
        self._note(self.feed.catch_up())
        if not self._paused:
            self._take_in()

    def _take_in(self) -> None:
        waiting, self._waiting = self._waiting, {}
        self.model.apply(waiting)
        self._show_face()
        self._show_waiting()

    def _let_in(self) -> None:
        self._take_in()
        self.table.scrollToTop()

    def _show_waiting(self) -> None:
        accepts = accepting(self.tabs.current(), self._query)
        fresh = sum(
            1
            for key, line in self._waiting.items()
            if line is not None and self.model.by_key(key) is None and (accepts is None or accepts(line))
        )
        self.chip.say(f"{fresh:,} new")
        self.chip.setVisible(self.stands_still and fresh > 0)

    def _show_face(self) -> None:
        store = self._desk.store
        state = store.state("queue_history")
        self.table.set_old(store.stale("queue_history"))
        if self.model.rowCount():
            self._faces.show_content()
        elif not state.loaded:
            self._faces.show_unread(state.kind, state.problem, state.hint)
        elif self.model.total():
            self._faces.show_face("Nothing matches.", f"{self.model.total():,} are listed.", act="Clear the filter")
        else:
            self._faces.show_face(
                "Nothing has happened yet.", "Every step of every job, and every act of staff, will be listed here."
            )
        self.export_button.set_why(self._desk.exports.why_not(self.model.rowCount(), self._desk.role))
        self._show_foot()

    def _show_foot(self) -> None:
        state = self._desk.store.state("queue_history")
        words, failed = self._desk.older_activity.words("")
        self.foot.setVisible(state.loaded and bool(self.model.total()))
        if words:
            self.foot.show_words(words, "Try again" if failed else "")
        elif self.feed.count >= MOST:
            self.foot.show_words(
                f"{MOST:,} events are the most that is listed. A job's own page has all of its own.", ""
            )
        elif self.feed.held_older or self._desk.store.jobs.history_from is not None:
            back_to = spans.moment(self.feed.oldest)
            self.foot.show_words(
                f"Events of the pipeline back to {back_to}, all acts of staff." if back_to else "", "Show older"
            )
        else:
            self.foot.show_words("Nothing is older.", "")

    def _tick(self) -> None:
        if not self.isVisible():
            return
        store = self._desk.store
        state, stale = store.state("queue_history"), store.stale("queue_history")
        words = spans.as_of(store.true_at("queue_history"), store.now(), stale=stale, kept=state.kept)
        self._as_of.show_time("not read" if state.kind and not state.loaded else words, stale=stale)
        tip(self._as_of, f"Read completely at {spans.moment(state.as_of)}" if state.loaded else "")
        acts = store.state("staff_actions")
        lacks = acts.problem if acts.kind and not acts.loaded else ""
        self._lacks.say(
            "Acts of staff are incomplete" if lacks else "Polled" if state.polled else "",
            "blocked" if lacks else "stale",
        )
        self._lacks.setVisible(bool(lacks) or state.polled)
        tip(
            self._lacks,
            f"{lacks} {acts.hint}".strip() or "The feed does not tell of new events: they are read every few seconds.",
        )
        self._again -= 1
        if self._query.clock and self._again <= 0 and not self.stands_still:
            self._again = CLOCK_SECONDS * 2
            self._filter()
        self._show_face()
        self._show_waiting()
        self.table.viewport().update()

    # What is pressed

    def _turn_pause(self) -> None:
        self._paused = not self._paused
        self.pause_button.say("Go on" if self._paused else "Pause")
        self.pause_button.set_icon("play" if self._paused else "pause")
        if not self._paused:
            self._let_in()

    def _engage(self, engaged: bool) -> None:
        self._engaged = engaged
        self._show_waiting()

    def _open(self, row: int) -> None:
        job_id = self.model.line(row).job_id
        if self._desk.store.jobs.get(job_id) is not None:
            self.open_job.emit(job_id)

    def _press_older(self) -> None:
        if self._desk.older_activity.words("")[1]:
            self._desk.older_activity.try_again()
        elif self.feed.held_older:
            self._list_more()
            self._show_foot()
        else:
            self._desk.older_activity.want("")

    def _export(self, kind: Kind) -> None:
        """What is listed."""
        lines = [self.model.line(row) for row in range(self.model.rowCount())]
        if not self._desk.exports.why_not(len(lines), self._desk.role):
            rows = export_rows.of_activity(self._customer)
            self._desk.exports.start("activity lines", "", kind, lines, rows)

    def _list_more(self) -> None:
        self.feed.more()
        self._note(self.feed.catch_up())
        # They come in below: nothing that is looked at moves.
        self._take_in()

    def _filter(self) -> None:
        try:
            self._query = activity_query(self.search.text(), self._fields, self._customer)
        except QueryProblem as problem:
            self.search.show_problem(str(problem))
            return
        self.search.show_problem("")
        self.model.set_filter(accepting(self.tabs.current(), self._query))
        self._kept["query"] = self.search.text()
        self._show_face()
        self._show_waiting()

    def _clear(self) -> None:
        self.tabs.choose("all")
        self.search.set_text("")
        self._filter()

    def _to_the_rows(self) -> None:
        self.table.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if self.table.current_row() < 0:
            self.table.go_to(0)

    # Helpers

    def _customer(self, line: ActivityLine) -> str:
        job = self._desk.store.jobs.get(line.job_id) if line.job_id else None
        return (job.business or job.customer or job.id) if job is not None else ""

    def _offers(self, before: str) -> list[Offer]:
        return offers(before, self._fields)

    def _people(self) -> list[str]:
        return sorted({line.who.lower() for line in self.feed.lines.values() if line.who and line.by_staff})

    def _happenings(self) -> list[str]:
        return sorted({line.what.lower() for line in self.feed.lines.values()})

    def _lay_out(self) -> None:
        head = PageHead("Activity")
        head.add(self.search, 1)
        head.add(self.export_button)
        head.add(self.pause_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addWidget(self.tabs)
        column.addWidget(self._faces, 1)
        column.addWidget(self.foot)
        pause = QShortcut(QKeySequence("P"), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        pause.activated.connect(self._turn_pause)
