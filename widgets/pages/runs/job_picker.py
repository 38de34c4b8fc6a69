"""The box that finds a job by customer, e-mail or id."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from typing import Final

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from app.models.table_model import LinesModel
from app.store.lines import JobLine
from services.domain.statuses import job_status_shape, job_status_word
from services.domain.text import one_line
from widgets.look import fonts, glyphs, icons, metrics, theme
from widgets.parts.cell import Cell, words
from widgets.parts.columns import Column
from widgets.parts.faces import Faces
from widgets.parts.label import tip
from widgets.parts.table import Table

_MOST: Final = 200
_NOTHING: Final = "Choose a job"


class JobPicker(QAbstractButton):
    """Shows the chosen job; a click opens the search. `chosen` tells the id that a person chose."""

    chosen = Signal(str)

    def __init__(self, lines: Callable[[], Iterable[JobLine]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shape = ""
        self._words = ""
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFixedHeight(metrics.px(metrics.CONTROL))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.popup = JobSearch(lines, self)
        self.popup.chosen.connect(self.chosen)
        self.clicked.connect(self.open)
        self.show_job(None)

    def show_job(self, line: JobLine | None) -> None:
        """Show a job as the chosen one; None for none."""
        self._shape = job_status_shape(line.status) if line else ""
        self._words = one_line((line.business or line.id) if line else "", 200)
        self.setAccessibleName(f"Job: {self._words or 'none'}")
        tip(self, f"{line.business}, {job_status_word(line.status)}, {line.id}" if line else "")
        self.update()

    def words(self) -> str:
        """The business that is shown, "" for none."""
        return self._words

    def open(self) -> None:
        """Open the search below the box."""
        self.popup.open_at(self.mapToGlobal(QPoint(0, self.height() + metrics.px(2))))

    def sizeHint(self) -> QSize:
        return QSize(metrics.px(208), metrics.px(metrics.CONTROL))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.open()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shown = theme.current()
        width = 2.0 if self.hasFocus() else 1.0
        painter.setPen(QPen(shown.colour("accent.focus" if self.hasFocus() else "line.control"), width))
        painter.setBrush(shown.colour("surface.page"))
        inset = width / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), 4, 4)
        size = metrics.px(metrics.GLYPH)
        left = metrics.px(8)
        if self._shape:
            glyphs.paint(painter, self._shape, left, (self.height() - size) / 2, "surface.page", size)
            left += size + metrics.px(6)
        metric = fonts.measure("body")
        painter.setFont(fonts.font("body"))
        painter.setPen(shown.tone("primary" if self._words else "tertiary"))
        space = self.width() - left - metrics.px(26)
        text = metric.elidedText(self._words or _NOTHING, Qt.TextElideMode.ElideRight, max(0, space))
        painter.drawText(QPointF(left, (self.height() - metric.height()) / 2 + metric.ascent()), text)
        x = self.width() - size - metrics.px(8)
        icons.paint(painter, "chevron-down", x, (self.height() - size) / 2, "text.tertiary", size)
        painter.end()


class JobSearch(QWidget):
    """The open search: a line to type in, and the jobs that match, newest first."""

    chosen = Signal(str)

    def __init__(self, lines: Callable[[], Iterable[JobLine]], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self._lines = lines
        self.table = Table((Column("Job", 150, stretch=1), Column("E-mail", 210, stretch=1)), many=False, name="Jobs")
        self.line = _Line()
        self.line.setFont(fonts.font("body"))
        self.line.setMaxLength(200)
        self.line.setPlaceholderText("A customer, e-mail or id")
        self.line.setAccessibleName("Search a job")
        self.line.textChanged.connect(lambda _: self._fill())
        self.line.returnPressed.connect(lambda: self._choose(self.table.current_row()))
        self.line.moved.connect(self._move)
        self.table.horizontalHeader().hide()
        self.model: LinesModel[JobLine] = LinesModel(
            key=lambda line: line.id,
            cells=[_name, lambda line: words(line.email)],
            sort_keys=[lambda line: -(line.created_at or 0.0), None],
            words=lambda line: f"{line.business}, {job_status_word(line.status)}, {line.email}",
            parent=self,
        )
        self.table.setModel(self.model)
        self.table.sort_by(0)
        self.table.pressed_cell.connect(lambda row, _: self._choose(row))
        self.table.opened.connect(self._choose)
        self.faces = Faces(self.table)
        column = QVBoxLayout(self)
        edge = metrics.px(6)
        column.setContentsMargins(edge, edge, edge, edge)
        column.setSpacing(metrics.px(4))
        column.addWidget(self.line)
        column.addWidget(self.faces, 1)
        self.resize(metrics.px(480), metrics.px(336))

    def open_at(self, place: QPoint) -> None:
        """Open with everything offered, ready to type."""
        self.line.clear()
        self._fill()
        self.move(place)
        self.show()
        self.line.setFocus(Qt.FocusReason.PopupFocusReason)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = theme.current()
        painter.fillRect(self.rect(), shown.colour("surface.page"))
        painter.setPen(QPen(shown.colour("line.strong"), 0))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _fill(self) -> None:
        needle = self.line.text().strip().lower()
        matching = (line for line in self._lines() if not needle or line.matches(needle))
        self.model.reset(heapq.nlargest(_MOST, matching, key=lambda line: line.created_at or 0.0))
        self.table.go_to(0)
        if self.model.rowCount():
            self.faces.show_content()
        else:
            self.faces.show_face("Nothing matches." if needle else "No jobs yet.")

    def _move(self, step: int) -> None:
        self.table.go_to(min(max(0, self.table.current_row() + step), self.model.rowCount() - 1))

    def _choose(self, row: int) -> None:
        if 0 <= row < self.model.rowCount():
            job_id = self.model.line(row).id
            self.hide()
            self.chosen.emit(job_id)


class _Line(QLineEdit):
    moved = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
        if event.key() in step:
            self.moved.emit(step[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)


def _name(line: JobLine) -> Cell:
    tip_words = f"{job_status_word(line.status)}, {line.id}"
    return Cell(line.business or line.id, "primary", 500, shape=job_status_shape(line.status), tip=tip_words)
