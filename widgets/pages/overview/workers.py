"""Workers, by their last sign of life."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.desk import Desk
from app.models.table_model import LinesModel
from services.domain.diagnosis import DEFAULT_THRESHOLDS
from services.domain.records import Heartbeat
from widgets.pages.overview.panel import Panel
from widgets.parts import cell, spans
from widgets.parts.columns import Column
from widgets.parts.table import Table

_TABLE: Final = "worker_heartbeats"


class WorkersPanel(Panel):
    """`open_job` gives the id of the job of the worker that was opened."""

    open_job = Signal(str)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        self.table = Table(
            (Column("Worker", 90, stretch=0.6), Column("Job", 90, stretch=1), Column("Heard", 56, right=True)),
            many=False,
            name="Workers",
        )
        super().__init__("Workers", self.table, lines="l", ruled=True, parent=parent)
        self._desk = desk
        self.model: LinesModel[Heartbeat] = LinesModel(
            key=lambda beat: beat.worker_id,
            cells=[self._name, self._job, self._age],
            sort_keys=[lambda beat: beat.worker_id],
            words=lambda beat: f"{beat.worker_id}, {self._job(beat).text}",
            parent=self,
        )
        self.table.setModel(self.model)
        self.table.horizontalHeader().hide()
        self.table.sort_by(0)
        self.table.opened.connect(self._open)
        self.follow()

    def follow(self) -> None:
        """Show the heartbeats as they stand."""
        beats = self._desk.store.rows(_TABLE)
        gone = {key: None for key in self.model.all_keys() if key not in beats}
        self.model.apply({**gone, **beats})

    def refresh(self) -> None:
        """Silence is seen when time goes by, not when something comes in."""
        beats = self._desk.store.rows(_TABLE).values()
        heard = sum(1 for beat in beats if not self._silent(beat))
        self.head.say_note(f"{heard} of {len(beats)} heard from" if beats else "")
        self.show_state(
            self._desk.store,
            _TABLE,
            filled=bool(beats),
            empty="No worker has reported.",
            sentence="That doesn't prove that none works; without heartbeats nobody knows.",
        )
        self.table.set_old(self.stale)
        self.table.viewport().update()

    def _silent(self, beat: Heartbeat) -> bool:
        now = self._desk.store.now()
        return beat.last_heartbeat is None or now - beat.last_heartbeat >= DEFAULT_THRESHOLDS.worker

    def _name(self, beat: Heartbeat) -> cell.Cell:
        shape = "failed" if self._silent(beat) else "running" if beat.current_job_id else "waiting"
        return cell.Cell(beat.worker_id, "primary", 500, shape=shape)

    def _job(self, beat: Heartbeat) -> cell.Cell:
        line = self._desk.store.jobs.get(beat.current_job_id) if beat.current_job_id else None
        business = (line.business if line else "") or beat.current_job_id
        if self._silent(beat):
            return cell.words(f"silent, last job {business}" if business else "silent", "failed")
        return cell.words(business) if business else cell.words(beat.status or "idle", "tertiary")

    def _age(self, beat: Heartbeat) -> cell.Cell:
        words = spans.ago(beat.last_heartbeat, self._desk.store.now())
        return cell.words(words, "failed" if self._silent(beat) else "secondary", spans.moment(beat.last_heartbeat))

    def _open(self, row: int) -> None:
        job_id = self.model.line(row).current_job_id
        if job_id:
            self.open_job.emit(job_id)
