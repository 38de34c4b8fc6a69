"""The form that changes a step of a run that is held."""

from __future__ import annotations

from typing import Final

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.actions.run_state import StepLine
from widgets.look import metrics
from widgets.parts.field import Field

_WHERE: Final = {"goto": "Address", "wait": "What it waits for"}
_FILLED: Final = ("fill", "select")
_UNSHOWN: Final = ("•••", "…")


class StepEdit(QWidget):
    """What stands in the boxes is what was known; a box that is left as it is changes nothing."""

    def __init__(self, line: StepLine, where: str = "", parent: QWidget | None = None) -> None:
        """`where`: another place that is offered."""
        super().__init__(parent)
        self.where_box = Field(_WHERE.get(line.action, "Selector"))
        self.value_box = Field("What goes in", placeholder="As it is")
        # What is masked or cut short would go in as it is shown.
        self._value = "" if line.value.endswith(_UNSHOWN) else line.value
        self._where = "" if line.detail.endswith("…") else line.detail
        self.where_box.put(where or self._where)
        self.value_box.put(self._value)
        self.value_box.setVisible(line.action in _FILLED)
        column = QVBoxLayout(self)
        column.setContentsMargins(metrics.px(20), metrics.px(14), metrics.px(20), metrics.px(14))
        column.setSpacing(metrics.px(10))
        column.addWidget(self.where_box)
        column.addWidget(self.value_box)

    @property
    def where(self) -> str | None:
        """Where the step is to act; None where that stays as it is."""
        text = self.where_box.text().strip()
        return text if text != self._where else None

    @property
    def value(self) -> str | None:
        """What is to go in; None where that stays as it is."""
        return self.value_box.text() if self.value_box.text() != self._value else None
