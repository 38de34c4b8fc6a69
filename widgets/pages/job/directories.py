"""The table of a job's directories."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.models.table_model import LinesModel
from app.store.lines import DirectoryLine
from app.store.link import TableState
from services.domain.statuses import Shape
from widgets.parts import cell, spans
from widgets.parts.columns import Column
from widgets.parts.faces import Faces
from widgets.parts.held import held
from widgets.parts.table import Table

COLUMNS = (
    Column("Outcome", 96),
    Column("Directory", 150, stretch=0.4),
    Column("Evidence or error", 250, stretch=1),
    Column("Attempts", 58, right=True, drops=1),
    Column("Took", 52, right=True),
    Column("", 16, sorts=False),
    Column("When", 62, right=True),
)
OUTCOMES: dict[str, tuple[Shape, str]] = {
    "waiting": ("waiting", "Waiting"),
    "running": ("running", "Submitting"),
    "submitted": ("ok", "Submitted"),
    "failed": ("failed", "Failed"),
    "unknown": ("unknown", "Unknown"),
    "skipped": ("skipped", "Skipped"),
}
_ORDER = {"running": 0, "failed": 1, "unknown": 2, "skipped": 3, "submitted": 4, "waiting": 5}


class DirectoriesTable(QWidget):
    """`moved` tells that another directory is current; `line()` gives it."""

    moved = Signal()

    def __init__(self, now: Callable[[], float] = time.time, parent: QWidget | None = None) -> None:
        """`now`: unix seconds by the server's clock."""
        super().__init__(parent)
        self.table = Table(COLUMNS, name="Directories")
        self.model = LinesModel(
            key=lambda line: line.host,
            cells=[
                _outcome,
                lambda line: cell.name(line.host, line.url),
                lambda line: _evidence(line, now()),
                lambda line: cell.number(len(line.attempts), "secondary"),
                lambda line: cell.words(spans.took(line.duration_ms)),
                lambda line: cell.icon("image", tip="There is a picture") if line.screenshot_url else cell.EMPTY,
                lambda line: cell.words(
                    "now" if line.outcome == "running" else spans.when(line.when), tip=spans.moment(line.when)
                ),
            ],
            sort_keys=[
                lambda line: (_ORDER.get(line.outcome, 9), -(line.when or 0)),
                lambda line: line.host,
                lambda line: line.words,
                lambda line: len(line.attempts),
                lambda line: line.duration_ms or 0,
                None,
                lambda line: -(line.when or 0),
            ],
            words=lambda line: f"{_outcome(line).text}, {line.host}, {line.hold.words if line.hold else line.words}",
            parent=self,
        )
        self.table.setModel(self.model)
        self.table.sort_by(0)
        self.table.current_moved.connect(lambda _: self.moved.emit())
        self.faces = Faces(self.table)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.faces)

    def line(self) -> DirectoryLine | None:
        """The current directory, None when there is none."""
        row = self.table.current_row()
        return self.model.line(row) if 0 <= row < self.model.rowCount() else None

    def show_face(self, state: TableState) -> None:
        """The list, or which kind of nothing it is; `state` of the table that it is read from."""
        if self.model.rowCount():
            self.faces.show_content()
        elif not state.loaded:
            self.faces.show_unread(state.kind, state.problem, state.hint)
        else:
            self.faces.show_face(
                "Its work list is empty.", "Directories are listed as soon as the project has chosen them."
            )

    def show_job(self, lines: list[DirectoryLine]) -> None:
        """Another job: replace everything."""
        self.model.reset(lines)
        if lines:
            self.table.go_to(0)

    def update_job(self, lines: list[DirectoryLine]) -> None:
        """The same job, later: only what changed is told."""
        fresh = {line.host: line for line in lines}
        old = {host: self.model.by_key(host) for host in fresh}
        changed: dict[str, DirectoryLine | None] = {host: line for host, line in fresh.items() if old[host] is not line}
        gone = set(self.model.all_keys()) - set(fresh)
        changed.update(dict.fromkeys(gone))
        self.model.apply(changed)
        for host, line in fresh.items():
            before = old[host]
            if before is not None and before.outcome != line.outcome:
                self.table.flash_row(self.model.row_of(host))


def _outcome(line: DirectoryLine) -> cell.Cell:
    if line.hold is not None:
        return held()
    return cell.status(*OUTCOMES.get(line.outcome, ("unknown", line.outcome)))


def _evidence(line: DirectoryLine, now: float) -> cell.Cell:
    if line.hold is not None:
        return cell.words(line.hold.told(spans.elapsed(line.hold.left(now))), "primary", tip=line.hold.who)
    if line.wish is not None:
        return cell.status(line.wish.shape, line.wish.whole(spans.hour(line.wish.since)), tip=line.words)
    tone = "primary" if line.outcome in ("failed", "unknown") else "tertiary"
    return cell.words(line.words, tone, tip=line.error)
