"""Everything that happened to a job, newest first."""

from __future__ import annotations

import json

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.models.lines import LinesModel
from services.domain.records import HistoryEvent
from services.domain.statuses import Shape
from widgets.parts import cell, spans
from widgets.parts.columns import Column
from widgets.parts.table import Table

EVENT_SHAPES: dict[str, Shape] = {
    "submitted": "ok",
    "submission_complete": "ok",
    "job_finalized": "ok",
    "flow_completed": "ok",
    "failed": "failed",
    "error": "failed",
    "job_failed": "failed",
    "error_no_profile": "failed",
    "unknown": "unknown",
    "skipped_duplicate": "skipped",
    "submitting": "running",
}
COLUMNS = (
    Column("When", 62),
    Column("Event", 170),
    Column("Directory", 170),
    Column("Details", 200, stretch=1, sorts=False),
    Column("By", 150, drops=1),
)


class ActivityList(QWidget):
    """The audit trail of one job."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = Table(COLUMNS)
        self.model = LinesModel(
            key=lambda event: event.id,
            cells=[
                lambda event: cell.words(spans.clock(event.created_at), "tertiary", spans.moment(event.created_at)),
                lambda event: cell.status(EVENT_SHAPES.get(event.event, "waiting"), event.event.replace("_", " ")),
                lambda event: cell.words(event.directory_name) if event.directory_name else cell.EMPTY,
                _details,
                lambda event: cell.words(event.worker_id, "tertiary") if event.worker_id else cell.EMPTY,
            ],
            sort_keys=[
                lambda event: (-(event.created_at or 0), -len(event.id), event.id),
                lambda event: event.event,
                lambda event: event.directory_name,
                None,
                lambda event: event.worker_id,
            ],
            words=lambda event: f"{event.event} {event.directory_name}",
            parent=self,
        )
        self.table.setModel(self.model)
        self.table.sort_by(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)

    def count(self) -> int:
        """How many events are shown."""
        return self.model.total()

    def show_job(self, events: list[HistoryEvent]) -> None:
        """Show these events; those already there stay where they are."""
        fresh = {event.id: event for event in events}
        changed: dict[str, HistoryEvent | None] = {key: None for key in self.model.all_keys() if key not in fresh}
        changed.update({key: event for key, event in fresh.items() if self.model.by_key(key) is None})
        self.model.apply(changed)


def _details(event: HistoryEvent) -> cell.Cell:
    if not event.details:
        return cell.EMPTY
    text = json.dumps(event.details, ensure_ascii=False)
    return cell.mono(text[:300], "tertiary", text[:2000])
