"""Which rows of a table are selected: those of Qt's selection, or all that a page chose at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex

from widgets.look import metrics

if TYPE_CHECKING:
    from widgets.parts.table import Table

_FLAG: Final = QItemSelectionModel.SelectionFlag


class TableSelection:
    """Counts by ranges: a hundred thousand selected rows are one of them."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.chosen: Callable[[int], bool] | None = None
        """Says of each row whether a page has chosen it, None while Qt's selection counts."""

    def rows(self) -> list[int]:
        """The selected rows, from the top; those chosen by a page are not listed."""
        return sorted(row for top, bottom in self._ranges() for row in range(top, bottom + 1))

    def has(self, row: int) -> bool:
        """True for a selected row."""
        if self.chosen is not None:
            return self.chosen(row)
        model = self._table.selectionModel()
        return model is not None and model.hasSelection() and model.isRowSelected(row)

    def share(self) -> float:
        """0 when nothing is selected, 1 when everything is."""
        if self.chosen is not None:
            return 1.0
        count = sum(bottom + 1 - top for top, bottom in self._ranges())
        return min(1.0, count / max(1, self._table.row_count()))

    def toggle(self, index: QModelIndex) -> None:
        """Select a row, or no longer."""
        model = self._table.selectionModel()
        model.select(index, _FLAG.Toggle | _FLAG.Rows)
        model.setCurrentIndex(index, _FLAG.NoUpdate)

    def take_seen(self) -> None:
        """Select the rows that are wholly on the screen, and no others."""
        height, top = metrics.px(metrics.ROW), self._table.verticalOffset()
        first = -(-top // height)
        last = min((top + self._table.viewport().height()) // height, self._table.row_count()) - 1
        model = self._table.model()
        if first <= last:
            found = QItemSelection(model.index(first, 0), model.index(last, model.columnCount() - 1))
            self._table.selectionModel().select(found, _FLAG.ClearAndSelect)

    def _ranges(self) -> list[tuple[int, int]]:
        model = cast("QItemSelectionModel | None", self._table.selectionModel())
        if model is None:
            return []
        spans = [model.selection().at(number) for number in range(model.selection().count())]
        return [(span.top(), span.bottom()) for span in spans if span.left() == 0]
