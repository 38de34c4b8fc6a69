"""The console of the pages that a run opened, and the requests that they made: one row each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

import msgspec
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.actions.run_state import Asked, RunState, Said
from app.models.table_model import LinesModel
from widgets.pages.runs import words
from widgets.parts import cell, spans
from widgets.parts.cell import Cell
from widgets.parts.columns import Column
from widgets.parts.faces import Faces
from widgets.parts.table import Table

Entry = TypeVar("Entry")

CONSOLE: Final = (
    Column("Level", 84, sorts=False),
    Column("Text", 160, stretch=2, sorts=False),
    Column("Where", 120, stretch=1, sorts=False, drops=1, middle=True),
    Column("After", 56, right=True, sorts=False, drops=2),
)
NETWORK: Final = (
    Column("Method", 76, sorts=False),
    Column("Address", 140, stretch=1, sorts=False),
    Column("Kind", 84, sorts=False, drops=1),
    Column("Answer", 110, stretch=0.3, sorts=False),
    Column("Took", 56, right=True, sorts=False, drops=2),
)


class _Row(msgspec.Struct, Generic[Entry], frozen=True):
    number: int
    entry: Entry


class _Log(QWidget, Generic[Entry]):
    """A table that grows with the run."""

    def __init__(
        self,
        name: str,
        columns: Sequence[Column],
        cells: Sequence[Callable[[Entry], Cell]],
        of: Callable[[RunState], tuple[Entry, ...]],
        sentence: Callable[[Entry], str],
        nothing: tuple[str, str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._of = of
        self._nothing = nothing
        self._shown: tuple[str, int] = ("", 0)
        self.table = Table(columns, many=False, name=name)
        self.model: LinesModel[_Row[Entry]] = LinesModel(
            key=lambda row: f"{row.number:05}",
            cells=[_of_entry(made) for made in cells],
            sort_keys=[None] * len(columns),
            words=lambda row: sentence(row.entry),
            parent=self,
        )
        self.table.setModel(self.model)
        self.faces = Faces(self.table)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.faces)

    def count(self, state: RunState | None) -> int | None:
        """How many lines there are; None while there is no run."""
        return len(self._of(state)) if state is not None else None

    def show_run(self, state: RunState | None) -> None:
        """Show the lines of a run; None while there is no run of what is chosen."""
        entries = self._of(state) if state is not None else ()
        run_id = state.run_id if state is not None else ""
        shown = self._shown[1] if self._shown[0] == run_id and self._shown[1] <= len(entries) else 0
        fresh = [_Row(shown + number, entry) for number, entry in enumerate(entries[shown:])]
        if shown == 0:
            self.model.reset(fresh)
        elif fresh:
            self.model.apply({f"{row.number:05}": row for row in fresh})
        self._shown = (run_id, len(entries))
        if entries:
            self.faces.show_content()
        elif state is None or state.going_on:
            self.faces.show_face("Nothing yet.", self._nothing[1])
        else:
            self.faces.show_face(self._nothing[0], self._nothing[1])


def _of_entry(made: Callable[[Entry], Cell]) -> Callable[[_Row[Entry]], object]:
    return lambda row: made(row.entry)


class ConsoleLog(_Log[Said]):
    """What the pages wrote to their console."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "Console",
            CONSOLE,
            [
                words.level,
                lambda said: cell.mono(said.text, "primary", tip=said.text),
                lambda said: cell.mono(said.where, tip=said.where),
                lambda said: cell.words(spans.took(said.at), "tertiary"),
            ],
            lambda state: state.console,
            lambda said: f"{said.level}, {said.text}",
            ("The pages wrote nothing.", "What the site's own scripts write, errors first of all, shows here."),
            parent,
        )


class NetworkLog(_Log[Asked]):
    """What the pages asked for, in the order in which the answers came."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "Network",
            NETWORK,
            [
                lambda asked: cell.mono(asked.method, "primary"),
                words.asked_for,
                lambda asked: cell.words(asked.kind),
                words.answer,
                lambda asked: cell.words(spans.took(asked.ms) if asked.ms is not None else "", "tertiary"),
            ],
            lambda state: state.network,
            lambda asked: f"{asked.method} {asked.url}, {asked.status or asked.error}",
            ("The pages asked for nothing.", "Each request of the site's pages shows here with its answer."),
            parent,
        )
