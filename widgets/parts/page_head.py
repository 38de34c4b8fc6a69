"""The head of a page: its title, then whatever the page puts beside it, one hairline below."""

from __future__ import annotations

from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QWidget

from widgets.look import metrics, theme
from widgets.parts.label import label


class PageHead(QWidget):
    """44 px. `add` puts widgets from left to right, `stretch` pushes the rest to the right edge."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(metrics.px(metrics.PAGE_HEAD))
        self._row = QHBoxLayout(self)
        padding = metrics.px(metrics.PAGE_PADDING)
        self._row.setContentsMargins(padding, 0, padding, 0)
        self._row.setSpacing(metrics.px(12))
        if title:
            self._row.addWidget(label(title, "title"))

    def add(self, part: QWidget, stretch: int = 0) -> None:
        """Put a widget next; with `stretch` it takes the free width."""
        self._row.addWidget(part, stretch)

    def push(self) -> None:
        """What is added from here on sits at the right edge."""
        self._row.addStretch(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.current().colour("surface.page"))
        painter.setPen(QPen(theme.current().colour("line.normal"), 0))
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)
        painter.end()
