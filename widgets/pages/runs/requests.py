"""What a dry run held back or let pass: one row for each request, and the body of the chosen one."""

from __future__ import annotations

from typing import Final

from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from app.actions.run_state import RunState
from app.models.table_model import LinesModel
from services.domain.text import plain_lines
from widgets.look import fonts, metrics
from widgets.pages.runs.words import Held, requests_of, size
from widgets.parts import cell
from widgets.parts.columns import Column
from widgets.parts.faces import Faces
from widgets.parts.table import Table

COLUMNS: Final = (
    Column("Method", 76, sorts=False),
    Column("Address", 140, stretch=1, sorts=False),
    Column("Size", 52, right=True, sorts=False),
    Column("Verdict", 168, sorts=False),
)
_MOST_ROWS: Final = 5
_NO_LIMIT: Final = 16_777_215


class Requests(QWidget):
    """The table, and below it the body of the chosen request as plain text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[str, int] = ("", -1)
        self.table = Table(COLUMNS, many=False, name="Requests that were held back")
        self.model: LinesModel[Held] = LinesModel(
            key=lambda held: f"{held.number:04}",
            cells=[
                lambda held: cell.mono(held.request.method, "primary"),
                lambda held: cell.mono(held.request.url, tip=held.request.url),
                lambda held: cell.words(size(held.request.size)),
                lambda held: cell.status("ok" if held.passed else "blocked", held.verdict),
            ],
            sort_keys=[None, None, None, None],
            words=lambda held: f"{held.request.method} {held.request.url}, {held.verdict}",
            parent=self,
        )
        self.table.setModel(self.model)
        self.table.current_moved.connect(self._show_body)
        self.faces = Faces(self.table)
        self.body = QPlainTextEdit()
        self.body.setReadOnly(True)
        self.body.setFont(fonts.font("mono"))
        self.body.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        self.body.setAccessibleName("Body of the request")
        self.body.setProperty("surface", "sunken")
        self.body.setStyleSheet(f"border: 0; padding: {metrics.px(6)}px {metrics.px(12)}px")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.faces, 1)
        column.addWidget(self.body, 1)

    def count(self, state: RunState | None) -> int | None:
        """How many requests were held back; None where nothing is."""
        return len(state.blocked) if state is not None and state.dry else None

    def show_run(self, state: RunState | None) -> None:
        """Show what the run held back and let pass; None while there is no run of what is chosen."""
        lines = requests_of(state) if state is not None else []
        told = len(state.blocked) + len(state.passed) if state is not None else 0
        seen = (state.run_id if state is not None else "", told)
        if seen != self._shown:
            another = seen[0] != self._shown[0]
            self._shown = seen
            if another:
                self.model.reset(lines)
            else:
                self.model.apply({f"{held.number:04}": held for held in lines})
            if self.table.current_row() < 0:
                self.table.go_to(0)
            self._show_body(self.table.current_row())
        self._show_face(state)

    def _show_body(self, row: int) -> None:
        body = self.model.line(row).request.body if 0 <= row < self.model.rowCount() else ""
        if plain_lines(body) != self.body.toPlainText():
            self.body.setPlainText(plain_lines(body))
        self.body.setVisible(bool(body))
        rows = min(self.model.rowCount(), _MOST_ROWS) + 1
        self.faces.setMaximumHeight(metrics.px(metrics.ROW) * rows + 1 if body else _NO_LIMIT)

    def _show_face(self, state: RunState | None) -> None:
        if self.model.rowCount():
            self.faces.show_content()
        elif state is None:
            self.faces.show_face("Nothing yet.", "A dry run shows here what the form would have sent.")
        elif not state.dry:
            self.faces.show_face("Nothing is held back.", "This is a real run: what the form sends is sent.")
        elif state.phase == "ended":
            self.faces.show_face("Nothing was held back.", "The page tried to send nothing.")
        else:
            self.faces.show_face("Nothing yet.", "Requests show here once the button is pressed.")
