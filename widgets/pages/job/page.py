"""One job, read from top to bottom: its facts, its hops, its directories."""

from __future__ import annotations

from collections.abc import Generator
from typing import Self

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.actions.confirming import is_asked
from app.actions.registry import ACKNOWLEDGE, CANCEL_JOB, PAUSE_JOB, REQUEUE, RESUME_JOB, RUN_FAILED
from app.desk import Desk
from app.store import timeline
from app.store.hops import hops_of
from app.store.lines import JobLine
from app.store.link import TableState
from app.store.needs import Need, job_need
from app.store.reasons import in_words, reasons
from app.store.store import Changes
from services.domain.packages import priority_of_package
from services.domain.statuses import Declared, job_status_shape, job_status_word
from widgets.look import metrics
from widgets.pages.job import asking
from widgets.pages.job.activity import ActivityList
from widgets.pages.job.directories import OUTCOMES, DirectoriesTable
from widgets.pages.job.inspector import Inspector
from widgets.pages.job.taking_along import CASE, TAKEN, take_along
from widgets.parts import hops, spans
from widgets.parts.bar import BarView
from widgets.parts.button import Button
from widgets.parts.cell import Bar, word_tone
from widgets.parts.export_button import ENTRIES
from widgets.parts.faces import Faces
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.head import AsOf, PageHead
from widgets.parts.label import ElidedLabel, label, say, tip
from widgets.parts.menu import MenuButton, MenuEntry
from widgets.parts.pill import Pill
from widgets.parts.strip import strip
from widgets.parts.surface import Surface
from widgets.parts.tabs import Tab, TabRow

_PAUSES = frozenset({"directories", "paused_directories", "staff_actions"})
_MORE = (REQUEUE, PAUSE_JOB, RESUME_JOB, CANCEL_JOB)
_ROOMY, _WIDE = 1400, 1240
_WAYS: dict[str, hops.Way] = {"passed": "done", "gap": "silent", "not_yet": "todo", "none": "none"}


