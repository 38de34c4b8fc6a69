"""The Archived tab: letters that were taken out of the queue, from where they can be put back."""

from __future__ import annotations

from typing import Final

import msgspec
from PySide6.QtWidgets import QWidget

from app.actions.exports import Row as FileRow
from app.actions.letter_records import Kept
from app.actions.registry import PUT_BACK
from app.desk import Desk
from app.models.export_rows import of_kept
from app.models.table_model import LinesModel
from app.store.store import Changes
from widgets.pages.dead_letters.asking import ask_put_back
from widgets.pages.dead_letters.records_view import RecordsView
from widgets.pages.dead_letters.rows import Facets, folded, job_facts
from widgets.pages.dead_letters.shown import Shown, of_archive
from widgets.pages.dead_letters.words import summary_of
from widgets.parts import cell, spans
from widgets.parts.button import Button
from widgets.parts.columns import Column
from widgets.parts.label import tip
from widgets.parts.surface import ground_of
from widgets.parts.table import Table

_COLUMNS: Final = (
    Column("State", 140),
    Column("When", 56, right=True),
    Column("Customer", 120, stretch=1),
    Column("Job id", 84, drops=3, middle=True),
    Column("Reason", 150, stretch=1),
    Column("By", 110, stretch=0.6, drops=2),
    Column("Body", 120, stretch=1, drops=1, sorts=False),
)


_NOT_THERE: Final = cell.status("skipped", "Not there any more", tip="It was put back.")


class KeptRow(msgspec.Struct, frozen=True):
    """A message of the archive with what is known of its job."""

    kept: Kept
    facets: Facets


class KeptView(RecordsView[KeptRow]):
    """`put_back_button` is for the head of the page."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        model = LinesModel[KeptRow](
            key=lambda row: row.kept.id,
            cells=[
                lambda row: _where(row) if row.kept.id in desk.records.kept else _NOT_THERE,
                lambda row: cell.words(
                    spans.ago(row.kept.archived.at, desk.store.now()), tip=spans.moment(row.kept.archived.at)
                ),
                lambda row: cell.name(row.facets.business) if row.facets.business else cell.NONE,
                lambda row: cell.mono(row.facets.job_id) if row.facets.job_id else cell.NONE,
                lambda row: cell.words(row.kept.archived.reason or "none was given", "primary"),
                lambda row: cell.words(row.kept.archived.actor),
                lambda row: cell.words(summary_of(row.kept.reading, row.kept.archived.body)),
            ],
            sort_keys=[
                lambda row: row.kept.archived.is_out,
                lambda row: -row.kept.archived.at,
                lambda row: row.facets.business.lower(),
                lambda row: row.facets.job_id,
                lambda row: row.facets.reason,
                lambda row: row.facets.by,
                None,
            ],
            words=lambda row: f"Archived, {row.facets.business}, {row.kept.archived.reason}",
        )
        super().__init__(
            desk,
            Table(_COLUMNS, checks=True, name="Archived letters"),
            model,
            things="archived letters",
            nothing=("Nothing is archived.", "Letters that are taken out of the queue are kept here."),
            parent=parent,
        )
        self.put_back_button = Button(PUT_BACK.label, icon=PUT_BACK.icon)
        self.put_back_button.clicked.connect(self.put_back)
        self.table.sort_by(1)
        self.table.selection_moved.connect(self.moved)

    @property
    def heads(self) -> tuple[Button, ...]:
        """The buttons of the page's head that belong to it."""
        return self.export_button, self.put_back_button

    def show_rows(self) -> None:
        """Show what was read of the archive."""
        kept = self._desk.records.kept
        self._apply(kept, {key: self._row(one) for key, one in kept.items() if self._differs(one)})

    def take(self, changes: Changes) -> None:
        """Names of customers come from the store."""
        kept = self._desk.records.kept
        self.model.apply({key: self._row(one) for key, one in kept.items() if one.job_id in changes.jobs})

    def chosen(self) -> list[str]:
        """Ids of the selected letters, from the top."""
        return [self.model.line(row).kept.id for row in self.table.selected_rows() if not self.model.is_gone(row)]

    def shown(self) -> Shown | None:
        """What the inspector has to show."""
        row = self.table.current_row()
        if not 0 <= row < self.model.rowCount():
            return None
        line = self.model.line(row)
        return of_archive(line.kept, line.facets.business, ())

    def show_acts(self) -> None:
        """Say what the button would do, or why it is off."""
        chosen = self.chosen()
        can, why = self._desk.records.may_go(chosen)
        count = len(can or chosen)
        self.put_back_button.say(f"{PUT_BACK.label} {count:,}…" if count > 1 else f"{PUT_BACK.label}…")
        self.put_back_button.set_off("" if can else why)
        if can:
            tip(self.put_back_button, PUT_BACK.words)

    def put_back(self) -> None:
        """Ask before the chosen ones become dead letters again."""
        chosen = self.chosen()
        can, stays = self._desk.records.may_go(chosen)
        if can:
            left = f"{len(chosen) - len(can):,} of the {len(chosen):,} chosen stay in the archive: {stays}"
            self.sheet = ask_put_back(ground_of(self), self._desk, can, left=left if stays else "")

    def _row_of_file(self, line: KeptRow) -> FileRow:
        return of_kept(line.kept, line.facets.business)

    def _differs(self, kept: Kept) -> bool:
        row = self.model.by_key(kept.id)
        return row is None or row.kept != kept

    def _row(self, kept: Kept) -> KeptRow:
        job_id = kept.job_id
        business, package, _, _ = job_facts(self._desk.store, job_id)
        one = kept.archived
        error = kept.reading.problem or kept.reading.reason
        words = folded(kept.id, job_id, business, one.reason, one.actor, kept.reading.start)
        return KeptRow(
            kept,
            Facets(kept.id, job_id, business, package, one.reason, error, one.at, by=one.actor, folded=words),
        )


def _where(row: KeptRow) -> cell.Cell:
    one = row.kept.archived
    if one.sent_body:
        return cell.status("send", "Replayed edited", tip="It was sent with another body; this is the original.")
    if one.state == "putting_back":
        return cell.status("unknown", "Put back unknown", tip="Say in the journal what became of it.")
    return cell.status("ok", "Archived") if one.is_out else cell.status("unknown", "Maybe still there", tip=one.why)
