"""The box above a list in which one types what to look for.

box = SearchBox("Search a customer, e-mail or id")
box.changed.connect(...)   # the text, 150 ms after the last key, at once on Enter and Esc
box.text(); box.set_text("..."); box.take_focus()
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QWidget

from widgets.look import fonts, icons, metrics, theme

_PAUSE_MS: Final = 150


class SearchBox(QWidget):
    """A 28 px box with a magnifier and the key that leads to it."""

    changed = Signal(str)
    left = Signal()
    """Enter, Down, or Esc in an empty box: the keys belong to the list again."""
    typed = Signal()
    """The text or the cursor is another, at once."""
    focus_moved = Signal()

    def __init__(self, placeholder: str, parent: QWidget | None = None, *, key: str = "/") -> None:
        super().__init__(parent)
        self._key = key
        self._told = ""
        self._line = _Line(self)
        self._line.setProperty("bare", "true")
        self._line.setPlaceholderText(placeholder)
        self._line.setAccessibleName(placeholder)
        self._line.setFont(fonts.font("body"))
        self._line.setMaxLength(500)
        self._line.focus_moved.connect(self.update)
        self._line.focus_moved.connect(self.focus_moved)
        self._line.escaped.connect(self._ended)
        self._line.done.connect(self._tell)
        self._line.done.connect(self.left)
        self._line.textChanged.connect(self._typed)
        self._line.cursorPositionChanged.connect(lambda _old, _new: self.typed.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(metrics.px(32), 0, metrics.px(32), 0)
        row.addWidget(self._line)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._tell)
        self.setFocusProxy(self._line)
        self.setFixedHeight(metrics.px(metrics.CONTROL))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def text(self) -> str:
        """What is typed."""
        return self._line.text()

    def set_text(self, text: str) -> None:
        """Type for the person; `changed` follows at once."""
        self._line.setText(text)
        self._tell()

    def take_focus(self) -> None:
        """Put the cursor here with everything selected."""
        self._line.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._line.selectAll()

    def has_cursor(self) -> bool:
        """True while one types here."""
        return self._line.hasFocus()

    def before_cursor(self) -> str:
        """The text before the cursor."""
        return self.text()[: self._line.cursorPosition()]

    def replace_before_cursor(self, start: int, text: str) -> None:
        """Put `text` in the place of what stands between `start` and the cursor."""
        after = self.text()[self._line.cursorPosition() :]
        self._line.setText(self.text()[:start] + text + after)
        self._line.setCursorPosition(start + len(text))

    def complete_with(self, asked: Callable[[], bool]) -> None:
        """`asked` is called when Tab is pressed; when it says True, the cursor stays here."""
        self._line.completes = asked

    def sizeHint(self) -> QSize:
        return QSize(metrics.px(320), metrics.px(metrics.CONTROL))

    def _ended(self) -> None:
        if self.text():
            self.set_text("")
        else:
            self.left.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = theme.current()
        focus = self._line.hasFocus()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = 2.0 if focus else 1.0
        painter.setPen(QPen(shown.colour("accent.focus" if focus else "line.strong"), width))
        painter.setBrush(shown.colour("surface.page"))
        inset = width / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), 4, 4)
        icons.paint(painter, "search", metrics.px(9), metrics.px(6), "text.tertiary", metrics.px(16))
        self._paint_key(painter, "Esc" if focus else self._key)
        painter.end()

    def _paint_key(self, painter: QPainter, key: str) -> None:
        if not key:
            return
        shown = theme.current()
        metric = fonts.measure("micro")
        width = max(metrics.px(18), metric.horizontalAdvance(key) + metrics.px(8))
        box = QRectF(
            self.width() - metrics.px(8) - width + 0.5, (self.height() - metrics.px(18)) / 2 + 0.5, width - 1, 17
        )
        painter.setPen(QPen(shown.colour("line.normal"), 1))
        painter.setBrush(shown.colour("surface.page"))
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(shown.colour("text.tertiary"))
        painter.setFont(fonts.font("micro"))
        left = box.center().x() - metric.horizontalAdvance(key) / 2
        painter.drawText(QPointF(left, box.center().y() - metric.height() / 2 + metric.ascent()), key)

    def _typed(self) -> None:
        self._pause.start()

    def _tell(self) -> None:
        self._pause.stop()
        if self.text() != self._told:
            self._told = self.text()
            self.changed.emit(self._told)


class _Line(QLineEdit):
    focus_moved = Signal()
    escaped = Signal()
    done = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.completes: Callable[[], bool] = bool

    def focusNextPrevChild(self, forward: bool) -> bool:
        return (forward and self.completes()) or super().focusNextPrevChild(forward)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_moved.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_moved.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down):
            self.done.emit()
        else:
            super().keyPressEvent(event)
