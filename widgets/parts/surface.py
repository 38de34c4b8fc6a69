"""Plain grounds: a coloured widget, and hairlines along its edges."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.look import theme


class Surface(QWidget):
    """Filled with the colour of a token, with hairlines at the edges named in `lines` (of "tblr"); `resized` tells."""

    resized = Signal()

    def __init__(
        self,
        surface: str = "surface.page",
        lines: str = "",
        parent: QWidget | None = None,
        *,
        line: str = "line.normal",
    ) -> None:
        super().__init__(parent)
        self._token = surface
        self._lines = lines
        self._line = line

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()

    def set_surface(self, token: str) -> None:
        """Lie on another ground from now on."""
        self._token = token
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = theme.current()
        painter.fillRect(self.rect(), shown.colour(self._token))
        painter.setPen(QPen(shown.colour(self._line), 0))
        right, bottom = self.width() - 1, self.height() - 1
        for edge, ends in (
            ("t", (0, 0, right, 0)),
            ("b", (0, bottom, right, bottom)),
            ("l", (0, 0, 0, bottom)),
            ("r", (right, 0, right, bottom)),
        ):
            if edge in self._lines:
                painter.drawLine(*ends)
        painter.end()


def ground_of(part: Surface) -> Surface:
    """What a sheet of this part covers: the outermost ground that it lies on, itself where there is none."""
    found, above = part, part.parentWidget()
    while above is not None:
        found = above if isinstance(above, Surface) else found
        above = above.parentWidget()
    return found


class Hairline(QWidget):
    """One horizontal line of one pixel."""

    def __init__(self, colour: str = "line.normal", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._token = colour
        self.setFixedHeight(1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(16, 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.current().colour(self._token))
        painter.end()
