"""Runs: a directory of a job, filled and sent by a browser on this machine, step by step."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Self

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.actions.registry import DRY_RUN, REAL_RUN, STOP_RUN, why_not
from app.actions.run_state import RunState, RunTarget
from app.actions.runs import start_run
from app.desk import Desk
from app.store.lines import DirectoryLine, JobLine
from app.store.store import Changes
from widgets.look import metrics
from widgets.pages.runs import words
from widgets.pages.runs.asking import real_run_sheet
from widgets.pages.runs.banner import Banner
from widgets.pages.runs.helping import Helping
from widgets.pages.runs.live_view import LiveView
from widgets.pages.runs.parts import Parts
from widgets.pages.runs.window_choice import WindowChoice
from widgets.parts.button import Button
from widgets.parts.choice import Choice
from widgets.parts.head import PageHead
from widgets.parts.label import tip
from widgets.parts.segments import Segments
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface, ground_of
from widgets.parts.turns import at_once

_STEPS = 312
_NARROW = 1180
_FORMS = frozenset({"directories", "form_fingerprints"})


class RunsPage(Surface):
    """`prepare` chooses what to run; a dry run is the default. `open_job` gives the id of the job to read."""

    open_job = Signal(str)

    def __init__(
        self,
        desk: Desk,
        parent: QWidget | None = None,
        *,
        parts: Parts | None = None,
    ) -> None:
        """`parts` may be given: see `in_turns`."""
        super().__init__("surface.page", parent=parent)
        self._desk = desk
        self._runs = desk.runs
        self._seen = (-1, -1)
        self._second_seen = -1
        self._job_id = ""
        self._wanted = ""
        self._picked = -1
        self.sheet: ConfirmSheet | None = None
        self._head = PageHead("Runs")
        self.job_picker, self.side, self.stage, self.below, self.inspector = parts or at_once(Parts.in_turns(desk))
        self.job_picker.chosen.connect(lambda job_id: self.prepare(job_id))
        self.directory_choice = Choice("Choose a directory", name="Directory")
        self.directory_choice.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.directory_choice.chosen.connect(lambda host: self.prepare(self._job_id, host))
        self.mode = Segments([("dry", "Dry run"), ("real", "Real run…")])
        self.mode.chosen.connect(lambda _: self._show_acts())
        self.run_button = Button(DRY_RUN.label, "primary", icon=DRY_RUN.icon)
        self.run_button.clicked.connect(self._pressed)
        self.stop_button = Button(STOP_RUN.label, icon=STOP_RUN.icon)
        self.stop_button.clicked.connect(self._runs.stop)
        self.banner = Banner(desk.store)
        self.banner.show_button.clicked.connect(
            lambda: self.prepare(self._runs.state.job_id, self._runs.state.directory)
        )
        self.steps = self.side.list
        self.steps.picked.connect(self._pick)
        self.window_choice = WindowChoice(desk.preferences, desk.browsers)
        self.inspector.add_choice(self.window_choice)
        self.inspector.trace.address_of = self._runs.kept.trace_address
        self.inspector.open_job.connect(lambda: self.open_job.emit(self._job_id))
        self._live = LiveView(self._runs, self.stage)
        self.helping = Helping(self._runs, self.steps, self.inspector.turn, self.stage.picture, self)
        self.helping.used.connect(lambda: self._pick(-1))
        QShortcut(QKeySequence(DRY_RUN.key), self).activated.connect(self.run_button.click)
        if parts is None:
            at_once(self._put_together())

    @classmethod
    def in_turns(cls, desk: Desk, parent: QWidget) -> Generator[None, None, Self]:
        """Build it over several turns of the loop, none of which takes longer than a frame or two."""
        parts = yield from Parts.in_turns(desk)
        yield
        page = cls(desk, parent, parts=parts)
        yield
        yield from page._put_together()
        return page

    def prepare(self, job_id: str, directory: str = "") -> None:
        """Choose a job and one of its directories, for a dry run; "" takes the one most likely meant."""
        self._job_id = job_id
        self._wanted = directory
        self._picked = -1
        self.mode.choose("dry")
        # Another job's hosts may be equal: what was chosen there must not stay chosen here.
        self.directory_choice.show_choices([])
        self._show_target()

    def start(self, *, dry: bool) -> None:
        """Run what is chosen without asking; nothing happens where it may not be pressed."""
        self.mode.choose("dry" if dry else "real")
        target = self._target()
        if target is not None and not self._why_not(target, dry=dry):
            self._begin(target, dry=dry)
        self._show_acts()

    def has_picture(self) -> bool:
        """True while a picture of the run is shown."""
        return self.stage.has_picture()

    def take(self, changes: Changes) -> None:
        """Show what changed in the store."""
        self.banner.check_button.take(changes)
        if self._job_id in changes.jobs or _FORMS & changes.tables.keys():
            self._show_target()

    def frame(self) -> None:
        """Show what the run has told since the last frame."""
        if not self.isVisible():
            return
        if self._version() != self._seen:
            self._show_run()
            self._show_acts()
        elif self._runs.state.going_on and int(time.monotonic()) != self._second_seen:
            self._second_seen = int(time.monotonic())
            self.side.show_note(self._state())
            self.helping.tick()
        self._live.frame(self._state(), picked=self._picked >= 0)
        self.window_choice.frame()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._live.leave()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_run()
        self._show_acts()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < metrics.px(_NARROW)
        self.side.setFixedWidth(metrics.px(232 if narrow else _STEPS))
        self.inspector.setFixedWidth(metrics.px(300 if narrow else metrics.INSPECTOR))
        self.banner.browser.setVisible(not narrow)
        self._head.title.setVisible(not narrow)  # the rail names the page too

    # What is chosen

    def _job(self) -> JobLine | None:
        return self._desk.store.jobs.get(self._job_id)

    def _directory(self) -> DirectoryLine | None:
        host = self.directory_choice.key()
        lines = self._desk.store.jobs.directories(self._job_id)
        return next((line for line in lines if line.host == host), None)

    def _target(self) -> RunTarget | None:
        job, line = self._job(), self._directory()
        customer = self._desk.store.customer(job.customer_id) if job is not None else None
        return RunTarget(self._job_id, line.host, line.url, customer) if line is not None and customer else None

    def _state(self) -> RunState | None:
        """The newest run of what is chosen: of this start of the program, else one that was kept."""
        state = self._runs.state
        if state.phase != "idle" and self._is_chosen(state):
            return state
        kept = self._runs.kept.shown
        return kept if kept is not None and self._is_chosen(kept) else None

    def _is_chosen(self, state: RunState) -> bool:
        return state.job_id == self._job_id and state.directory == self.directory_choice.key()

    def _version(self) -> tuple[int, int]:
        return self._runs.version, self._runs.kept.version

    def _why_not(self, target: RunTarget | None, *, dry: bool) -> str:
        refusal = self._runs.why_not_run(target, dry=dry)
        return refusal or ("" if dry else words.why_not_again(self._directory()))

    # What a person does

    def _pressed(self) -> None:
        if self.mode.current() == "dry":
            self.start(dry=True)
        else:
            self._ask()

    def _ask(self) -> None:
        target = self._target()
        if target is None or self._why_not(target, dry=False) or self.sheet is not None:
            return
        self.sheet = real_run_sheet(ground_of(self), target, self._directory(), self._desk.environment)
        self.sheet.confirmed.connect(lambda _: self._confirmed(target))
        self.sheet.cancelled.connect(self._asked)

    def _confirmed(self, target: RunTarget) -> None:
        self._asked()
        # The facts may have moved on while the sheet was open.
        if not self._why_not(target, dry=False):
            self._begin(target, dry=False)
        self._show_acts()

    def _asked(self) -> None:
        self.sheet = None
        self.steps.setFocus(Qt.FocusReason.OtherFocusReason)

    def _begin(self, target: RunTarget, *, dry: bool) -> None:
        self._picked = -1
        wanted = {"trace": self.inspector.trace.wanted(), "window": self.window_choice.wanted()}
        start_run(self._runs, target, dry=dry, **wanted)

    def _pick(self, index: int) -> None:
        state = self._state()
        self._picked = (
            -1 if state is None or (state.going_on and index == words.current_step(state.steps, state.held)) else index
        )
        self._show_picture(state)

    # What is shown

    def _show_target(self) -> None:
        job = self._job()
        self.job_picker.show_job(job)
        lines = self._desk.store.jobs.directories(self._job_id)
        chosen = self._wanted or self.directory_choice.key() or words.likely(lines)
        self.directory_choice.show_choices([(line.host, words.directory_words(line)) for line in lines])
        self.directory_choice.choose(chosen)
        self.directory_choice.setEnabled(bool(lines))
        if self.directory_choice.key() == self._wanted:
            self._wanted = ""
        customer = self._desk.store.customer(job.customer_id) if job is not None else None
        self.inspector.show_customer(customer)
        self._runs.kept.want(self._job_id, self.directory_choice.key())
        line = self._directory()
        self.stage.show_address(line.url if line is not None else "")
        self.inspector.show_line(self._job_id, line, self._desk)
        self.below.show_line(line)
        self._show_run()
        self._show_acts()

    def _show_run(self) -> None:
        self._seen = self._version()
        state = self._state()
        self.side.show_run(state)
        self._second_seen = int(time.monotonic())
        self._show_picture(state)
        self.below.show_run(state)
        self.inspector.show_run(state)
        job, line, refusal = self._job(), self._directory(), why_not(REAL_RUN, self._desk.role)
        drift = self.below.drift(state)
        self.inspector.show_checks(words.checks(job, line, refusal, drift) if job and line else [])
        self.helping.show_run(state)
        self.banner.show_browser(state)

    def _show_picture(self, state: RunState | None) -> None:
        if state is None:
            self.stage.show_picture("", "No run yet")
            return
        picked = state.steps[self._picked] if 0 <= self._picked < len(state.steps) else None
        self.steps.mark(picked.index if picked is not None else words.current_step(state.steps, state.held))
        if picked is not None:
            self.stage.show_step(state.steps[picked.index - 1].picture if picked.index else "", picked.picture)
        elif not self._live.shows(state):
            self.stage.show_picture(state.picture, "No picture yet" if state.going_on else "No picture")

    def _show_acts(self) -> None:
        dry = self.mode.current() == "dry"
        self.run_button.say(DRY_RUN.label if dry else f"{DRY_RUN.label}…")
        why = self._why_not(self._target(), dry=dry)
        self.run_button.set_off(why)
        if not why:
            tip(self.run_button, DRY_RUN.words if dry else REAL_RUN.words)
        self.stop_button.set_off(self._runs.why_not_stop())
        self.run_button.setVisible(not self.helping.pause_button.isVisibleTo(self))
        self.mode.setEnabled(not self._runs.state.going_on)
        self.banner.show_kind(self._runs.state, shown=self._state() is not None, dry=dry)

    def _put_together(self) -> Generator[None, None, None]:
        """From the outside in: each part that is put below the page is styled anew, with all that is in it."""
        for part, width in ((self.job_picker, 208), (self.directory_choice, 240)):
            part.setMinimumWidth(metrics.px(72))
            part.setMaximumWidth(metrics.px(width))
            self._head.add(part, 9)
        self._head.add(self.mode)
        self._head.add_stretch()
        self._head.add(self.run_button)
        self._head.add(self.helping.pause_button)
        self._head.add(self.helping.step_button)
        self._head.add(self.stop_button)
        self.side.add(self.helping.to_button)
        self.side.add(self.helping.edit_button)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        column, lower, centre = QVBoxLayout(), QHBoxLayout(), QVBoxLayout()
        for layout in (column, lower, centre):
            layout.setSpacing(0)
        whole.addLayout(column, 1)
        column.addWidget(self._head)
        column.addWidget(self.banner)
        column.addLayout(lower, 1)
        lower.addWidget(self.side)
        lower.addLayout(centre, 1)
        centre.addWidget(self.stage, 3)
        yield
        centre.addWidget(self.below, 2)
        yield
        whole.addWidget(self.inspector)
        self._show_target()
