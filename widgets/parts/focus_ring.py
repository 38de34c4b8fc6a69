"""The ring around the control that has the keyboard."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from widgets.look import theme


class FocusRing(QWidget):
    """A ring of 2 px, 1 px away from `around`; a sibling of it, deaf to the mouse."""

    def __init__(self, around: QWidget) -> None:
        super().__init__(around.parentWidget())
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._around = around
        self.follow()
        self.show()

    def follow(self) -> None:
        """Go where the control went."""
        self.setGeometry(self._around.geometry().adjusted(-3, -3, 3, 3))
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.current().colour("accent.focus"), 2))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
        painter.end()
