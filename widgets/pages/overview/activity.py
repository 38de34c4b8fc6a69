"""The newest events of all jobs, as they happen."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.desk import Desk
from app.models.table_model import LinesModel
from services.domain.event_words import event_face
from services.domain.records import HistoryEvent
from services.domain.statuses import Shape
from widgets.pages.overview.panel import Panel
from widgets.parts import cell, spans
from widgets.parts.columns import Column
from widgets.parts.table import Table

MOST: Final = 100


class ActivityPanel(Panel):
    """Newest first. `open_job` gives the id of the job whose event was opened."""

    open_job = Signal(str)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        self.table = Table(
            (
                Column("When", 58),
                Column("Customer", 150, stretch=0.4),
                Column("Directory", 160, stretch=1),
                Column("What", 152),
            ),
            many=False,
            name="Activity",
        )
        super().__init__("Activity", self.table, ruled=True, parent=parent)
        self._desk = desk
        self.model: LinesModel[HistoryEvent] = LinesModel(
            key=lambda event: event.id,
            cells=[
                lambda event: cell.words(spans.when(event.created_at), "tertiary", spans.moment(event.created_at)),
                self._name,
                lambda event: cell.words(event.directory_name) if event.directory_name else cell.NONE,
                lambda event: cell.status(*_told(event)),
            ],
            sort_keys=[lambda event: (-(event.created_at or 0.0), -len(event.id), _falling(event.id))],
            words=lambda event: f"{event.directory_name} {event_face(event)[1]}",
            parent=self,
        )
        self.table.setModel(self.model)
        self.table.horizontalHeader().hide()
        self.table.sort_by(0)
        self.table.opened.connect(self._open)
        self.follow()

    def refresh(self) -> None:
        """How much is shown, and how old it is."""
        count = self.model.total()
        self.head.say_note(f"newest {count}" if count else "")
        self.show_state(
            self._desk.store,
            "queue_history",
            filled=bool(count),
            empty="Nothing has happened yet.",
            sentence="Every step of every job will be listed here as it happens.",
        )
        self.table.set_old(self.stale)
        self.table.viewport().update()

    def follow(self) -> None:
        """Show the newest events as they stand."""
        events = self._desk.store.activity.newest(MOST)
        wanted = {event.id: event for event in _once(events)}
        changed: dict[str, HistoryEvent | None] = {key: None for key in self.model.all_keys() if key not in wanted}
        changed.update({key: event for key, event in wanted.items() if self.model.by_key(key) is None})
        self.model.apply(changed)

    def _name(self, event: HistoryEvent) -> cell.Cell:
        line = self._desk.store.jobs.get(event.job_id)
        return cell.name((line.business if line else "") or event.job_id or "—")

    def _open(self, row: int) -> None:
        job_id = self.model.line(row).job_id
        if job_id:
            self.open_job.emit(job_id)


def _told(event: HistoryEvent) -> tuple[Shape, str]:
    """Shape and words of what has happened: no try goes on for ever because it once began."""
    shape, words = event_face(event)
    return ("waiting" if shape == "running" else shape), words


def _once(events: list[HistoryEvent]) -> list[HistoryEvent]:
    """The events (newest first) without those that only complete an outcome which is a directory's event before it."""
    kept: list[HistoryEvent] = []
    last: dict[tuple[str, str], tuple[Shape, str]] = {}
    for event in reversed(events):
        where, face = (event.job_id, event.directory_name), event_face(event)
        if event.event != "submission_complete" or last.get(where) != face:
            kept.append(event)
        last[where] = face
    return kept


def _falling(event_id: str) -> tuple[int, ...]:
    """Sorts ids of equal length from the highest down."""
    return tuple(-ord(character) for character in event_id)
