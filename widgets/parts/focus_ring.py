"""The ring that shows what has the keyboard: around a control, or inside what scrolls."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from widgets.look import theme

SILENT: Final = (Qt.FocusReason.MouseFocusReason, Qt.FocusReason.OtherFocusReason)
"""Ways to get the keyboard that draw no ring: a click, and a page that comes to the front and starts somewhere."""


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


class InnerRing(QWidget):
    """A ring of 1 px inside a part that scrolls, shown while the keyboard is in it, unless a click brought it."""

    def __init__(self, around: QAbstractScrollArea) -> None:
        super().__init__(around)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        around.installEventFilter(self)

    def eventFilter(self, around: QObject, event: QEvent) -> bool:
        kind = event.type()
        if isinstance(event, QFocusEvent):
            self.setVisible(kind == QEvent.Type.FocusIn and event.reason() not in SILENT)
        if kind in (QEvent.Type.FocusIn, QEvent.Type.Resize) and isinstance(around, QWidget):
            self.setGeometry(around.rect())
            self.raise_()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QPen(theme.current().colour("accent.focus"), 1))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
