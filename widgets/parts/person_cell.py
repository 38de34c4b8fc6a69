"""The cell of the status bar that says who is signed in, with a menu of where to go from here.

cell = PersonCell(); cell.show_who("desk-1, operator"); cell.show_entries([CellEntry("as:a@b", "Admin, desk-3")])
cell.chosen.connect(...)          # with the key of the entry
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QEvent, QPoint, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QEnterEvent, QIcon, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from services.domain.text import one_line
from widgets.look import fonts, icons, metrics, theme
from widgets.parts.label import tip


class CellEntry(msgspec.Struct, frozen=True):
    """One line of the menu. `here`: it is what is chosen now. `apart`: a line is drawn above it."""

    key: str
    words: str
    here: bool = False
    apart: bool = False


class PersonCell(QWidget):
    """Hidden while nobody is signed in. A click or Enter opens its menu above it; `chosen` tells what was taken."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = ""
        self._entries: tuple[CellEntry, ...] = ()
        self._over = False
        self.menu = QMenu(self)
        self.menu.setFont(fonts.font("body"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.hide()

    def words(self) -> str:
        """Who is signed in, as it is shown."""
        return self._words

    def show_who(self, words: str) -> None:
        """Who is signed in, with the role; "" hides the cell."""
        cleaned = one_line(words, 120)
        if cleaned != self._words:
            self._words = cleaned
            self.setAccessibleName(f"Signed in: {cleaned}")
            tip(self, "Who is signed in. Click to change.")
            self.updateGeometry()
            self.update()
        self.setVisible(bool(cleaned))

    def show_entries(self, entries: Sequence[CellEntry]) -> None:
        """What the menu offers from its next opening on."""
        self._entries = tuple(entries)

    def open_menu(self) -> None:
        """What a click does."""
        self.menu.clear()
        for entry in self._entries:
            if entry.apart:
                self.menu.addSeparator()
            self._add(entry)
        if self._entries:
            # Above the cell: below it the window ends. A menu with a loop of its own would lose wake-ups of tasks.
            size = self.menu.sizeHint()
            self.menu.popup(self.mapToGlobal(QPoint(self.width() - size.width(), -size.height())))

    def sizeHint(self) -> QSize:
        words = fonts.measure("micro").horizontalAdvance(self._words)
        return QSize(words + metrics.px(10 + 14 + 6 + 4 + 12 + 10), metrics.px(metrics.STATUS_BAR))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.rect().contains(event.position().toPoint()):
            self.open_menu()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.open_menu()
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._over = True
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._over = False
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, shown = QPainter(self), theme.current()
        painter.fillRect(self.rect(), shown.colour("surface.hover" if self._over else "surface.window"))
        painter.setPen(QPen(shown.colour("line.normal"), 0))
        painter.drawLine(0, 0, self.width(), 0)
        painter.drawLine(0, 0, 0, self.height())
        size, left = metrics.px(metrics.GLYPH), metrics.px(10)
        icons.paint(painter, "user-round", left, (self.height() - size) / 2, "text.secondary", size)
        left += size + metrics.px(6)
        metric = fonts.measure("micro")
        painter.setFont(fonts.font("micro"))
        painter.setPen(shown.colour("text.secondary"))
        painter.drawText(QPointF(left, (self.height() - metric.height()) / 2 + metric.ascent()), self._words)
        left += metric.horizontalAdvance(self._words) + metrics.px(4)
        chevron = metrics.px(12)
        icons.paint(painter, "chevron-up", left, (self.height() - chevron) / 2, "text.tertiary", chevron)
        if self.hasFocus():
            painter.setPen(QPen(shown.colour("accent.focus"), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def _add(self, entry: CellEntry) -> None:
        action = self.menu.addAction(one_line(entry.words, 120).replace("&", "&&"))
        if entry.here:
            action.setIcon(QIcon(icons.pixmap("check", "accent.text", metrics.px(14))))
        action.triggered.connect(lambda _=False, key=entry.key: self.chosen.emit(key))
