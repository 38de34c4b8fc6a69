"""Writes what is known of the chosen directory to a file: its case, or the plan of its run alone."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.actions.plan_files import export_plan, plan_of_run, recorded_plan, why_not_export
from app.actions.run_state import RunState
from app.desk import Desk
from app.store.lines import DirectoryLine
from widgets.look import metrics
from widgets.parts.button import Button

_CASE: Final = "All that is known here of this directory, in one file without secrets"
_PLAN: Final = "The steps of this plan, in one file without secrets"


class ExportRow(QWidget):
    """Two buttons, off as long as there is nothing to write."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk: Desk | None = None
        self._job_id = ""
        self._line: DirectoryLine | None = None
        self._state: RunState | None = None
        self._recorded: dict[str, Any] | None = None
        self.case_button = Button("Export the case", icon="download", small=True, tip=_CASE)
        self.case_button.clicked.connect(self._export_case)
        self.plan_button = Button("Export plan", icon="download", small=True, tip=_PLAN)
        self.plan_button.clicked.connect(self._export_plan)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, metrics.px(6), 0, 0)
        row.setSpacing(metrics.px(8))
        row.addWidget(self.case_button)
        row.addWidget(self.plan_button)
        row.addStretch(1)

    def show_line(self, job_id: str, line: DirectoryLine | None, desk: Desk) -> None:
        """Say which directory is chosen."""
        self._desk, self._job_id, self._line = desk, job_id, line
        self._recorded = recorded_plan(line)
        self.case_button.set_off(desk.exports.why_not(int(line is not None), desk.role))

    def show_run(self, state: RunState | None) -> None:
        """Say which run is shown; None where the chosen directory has none."""
        self._state = state
        if self._desk is not None:
            known = bool(self._recorded) or (state is not None and state.plan is not None)
            self.plan_button.set_off(why_not_export(self._desk.exports, self._desk.role, known=known))

    def _export_case(self) -> None:
        if self._desk is not None and self._line is not None:
            self._desk.cases.start(self._job_id, self._line.host)

    def _export_plan(self) -> None:
        known = plan_of_run(self._state) or self._recorded
        if self._desk is not None and known is not None:
            job = self._desk.store.jobs.get(self._job_id)
            export_plan(self._desk.exports, known, job.business if job is not None else "")
