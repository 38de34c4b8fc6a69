"""The lower half of the Operations page: one act, what can be done with it, and each of its items."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.actions.many_plans import newest
from app.actions.operation_items import OperationItems
from app.actions.operations import Operation
from app.models.table_model import LinesModel
from widgets.look import metrics
from widgets.pages.operations.rows import shape_of
from widgets.parts import cell, drawer, spans
from widgets.parts.button import Button
from widgets.parts.columns import Column
from widgets.parts.faces import Faces
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import ElidedLabel, label, say
from widgets.parts.surface import Surface
from widgets.parts.table import Table

_COLUMNS = (Column("Item", 220, stretch=0.6), Column("What came of it", 240, stretch=1), Column("When", 64, right=True))
_ORDER = {"failed": 0, "unknown": 1, "running": 2, "planned": 2, "undone": 3, "done": 4}
_SLOTS = 3


class Detail(Surface):
    """`pressed` gives the words of a button."""

    pressed = Signal(str)

    def __init__(self, items: OperationItems, parent: QWidget | None = None) -> None:
        super().__init__("surface.page", "t", parent)
        self.items = items
        self._seen = (-1, "")
        self._head = GlyphLabel("", "", "body", "primary", 600, elides=True)
        self._words = label("", "body", "secondary", wrap=True, selectable=True)
        self.buttons = [Button("", small=True) for _ in range(_SLOTS)]
        for button in self.buttons:
            button.clicked.connect(lambda _=False, button=button: self.pressed.emit(button.words()))
        self._facts = {name: ElidedLabel("", "small", "secondary") for name in ("Why", "By", "Begun", "Changed")}
        self._facts["Id"] = ElidedLabel("", "mono", "secondary", middle=True)
        self.model: LinesModel[Operation] = LinesModel(
            key=lambda item: item.id,
            cells=[
                lambda item: cell.Cell(item.label, "primary", 500, shape=shape_of(item), tip=item.label),
                lambda item: cell.words(item.words or item.state.capitalize(), tip=item.words),
                lambda item: cell.words(spans.when(item.changed_at), "tertiary", spans.moment(item.changed_at)),
            ],
            sort_keys=[lambda item: (_ORDER.get(item.state, 9), item.started_at), lambda item: item.words,
                       lambda item: item.changed_at],
            words=lambda item: f"{item.label}, {item.state}, {item.words}",
            parent=self,
        )  # fmt: skip
        self.table = Table(_COLUMNS, many=False, name="Items of the operation")
        self.table.setModel(self.model)
        self.table.sort_by(0)
        self.faces = Faces(self.table)
        self._lay_out()

    def show_operation(self, operation: Operation | None, row: drawer.Operation | None) -> None:
        """This act as it stands; None for none."""
        self.setVisible(operation is not None)
        if operation is None or row is None:
            self.items.show("")
            return
        self._head.say(operation.label, row.shape)
        say(self._words, ", ".join(part for part in (row.words, row.more if row.bar else "") if part))
        for button, words in zip(self.buttons, (*row.acts, *[""] * _SLOTS), strict=False):
            button.setVisible(bool(words))
            button.say(words)
        facts = {
            "Why": operation.reason or "—", "By": operation.actor, "Begun": spans.moment(operation.started_at),
            "Changed": spans.moment(operation.changed_at), "Id": operation.id,
        }  # fmt: skip
        for name, value in facts.items():
            self._facts[name].say(value)
        self.items.show(operation.id)
        seen = (self.items.version, operation.id)
        if seen != self._seen:
            self._seen = seen
            self._show_items(operation)

    def _show_items(self, operation: Operation) -> None:
        # One that was gone on with has tried some of them twice: the newest try counts.
        found = {item.id: item for item in newest(self.items.items).values()}
        gone: dict[str, Operation | None] = {key: None for key in self.model.all_keys() if key not in found}
        differ = {key: one for key, one in found.items() if (old := self.model.by_key(key)) is not one and old != one}
        self.model.apply({**gone, **differ})
        if found:
            self.faces.show_content()
        elif self.items.problem:
            self.faces.show_face(self.items.problem, shape="failed")
        elif not self.items.loaded:
            self.faces.show_loading()
        elif operation.total > 1:
            self.faces.show_face("No items of it are kept here.", "What came of it stands at the left.")
        else:
            self.faces.show_face("It is about one thing.", "What came of it stands at the left.")

    def _lay_out(self) -> None:
        left = QWidget()
        left.setFixedWidth(metrics.px(metrics.INSPECTOR))
        column = QVBoxLayout(left)
        column.setContentsMargins(metrics.px(16), metrics.px(12), metrics.px(16), metrics.px(12))
        column.setSpacing(metrics.px(8))
        column.addWidget(self._head)
        column.addWidget(self._words)
        acts = QHBoxLayout()
        acts.setSpacing(metrics.px(8))
        for button in self.buttons:
            acts.addWidget(button)
        acts.addStretch(1)
        column.addLayout(acts)
        for name, value in self._facts.items():
            line = QHBoxLayout()
            title = label(name, "small", "tertiary")
            title.setFixedWidth(metrics.px(72))
            line.addWidget(title)
            line.addWidget(value, 1)
            column.addLayout(line)
        column.addStretch(1)
        ground = Surface("surface.page", "l")
        inner = QVBoxLayout(ground)
        inner.setContentsMargins(1, 0, 0, 0)
        inner.addWidget(self.faces)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 1, 0, 0)
        row.setSpacing(0)
        row.addWidget(left)
        row.addWidget(ground, 1)
