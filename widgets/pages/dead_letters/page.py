"""Dead letters: jobs that could not be started, their replay, their archive, and the journal of all of it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final, Self

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.actions.confirming import is_asked
from app.actions.dead_letters import Look, start_replay, start_scan
from app.actions.letter_batches import Choice, start_weighing
from app.actions.letter_line import LetterLine
from app.actions.letter_records import start_read
from app.actions.registry import ARCHIVE, DECIDE, EDIT, PUT_BACK, REPLAY, REPLAY_MANY, SCAN
from app.desk import Desk
from app.models.query import QueryProblem
from app.models.query_offers import Offer, offers
from app.store.store import Changes
from services.domain.diagnosis import since
from services.domain.statuses import Shape
from widgets.look import metrics
from widgets.pages.dead_letters.editing import ask_edit
from widgets.pages.dead_letters.fields import JOURNAL, KEPT, QUEUE, letter_fields, letter_query
from widgets.pages.dead_letters.inventory import Inventory
from widgets.pages.dead_letters.journal import JournalView
from widgets.pages.dead_letters.kept import KeptView
from widgets.pages.dead_letters.lists import Lists
from widgets.pages.dead_letters.queues import QueueBar
from widgets.pages.dead_letters.sheet import ask_archive, ask_replay
from widgets.pages.dead_letters.still import Chip
from widgets.parts import spans
from widgets.parts.button import Button
from widgets.parts.first_focus import first_of
from widgets.parts.head import AsOf, PageHead
from widgets.parts.label import label, say, tip
from widgets.parts.query_box import QueryBox
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface
from widgets.parts.tabs import Tab, TabRow
from widgets.parts.toast import Toast, Toasts
from widgets.parts.turns import at_once

TABS: Final = (Tab("inventory", "Inventory"), Tab("archived", "Archived"), Tab("journal", "Journal"))
_TOLD: Final = {act.name: act.label for act in (REPLAY, REPLAY_MANY, ARCHIVE, PUT_BACK, DECIDE)}
"""Acts whose end is told, with what they are called."""
_ENDS: Final[dict[str, Shape]] = {"done": "ok", "failed": "failed", "unknown": "unknown", "undone": "skipped"}
_CLOCK_TICKS: Final = 20
"""A filter on times is asked anew so often."""


class DeadLettersPage(Surface):
    """`open_job` gives the id of a letter's job. `toasts`, `body`: where short words and sheets go, over the page
    itself by default."""

    open_job = Signal(str)

    def __init__(
        self, desk: Desk, parent: QWidget | None = None, *, toasts: Toasts | None = None, body: Surface | None = None,
        lists: Lists | None = None,
    ) -> None:  # fmt: skip
        """`lists` may be given: see `in_turns`."""
        super().__init__("surface.page", parent=parent)
        self._desk = desk
        self._body = body if body is not None else self
        self.sheet: ConfirmSheet | None = None
        """The last one that was shown."""
        self._acts = desk.dead_letters
        self._letters_seen = self._operations_seen = self._records_seen = -1
        self._read_for = (-1, -1)
        """What had happened when archive and journal were read last."""
        self._told = {wish.id for wish in desk.operations.newest_first() if wish.ended}
        self._undo_toasts: dict[str, Toast] = {}
        self.scan_button = Button(SCAN.label, "quiet", icon=SCAN.icon, tip=SCAN.words)
        self.scan_button.clicked.connect(lambda: start_scan(self._acts))
        self.inventory, self.kept, self.journal, self.inspector = lists or at_once(Lists.in_turns(desk))
        self.table, self.model, self.faces = self.inventory.table, self.inventory.model, self.inventory.faces
        self.replay_button, self.archive_button = self.inventory.replay_button, self.inventory.archive_button
        self.replay_button.clicked.connect(self._press_replay)
        self.archive_button.clicked.connect(self._press_archive)
        self.inventory.one.connect(self._link_pressed)
        self.inventory.narrowed.connect(self._narrow)
        self.views: dict[str, Inventory | KeptView | JournalView] = {
            "inventory": self.inventory,
            "archived": self.kept,
            "journal": self.journal,
        }
        names = {"inventory": QUEUE, "archived": KEPT, "journal": JOURNAL}
        self._fields = {key: letter_fields(names[key], desk.store.now, self.inventory.reasons) for key in self.views}
        self._texts = dict.fromkeys(self.views, "")
        self._clock_left = 0
        """Ticks until a filter on times is asked anew; 0 when there is none."""
        self.search = QueryBox("Filter: reason:deployment package:starter expires:<2d", self._offers, self)
        self.search.changed.connect(lambda _: self._filter())
        self.search.left.connect(self._to_the_rows)
        self.tabs = TabRow(TABS)
        self.tabs.chosen.connect(lambda _: self._show_tab())
        self.seen_words = label("", "small", "secondary")
        self.as_of = AsOf()
        self.queues = QueueBar(desk)
        self.chip = Chip()
        self._stack = QStackedWidget()
        for view in self.views.values():
            self._stack.addWidget(view)
            view.moved.connect(self._show_current)
            view.opened.connect(self.open_job)
            view.clear.connect(lambda: self._narrow(""))
            view.held.connect(self._show_held)
        self.inspector.open_job.connect(self.open_job)
        self.inspector.pressed.connect(self._inspector_pressed)
        self._foot = QWidget()
        self._lay_out()
        self._toasts = toasts if toasts is not None else Toasts(self, self._foot)
        self._undo_key = QShortcut(QKeySequence.StandardKey.Undo, self)
        self._undo_key.activated.connect(self._undo_last)
        QShortcut(QKeySequence(REPLAY.key), self).activated.connect(self._press_replay)
        QShortcut(QKeySequence(EDIT.key), self).activated.connect(self._press_edit)
        # Countdowns and ages move on even when nothing happens.
        self._second = QTimer(self)
        self._second.setInterval(500)
        self._second.timeout.connect(self._tick)
        self._second.start()
        self._show_letters()
        self._show_tab()

    @classmethod
    def in_turns(cls, desk: Desk, parent: QWidget, *, toasts: Toasts, body: Surface) -> Generator[None, None, Self]:
        """Build it over several turns of the loop, none of which takes longer than a frame or two."""
        lists = yield from Lists.in_turns(desk)
        yield
        return cls(desk, parent, toasts=toasts, body=body, lists=lists)

    def take(self, changes: Changes) -> None:
        """Names of customers come from the store."""
        for view in self.views.values():
            view.take(changes)
        if changes.jobs:
            self._show_current()

    def frame(self) -> None:
        """Show what the acts have changed since the last frame."""
        if self._acts.version != self._letters_seen:
            self._show_letters()
        if self._desk.records.version != self._records_seen:
            self._show_records()
        if self._desk.operations.version != self._operations_seen:
            self._operations_seen = self._desk.operations.version
            self._tell_ends()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        look = self._acts.look
        if look.as_of is None and not look.looking and not look.problem:
            start_scan(self._acts)
        start_read(self._desk.records)
        self._tick()

    # What is shown

    def _show_letters(self) -> None:
        self._letters_seen = self._acts.version
        lines = self._acts.lines
        self.inventory.show_rows()
        for key in list(self._undo_toasts):
            if key not in lines or lines[key].doing != "planned":
                self._undo_toasts.pop(key).end()
        self._show_counts()
        self.inventory.show_face()
        self._refresh_words()

    def _show_records(self) -> None:
        self._records_seen = self._desk.records.version
        for view in (self.kept, self.journal):
            view.show_rows()
            view.show_face()
        self._show_counts()
        self._show_current()

    def _show_counts(self) -> None:
        records = self._desk.records
        read = records.as_of is not None
        self.tabs.set_counts(
            {
                "inventory": len(self._acts.lines) if self._acts.look.as_of is not None else None,
                "archived": len(records.kept) if read else None,
                "journal": self.journal.open_decisions() or None if read else None,
            }
        )

    def _show_tab(self) -> None:
        key = self.tabs.current()
        shown = self.views[key]
        self._stack.setCurrentWidget(shown)
        self.first: QWidget = shown
        for view in self.views.values():
            for button in view.heads:
                button.setVisible(view is shown)
        in_queue = key == "inventory"
        self.scan_button.setVisible(in_queue)
        self.search.set_text(self._texts[key])
        self._filter()
        if not in_queue and self.isVisible():
            start_read(self._desk.records)
        self._refresh_words()

    def _refresh_words(self) -> None:
        look = self._acts.look
        now = self._desk.store.now()
        in_queue = self.tabs.current() == "inventory"
        stale = bool(look.problem) and look.as_of is not None
        words = "reading" if look.looking else "not read" if look.as_of is None else f"as of {spans.clock(look.as_of)}"
        self.as_of.show_time(words, stale=stale)
        self.as_of.setVisible(in_queue)
        tip(self.as_of, look.problem or spans.moment(look.as_of))
        say(
            self.seen_words,
            _seen(look, len(self._acts.lines), now, ours=self._acts.in_batch) if in_queue else "On this computer",
        )
        self.scan_button.set_off("The queue is being looked at." if look.looking else "")
        self.views[self.tabs.current()].redraw()
        self._show_current()

    def _show_current(self) -> None:
        view = self.views[self.tabs.current()]
        self.inspector.show_letter(view.shown())
        view.show_acts()
        self._show_held()

    def _show_held(self) -> None:
        self.chip.show_of(self.views[self.tabs.current()].still)

    def _tick(self) -> None:
        if not self.isVisible():
            return
        self.queues.refresh()
        self._refresh_words()
        moved = (self._acts.version, self._desk.operations.version)
        if self.tabs.current() != "inventory" and moved != self._read_for:
            self._read_for = moved
            start_read(self._desk.records)
        if self._clock_left:
            self._clock_left -= 1
            if not self._clock_left and self.views[self.tabs.current()].still.held:
                self._clock_left = 1
            elif not self._clock_left:
                self._filter()

    def _tell_ends(self) -> None:
        """Say in a toast how a replay ended; its row in the Operations list stays."""
        ended = False
        for wish in self._desk.operations.newest_first():
            if wish.act in _TOLD and wish.ended and wish.id not in self._told:
                ended = True
                self._told.add(wish.id)
                words = f"{_TOLD[wish.act]}: {wish.words}" if wish.total > 1 else wish.words
                self._toasts.say(words, shape=_ENDS.get(wish.state, "unknown"))
        if ended and self.isVisible():
            start_read(self._desk.records)

    # What is looked for

    def _offers(self, before: str) -> list[Offer]:
        return offers(before, self._fields[self.tabs.current()])

    def _filter(self) -> None:
        key = self.tabs.current()
        self._texts[key] = self.search.text()
        try:
            query = letter_query(self.search.text(), self._fields[key])
        except QueryProblem as problem:
            # What was shown stays: half a query is no answer.
            self.search.show_problem(str(problem))
            return
        self.search.show_problem("")
        self._clock_left = _CLOCK_TICKS if query.clock else 0
        self.views[key].set_query(query)
        self._show_current()

    def _narrow(self, text: str) -> None:
        self.search.set_text(text)
        self._filter()

    def _to_the_rows(self) -> None:
        first_of(self.views[self.tabs.current()]).setFocus(Qt.FocusReason.ShortcutFocusReason)

    # What is pressed

    def _link_pressed(self, message_id: str) -> None:
        line = self._acts.lines[message_id]
        if line.doing == "planned":
            self._acts.undo(line.id)
        else:
            self._replay(line)

    def _press_replay(self) -> None:
        """One healthy message is one click, many are looked through first."""
        if self.tabs.current() != "inventory":
            return
        chosen = self.inventory.chosen()
        if len(chosen) < 2 and not self.inventory.groups_switch.current():
            self._replay(self.inventory.current())
        elif not self._desk.batches.why_not(REPLAY_MANY, chosen):
            start_weighing(self._desk.batches, chosen, lambda choice: self._ask_replay(chosen, choice))

    def _ask_replay(self, ids: list[str], choice: Choice) -> None:
        """Not where it was weighed for long, and may not be done any more."""
        if isValid(self) and not self._desk.batches.why_not(REPLAY_MANY, ids):
            self.sheet = ask_replay(self._body, self._desk, ids, choice)

    def _press_archive(self) -> None:
        chosen = self.inventory.chosen()
        if not self._desk.batches.why_not(ARCHIVE, chosen):
            self.sheet = ask_archive(self._body, self._desk, chosen)

    def _inspector_pressed(self, key: str) -> None:
        if self.tabs.current() == "journal":
            self.journal.press(key)
        else:
            self._press_edit()

    def _press_edit(self) -> None:
        line = self.inventory.current() if self.tabs.current() == "inventory" else None
        if line is not None and not self._acts.why_not_edit(line):
            self.sheet = ask_edit(self._body, self._desk, line, self._business(line))

    def _replay(self, line: LetterLine | None) -> None:
        if line is None or self._acts.why_not_replay(line):
            return
        if is_asked(REPLAY, 1, self._desk.environment):
            self.sheet = ask_replay(self._body, self._desk, [line.id], self._desk.batches.weigh([line.id]))
            return
        start_replay(self._acts, line.id)
        if line.doing == "duplicate_possible":
            return
        shown = self._toasts.say(
            f"Replaying the message of {self._business(line) or line.job_id}",
            shape="send",
            act="Undo  Ctrl+Z",
            pressed=lambda: self._acts.undo(line.id),
            seconds=self._acts.undo_seconds,
        )
        self._undo_toasts[line.id] = shown
        shown.destroyed.connect(lambda: self._forget(line.id, shown))

    def _forget(self, message_id: str, toast: Toast) -> None:
        """A toast went by itself: it can't be ended any more."""
        if self._undo_toasts.get(message_id) is toast:
            del self._undo_toasts[message_id]

    def _undo_last(self) -> None:
        planned = [line for line in self._acts.lines.values() if line.doing == "planned"]
        if planned:
            self._acts.undo(max(planned, key=lambda line: line.undo_until).id)

    def _business(self, line: LetterLine) -> str:
        row = self.model.by_key(line.id)
        return row.business if row is not None else ""

    def _lay_out(self) -> None:
        head = PageHead("Dead letters")
        head.add(self.search, 1)
        head.add(self.scan_button)
        for view in self.views.values():
            for button in view.heads:
                head.add(button)
        self.tabs.add_right(self.chip)
        self.tabs.add_right(self.seen_words)
        self.tabs.add_right(self.as_of)
        left = QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(head)
        left.addWidget(self.queues)
        left.addWidget(self.tabs)
        left.addWidget(self._stack, 1)
        body = QHBoxLayout()
        body.setSpacing(0)
        body.addLayout(left, 1)
        body.addWidget(self.inspector)
        self._foot.setFixedHeight(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(body, 1)
        column.addWidget(self._foot)
        self.setMinimumWidth(metrics.px(720))


def _seen(look: Look, count: int, now: float, *, ours: bool) -> str:
    """How much of the queue the list shows, and whether the look hides it from others. `ours`: an operation of this
    console holds letters."""
    if look.figures is None:
        return ""
    words = f"{count:,} seen of about {look.figures.visible + look.figures.in_flight:,}"
    if look.figures.in_flight:
        words = f"{words}, {look.figures.in_flight:,} in flight{'' if ours else ' elsewhere'}"
    hidden = look.hidden_until - now
    return f"{words}, hidden from others for {since(hidden + 1)}" if hidden > 0 else words
