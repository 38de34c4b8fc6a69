"""The Journal tab: every letter that something was done with, how it stands, and what a person has to decide."""

from __future__ import annotations

from typing import Final

import msgspec
from PySide6.QtWidgets import QWidget

from app.actions.exports import Row as FileRow
from app.actions.letter_batches import press
from app.actions.letter_records import Record, start_steps
from app.actions.operations import Operation
from app.desk import Desk
from app.models.export_rows import of_record
from app.models.table_model import LinesModel
from app.store.store import Changes
from widgets.pages.dead_letters.asking import ask_decide
from widgets.pages.dead_letters.records_view import RecordsView
from widgets.pages.dead_letters.rows import Facets, folded, job_facts
from widgets.pages.dead_letters.shown import Press, Shown, of_journal
from widgets.pages.dead_letters.words import evidence, record_state
from widgets.parts import cell, spans
from widgets.parts.button import Button
from widgets.parts.columns import Column
from widgets.parts.surface import ground_of
from widgets.parts.table import Table

_COLUMNS: Final = (
    Column("State", 150),
    Column("When", 56, right=True),
    Column("Customer", 120, stretch=1),
    Column("Job id", 84, drops=3, middle=True),
    Column("Operation", 140, stretch=0.7, drops=2),
    Column("By", 110, stretch=0.6, drops=1),
    Column("Why", 150, stretch=1.4, sorts=False),
    Column("", 58, right=True, sorts=False),
)
_ACT: Final = len(_COLUMNS) - 1
_STANDS: Final = {"unknown": 0, "putting_back": 0, "archive_unconfirmed": 1, "delete_unconfirmed": 1, "failed": 2}


class RecordRow(msgspec.Struct, frozen=True):
    """A message of the journal with what is known of its job."""

    record: Record
    facets: Facets


class JournalView(RecordsView[RecordRow]):
    """What a person decides is asked for in the inspector, with `press`."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        now = desk.store.now
        model = LinesModel[RecordRow](
            key=lambda row: row.record.id,
            cells=[
                lambda row: cell.status(*record_state(row.record), tip=row.record.entry.why),
                lambda row: cell.words(
                    spans.ago(row.record.entry.changed_at, now()), tip=spans.moment(row.record.entry.changed_at)
                ),
                lambda row: cell.name(row.facets.business) if row.facets.business else cell.NONE,
                lambda row: cell.mono(row.facets.job_id) if row.facets.job_id else cell.NONE,
                lambda row: cell.words(row.record.operation or "One letter"),
                lambda row: cell.words(row.record.entry.actor),
                lambda row: cell.words(row.record.entry.why or row.record.entry.reason, "tertiary"),
                lambda row: cell.link("Decide") if row.record.is_open else cell.EMPTY,
            ],
            sort_keys=[
                lambda row: (_STANDS.get(row.record.entry.state, 9), -row.record.entry.changed_at),
                lambda row: -row.record.entry.changed_at,
                lambda row: row.facets.business.lower(),
                lambda row: row.facets.job_id,
                lambda row: row.record.operation,
                lambda row: row.facets.by,
                None,
                None,
            ],
            words=lambda row: f"{record_state(row.record)[1]}, {row.facets.business}, {row.record.entry.why}",
        )
        super().__init__(
            desk,
            Table(_COLUMNS, many=False, name="Letters of the journal"),
            model,
            things="letters of the journal",
            nothing=(
                "Nothing was done yet.",
                "Every replay and archive of this computer is written here before it is done.",
            ),
            parent=parent,
        )
        self._asked_steps = ""
        self.table.sort_by(0)
        self.table.pressed_cell.connect(self._cell_pressed)

    @property
    def heads(self) -> tuple[Button, ...]:
        """The buttons of the page's head that belong to it."""
        return (self.export_button,)

    def show_rows(self) -> None:
        """Show what was read of the journal."""
        records = self._desk.records.records
        moved = {key: self._row(record) for key, record in records.items() if self._differs(record)}
        if self._asked_steps in moved:
            self._asked_steps = ""
        self._apply(records, moved)

    def take(self, changes: Changes) -> None:
        """Names of customers come from the store."""
        records = self._desk.records.records
        self.model.apply({key: self._row(one) for key, one in records.items() if one.job_id in changes.jobs})

    def open_decisions(self) -> int:
        """How many sends wait for a person's word."""
        return sum(record.is_open for record in self._desk.records.records.values())

    def shown(self) -> Shown | None:
        """What the inspector has to show."""
        row = self.table.current_row()
        if not 0 <= row < self.model.rowCount():
            return None
        line = self.model.line(row)
        record, records = line.record, self._desk.records
        if self.isVisible() and self._asked_steps != record.id:
            self._asked_steps = record.id
            start_steps(records, record.id)
        known = tuple(evidence(records.known(record))) if record.entry.state == "unknown" else ()
        steps = records.steps.get(record.id, [])
        return of_journal(record, line.facets.business, known, steps, self._acts(record))

    def show_acts(self) -> None:
        """Its acts stand in the inspector."""

    def press(self, key: str) -> None:
        """An act of the inspector."""
        row = self.table.current_row()
        if not 0 <= row < self.model.rowCount():
            return
        record = self.model.line(row).record
        if key in ("sent", "not sent"):
            if not self._desk.records.why_not_decide(record):
                self.sheet = ask_decide(ground_of(self), self._desk, record, sent=key == "sent")
        elif (operation := self._operation(record)) is not None:
            press(self._desk.batches, operation.id, key)

    def _acts(self, record: Record) -> tuple[Press, ...]:
        if record.is_open:
            why = self._desk.records.why_not_decide(record)
            return Press("sent", "It was sent…", why), Press("not sent", "It was not sent…", why)
        operation = self._operation(record)
        if operation is not None and self._desk.batches.can_resume(operation):
            return Press("Resume", "Resume the operation"), Press("Give up", "Give it up")
        return ()

    def _operation(self, record: Record) -> Operation | None:
        wishes = self._desk.operations.newest_first()
        return next((wish for wish in wishes if wish.id == record.entry.batch), None)

    def _row_of_file(self, line: RecordRow) -> FileRow:
        return of_record(line.record, line.facets.business)

    def _differs(self, record: Record) -> bool:
        row = self.model.by_key(record.id)
        return row is None or row.record != record

    def _row(self, record: Record) -> RecordRow:
        job_id = record.job_id
        business, package, _, _ = job_facts(self._desk.store, job_id)
        entry = record.entry
        state = record_state(record)[1].lower()
        words = folded(record.id, job_id, business, entry.reason, entry.why, entry.actor, record.operation, state)
        return RecordRow(
            record,
            Facets(
                record.id, job_id, business, package, entry.reason, entry.why, entry.changed_at, by=entry.actor,
                state=state, folded=words,
            ),
        )  # fmt: skip

    def _cell_pressed(self, row: int, column: int) -> None:
        if column == _ACT and self.model.line(row).record.is_open:
            self.table.go_to(row)
