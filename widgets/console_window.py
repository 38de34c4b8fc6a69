"""The console's window: which pages there are, and how one leads to another."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, Self

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication

from app import garbage
from app.actions.operations import FAILURE
from app.actions.sign_in import SignInActs
from app.desk import Desk
from app.models.pump import Pump
from app.moves import Become, Elsewhere, Move, Open, SignOut, TryAgain
from app.store.lanes import waiting_count
from app.store.store import Changes
from services.domain.errors import SettingProblem
from widgets.desk_pages import DeskPages
from widgets.main_window import MainWindow, PageEntry
from widgets.pages.acknowledging import ask_acknowledge
from widgets.pages.job.asking import ask_declare
from widgets.pages.leaving import ask_to_leave
from widgets.pages.lock import LockPage
from widgets.pages.operations.strip import OperationsStrip
from widgets.pages.problem import ProblemPage
from widgets.pages.sign_in import SignInPage
from widgets.pages.starting import StartingPage
from widgets.parts import spans, stack_words
from widgets.parts.inputs import Inputs
from widgets.parts.person_cell import CellEntry
from widgets.parts.sheet import ConfirmSheet

_GONE_MS: Final = 500


class ConsoleWindow(MainWindow):
    """Starts with the starting page; `show_desk` brings the pages of a sign-in."""

    environment_shown = Signal(str)
    """The environment of the console that is being opened."""

    def __init__(
        self,
        environment: str,
        *,
        kept: dict[str, Any] | None = None,
        read_only: bool = False,
        problem: ProblemPage | None = None,
        sign_in: SignInPage | None = None,
    ) -> None:
        """`problem`, `sign_in`: pages that may be given, see `in_turns`."""
        self.starting = StartingPage()
        self.problem = problem or ProblemPage()
        self.sign_in = sign_in or SignInPage()
        super().__init__(environment, self._before_desk(), kept=kept, read_only=read_only)
        self._desk: Desk | None = None
        self._pump: Pump | None = None
        self._strip = OperationsStrip(self.drawer, self.toasts)
        self._came_from = "jobs"
        """The page before the Operations page."""
        self._failures: list[tuple[str, str, str]] = []
        """What failed and isn't written down yet."""
        self._go: Callable[[Move], None] = _nowhere
        self.problem.try_again.connect(lambda: self._go(TryAgain()))
        self.problem.elsewhere.connect(lambda: self._go(Elsewhere()))
        self.sign_in.environment_chosen.connect(self.show_environment)
        self.bar.person.chosen.connect(self._person_chosen)
        self.lock = LockPage(self)
        self.lock.signing_out.connect(lambda: self._go(SignOut()))
        self._inputs = Inputs(self)
        self._inputs.used.connect(self._used)
        self.drawer.opened.connect(self.open_operation)
        # It belongs to none of the pages of the rail.
        self.page_shown.connect(lambda name: self.rail.set_current("") if name == "operations" else None)
        self._letters_seen = -1
        self._second_seen = 0
        self.bar.show_zone(datetime.now().astimezone().strftime("Local time, UTC%z")[:-2])

        self.faults.cleared.connect(lambda part: self.toasts.say(f"{stack_words.part_name(part)}: back again"))

    @classmethod
    def in_turns(
        cls, environment: str, *, kept: dict[str, Any] | None = None, read_only: bool = False
    ) -> Generator[None, None, Self]:
        """Build it over several turns of the loop, none of which takes longer than a frame or two."""
        problem = ProblemPage()
        yield
        sign_in = SignInPage()
        yield
        return cls(environment, kept=kept, read_only=read_only, problem=problem, sign_in=sign_in)

    def show_environment(self, environment: str) -> None:
        """Wear the colours of an environment."""
        self.bar.environment.show_environment(environment)
        self.environment_shown.emit(environment)

    def when_moving(self, call: Callable[[Move], None]) -> None:
        """Call `call` whenever the person wants to go elsewhere."""
        self._go = call

    def show_part(self, name: str, state: str, why: str) -> None:
        """A part of the local stack is in another state."""
        self.starting.show_part(name, state, why)
        self.faults.take(name, state, why)

    def show_failure(self, name: str, why: str, report: str) -> None:
        """What nobody caught: a vital task in the band, anything else in a toast beside its `report`; and a row of the
        Operations list, which stays."""
        words = stack_words.failed_task(name, why, report)
        self._failures.append((name, words or why, report))
        self._keep_failures()
        if words is None:
            self.toasts.say(f"Failed: {name}. {why or report}".strip(), shape="failed", seconds=20)
        else:
            self.faults.stopped(name, words)

    def _keep_failures(self) -> None:
        """Write down what failed; before a sign-in there is no list to write it into."""
        while self._desk is not None and self._failures:
            name, words, report = self._failures.pop(0)
            words = words or (f"Details: console/crashes/{report} in the data folder." if report else "")
            self._desk.operations.note(FAILURE, f"Failed: {name}", report, actor=self._desk.who, words=words)

    def show_starting(self, words: str = "Starting", more: str = "") -> None:
        """Say what is being done, and show the parts of the local stack as they come up."""
        self._leave_desk()
        self.starting.begin(words, more)
        self.show_page("starting")

    def show_problem(
        self, sentence: str, hint: str, raw: str, settings: Sequence[SettingProblem], elsewhere: str = ""
    ) -> None:
        """Say why nothing can be shown, with a row for each setting that is missing or wrong."""
        self._leave_desk()
        self.problem.show_problem(sentence, hint, raw, settings, elsewhere)
        self.show_page("problem")

    def show_sign_in(self, acts: SignInActs) -> None:
        """Ask who comes, and where to."""
        self._leave_desk()
        self.show_page("sign_in")
        self.sign_in.show_acts(acts)

    def show_desk(self, desk: Desk, pump: Pump) -> Iterator[None]:
        """Build the pages of this sign-in, a part for each turn of the iterator, and show the first with the last."""
        pages = yield from DeskPages.in_turns(desk, self, self._kept)
        self.overview, self.jobs, self.job, self.letters, self.runs, self.review = pages[:6]
        self.activity, self.operations, self.health, self.settings = pages[6:]
        self.overview.show_jobs.connect(self.open_jobs)
        self.overview.show_directory.connect(lambda host: self.open_jobs("all", f'dir:"{host}"'))
        self.overview.show_dead_letters.connect(lambda: self.show_page("dead_letters"))
        for page in (self.overview, self.job):
            page.acknowledge.connect(lambda need: ask_acknowledge(self.body, desk, need))
        self.jobs.opened.connect(self.open_job)
        self.job.back.connect(lambda: self.show_page("jobs"))
        self.operations.back.connect(lambda: self.show_page(self._came_from))
        self.job.run_here.connect(self.prepare_run)
        for leads in (self.overview, self.letters, self.runs, self.review, self.activity):
            leads.open_job.connect(self.open_job)
        self.runs.banner.check_button.clicked.connect(self.open_review)
        self.review.back.connect(lambda: self.show_page("runs"))
        self.review.declare.connect(lambda *what: ask_declare(self.body, desk, *what))
        self.settings.opening.connect(lambda key: self._leave_for(Open(key)))
        for wish, key in ((self.settings.elsewhere, "elsewhere"), (self.settings.signing_out, "out"),
                          (self.settings.locking, "lock")):  # fmt: skip
            wish.connect(lambda key=key: self._person_chosen(key))
        yield
        self._desk, self._pump = desk, pump
        self.sign_in.forget()
        self._strip.begin(desk)
        self._keep_failures()
        self.lock.guard(desk.lock, desk.who)
        self.bar.show_link(True)
        self._show_link()
        self._show_who()
        pump.changed.connect(self._take)
        pump.frame.connect(self._frame)
        self.set_pages(pages.entries(), "jobs")
        if desk.preferences.in_memory:
            self.toasts.say(desk.preferences.kept_where(), shape="stale", seconds=12)

    def _before_desk(self) -> list[PageEntry]:
        return [
            PageEntry("starting", "", "", self.starting, hidden=True),
            PageEntry("problem", "", "", self.problem, hidden=True),
            PageEntry("sign_in", "", "", self.sign_in, hidden=True),
        ]

    def _leave_desk(self) -> None:
        """Take the pages of a sign-in that is over from the window."""
        self.faults.forget()
        if self._desk is None:
            return
        pages = [entry.widget for entry in self._pages.values()]
        self._desk = self._pump = None
        self.lock.leave()
        self.cases.leave()
        self.body.setEnabled(True)
        self.bar.setEnabled(True)
        self.set_keys_on(True)
        for sheet in self.body.findChildren(ConfirmSheet):
            sheet.cancel()  # what it asks belongs to somebody who has left
        self.toasts.clear()
        self._strip.leave()
        self._letters_seen = -1
        self.bar.show_link(False)
        self.bar.person.show_who("")
        self.bar.show_last_event("")
        self.set_pages(self._before_desk())
        for page in pages:
            page.deleteLater()
        # Once the pages, and what only they held, are gone: hundreds of megabytes where there were many jobs.
        QTimer.singleShot(_GONE_MS, self, garbage.give_back)

    def open_jobs(self, status: str, query: str = "") -> None:
        """The list of jobs in one status; of these what `query` asks for."""
        self.jobs.show_status(status, query)
        self.show_page("jobs")

    def open_operation(self, operation_id: str) -> None:
        """All operations, this one chosen; "" chooses none anew."""
        if self._desk is not None:
            if self.current_page() != "operations":
                self._came_from = self.current_page()
            self.show_page("operations")
            self.operations.show_operation(operation_id)

    def open_job(self, job_id: str) -> None:
        """One job."""
        self.job.show_job(job_id)
        self.show_page("job")
        self.rail.set_current("jobs")

    def open_review(self) -> None:
        """What is to be checked: outcomes that nobody knows, and verdicts in doubt."""
        self.show_page("review")
        self.rail.set_current("runs")

    def prepare_run(self, job_id: str, directory: str) -> None:
        """The Runs page with a job and a directory chosen."""
        self.runs.prepare(job_id, directory)
        self.show_page("runs")

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._inputs.watch(self)
        if self._pump is not None:
            self._pump.set_hidden(False)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self._pump is not None:
            self._pump.set_hidden(True)

    def _take(self, changes: Changes) -> None:
        if self._desk is None:
            return
        for page in (self.overview, self.jobs, self.job, self.letters, self.runs, self.review, self.activity):
            page.take(changes)
        if changes.jobs:
            self.rail.set_badge("runs", waiting_count(self._desk.store))
        if changes.link:
            self._show_link()
        self._strip.take(changes)

    def _frame(self) -> None:
        desk = self._desk
        if desk is None:
            return
        for page in (
            self.overview, self.job, self.letters, self.runs, self.review, self.activity, self.health, self.settings,
        ):  # fmt: skip
            page.frame()
        self._show_lock()
        if self._strip.follow(desk):
            self.operations.changed()
        self.operations.frame()
        if desk.dead_letters.version != self._letters_seen:
            self._letters_seen = desk.dead_letters.version
            self.rail.set_badge("dead_letters", len(desk.dead_letters.lines))
        second = int(time.monotonic())
        if second != self._second_seen:
            self._second_seen = second
            desk.lock.tick()
            self._show_link()
            self._show_who()
            last = desk.store.last_event_at
            self.bar.show_last_event(
                "No event yet" if last is None else f"Last event {spans.ago(last, desk.store.now())} ago"
            )

    def _show_who(self) -> None:
        if self._desk is None:
            return
        self.bar.person.show_who(f"{_short(self._desk.who)}, {self._desk.role or 'no role'}")
        may_lock = self._desk.lock.minutes > 0
        people = [
            CellEntry(f"as {person.email}", f"{person.role.capitalize()}, {_short(person.email)}",
                      here=person.email == self._desk.who)
            for person in self._desk.people
        ]  # fmt: skip
        self.bar.person.show_entries(
            [
                *people,
                CellEntry("elsewhere", "Another environment…", apart=bool(people)),
                *([CellEntry("lock", "Lock")] if may_lock else []),
                CellEntry("out", "Sign out"),
            ]
        )

    def _person_chosen(self, key: str) -> None:
        if self._desk is None:
            return
        if key == "out":
            self._leave_for(SignOut())
        elif key == "elsewhere":
            self._leave_for(Elsewhere())
        elif key == "lock":
            self._desk.lock.lock()
            self._show_lock()
        elif key.removeprefix("as ") != self._desk.who:
            self._leave_for(Become(key.removeprefix("as ")))

    def _leave_for(self, move: Move) -> None:
        if self._desk is not None:
            ask_to_leave(self.body, self._desk, lambda: self._go(move))

    def _show_lock(self) -> None:
        """Under the cover nothing can be pressed, by mouse or by key."""
        covered = self.lock.frame()
        if covered == self.body.isEnabled():
            menu = QApplication.activePopupWidget()
            if covered and menu is not None:
                menu.close()
            self.cases.cover(covered)
            self.body.setEnabled(not covered)
            self.bar.setEnabled(not covered)
            self.set_keys_on(not covered)
            page = self.stack.currentWidget()
            if not covered and page is not None:
                self.focus_page(page)

    def _used(self) -> None:
        if self._desk is not None:
            self._desk.lock.used()
            self._show_lock()  # before the key or the press that found it locked goes on to a widget

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.lock.setGeometry(self.rect())

    def _show_link(self) -> None:
        if self._desk is None:
            return
        link = self._desk.store.link
        since = {"reconnecting": f" {spans.day_clock(link.since)}", "offline": f" since {spans.day_clock(link.since)}"}
        self.bar.link.show_state(link.phase, link.word + since.get(link.phase, ""), link.why)
        # Of what an earlier start has left, the last that is known is from before this one.
        store = self._desk.store
        cut = store.true_at("jobs") if store.kept else link.since
        self.faults.take("link", "lost" if link.phase == "offline" else "up", link.why, since=cut)


def _short(email: str) -> str:
    return email.split("@")[0]


def _nowhere(move: Move) -> None:
    return None