class JobPage(QWidget):
    """`back` leads to the list, `run_here` gives job and host, `acknowledge` a `Need` or None.

    `body` is what sheets cover.
    """

    back = Signal()
    run_here = Signal(str, str)
    acknowledge = Signal(object)

    def __init__(
        self,
        desk: Desk,
        body: Surface,
        parent: QWidget | None = None,
        *,
        lists: tuple[DirectoriesTable, ActivityList] | None = None,
        inspector: Inspector | None = None,
    ) -> None:
        """Parts may be given: see `in_turns`."""
        super().__init__(parent)
        self._desk = desk
        self._body = body
        self._job_id = ""
        self._operations_seen = self._older_seen = -1
        self._back = Button("Jobs", "link")
        self._back.clicked.connect(self.back)
        self._slash = label("/", "title", "tertiary")
        self._pill = Pill("waiting", "")
        self._number = label("", "mono", "tertiary", selectable=True)
        self.retry_button = Button("Retry failed", icon="rotate-ccw", key="⇧R")
        self.retry_button.clicked.connect(lambda: self._ask_retry(None))
        self.run_failed_button = Button(f"{RUN_FAILED.label}…", icon=RUN_FAILED.icon, key="⇧H")
        self.run_failed_button.clicked.connect(self._ask_run_failed)
        self.run_button = Button("Run here…", icon="square-play")
        self.run_button.clicked.connect(lambda: self.run_here.emit(self._job_id, self._current_host()))
        self.more = MenuButton(
            [
                *(
                    MenuEntry(act.name, act.label + ("…" if is_asked(act, 1, desk.environment) else ""))
                    for act in (*_MORE, ACKNOWLEDGE)
                ),
                *TAKEN,
            ],
            icon="ellipsis",
            tip="More acts on this job",
        )
        self.more.chosen.connect(self._ask_act)
        self._head = PageHead("")
        self._head.add_first(self._slash)
        self._head.add_first(self._back)
        self._head.add(self._pill)
        self._head.add(self._number)
        self._head.add_stretch()
        for button in (self.retry_button, self.run_failed_button, self.run_button, self.more):
            self._head.add(button)
        self._facts = {name: label("", "small", "primary", weight=500) for name in ("Package", "Priority", "Elapsed")}
        self._bar = BarView(height=8)
        self._bar.setFixedWidth(metrics.px(170))
        self._done = label("", "small", "primary", weight=500)
        self._as_of = AsOf()
        self._hops = hops.HopsView()
        self._gap = GlyphLabel("failed", "", "body", "failed", 500)
        self._gap_words = label("", "body", "secondary")
        self._why = ElidedLabel("", "body", "primary")
        self.tabs = TabRow([Tab("directories", "Directories"), Tab("activity", "Activity")])
        self._wish = GlyphLabel("send", "")
        self._wish_words = ElidedLabel("", "body", "primary")
        self._legend = {name: GlyphLabel(shape, "") for name, (shape, _) in OUTCOMES.items()}
        for part in self._legend.values():
            self.tabs.add_right(part)
        self.directories, self.activity = lists or (DirectoriesTable(desk.store.now), ActivityList())
        self._lists = QStackedWidget()
        self._lists.addWidget(self.directories)
        self._lists.addWidget(self.activity)
        self.tabs.chosen.connect(self._show_list)
        self.activity.try_again.connect(desk.older_events.try_again)
        self.inspector = inspector or Inspector(desk.data_dir, desk.pictures)
        self.inspector.run_here.connect(lambda host: self.run_here.emit(self._job_id, host))
        self.inspector.retry.connect(lambda host: self._ask_retry([host]))
        self.inspector.declare.connect(self._ask_declare)
        self.inspector.pause.connect(lambda host: asking.ask_pause_directory(self._body, desk, host, self._job_id))
        self.directories.moved.connect(self._inspect)
        self._lay_out()
        self.first: QWidget = self.directories.table
        for key, pressed in (
            ("Shift+R", self.ask_retry),
            (RUN_FAILED.key, self._ask_run_failed),
            ("Esc", self.back.emit),
        ):
            # Only while the focus is on this page: Esc belongs to an open sheet.
            QShortcut(QKeySequence(key), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut).activated.connect(
                pressed
            )
        self._second = QTimer(self)
        self._second.setInterval(1000)
        self._second.timeout.connect(self._tick)
        self._second.start()

    @classmethod
    def in_turns(cls, desk: Desk, body: Surface, parent: QWidget) -> Generator[None, None, Self]:
        """Build it over several turns of the loop, none of which takes longer than a frame or two."""
        directories = DirectoriesTable(desk.store.now)
        yield
        activity = ActivityList()
        yield
        inspector = Inspector(desk.data_dir, desk.pictures)
        yield
        return cls(desk, body, parent, lists=(directories, activity), inspector=inspector)

    def show_job(self, job_id: str) -> None:
        """Read another job."""
        self._job_id = job_id
        self.directories.show_job(self._desk.store.jobs.directories(job_id))
        self.inspector.show_line(self.directories.line())
        self.activity.show_job(self._desk.store.jobs.history(job_id))
        self._show()
        self._show_older()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._number.setVisible(self.width() >= metrics.px(_ROOMY))  # the name needs the room more
        self.run_button.setVisible(self.width() >= metrics.px(_WIDE))  # the directory at the right has one too

    def _show_list(self, key: str) -> None:
        shown = self.directories if key == "directories" else self.activity
        self._lists.setCurrentWidget(shown)
        self.first = shown.table
        shown.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def take(self, changes: Changes) -> None:
        """Show what changed in the store."""
        if self._job_id in changes.jobs:
            self.directories.update_job(self._desk.store.jobs.directories(self._job_id))
            self.inspector.show_line(self.directories.line())
            self.activity.show_job(self._desk.store.jobs.history(self._job_id))
            self._show()
        elif _PAUSES & changes.tables.keys():
            self._show_acts(self._line())
        if (changes.states or changes.link) and self._job_id not in changes.jobs:
            if changes.link and self._desk.store.link.live:
                self._desk.older_events.try_again()
            self._show()

    def frame(self) -> None:
        """Follow the Operations list: an act that runs turns its own button off."""
        if self._desk.operations.version != self._operations_seen:
            self._operations_seen = self._desk.operations.version
            self._show_acts(self._line())
        older = self._desk.older_events
        if older.version != self._older_seen:
            self._older_seen = older.version
            self._show_older()
        self.inspector.picture.refresh()

    def ask_retry(self) -> None:
        """What Shift+R does."""
        if not self._desk.jobs.why_not_retry(self._line()):
            self._ask_retry(None)

    def _inspect(self) -> None:
        self.inspector.show_line(self.directories.line())
        self._show_acts(self._line())

    def _line(self) -> JobLine | None:
        return self._desk.store.jobs.get(self._job_id)

    def _current_host(self) -> str:
        line = self.directories.line()
        return line.host if line else ""

    def _ask_retry(self, hosts: list[str] | None) -> None:
        line = self._line()
        if line is not None:
            asking.ask_retry(self._body, self._desk, line, hosts)

    def _ask_run_failed(self) -> None:
        if (line := self._line()) is not None:
            asking.ask_run_failed(self._body, self._desk, line)

    def _need(self, line: JobLine | None) -> Need | None:
        """Why somebody should look at this job, unless somebody has."""
        if line is None:
            return None
        dead = any(letter.job_id == line.id for letter in self._desk.dead_letters.lines.values())
        need = job_need(line, dead, self._desk.store.jobs.unknown_directories)
        return None if need is None or self._desk.store.acknowledged.covers_job(need, line) else need

    def _ask_act(self, name: str) -> None:
        line = self._line()
        if name == ACKNOWLEDGE.name:
            self.acknowledge.emit(self._need(line))
        elif line is not None and not take_along(self._desk, line, name):
            asking.ask_act(self._body, self._desk, line, next(act for act in _MORE if act.name == name))

    def _ask_declare(self, outcome: Declared) -> None:
        line, directory = self._line(), self.directories.line()
        if line is not None and directory is not None:
            asking.ask_declare(self._body, self._desk, line, directory, outcome)

    def _show(self) -> None:
        line = self._line()
        if line is None:
            self._show_nothing(self._desk.store.state("jobs"))
            return
        self._faces.show_content()
        self._desk.older_events.want(line.id)
        self._head.title.say(line.business or line.id)
        self._pill.show_status(job_status_shape(line.status), job_status_word(line.status))
        say(self._number, line.customer)
        parts = (("ok", line.submitted), ("failed", line.failed), ("unknown", line.unknown), ("skipped", line.skipped))
        self._bar.show_bar(Bar(tuple((name, n) for name, n in parts if n), line.total))  # type: ignore[misc]
        say(self._done, f"{line.done}/{line.total}")
        wish = line.wish
        self._wish_row.setVisible(wish is not None)
        self._wish_words.say(wish.whole(spans.day_clock(wish.since)) if wish else "")
        if wish is not None:
            self._wish.say("", wish.shape)
        self.directories.show_face(self._desk.store.state("directory_submissions"))
        self._show_hops(line)
        self._show_legend(line)
        self._show_acts(line)
        self._tick()

    def _show_nothing(self, state: TableState) -> None:
        if state.loaded:
            self._faces.show_face(
                "This job is not there.", "It may have been deleted, or may not be read with this sign-in."
            )
        else:
            self._faces.show_unread(state.kind, state.problem, state.hint)

    def _show_older(self) -> None:
        words, failed = self._desk.older_events.words(self._job_id)
        self.activity.show_older(words, failed=failed)

    def _show_hops(self, line: JobLine) -> None:
        jobs = self._desk.store.jobs
        found = timeline.timeline(
            line,
            hops_of(jobs.hop_events(line.id)),
            jobs.outbox(line.id),
            self._desk.store.link,
            self._desk.store.now(),
        )
        # The view draws the way behind a hop, the timeline tells of the way before it.
        later = [*found[1:], None]
        self._hops.show_hops(
            [
                hops.Hop(
                    hop.name,
                    spans.when(hop.at) if hop.at is not None and hop.name != "Directories" else hop.words,
                    hop.shape,
                    after.span if after else "",
                    _WAYS[after.before] if after else "none",
                    spans.moment(hop.at) if hop.name != "Directories" else "",
                )
                for hop, after in zip(found, later, strict=True)
            ]
        )
        gap = line.diagnosis.gap
        title, words = timeline.GAP_WORDS[gap] if gap else ("", "")
        self._gap_row.setVisible(bool(gap))
        self._gap.say(f"{title}: {line.diagnosis.words}." if gap else "", line.diagnosis.shape or "failed")
        say(self._gap_words, words)
        why = in_words(reasons(jobs.directories(line.id))) if line.failed else ""
        self._why_row.setVisible(bool(why))
        self._why.say(why)

    def _show_legend(self, line: JobLine) -> None:
        counts = {
            "submitted": line.submitted, "failed": line.failed, "unknown": line.unknown,
            "skipped": line.skipped, "running": line.running, "waiting": line.waiting,
        }  # fmt: skip
        for name, part in self._legend.items():
            part.say(f"{counts[name]} {name}", tone=word_tone(OUTCOMES[name][0]) if counts[name] else "tertiary")
            part.setVisible(bool(counts[name]))
        self.tabs.set_counts({"directories": line.total, "activity": self.activity.count()})

    def _show_acts(self, line: JobLine | None) -> None:
        why = self._desk.jobs.why_not_retry(line)
        self.retry_button.say(f"Retry failed {line.failed}" if line and line.failed else "Retry failed")
        self.retry_button.set_off(why)
        self.run_failed_button.set_off(self._desk.run_batches.why_not(line))
        self.inspector.set_retry_off(why)
        self.inspector.set_declare_off(self._desk.jobs.why_not_declare(line, self.directories.line()))
        host, directories = self._current_host(), self._desk.directories
        self.inspector.show_paused(directories.paused(host), directories.act_for(host), directories.why_not(host))
        for act in _MORE:
            self.more.set_entry_off(act.name, self._desk.jobs.why_not(act, line))
        self.more.set_entry_off(
            ACKNOWLEDGE.name, self._desk.needs.why_not(self._need(line), "Nothing of it needs you.")
        )
        for entry in (CASE, *ENTRIES):
            self.more.set_entry_off(entry.key, self._desk.exports.why_not(line.total if line else 0, self._desk.role))

    def _tick(self) -> None:
        line = self._line()
        if line is None:
            return
        now = self._desk.store.now()
        say(self._facts["Package"], f"{line.package_word}, {line.package_size}")
        say(self._facts["Priority"], priority_of_package(line.package))
        say(self._facts["Elapsed"], spans.elapsed(line.elapsed(now)))
        store, state = self._desk.store, self._desk.store.state("job_results")
        stale = store.stale("job_results")
        words = spans.as_of(store.true_at("job_results"), store.now(), stale=stale, kept=state.kept)
        self._as_of.show_time("not read" if state.kind and not state.loaded else words, stale=stale)
        tip(self._as_of, f"Read completely at {spans.moment(state.as_of)}" if state.loaded else state.problem)
        self.directories.table.set_old(stale)
        self.directories.table.viewport().update()

    def _lay_out(self) -> None:
        facts = Surface("surface.page", "b")
        facts.setFixedHeight(metrics.px(32))
        row = QHBoxLayout(facts)
        row.setContentsMargins(metrics.px(16), 0, metrics.px(16), 0)
        row.setSpacing(metrics.px(4))
        for name, value in self._facts.items():
            row.addWidget(label(name, "small", "tertiary"))
            row.addWidget(value)
            row.addSpacing(metrics.px(16))
        row.addWidget(self._bar)
        row.addSpacing(metrics.px(4))
        row.addWidget(self._done)
        row.addStretch(1)
        row.addWidget(self._as_of)
        self._gap_row = strip(Surface("status.failed.tint"), self._gap, self._gap_words, margin=8)
        self._why_row = strip(QWidget(), label("Why it failed", "small", "tertiary"), self._why)
        self._wish_row = strip(QWidget(), self._wish, self._wish_words)
        way = Surface("surface.page", "b")
        way_column = QVBoxLayout(way)
        way_column.setContentsMargins(metrics.px(16), metrics.px(12), metrics.px(16), metrics.px(12))
        way_column.addWidget(self._hops)
        way_column.addWidget(self._gap_row)
        way_column.addWidget(self._why_row)
        way_column.addWidget(self._wish_row)
        content = QWidget()
        self._faces = Faces(content)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self._faces, 1)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (self._head, facts, way, self.tabs):
            column.addWidget(part)
        column.addWidget(self._lists, 1)
        whole.addWidget(self.inspector)
