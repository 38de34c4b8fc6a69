"""Everything that happened to a job, newest first."""

from __future__ import annotations

import json

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.models.table_model import LinesModel
from services.domain.event_words import event_face, event_note, worker_words
from services.domain.records import HistoryEvent
from widgets.look import metrics
from widgets.parts import cell, spans
from widgets.parts.button import Button
from widgets.parts.columns import Column
from widgets.parts.label import label, say
from widgets.parts.surface import Surface
from widgets.parts.table import Table

COLUMNS = (
    Column("When", 62),
    Column("Event", 170),
    Column("Directory", 170),
    Column("Details", 200, stretch=1, sorts=False),
    Column("By", 150, drops=1),
)


class ActivityList(QWidget):
    """The audit trail of one job. `try_again`: somebody wants the older events that could not be read."""

    try_again = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = Table(COLUMNS, name="Activity of the job")
        self.model = LinesModel(
            key=lambda event: event.id,
            cells=[
                lambda event: cell.words(spans.when(event.created_at), "tertiary", spans.moment(event.created_at)),
                _happened,
                lambda event: cell.words(event.directory_name) if event.directory_name else cell.EMPTY,
                _details,
                lambda event: cell.words(worker_words(event.worker_id), "tertiary", event.worker_id),
            ],
            sort_keys=[
                # Of one instant, what was written last comes first.
                lambda event: (-(event.created_at or 0), -int(event.id) if event.id.isdecimal() else 0, event.id),
                lambda event: event.event,
                lambda event: event.directory_name,
                None,
                lambda event: event.worker_id,
            ],
            words=lambda event: f"{event_face(event)[1]} {event.directory_name}, {event_note(event)}".rstrip(", "),
            parent=self,
        )
        self.table.setModel(self.model)
        self.table.sort_by(0)
        self._older = label("", "small", "secondary")
        self._again = Button("Try again", "link", small=True)
        self._again.clicked.connect(self.try_again)
        self._foot = Surface("surface.page", "t")
        foot = QHBoxLayout(self._foot)
        foot.setContentsMargins(metrics.px(16), metrics.px(6), metrics.px(16), metrics.px(6))
        foot.setSpacing(metrics.px(8))
        foot.addWidget(self._older)
        foot.addWidget(self._again)
        foot.addStretch(1)
        self._foot.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.table, 1)
        column.addWidget(self._foot)

    def count(self) -> int:
        """How many events are shown."""
        return self.model.total()

    def show_older(self, words: str, *, failed: bool) -> None:
        """Say how it is with the events older than those shown; "" when there are none."""
        say(self._older, words)
        self._again.setVisible(failed)
        self._foot.setVisible(bool(words))

    def older_words(self) -> str:
        """What is said of the events older than those shown."""
        return self._older.text() if not self._foot.isHidden() else ""

    def show_job(self, events: list[HistoryEvent]) -> None:
        """Show these events; those already there stay where they are."""
        fresh = {event.id: event for event in events}
        changed: dict[str, HistoryEvent | None] = {key: None for key in self.model.all_keys() if key not in fresh}
        changed.update({key: event for key, event in fresh.items() if self.model.by_key(key) is None})
        self.model.apply(changed)


def _happened(event: HistoryEvent) -> cell.Cell:
    shape, words = event_face(event)
    # What began then isn't running now because of that.
    return cell.status("waiting" if shape == "running" else shape, words[:1].upper() + words[1:], tip=event.event)


def _details(event: HistoryEvent) -> cell.Cell:
    """What it tells in words, else as it was written; all that was written is in the tool tip."""
    if not event.details:
        return cell.EMPTY
    text = json.dumps(event.details, ensure_ascii=False)
    note = event_note(event)
    if note:
        return cell.words(note, cell.word_tone(event_face(event)[0]), text[:2000])
    return cell.mono(text[:300], "tertiary", text[:2000])
