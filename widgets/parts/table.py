"""The table that every list page shows: 28 px rows, hairlines, nothing else.

Give it columns and a Qt model that has `cell(row, column)` giving a `Cell` (`widgets.parts.cell`), with one
model column per `Column`. Sorting goes to `model.sort`. `app.models.table_model.LinesModel` fits as it is; a model
that also has `watch(first, last)` is told which rows are on the screen, one with `is_gone(row)` has them greyed.

    table = Table([Column("Status", 96), Column("Customer", 120, stretch=1)], checks=True)
    table.setModel(model)
    table.opened.connect(...)        # Enter or double click: row
    table.current_moved.connect(...) # the row of the keyboard or of the last click, -1 for none
    table.selection_moved.connect(...); table.selected_rows()
    table.pressed_cell.connect(...)  # a click on a cell: row, column (links, pictures)
    table.engaged.connect(...)       # whether the pointer or the keyboard is in the rows: nothing may jump then
    table.flash_row(row); table.set_old(True)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QItemSelection,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QHelpEvent, QHideEvent, QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QTableView, QToolTip, QWidget

from services.domain.text import one_line
from widgets.look import fonts, metrics, motion
from widgets.parts import columns as fitting
from widgets.parts.cell import Cell
from widgets.parts.columns import Column
from widgets.parts.label import tip_text
from widgets.parts.table_flash import Flashes
from widgets.parts.table_header import TableHeader
from widgets.parts.table_rows import RowPainter
from widgets.parts.table_selection import TableSelection

_LONGEST_TIP: Final = 2000


class Table(QTableView):
    """See the module's words."""

    opened = Signal(int)
    current_moved = Signal(int)
    selection_moved = Signal()
    pressed_cell = Signal(int, int)
    engaged = Signal(bool)

    def __init__(
        self, columns: Sequence[Column], parent: QWidget | None = None, *, name: str = "", checks: bool = False,
        many: bool = True, huge: bool = False,
    ) -> None:  # fmt: skip
        """`name`: what its rows are; `checks`: a box before each; `many`: more than one can be selected; `huge`: of
        very many, "select all" takes those on the screen, and the page offers the rest."""
        super().__init__(parent)
        self.setAccessibleName(name)
        self._selection = TableSelection(self)
        self.columns, self.checks, self.huge = tuple(columns), checks, huge
        self.pointed = -1
        """Row under the pointer."""
        self.ring = -1
        """Row that has the keyboard, -1 while the mouse is used."""
        self.old = False
        self.sorted_by = -1
        self.descending = False
        self._by_keyboard = False
        self.is_engaged = False
        self._anchor: tuple[QPersistentModelIndex, int] | None = None
        self.row_painter = RowPainter(self)
        self._flashes = Flashes(self.update_row, self)
        self.setHorizontalHeader(TableHeader(self))
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(1)
        self.verticalHeader().setDefaultSectionSize(metrics.px(metrics.ROW))
        self.verticalHeader().setSectionResizeMode(self.verticalHeader().ResizeMode.Fixed)
        self.setShowGrid(False)
        self.setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalScrollBar().setSingleStep(metrics.px(metrics.ROW))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(self.SelectionMode.ExtendedSelection if many else self.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setFont(fonts.font("body"))
        self.horizontalHeader().sectionClicked.connect(self._head_clicked)
        self.doubleClicked.connect(lambda index: self.opened.emit(index.row()))
        self.clicked.connect(lambda index: self.pressed_cell.emit(index.row(), index.column()))
        motion.clock.ticked.connect(self._turn)

    # What pages ask

    def setModel(self, model: QAbstractItemModel | None) -> None:
        """Show a model; its column count is that of the columns."""
        super().setModel(model)
        self._flashes.clear()
        self.row_painter.forget()
        if model is not None:
            model.layoutAboutToBeChanged.connect(self._hold_place)
            model.layoutChanged.connect(self._keep_place)
            model.rowsInserted.connect(self._watch)
            model.rowsRemoved.connect(self._watch)
            for react in (self._watch, self.row_painter.forget):
                model.modelReset.connect(react)
        self._fit()
        self._watch()

    def selected_rows(self) -> list[int]:
        """The selected rows, from the top."""
        return self._selection.rows()

    def current_row(self) -> int:
        """The row of the keyboard or of the last click, -1 for none."""
        return self.currentIndex().row()

    def go_to(self, row: int) -> None:
        """Make a row the current and only selected one, and bring it into view."""
        if self.model() is not None and 0 <= row < self.model().rowCount():
            self.selectRow(row)
            self.scrollTo(self.model().index(row, 0))

    def sort_by(self, column: int, *, descending: bool = False) -> None:
        """Order by a column, as a click on its head does."""
        self.sorted_by, self.descending = column, descending
        order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        if self.model() is not None:
            self.model().sort(column, order)
        self.horizontalHeader().viewport().update()

    def flash_row(self, row: int) -> None:
        """Show that a row has just changed: a tint that fades in 600 ms."""
        if self.model() is not None and self.isVisible():
            self._flashes.add(self.model().index(row, 0))

    def set_old(self, old: bool) -> None:
        """Grey everything: what is shown is older than it should be."""
        if old != self.old:
            self.old = old
            self.viewport().update()

    def toggle_all(self) -> None:
        """Select every row, or none when all are; of very many the rows on the screen, or none when any is."""
        if self.checked_share() == 1.0 or (self.huge and self.checked_share()):
            self.clearSelection()
        else:
            self.selectAll()

    def selectAll(self) -> None:
        """Every row; of very many only those on the screen."""
        if self.huge:
            self._selection.take_seen()
        else:
            super().selectAll()

    # What the delegate asks

    def surface_of(self, row: int, selected: bool) -> str:
        """The token of what lies behind a row."""
        if selected:
            return "surface.selected" if self.isActiveWindow() else "surface.selected_idle"
        return "surface.hover" if row == self.pointed else "surface.page"

    def seen_rows(self) -> range:
        """The rows that are on the screen, or would be if the table were shown."""
        height = metrics.px(metrics.ROW)
        first = self.verticalOffset() // height
        return range(first, min(self.row_count(), first + self.viewport().height() // height + 2))

    def update_row(self, row: int) -> None:
        """Have a row drawn again."""
        if row >= 0:
            top, height = self.rowViewportPosition(row), self.rowHeight(row)
            self.viewport().update(0, top, self.viewport().width(), height)

    def flashes(self) -> dict[int, float]:
        """How strong the flash of each row still is, from 1 down."""
        return self._flashes.strengths()

    def cell(self, row: int, column: int) -> object:
        """What a cell shows."""
        return cast("Any", self.model()).cell(row, column)

    def row_count(self) -> int:
        """How many rows there are."""
        return self.model().rowCount() if self.model() is not None else 0

    def is_selected(self, row: int) -> bool:
        """True for a selected row."""
        return self._selection.has(row)

    def choose(self, chosen: Callable[[int], bool] | None) -> None:
        """Draw as selected what `chosen` says of each row, instead of what is selected; None ends that."""
        self._selection.chosen = chosen
        self.horizontalHeader().viewport().update()
        self.viewport().update()

    def is_old(self, row: int) -> bool:
        """True for a row that is greyed: everything is old, or the row no longer exists."""
        gone = getattr(self.model(), "is_gone", None)
        return self.old or (gone is not None and bool(gone(row)))

    def content(self, column: int, section: QRect) -> QRect:
        """The part of a section or cell that its words may take."""
        half = metrics.px(fitting.GAP) // 2
        edge = metrics.px(fitting.PADDING)
        left = edge + (metrics.px(fitting.CHECK) if self.checks else 0) if column == 0 else half
        return section.adjusted(left, 0, -(edge if column == self.last_column() else half), 0)

    def last_column(self) -> int:
        """The last column that is shown."""
        shown = (index for index in range(len(self.columns) - 1, 0, -1) if not self.isColumnHidden(index))
        return next(shown, 0)

    def check_edge(self) -> int:
        """Where the room of the check boxes ends."""
        return metrics.px(fitting.PADDING + fitting.CHECK - 4)

    def checked_share(self) -> float:
        """0 when nothing is selected, 1 when everything is."""
        return self._selection.share()

    # What Qt tells

    def currentChanged(self, current: Any, previous: Any) -> None:
        super().currentChanged(current, previous)
        self._set_ring()
        self.current_moved.emit(current.row())

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.horizontalHeader().viewport().update()
        self.selection_moved.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
        self._watch()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        self._watch()

    def paintEvent(self, event: QPaintEvent) -> None:
        self.row_painter.paint(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        motion.clock.watch(self)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        motion.clock.leave(self)
        self.row_painter.forget()

    def focusInEvent(self, event: Any) -> None:
        self._by_keyboard = event.reason() in (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
            Qt.FocusReason.ShortcutFocusReason,
        )
        super().focusInEvent(event)
        self._set_ring()

    def focusOutEvent(self, event: Any) -> None:
        super().focusOutEvent(event)
        self._set_ring()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._by_keyboard = True
        key = event.key()
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current_row() >= 0:
            self.opened.emit(self.current_row())
        elif plain and key in (Qt.Key.Key_J, Qt.Key.Key_K):
            step = 1 if key == Qt.Key.Key_J else -1
            self.go_to(max(0, self.current_row() + step))
        elif plain and key == Qt.Key.Key_X and self.current_row() >= 0:
            self._selection.toggle(self.currentIndex())
        elif plain and event.text().isalpha():
            event.ignore()  # letters are shortcuts of the page, not a search in the rows
        else:
            super().keyPressEvent(event)
        self._set_ring()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._by_keyboard = False
        index = self.indexAt(event.position().toPoint())
        if self.checks and index.isValid() and event.position().x() < self.check_edge():
            self._selection.toggle(index)
        else:
            super().mousePressEvent(event)
        self._set_ring()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._point(self.indexAt(event.position().toPoint()).row())
        self._engage()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._point(-1)
        self._engage()

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            index = self.indexAt(event.pos())
            cell = self.cell(index.row(), index.column()) if index.isValid() else None
            text = self._tip(cell, index) if isinstance(cell, Cell) else ""
            QToolTip.showText(event.globalPos(), tip_text(one_line(text, _LONGEST_TIP)), self)
            return True
        return super().viewportEvent(event)

    # Own

    def _tip(self, cell: Cell, index: QModelIndex) -> str:
        if cell.tip:
            return cell.tip
        space = self.content(index.column(), self.visualRect(index)).width()
        wide = fonts.measure("mono" if cell.mono else "body", cell.weight).horizontalAdvance(cell.text)
        return cell.text if wide + (metrics.px(20) if cell.shape else 0) > space else ""

    def _head_clicked(self, column: int) -> None:
        if self.columns[column].sorts:
            self.sort_by(column, descending=self.sorted_by == column and not self.descending)

    def _set_ring(self) -> None:
        ring = self.current_row() if self._by_keyboard and self.hasFocus() else -1
        if ring != self.ring:
            earlier, self.ring = self.ring, ring
            self.update_row(earlier)
            self.update_row(ring)
            self._engage()

    def _point(self, row: int) -> None:
        if row != self.pointed:
            earlier, self.pointed = self.pointed, row
            self.update_row(earlier)
            self.update_row(row)

    def _turn(self, frame: int) -> None:
        if self.isVisible():
            self.viewport().update(self.row_painter.to_turn())

    def _engage(self) -> None:
        """The pointer is over a row, or a row has the keyboard: rows must not move away from under a person."""
        engaged = self.pointed >= 0 or self.ring >= 0
        if engaged != self.is_engaged:
            self.is_engaged = engaged
            self.engaged.emit(engaged)

    def _watch(self) -> None:
        watch = getattr(self.model(), "watch", None)
        if watch is not None:
            seen = self.seen_rows()
            watch(seen.start, seen.stop)

    def _hold_place(self) -> None:
        """Before rows get other places: what is at the top stays there, unless it is the very first row."""
        value, height = self.verticalScrollBar().value(), metrics.px(metrics.ROW)
        row = value // height
        if value > 0 and row < self.row_count():
            self._anchor = (QPersistentModelIndex(self.model().index(row, 0)), value % height)

    def _keep_place(self) -> None:
        if self._anchor is not None:
            index, rest = self._anchor
            self._anchor = None
            if index.isValid():
                self.verticalScrollBar().setValue(index.row() * metrics.px(metrics.ROW) + rest)
        self._watch()

    def _fit(self) -> None:
        if self.model() is None:
            return
        fitted = fitting.fit(self.columns, self.viewport().width(), self.checks, metrics.px(100) / 100)
        gap = metrics.px(fitting.GAP)
        edge = metrics.px(fitting.PADDING)
        last = max((index for index, width in enumerate(fitted) if width), default=0)
        for index, width in enumerate(fitted):
            self.setColumnHidden(index, not width)
            extra = gap
            if index == 0:
                extra += edge - gap // 2 + (metrics.px(fitting.CHECK) if self.checks else 0)
            if index == last:
                extra += edge - gap // 2
            if width:
                self.setColumnWidth(index, width + extra)
        self.row_painter.measure()
