"""The Operations page: every act, the newest first, older ones on request, and below it one of them with its items."""

from __future__ import annotations

import time
from typing import Final

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.actions.colleagues import theirs
from app.actions.older_operations import OlderOperations
from app.actions.operation_items import OperationItems
from app.actions.operations import Operation
from app.desk import Desk
from app.models.table_model import LinesModel
from widgets.pages.operations import rows
from widgets.pages.operations.detail import Detail
from widgets.parts import cell, drawer, spans
from widgets.parts.button import Button
from widgets.parts.columns import Column
from widgets.parts.faces import Faces
from widgets.parts.head import PageHead
from widgets.parts.label import label, say
from widgets.parts.list_foot import Foot
from widgets.parts.table import Table

MOST: Final = 5_000
"""So many acts of this computer are listed at most."""
_COLUMNS = (
    Column("Begun", 60, right=True),
    Column("Operation", 220, stretch=0.6),
    Column("How it stands", 240, stretch=1, sorts=False),
    Column("By", 110, stretch=0.2, drops=1),
    Column("Why", 130, stretch=0.4, drops=2, sorts=False),
)

_OF_OTHERS: Final = "Those of colleagues are listed for 7 days; Activity has all of them."


class _Line(msgspec.Struct, frozen=True):
    operation: Operation
    row: drawer.Operation


class OperationsPage(QWidget):
    """`back` leads to where one came from."""

    back = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._behind = True
        self._wanted = ""
        self.head = PageHead("Operations")
        self.back_button = Button("Back", "link")
        self.back_button.clicked.connect(self.back)
        self.head.add_first(self.back_button)
        self._note = label("", "small", "tertiary")
        self.head.add(self._note)
        self.head.add_stretch()
        self.table = Table(_COLUMNS, many=False, name="Operations")
        self.model: LinesModel[_Line] = LinesModel(
            key=lambda line: line.operation.id,
            cells=[
                lambda line: cell.words(
                    spans.ago(line.operation.started_at, time.time()), "tertiary",
                    spans.moment(line.operation.started_at),
                ),
                lambda line: cell.Cell(line.row.name, "primary", 500, shape=line.row.shape, tip=line.row.name),
                lambda line: cell.Cell(_stands(line.row), bar=line.row.bar, tip=line.row.tip),
                lambda line: cell.words(line.operation.actor.partition("@")[0], tip=line.operation.actor),
                lambda line: cell.words(line.operation.reason, "tertiary", line.operation.reason),
            ],
            sort_keys=[
                lambda line: -line.operation.started_at, lambda line: line.row.name.lower(), None,
                lambda line: line.operation.actor, None,
            ],
            words=lambda line: f"{line.row.name}, {line.operation.state}, {line.row.words}",
            parent=self,
        )  # fmt: skip
        self.table.setModel(self.model)
        self.table.sort_by(0)
        self.table.current_moved.connect(lambda _: self._show_current())
        self.faces = Faces(self.table)
        self.older = OlderOperations(desk.operations)
        self._older_seen = -1
        self.foot = Foot()
        self.foot.pressed.connect(self.older.want)
        self.detail = Detail(OperationItems(desk.operations, desk.batches.items))
        self.detail.pressed.connect(self._pressed)
        leave = QShortcut(QKeySequence(Qt.Key.Key_Escape), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        leave.activated.connect(self.back)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addWidget(self.faces, 5)
        column.addWidget(self.foot)
        column.addWidget(self.detail, 4)
        self.first = self.table

    def show_operation(self, operation_id: str) -> None:
        """Choose this one; "" leaves what is chosen."""
        self._wanted = operation_id
        self.changed()

    def changed(self) -> None:
        """Acts have changed; while nobody sees the page, it waits."""
        self._behind = True
        self.frame()

    def frame(self) -> None:
        """Show what has changed since the last frame."""
        if not self.isVisible():
            return
        if self._behind or self.older.version != self._older_seen:
            self._behind, self._older_seen = False, self.older.version
            self._show()
        self._show_current()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.changed()

    def _show(self) -> None:
        desk = self._desk
        own = [*desk.operations.newest_first(), *desk.operations.older_first()]
        others = theirs(desk.store, desk.operations.own_ids)
        operations = [*own, *others]
        fresh = {one.id: self._line(one) for one in operations}
        moved = {key: line for key, line in fresh.items() if line != self.model.by_key(key)}
        gone: dict[str, _Line | None] = {key: None for key in self.model.all_keys() if key not in fresh}
        self.model.apply({**gone, **moved})
        count = len(operations)
        say(self._note, f"{count:,}")
        self._show_foot(own, others)
        if not count:
            self.faces.show_face("Nothing was done yet.", "Every act is written down here before it is done.")
            return
        self.faces.show_content()
        wanted, self._wanted = self.model.row_of(self._wanted) if self._wanted else -1, ""
        if wanted >= 0 or self.table.current_row() < 0:
            self.table.go_to(max(0, wanted))

    def _show_foot(self, own: list[Operation], others: list[Operation]) -> None:
        back_to = self._desk.operations.back_to
        self.foot.setVisible(bool(own or others))
        if self.older.reading:
            self.foot.show_words("Reading older acts", "")
        elif self.older.problem:
            self.foot.show_words(self.older.problem, "Try again")
        elif back_to is None:
            more = f" {_OF_OTHERS}" if others else ""
            self.foot.show_words(f"Nothing older was done on this computer.{more}", "")
        elif len(own) >= MOST:
            self.foot.show_words(
                f"{MOST:,} acts are the most that is listed. Activity has the older ones of staff.", ""
            )
        else:
            self.foot.show_words(f"Acts on this computer back to {spans.moment(back_to)}.", "Show older")

    def _line(self, operation: Operation) -> _Line:
        held = self.model.by_key(operation.id)
        if held is not None and held.operation == operation and operation.ended:
            return held
        return _Line(operation, rows.operation_row(operation, self._desk))

    def _current(self) -> _Line | None:
        row = self.table.current_row()
        return self.model.line(row) if 0 <= row < self.model.rowCount() else None

    def _show_current(self) -> None:
        line = self._current()
        self.detail.show_operation(line.operation if line else None, line.row if line else None)

    def _pressed(self, act: str) -> None:
        line = self._current()
        if line is not None:
            rows.pressed(self._desk, line.operation.id, act)


def _stands(row: drawer.Operation) -> str:
    """Its words, and of what goes on how fast."""
    return ", ".join(part for part in (row.words, row.more if row.bar else "") if part)
