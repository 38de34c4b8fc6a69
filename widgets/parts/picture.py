"""The newest picture of a page, scaled to the room there is."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from services.domain.text import one_line
from widgets.look import fonts, metrics, theme

_LARGEST = 40_000_000
"""Pixels of the largest picture that is decoded."""


class Picture(QWidget):
    """Shows a picture with its proportions kept, or words while there is none. `pressed` tells of a click."""

    pressed = Signal()

    def __init__(self, words: str = "No picture", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._image = QImage()
        self._own = QSize()
        self._scaled = QPixmap()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(metrics.px(160), metrics.px(100))

    def show_bytes(self, data: bytes) -> bool:
        """Show an encoded picture (PNG, JPEG). False, and the old one stays, when it can't be read or is too large."""
        buffer = QBuffer()
        buffer.setData(data)
        reader = QImageReader(buffer)
        reader.setAutoTransform(True)
        size = reader.size()
        return size.isValid() and size.width() * size.height() <= _LARGEST and self._take(reader.read(), size)

    def show_frame(self, data: bytes) -> None:
        """Show a JPEG of which many come a second; the old one stays when it can't be read or is too large.

        It is read at the size that it is shown at, which takes a third of the time.
        """
        buffer = QBuffer()
        buffer.setData(data)
        reader = QImageReader(buffer)
        own = reader.size()
        if not own.isValid() or own.width() * own.height() > _LARGEST:
            return
        dpr = self.devicePixelRatioF()
        room = QSize(round(self.width() * dpr), round(self.height() * dpr))
        fitted = own.scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        if 0 < fitted.width() < own.width() and fitted.height() > 0:
            reader.setScaledSize(fitted)
        self._take(reader.read(), own)

    def show_file(self, file: Path) -> bool:
        """Show a picture of the disk. False, and nothing is shown, when it can't be read or is too large."""
        reader = QImageReader(str(file))
        reader.setAutoTransform(True)
        size = reader.size()
        if not size.isValid() or size.width() * size.height() > _LARGEST:
            self.clear("The picture can't be read")
            return False
        if not self._take(reader.read(), size):
            self.clear("The picture can't be read")
            return False
        return True

    def clear(self, words: str = "No picture") -> None:
        """Show words instead."""
        self._image = QImage()
        self._own = QSize()
        self._scaled = QPixmap()
        self._words = one_line(words, 120)
        self.update()

    def has_picture(self) -> bool:
        """True while a picture is shown."""
        return not self._image.isNull()

    def picture_size(self) -> QSize:
        """The picture's own size in pixels."""
        return self._own

    def sizeHint(self) -> QSize:
        return QSize(metrics.px(328), metrics.px(205))

    def hasHeightForWidth(self) -> bool:
        return self.has_picture()

    def heightForWidth(self, width: int) -> int:
        own = self._own
        return round(width * own.height() / own.width()) if own.width() else metrics.px(120)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.has_picture() and self.rect().contains(event.position().toPoint()):
            self.pressed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = theme.current()
        if self._image.isNull():
            painter.fillRect(self.rect(), shown.colour("surface.sunken"))
            painter.setFont(fonts.font("small"))
            painter.setPen(shown.colour("text.tertiary"))
            metric = fonts.measure("small")
            left = (self.width() - metric.horizontalAdvance(self._words)) / 2
            painter.drawText(QPointF(left, self.height() / 2), self._words)
            painter.setPen(QPen(shown.colour("line.normal"), 0))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        else:
            place = self.place()
            painter.drawPixmap(place.topLeft(), self._fitted(place.size()))
            painter.setPen(QPen(shown.colour("line.strong"), 0))
            painter.drawRect(place.adjusted(0, 0, -1, -1))
        painter.end()

    def _take(self, image: QImage, own: QSize) -> bool:
        if image.isNull() or own.width() * own.height() > _LARGEST:
            return False
        resized = own != self._own
        self._image = image
        self._own = own
        self._scaled = QPixmap()
        if resized:
            self.updateGeometry()
        self.update()
        return True

    def place(self) -> QRect:
        """Where in the widget the picture is."""
        size = self._own.scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        return QRect((self.width() - size.width()) // 2, 0, size.width(), size.height())

    def _fitted(self, size: QSize) -> QPixmap:
        dpr = self.devicePixelRatioF()
        wanted = QSize(round(size.width() * dpr), round(size.height() * dpr))
        if self._scaled.size() != wanted:
            smooth = Qt.TransformationMode.SmoothTransformation
            scaled = self._image.scaled(wanted, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
            self._scaled = QPixmap.fromImage(scaled)
            self._scaled.setDevicePixelRatio(dpr)
        return self._scaled
