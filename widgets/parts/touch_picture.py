"""A picture of a page that a person can use: what the mouse and the keyboard do in it is told.

picture.touch("hands"); picture.moused.connect(...)    # what, x, y (shares of the picture), scroll
picture.touch("point"); picture.pressed_at.connect(...)   # x, y of one click
picture.touch("")
"""

from __future__ import annotations

import time
from typing import Final, Literal

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent

from widgets.look import metrics, theme
from widgets.parts.picture import Picture

Touch = Literal["", "hands", "point"]
_MOVE_SECONDS: Final = 0.05
_KEYS: Final = {
    Qt.Key.Key_Return: "Enter", Qt.Key.Key_Enter: "Enter", Qt.Key.Key_Tab: "Tab", Qt.Key.Key_Backtab: "Shift+Tab",
    Qt.Key.Key_Backspace: "Backspace", Qt.Key.Key_Delete: "Delete", Qt.Key.Key_Escape: "Escape",
    Qt.Key.Key_Home: "Home", Qt.Key.Key_End: "End", Qt.Key.Key_PageUp: "PageUp", Qt.Key.Key_PageDown: "PageDown",
    Qt.Key.Key_Left: "ArrowLeft", Qt.Key.Key_Right: "ArrowRight", Qt.Key.Key_Up: "ArrowUp",
    Qt.Key.Key_Down: "ArrowDown",
}  # fmt: skip


class TouchPicture(Picture):
    """Function keys stay the window's, so that a person gets out again."""

    moused = Signal(str, float, float, float)
    typed = Signal(str, str)
    pressed_at = Signal(float, float)

    def __init__(self, words: str = "No picture") -> None:
        super().__init__(words)
        self._touch: Touch = ""
        self._moved = 0.0

    def touch(self, how: Touch) -> None:
        """What a click in it means from now on."""
        if how == self._touch:
            return
        self._touch = how
        self.setMouseTracking(how == "hands")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if how == "hands" else Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.CrossCursor if how == "point" else Qt.CursorShape.ArrowCursor)
        if how == "hands":
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.update()

    def event(self, event: QEvent) -> bool:
        if self._touch == "hands" and isinstance(event, QKeyEvent) and not _is_function(event):
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:  # Tab too, which would leave the picture
                self.keyPressEvent(event)
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._touch != "hands" or _is_function(event):
            super().keyPressEvent(event)
            return
        key = _KEYS.get(Qt.Key(event.key()), "")
        if event.key() == Qt.Key.Key_A and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            key = "ControlOrMeta+a"
        text = "" if key else event.text()
        if key or (text.isprintable() and text):
            self.typed.emit(text, key)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._touch == "hands" and event.button() == Qt.MouseButton.LeftButton:
            self._tell("down", event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._touch == "hands" and time.monotonic() - self._moved >= _MOVE_SECONDS:
            self._moved = time.monotonic()
            self._tell("move", event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._touch == "hands":
            self._tell("up", event.position())
        elif self._touch == "point":
            share = self._share(event.position())
            if share is not None:
                self.pressed_at.emit(*share)
        else:
            super().mouseReleaseEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._touch == "hands":
            self._tell("wheel", event.position(), -float(event.angleDelta().y()))
        else:
            super().wheelEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._touch and self.has_picture():
            painter = QPainter(self)
            width = metrics.px(2)
            painter.setPen(QPen(theme.current().colour("status.paused.mark"), width))
            painter.drawRect(self.place().adjusted(width // 2, width // 2, -width, -width))
            painter.end()

    def _tell(self, what: str, at: QPointF, scroll: float = 0.0) -> None:
        share = self._share(at)
        if share is not None:
            self.moused.emit(what, *share, scroll)

    def _share(self, at: QPointF) -> tuple[float, float] | None:
        """Where in the picture, from 0 to 1; None beside it."""
        place = self.place()
        if not self.has_picture() or not place.contains(at.toPoint()):
            return None
        return (at.x() - place.x()) / place.width(), (at.y() - place.y()) / place.height()


def _is_function(event: QKeyEvent) -> bool:
    return Qt.Key.Key_F1 <= event.key() <= Qt.Key.Key_F12
