"""The steps of a run, one row each, the running one marked."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QPainter, QPen, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.actions.run_state import StepLine
from services.domain.text import one_line
from widgets.look import fonts, glyphs, metrics, motion, theme
from widgets.pages.runs.words import STEPS, step_detail
from widgets.parts import spans
from widgets.parts.label import tip_text

ROW: Final = 44
_LINE: Final = int(Qt.ItemDataRole.UserRole) + 1
_SHAPE: Final = _LINE + 1
_NO_PARENT: Final = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


class StepList(QListView):
    """`picked` tells the index of a step that a person chose."""

    picked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._steps = _Steps(self)
        self.setModel(self._steps)
        self.setItemDelegate(_Rows(self))
        self.setUniformItemSizes(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Steps")
        # Not when the current row moves: Qt moves it by itself when the list gets the keyboard.
        self.clicked.connect(lambda index: self.picked.emit(index.row()))
        motion.clock.ticked.connect(self._turn)

    def show_steps(self, steps: tuple[StepLine, ...], held: int = -1) -> None:
        """Show the steps as they are now; `held`: the one before which the run waits for a person, -1 for none."""
        self._steps.take(steps, held)

    def mark(self, index: int) -> None:
        """Mark a step and bring it into view, without telling anybody; -1 marks none."""
        if index >= 0:
            self.setCurrentIndex(self._steps.index(index))
        else:
            self.clearSelection()
            self.setCurrentIndex(QModelIndex())

    def marked(self) -> int:
        """The step that is marked, -1 for none."""
        return self.currentIndex().row()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        before = self.marked()
        super().keyPressEvent(event)
        if self.marked() != before:
            self.picked.emit(self.marked())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        motion.clock.watch(self)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        motion.clock.leave(self)

    def _turn(self, frame: int) -> None:
        if self.isVisible() and self._steps.running >= 0:
            self.update(self._steps.index(self._steps.running))


class _Steps(QAbstractListModel):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._lines: tuple[StepLine, ...] = ()
        self._held = -1
        self.running = -1

    def take(self, lines: tuple[StepLine, ...], held: int) -> None:
        old, self.running = self._lines, next((line.index for line in lines if line.status == "running"), -1)
        changed = {held, self._held} if held != self._held else set()
        self._held = held
        if len(old) != len(lines):
            self.beginResetModel()
            self._lines = lines
            self.endResetModel()
            return
        self._lines = lines
        for row, (before, now) in enumerate(zip(old, lines, strict=True)):
            if before != now or row in changed:
                index = self.index(row)
                self.dataChanged.emit(index, index)

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._lines)

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        line = self._lines[index.row()]
        waits = index.row() == self._held and line.status == "waiting"
        if role == _LINE:
            return line
        if role == _SHAPE:
            return "paused" if waits else STEPS[line.status]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{line.index + 1}, {line.words}, {'waiting for you' if waits else line.status}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip_text(one_line(step_detail(line), 1000))
        return None


class _Rows(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, metrics.px(ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        line = index.data(_LINE)
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        shown = theme.current()
        under = "surface.selected" if state & QStyle.StateFlag.State_Selected else "surface.page"
        painter.fillRect(rect, shown.colour(under))
        painter.setPen(QPen(shown.colour("line.faint"), 0))
        painter.drawLine(rect.left(), rect.bottom(), rect.right(), rect.bottom())
        if state & QStyle.StateFlag.State_HasFocus and state & QStyle.StateFlag.State_KeyboardFocusChange:
            painter.setPen(QPen(shown.colour("accent.focus"), 0))
            painter.drawRect(rect.adjusted(0, 0, -1, -2))
        if isinstance(line, StepLine):
            _paint_line(painter, line, index.data(_SHAPE), rect, under)


def _paint_line(painter: QPainter, line: StepLine, shape: str, rect: QRect, under: str) -> None:
    upper, lower = rect.top() + metrics.px(13), rect.top() + metrics.px(31)
    number, right = str(line.index + 1), rect.right() - metrics.px(16)
    _text(painter, number, rect.left() + metrics.px(32), upper, "small", "tertiary", right=True)
    size = metrics.px(metrics.GLYPH)
    frame = motion.clock.frame if line.status == "running" else 0
    left = rect.left() + metrics.px(40)
    glyphs.paint(painter, shape, left, upper - size / 2, under, size, frame)
    left += size + metrics.px(8)
    took = spans.took(line.ms) if line.ms is not None else ""
    room = right - fonts.measure("small").horizontalAdvance(took) - metrics.px(8) - left
    waits, failed = shape == "waiting", line.status == "failed"
    _text(painter, line.words, left, upper, "body", "secondary" if waits else "primary", room)
    _text(painter, took, right, upper, "small", "tertiary", right=True)
    if failed and line.error:
        _text(painter, step_detail(line), left, lower, "small", "failed", right - left)
    else:
        _text(painter, step_detail(line), left, lower, "mono", "tertiary" if waits else "secondary", right - left)


def _text(
    painter: QPainter,
    text: str,
    x: float,
    middle: float,
    role: fonts.Role,
    tone: str,
    room: int = 0,
    *,
    right: bool = False,
) -> None:
    """One line of plain text whose middle is at `middle`, cut to `room` pixels where that isn't 0."""
    metric = fonts.measure(role)
    shown = one_line(text, 300)
    if room:
        shown = metric.elidedText(shown, Qt.TextElideMode.ElideRight, max(0, room))
    if right:
        x -= metric.horizontalAdvance(shown)
    painter.setFont(fonts.font(role))
    painter.setPen(theme.current().tone(tone))
    painter.drawText(QPointF(x, middle - metric.height() / 2 + metric.ascent()), shown)
