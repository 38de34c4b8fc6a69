"""Dead letters: what the queue holds of jobs that could not be started, and their replay."""

from __future__ import annotations

from typing import Final

import msgspec
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.actions.dead_letters import Look, start_replay, start_scan
from app.actions.letter_line import LetterLine
from app.actions.registry import ARCHIVE, REPLAY, REPLAY_MANY, SCAN
from app.desk import Desk
from app.models.table_model import LinesModel
from app.store.store import Changes
from services.domain.diagnosis import since
from services.domain.statuses import Shape
from widgets.look import metrics
from widgets.pages.dead_letters.inspector import Inspector
from widgets.pages.dead_letters.sheet import ask_archive, ask_replay
from widgets.pages.dead_letters.words import act_of, expires, state_of, summary
from widgets.parts import cell, spans
from widgets.parts.button import Button
from widgets.parts.columns import Column
from widgets.parts.faces import Faces
from widgets.parts.head import AsOf, PageHead
from widgets.parts.label import label, say, tip
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface
from widgets.parts.table import Table
from widgets.parts.tabs import Tab, TabRow
from widgets.parts.toast import Toast, Toasts

COLUMNS: Final = (
    Column("What", 158),
    Column("Customer", 120, stretch=1),
    Column("Job id", 84, drops=2, middle=True),
    Column("Sent", 52, right=True),
    Column("Receives", 54, right=True, drops=3),
    Column("Expires in", 70, right=True),
    Column("Body", 120, stretch=1.2, drops=1, sorts=False),
    Column("", 50, right=True, sorts=False),
)
_TOLD: Final = (REPLAY.name, REPLAY_MANY.name, ARCHIVE.name)
_ACT: Final = len(COLUMNS) - 1
_ENDS: Final[dict[str, Shape]] = {"done": "ok", "failed": "failed", "unknown": "unknown", "undone": "skipped"}


class Row(msgspec.Struct, frozen=True):
    """A letter with its job's customer, "" while the job isn't known. All that a row is sorted by is in it."""

    line: LetterLine
    business: str


