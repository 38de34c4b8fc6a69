"""A list of letters that this machine has records of; each tab of records is one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Generic, Protocol, TypeVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.actions.exports import Kind
from app.actions.exports import Row as FileRow
from app.actions.letter_records import start_read
from app.desk import Desk
from app.models.query import Query
from app.models.table_model import LinesModel
from widgets.pages.dead_letters.rows import Facets
from widgets.pages.dead_letters.still import Still
from widgets.parts.export_button import ExportButton
from widgets.parts.faces import Faces
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface
from widgets.parts.table import Table


class _Row(Protocol):
    @property
    def facets(self) -> Facets: ...


Row = TypeVar("Row", bound=_Row)


class RecordsView(Surface, Generic[Row]):
    """`moved`: what is chosen is another. `things`: what the lines are called, in the plural; `nothing`: what an
    empty list says, and what would be in it."""

    moved = Signal()
    opened = Signal(str)
    """A job's id."""
    clear = Signal()
    held = Signal()
    """What is held back while the list stands still is another."""

    def __init__(
        self,
        desk: Desk,
        table: Table,
        model: LinesModel[Row],
        *,
        things: str,
        nothing: tuple[str, str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("surface.page", parent=parent)
        self._desk = desk
        self._things: Final = things
        self._nothing: Final = nothing
        self.sheet: ConfirmSheet | None = None
        self.table = table
        self.model = model
        model.setParent(self)
        table.setModel(model)
        table.current_moved.connect(lambda _: self.moved.emit())
        table.opened.connect(self._opened)
        self.still = Still(table, model, lambda: desk.records.as_of is not None, self)
        self.still.changed.connect(self.held)
        self.export_button = ExportButton()
        self.export_button.chosen.connect(self._export)
        self.export_button.set_why(desk.exports.why_not(0, desk.role))
        self.faces = Faces(table)
        self.faces.pressed.connect(self._face_pressed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.faces)
        self.first = table

    def set_query(self, query: Query[Any]) -> None:
        """Show only what it lets through."""
        self.model.set_filter(query.accepts)
        self.show_face()

    def show_face(self) -> None:
        """Which kind of nothing there is."""
        records = self._desk.records
        self.export_button.set_why(self._desk.exports.why_not(self.model.rowCount(), self._desk.role))
        self.table.set_old(records.problem is not None)
        if self.model.rowCount():
            self.faces.show_content()
        elif self.model.total():
            exist = f"{self.model.total():,} {self._things} exist."
            self.faces.show_face("Nothing matches.", exist, act="Clear the filter")
        elif records.problem is not None:
            problem = records.problem
            self.faces.show_face(str(problem), problem.hint, shape="failed", act="Read again", raw=problem.raw)
        elif records.as_of is None:
            self.faces.show_loading()
        else:
            self.faces.show_face(*self._nothing)

    def redraw(self) -> None:
        """Ages have moved on."""
        self.table.viewport().update()

    def _apply(self, known: Iterable[str], moved: Mapping[str, Row]) -> None:
        """Show these lines anew, and none that isn't known any more."""
        gone: dict[str, Row | None] = dict.fromkeys(set(self.model.all_keys()).difference(known))
        self.model.apply({**gone, **moved})
        # Not before: the first read is never held back.
        self.still.settle()
        if self.table.current_row() < 0:
            self.table.go_to(0)

    def _row_of_file(self, line: Row) -> FileRow:
        """What a file has of a line."""
        raise NotImplementedError

    def _export(self, kind: Kind) -> None:
        """The selected lines where there are several, else all that are listed."""
        rows = self.table.selected_rows()
        chosen = [self.model.line(row) for row in rows if not self.model.is_gone(row)]
        listed = [line for key in self.model.shown_keys() if (line := self.model.by_key(key)) is not None]
        lines = chosen if len(chosen) > 1 else listed
        if not self._desk.exports.why_not(len(lines), self._desk.role):
            self._desk.exports.start(self._things, "", kind, lines, self._row_of_file)

    def _opened(self, row: int) -> None:
        facets = self.model.line(row).facets
        if facets.business:
            self.opened.emit(facets.job_id)

    def _face_pressed(self) -> None:
        if self.model.total():
            self.clear.emit()
        else:
            start_read(self._desk.records)
