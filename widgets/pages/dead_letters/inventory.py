"""The letters of the queue as a list, or grouped by job, reason or error; and what can be done with the chosen ones."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.actions.dead_letters import start_scan
from app.actions.exports import Kind
from app.actions.letter_line import LetterLine
from app.actions.registry import ARCHIVE, CONFIRM_TARGET, EDIT, REPLAY, REPLAY_MANY
from app.desk import Desk
from app.models.export_rows import of_letter
from app.models.query import Query
from app.store.store import Changes
from services.domain.statuses import Shape
from widgets.look import metrics
from widgets.pages.dead_letters.asking import ask_confirm_target
from widgets.pages.dead_letters.rows import (
    ACT,
    COLUMNS,
    EXPIRY,
    GROUPED,
    Group,
    Row,
    grouped,
    groups_model,
    letters_model,
    row_of,
)
from widgets.pages.dead_letters.shown import Press, Shown, of_queue
from widgets.pages.dead_letters.still import Still
from widgets.pages.dead_letters.words import CLOSE, act_of, seen_words, state_out
from widgets.parts import cell, spans
from widgets.parts.button import Button
from widgets.parts.export_button import ExportButton
from widgets.parts.faces import Faces
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import label, say, tip
from widgets.parts.segments import Segments
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface, ground_of
from widgets.parts.table import Table

GROUPS: Final = (("", "Letters"), ("job", "Jobs"), ("reason", "Reasons"), ("error", "Errors"))


class Inventory(QWidget):
    """`moved`: what is chosen or shown is another. `replay` and `archive` ask for the acts on what is chosen."""

    moved = Signal()
    opened = Signal(str)
    """A job's id."""
    one = Signal(str)
    """The link of a letter's row was pressed: its id."""
    narrowed = Signal(str)
    """Only these are wanted: a query."""
    clear = Signal()
    """All are wanted."""
    held = Signal()
    """What is held back while the list stands still is another."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._acts = desk.dead_letters
        self._xrays: dict[str, str] = {}
        self.sheet: ConfirmSheet | None = None
        self.replay_button = Button(REPLAY.label, "primary", icon=REPLAY.icon)
        self.archive_button = Button(ARCHIVE.label, icon=ARCHIVE.icon)
        self.export_button = ExportButton()
        self.export_button.chosen.connect(self._export)
        self.groups_switch = Segments(GROUPS)
        self.groups_switch.chosen.connect(self.group_by)
        self.table = Table(COLUMNS, checks=True, name="Dead letters")
        self.model = letters_model(desk.store, self._seen, self._act, self._out, self)
        self.table.setModel(self.model)
        self.table.sort_by(EXPIRY)
        self.table.pressed_cell.connect(self._cell_pressed)
        self.table.opened.connect(self._opened)
        self.groups = Table(GROUPED, checks=True, name="Groups of dead letters")
        self.groups_model = groups_model(desk.store.now, self)
        self.groups.setModel(self.groups_model)
        self.groups.sort_by(1)
        self.groups.pressed_cell.connect(lambda row, column: self._show_group(row) if column == ACT_OF_GROUP else None)
        self.groups.opened.connect(self._show_group)
        for table in (self.table, self.groups):
            table.current_moved.connect(lambda _: self.moved.emit())
            table.selection_moved.connect(self.moved)
        self._stills = {
            table: Still(table, model, lambda: desk.dead_letters.look.as_of is not None, self)
            for table, model in ((self.table, self.model), (self.groups, self.groups_model))
        }
        for still in self._stills.values():
            still.changed.connect(self.held)
        self._tables = QStackedWidget()
        self._tables.addWidget(self.table)
        self._tables.addWidget(self.groups)
        self.faces = Faces(self._tables)
        self.faces.pressed.connect(self._face_pressed)
        self.expiring = GlyphLabel("stale", "", "small", "stale")
        bar = Surface("surface.page", "b")
        bar.setFixedHeight(metrics.px(metrics.BAR))
        line = QHBoxLayout(bar)
        line.setContentsMargins(metrics.px(16), 0, metrics.px(16), 1)
        line.addWidget(self.groups_switch)
        line.addStretch(1)
        line.addWidget(self.expiring)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.terms = Surface("surface.page", "b")
        self.terms_words = label("", "small", "blocked", wrap=True)
        self.confirm_button = Button(f"{CONFIRM_TARGET.label}…", small=True)
        self.confirm_button.clicked.connect(self.confirm)
        band = QHBoxLayout(self.terms)
        band.setContentsMargins(metrics.px(16), metrics.px(6), metrics.px(16), metrics.px(6) + 1)
        band.addWidget(GlyphLabel("blocked"))
        band.addWidget(self.terms_words, 1)
        band.addWidget(self.confirm_button)
        self.terms.hide()
        column.addWidget(bar)
        column.addWidget(self.terms)
        column.addWidget(self.faces, 1)
        self.first: QWidget = self.table

    @property
    def heads(self) -> tuple[Button, ...]:
        """The buttons of the page's head that belong to it."""
        return self.export_button, self.archive_button, self.replay_button

    @property
    def still(self) -> Still:
        """Of the list that is shown."""
        return self._stills[self.groups if self.groups_switch.current() else self.table]

    def reasons(self) -> list[str]:
        """Reasons that letters of the queue have."""
        return sorted({row.facets.reason.lower() for key in self.model.all_keys() if (row := self.model.by_key(key))})

    def set_query(self, query: Query[Any]) -> None:
        """Show only what it lets through."""
        self.model.set_filter(query.accepts)
        self._regroup()
        self.show_face()

    def group_by(self, key: str) -> None:
        """Show the letters, or their groups by job, reason or error."""
        self.groups_switch.choose(key)
        self._tables.setCurrentWidget(self.groups if key else self.table)
        self.first = self.groups if key else self.table
        self._regroup()
        self.moved.emit()

    def take(self, changes: Changes) -> None:
        """Names of customers and what would happen to their jobs come from the store."""
        for key in changes.jobs:
            self._xrays.pop(key, None)
        if changes.jobs and any(line.job_id in changes.jobs for line in self._acts.lines.values()):
            self.show_rows()

    def show_rows(self) -> None:
        """Show the letters as the acts know them."""
        rows = {key: row_of(self._desk.store, line) for key, line in self._acts.lines.items()}
        gone: dict[str, Row | None] = {key: None for key in self.model.all_keys() if key not in rows}
        moved = {key: row for key, row in rows.items() if self.model.by_key(key) != row}
        self.model.apply({**gone, **moved})
        if gone or moved:
            self._regroup()
        # Not before: the first look is never held back.
        for still in self._stills.values():
            still.settle()
        if self.table.current_row() < 0:
            self.table.go_to(0)

    def show_face(self) -> None:
        """Which kind of nothing there is."""
        look = self._acts.look
        for table in (self.table, self.groups):
            table.set_old(bool(look.problem))
        if self.model.rowCount():
            self.faces.show_content()
        elif self.model.total():
            self.faces.show_face("Nothing matches.", f"{self.model.total():,} dead letters exist.", act=CLEAR)
        elif look.problem:
            self.faces.show_face(
                look.problem, look.hint, shape="blocked" if look.denied else "failed", act="Scan again", raw=look.raw
            )
        elif look.as_of is None:
            self.faces.show_loading()
        else:
            self.faces.show_face(
                "No dead letters.", f"The queue gave nothing when it was looked at, {spans.clock(look.as_of)}."
            )

    def chosen(self) -> list[str]:
        """Ids of the selected letters, from the top; those of the selected groups while it is grouped."""
        if self.groups_switch.current():
            found = [self.groups_model.line(row).ids for row in self.groups.selected_rows()]
            return [key for ids in found for key in ids if key in self._acts.lines]
        chosen = [self.model.line(row).line.id for row in self.table.selected_rows()]
        return [key for key in chosen if key in self._acts.lines]

    def current(self) -> LetterLine | None:
        """The letter that the keyboard is at; of a group, the one that expires first."""
        if self.groups_switch.current():
            row = self.groups.current_row()
            ids = self.groups_model.line(row).ids if 0 <= row < self.groups_model.rowCount() else ()
            lines = [self._acts.lines[key] for key in ids if key in self._acts.lines]
            return min(lines, key=lambda line: line.expires_at or 0.0, default=None)
        row = self.table.current_row()
        return self._acts.lines.get(self.model.line(row).line.id) if 0 <= row < self.model.rowCount() else None

    def shown(self) -> Shown | None:
        """What the inspector has to show."""
        line = self.current()
        row = self.model.by_key(line.id) if line is not None else self._row_out()
        if row is None:
            return None
        if line is None:
            return of_queue(
                row.line, row.business, row.facets.reason, self._desk.store.now(), (), None, self._out(row.line.id)
            )
        acts = (Press("edit", f"{EDIT.label}…", self._acts.why_not_edit(line)),)
        main = self._acts.look.main
        most = main.max_receives if main is not None else None
        return of_queue(line, row.business, row.facets.reason, self._desk.store.now(), acts, most)

    def show_acts(self) -> None:
        """Say what the buttons would do, or why they are off."""
        chosen = self.chosen()
        line = self.current()
        self._show_terms()
        many = len(chosen) > 1 or bool(self.groups_switch.current())
        why = self._desk.batches.why_not(REPLAY_MANY, chosen) if many else self._acts.why_not_replay(line)
        self.replay_button.say(f"{REPLAY.label} {len(chosen):,}…" if many else REPLAY.label)
        self.replay_button.set_off(why)
        if not why:
            tip(self.replay_button, REPLAY_MANY.words if many else REPLAY.words)
        self.export_button.set_why(self._desk.exports.why_not(self.model.rowCount(), self._desk.role))
        why = self._desk.batches.why_not(ARCHIVE, chosen)
        self.archive_button.set_off(why)
        if not why:
            tip(self.archive_button, ARCHIVE.words)

    def confirm(self) -> None:
        """Ask an admin whether the queues belong together, where the main queue doesn't say."""
        if not self._acts.terms.why_not_confirm(self._acts.role):
            self.sheet = ask_confirm_target(ground_of(self.terms), self._desk)

    def _show_terms(self) -> None:
        """What stands against any replay: queues that don't belong together, a right that is missing."""
        terms = self._acts.terms
        words = terms.why_not("replay")
        self.terms.setVisible(bool(words))
        say(self.terms_words, words)
        self.confirm_button.setVisible(terms.target.state == "unnamed")
        self.confirm_button.set_off(terms.why_not_confirm(self._acts.role))

    def redraw(self) -> None:
        """Countdowns and ages have moved on."""
        now = self._desk.store.now()
        ends = [line.expires_at for line in self._acts.lines.values() if line.expires_at is not None]
        close = sum(at - now < CLOSE for at in ends)
        self.expiring.setVisible(close > 0)
        self.expiring.say(f"{close:,} expire{'s' if close == 1 else ''} within a day", "stale", "stale")
        for table in (self.table, self.groups):
            table.viewport().update()

    def _seen(self, job_id: str) -> str:
        if not job_id:
            return ""
        if job_id not in self._xrays:
            self._xrays[job_id] = seen_words(self._desk.batches.look_into(job_id))
        return self._xrays[job_id]

    def _regroup(self) -> None:
        by = self.groups_switch.current()
        if not by:
            return
        keys = [key for key in self.model.shown_keys() if key in self._acts.lines]
        rows = [row for key in keys if (row := self.model.by_key(key)) is not None]
        fresh = {group.key: group for group in grouped(rows, by)}
        gone: dict[str, Group | None] = {key: None for key in self.groups_model.all_keys() if key not in fresh}
        self.groups_model.apply({**gone, **fresh})
        if self.groups.current_row() < 0:
            self.groups.go_to(0)

    def _row_out(self) -> Row | None:
        """The row that the keyboard is at, of a letter that left the queue."""
        row = self.table.current_row()
        shown = not self.groups_switch.current() and 0 <= row < self.model.rowCount()
        return self.model.line(row) if shown else None

    def _out(self, message_id: str) -> tuple[Shape, str] | None:
        return None if message_id in self._acts.lines else state_out(self._acts.ways_out.get(message_id))

    def _act(self, line: LetterLine) -> cell.Cell:
        words = act_of(line)
        if line.id not in self._acts.lines:
            return cell.EMPTY
        if line.doing == "planned":
            return cell.link(words)
        why = self._acts.why_not_replay(line)
        if why:
            return cell.words(REPLAY.label, "disabled", tip=why)
        return cell.link(words)

    def _cell_pressed(self, row: int, column: int) -> None:
        line = self.model.line(row).line
        if column == ACT and act_of(line) and line.id in self._acts.lines:
            self.one.emit(line.id)

    def _opened(self, row: int) -> None:
        shown = self.model.line(row)
        if shown.business:
            self.opened.emit(shown.line.job_id)

    def _show_group(self, row: int) -> None:
        """The letters of one group, as a list."""
        group = self.groups_model.line(row)
        by = self.groups_switch.current()
        value = group.key if by == "job" else group.words
        self.group_by("")
        self.narrowed.emit(f'{by}:"{value.replace(chr(34), "")}"' if value else "")

    def _export(self, kind: Kind) -> None:
        """The selected letters where there are several, else all that are listed."""
        chosen = self.chosen()
        keys = chosen if len(chosen) > 1 else self.model.shown_keys()
        rows = [self.model.by_key(key) for key in keys if key in self._acts.lines]
        lines = [row for row in rows if row is not None]
        if not self._desk.exports.why_not(len(lines), self._desk.role):
            self._desk.exports.start("dead letters", "", kind, lines, lambda row: of_letter(row.line, row.business))

    def _face_pressed(self) -> None:
        if self.model.total():
            self.clear.emit()
        else:
            start_scan(self._acts)


ACT_OF_GROUP: Final = len(GROUPED) - 1
CLEAR: Final = "Clear the filter"