class DeadLettersPage(Surface):
    """`open_job` gives the id of a letter's job. `toasts`, `body`: where short words and sheets go, over the page
    itself by default."""

    open_job = Signal(str)

    def __init__(
        self, desk: Desk, parent: QWidget | None = None, *, toasts: Toasts | None = None, body: Surface | None = None
    ) -> None:
        super().__init__("surface.page", parent=parent)
        self._desk = desk
        self._body = body if body is not None else self
        self.sheet: ConfirmSheet | None = None
        """The last one that was shown."""
        self._acts = desk.dead_letters
        self._letters_seen = self._operations_seen = -1
        self._told = {wish.id for wish in desk.operations.newest_first() if wish.ended}
        self._undo_toasts: dict[str, Toast] = {}
        self.scan_button = Button(SCAN.label, "quiet", icon=SCAN.icon, tip=SCAN.words)
        self.scan_button.clicked.connect(lambda: start_scan(self._acts))
        self.replay_button = Button(REPLAY.label, "primary", icon=REPLAY.icon)
        self.replay_button.clicked.connect(self._press_replay)
        self.archive_button = Button(ARCHIVE.label, icon=ARCHIVE.icon)
        self.archive_button.clicked.connect(self._press_archive)
        self.tabs = TabRow([Tab("inventory", "Inventory")])
        self.seen_words = label("", "small", "secondary")
        self.as_of = AsOf()
        self.table = Table(COLUMNS, checks=True)
        self.model = self._make_model()
        self.table.setModel(self.model)
        self.table.sort_by(5)
        self.table.pressed_cell.connect(self._cell_pressed)
        self.table.opened.connect(self._opened)
        self.table.current_moved.connect(lambda _: self._show_current())
        self.table.selection_moved.connect(self._show_current)
        self.faces = Faces(self.table)
        self.faces.pressed.connect(lambda: start_scan(self._acts))
        self.inspector = Inspector()
        self.inspector.open_job.connect(self.open_job)
        self._foot = QWidget()
        self._lay_out()
        self.setFocusProxy(self.table)
        self._toasts = toasts if toasts is not None else Toasts(self, self._foot)
        self._undo_key = QShortcut(QKeySequence.StandardKey.Undo, self)
        self._undo_key.activated.connect(self._undo_last)
        QShortcut(QKeySequence(REPLAY.key), self).activated.connect(self._press_replay)
        # Countdowns and ages move on even when nothing happens.
        self._second = QTimer(self)
        self._second.setInterval(500)
        self._second.timeout.connect(self._tick)
        self._second.start()
        self._show_letters()

    def take(self, changes: Changes) -> None:
        """Names of customers come from the store."""
        if changes.jobs and any(line.job_id in changes.jobs for line in self._acts.lines.values()):
            self._show_rows()

    def frame(self) -> None:
        """Show what the acts have changed since the last frame."""
        if self._acts.version != self._letters_seen:
            self._show_letters()
        if self._desk.operations.version != self._operations_seen:
            self._operations_seen = self._desk.operations.version
            self._tell_ends()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        look = self._acts.look
        if look.as_of is None and not look.looking and not look.problem:
            start_scan(self._acts)
        self._tick()

    # What is shown

    def _show_letters(self) -> None:
        self._letters_seen = self._acts.version
        lines = self._acts.lines
        self._show_rows()
        for key in list(self._undo_toasts):
            if key not in lines or lines[key].doing != "planned":
                self._undo_toasts.pop(key).end()
        self.tabs.set_counts({"inventory": len(lines) if self._acts.look.as_of is not None else None})
        if self.table.current_row() < 0:
            self.table.go_to(0)
        self._show_face()
        self._refresh_words()

    def _show_rows(self) -> None:
        rows = {key: Row(line, self._business(line)) for key, line in self._acts.lines.items()}
        gone: dict[str, Row | None] = {key: None for key in self.model.all_keys() if key not in rows}
        moved = {key: row for key, row in rows.items() if self.model.by_key(key) != row}
        self.model.apply({**gone, **moved})

    def _show_face(self) -> None:
        look = self._acts.look
        self.table.set_old(bool(look.problem))
        if self.model.total():
            self.faces.show_content()
        elif look.problem:
            self.faces.show_face(look.problem, look.hint, shape="failed", act="Scan again")
        elif look.as_of is None:
            self.faces.show_loading()
        else:
            self.faces.show_face(
                "No dead letters.", f"The queue was looked at at {spans.clock(look.as_of)} and gave nothing."
            )

    def _refresh_words(self) -> None:
        look = self._acts.look
        now = self._desk.store.now()
        stale = bool(look.problem) and look.as_of is not None
        words = "reading" if look.looking else "not read" if look.as_of is None else f"as of {spans.clock(look.as_of)}"
        self.as_of.show_time(words, stale=stale)
        tip(self.as_of, look.problem or spans.moment(look.as_of))
        say(self.seen_words, _seen(look, len(self._acts.lines), now))
        self.scan_button.set_off("The queue is being looked at." if look.looking else "")
        self.table.viewport().update()
        self._show_current()

    def _show_current(self) -> None:
        line = self._current()
        self.inspector.show_letter(line, self._business(line) if line else "", self._desk.store.now())
        chosen = self._chosen()
        many = len(chosen) > 1
        why = self._desk.batches.why_not(REPLAY_MANY, chosen) if many else self._acts.why_not_replay(line)
        self.replay_button.say(f"{REPLAY.label} {len(chosen):,}…" if many else REPLAY.label)
        self.replay_button.set_off(why)
        if not why:
            tip(self.replay_button, REPLAY_MANY.words if many else REPLAY.words)
        why = self._desk.batches.why_not(ARCHIVE, chosen)
        self.archive_button.set_off(why)
        if not why:
            tip(self.archive_button, ARCHIVE.words)

    def _tick(self) -> None:
        if self.isVisible():
            self._refresh_words()

    def _tell_ends(self) -> None:
        """Say in a toast how a replay ended; its row in the Operations list stays."""
        for wish in self._desk.operations.newest_first():
            if wish.act in _TOLD and wish.ended and wish.id not in self._told:
                self._told.add(wish.id)
                self._toasts.say(wish.words, shape=_ENDS.get(wish.state, "unknown"))

    # What is pressed

    def _cell_pressed(self, row: int, column: int) -> None:
        line = self.model.line(row).line
        if column != _ACT or not act_of(line):
            return
        if line.doing == "planned":
            self._acts.undo(line.id)
        else:
            self._replay(line)

    def _press_replay(self) -> None:
        """One healthy message is one click, many are looked through first."""
        chosen = self._chosen()
        if len(chosen) < 2:
            self._replay(self._current())
        elif not self._desk.batches.why_not(REPLAY_MANY, chosen):
            self.sheet = ask_replay(self._body, self._desk, chosen)

    def _press_archive(self) -> None:
        chosen = self._chosen()
        if not self._desk.batches.why_not(ARCHIVE, chosen):
            self.sheet = ask_archive(self._body, self._desk, chosen)

    def _replay(self, line: LetterLine | None) -> None:
        if line is None or self._acts.why_not_replay(line):
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

    def _opened(self, row: int) -> None:
        line = self.model.line(row).line
        if self._business(line):
            self.open_job.emit(line.job_id)

    # Helpers

    def _chosen(self) -> list[str]:
        """Ids of the selected letters, from the top."""
        return [self.model.line(row).line.id for row in self.table.selected_rows()]

    def _current(self) -> LetterLine | None:
        row = self.table.current_row()
        return self.model.line(row).line if 0 <= row < self.model.rowCount() else None

    def _business(self, line: LetterLine) -> str:
        job = self._desk.store.jobs.get(line.job_id) if line.job_id else None
        return (job.business or job.customer or job.id) if job is not None else ""

    def _make_model(self) -> LinesModel[Row]:
        now = self._desk.store.now
        return LinesModel(
            key=lambda row: row.line.id,
            cells=[
                lambda row: cell.status(*state_of(row.line, now()), tip=row.line.problem),
                _customer,
                lambda row: cell.mono(row.line.job_id) if row.line.job_id else cell.NONE,
                lambda row: cell.words(
                    spans.ago(row.line.letter.sent_at, now()), tip=spans.moment(row.line.letter.sent_at)
                ),
                lambda row: cell.number(row.line.letter.receive_count, "secondary"),
                lambda row: cell.words(expires(row.line, now()), tip=_expiry_tip(row.line)),
                lambda row: cell.words(summary(row.line), "tertiary" if row.line.problem else "secondary"),
                lambda row: self._act(row.line),
            ],
            sort_keys=[
                lambda row: (bool(row.line.problem), row.line.reading.what),
                lambda row: row.business.lower(),
                lambda row: row.line.job_id,
                lambda row: -(row.line.letter.sent_at or 0.0),
                lambda row: row.line.letter.receive_count,
                lambda row: row.line.expires_at or 0.0,
                None,
                None,
            ],
            words=lambda row: f"{state_of(row.line, now())[1]}, {row.business}, {summary(row.line)}",
            parent=self,
        )

    def _act(self, line: LetterLine) -> cell.Cell:
        words = act_of(line)
        if line.doing == "planned":
            return cell.link(words)
        why = self._acts.why_not_replay(line)
        if why:
            return cell.words(REPLAY.label, "disabled", tip=why)
        return cell.link(words)

    def _lay_out(self) -> None:
        head = PageHead("Dead letters")
        head.add_stretch()
        head.add(self.scan_button)
        head.add(self.archive_button)
        head.add(self.replay_button)
        self.tabs.add_right(self.seen_words)
        self.tabs.add_right(self.as_of)
        left = QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(head)
        left.addWidget(self.tabs)
        left.addWidget(self.faces, 1)
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


def _customer(row: Row) -> cell.Cell:
    if row.business:
        return cell.name(row.business)
    return cell.words("no such job", "tertiary", "No job with this id is known.") if row.line.job_id else cell.NONE


def _expiry_tip(line: LetterLine) -> str:
    if line.expires_at is None:
        return "The queue doesn't say how long it keeps its messages, or when this one was sent."
    return spans.moment(line.expires_at)


def _seen(look: Look, count: int, now: float) -> str:
    """How much of the queue the list shows, and whether the look hides it from others."""
    if look.figures is None:
        return ""
    words = f"{count:,} seen of about {look.figures.visible + look.figures.in_flight:,}"
    hidden = look.hidden_until - now
    return f"{words}, hidden from others for {since(hidden + 1)}" if hidden > 0 else words
