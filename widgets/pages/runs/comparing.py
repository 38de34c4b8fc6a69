"""A run here beside the last one that the project has, step by step, the first that differs marked."""

from __future__ import annotations

from typing import Final

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.actions.run_compare import Comparison, Pair, compare
from app.actions.run_state import RunState
from app.models.table_model import LinesModel
from app.store.lines import DirectoryLine
from widgets.look import metrics
from widgets.pages.runs.words import OUTCOMES, STEPS, VERDICTS
from widgets.parts import cell, spans
from widgets.parts.columns import Column
from widgets.parts.faces import Faces
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import ElidedLabel
from widgets.parts.surface import Surface
from widgets.parts.table import Table

COLUMNS: Final = (
    Column("", 24, right=True, sorts=False),
    Column("Step", 110, stretch=0.4, sorts=False),
    Column("Remote", 92, sorts=False),
    Column("Here", 92, sorts=False),
    Column("Difference", 120, stretch=1, sorts=False),
)


class Comparing(QWidget):
    """`show_line` says which directory it is about, `show_run` gives the run here."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line: DirectoryLine | None = None
        self._shown: tuple[RunState | None, DirectoryLine | None] = (None, None)
        self.model: LinesModel[Pair] = LinesModel(
            key=lambda pair: f"{pair.index:04}",
            cells=[
                lambda pair: cell.words(str(pair.index + 1), "tertiary"),
                lambda pair: cell.words(pair.words, "primary", tip=pair.detail),
                lambda pair: _status(pair.remote, pair.remote_ms),
                lambda pair: _status(pair.here, pair.here_ms),
                lambda pair: cell.status("failed", pair.why, tip=pair.why) if pair.why else cell.EMPTY,
            ],
            sort_keys=[None] * len(COLUMNS),
            words=lambda pair: f"Step {pair.index + 1}, {pair.words}, {pair.remote}, here {pair.here}, {pair.why}",
            parent=self,
        )
        self.table = Table(COLUMNS, many=False, name="Steps of both runs")
        self.table.setModel(self.model)
        self.sum = GlyphLabel("ok", "")
        self.sum_words = ElidedLabel("", "small", "secondary")
        band = Surface("surface.page", "b")
        band.setFixedHeight(metrics.px(metrics.ROW))
        row = QHBoxLayout(band)
        row.setContentsMargins(metrics.px(16), 0, metrics.px(16), 0)
        row.setSpacing(metrics.px(8))
        row.addWidget(self.sum)
        row.addWidget(self.sum_words, 1)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(band)
        column.addWidget(self.table, 1)
        self.faces = Faces(content)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.faces)
        self.show_run(None)

    def show_line(self, line: DirectoryLine | None) -> None:
        """Compare with what the project knows of this directory."""
        self._line = line

    def count(self, state: RunState | None) -> int | None:
        """No number: there is one comparison."""
        return None

    def show_run(self, state: RunState | None) -> None:
        """Show a run; None while there is no run of what is chosen."""
        if (state, self._line) == self._shown and state is not None:
            return
        self._shown = (state, self._line)
        result = self._line.result if self._line is not None else None
        found = compare(result, state) if state is not None else None
        if state is None:
            self.faces.show_face("No run yet.", "A run here is shown beside the last one that the project has.")
        elif found is None:
            self.faces.show_face("Nothing to compare with.", "The project has no run of this directory with its steps.")
        elif found.is_own:
            self.faces.show_face("Nothing to compare with.", "The last run that the project has is this one.")
        else:
            self._show(found, state)

    def _show(self, found: Comparison, state: RunState) -> None:
        self.faces.show_content()
        fresh = {f"{pair.index:04}": pair for pair in found.pairs}
        gone = {key: None for key in self.model.all_keys() if key not in fresh}
        self.model.apply({**gone, **fresh})
        if found.first is None:
            self.sum.say("No step differs.", "ok", "primary")
        else:
            self.sum.say(f"Step {found.first + 1} differs.", "failed", "primary")
            self.table.go_to(self.model.row_of(f"{found.first:04}"))
        self.sum_words.say(_ends(self._line, state))


def _ends(line: DirectoryLine | None, state: RunState) -> str:
    """How both ended."""
    there = OUTCOMES.get(line.outcome, ("", line.outcome))[1] if line is not None else ""
    at = f" {spans.day_clock(line.when)}" if line is not None and line.when else ""
    here = VERDICTS.get(state.verdict, ("", "still running"))[1].lower()
    return f"Remote: {there}{at}{f', {line.words}' if line is not None and line.words else ''}. Here: {here}."


def _status(status: str, ms: int | None) -> cell.Cell:
    if not status:
        return cell.NONE
    words = "not done" if status == "waiting" else status
    return cell.status(STEPS.get(status, "unknown"), spans.took(ms) if ms is not None else words)
