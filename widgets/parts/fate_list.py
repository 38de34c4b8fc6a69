"""What would happen to each of many things, below each other: shape and words, the name, and why."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from services.domain.text import one_line
from widgets.look import fonts, glyphs, metrics, theme
from widgets.parts.label import tip
from widgets.parts.scrolled import scrolled

SEEN = 8
"""Rows that are seen before one has to scroll."""


class FateRow(msgspec.Struct, frozen=True):
    """One thing; `what` such as "Will submit"."""

    shape: str
    what: str
    name: str
    why: str = ""


class FateList(QWidget):
    """Rows of 28 px in a frame that scrolls."""

    def __init__(self, rows: Sequence[FateRow], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = tuple(rows)
        self._list = _Rows(self.rows)
        scroll = scrolled(self._list, "What happens", sideways=False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(scroll)
        self.setFixedHeight(metrics.px(metrics.ROW) * max(1, min(SEEN, len(self.rows))))
        self.setAccessibleName("; ".join(f"{row.name}: {row.what} {row.why}".strip() for row in self.rows[:50]))


class _Rows(QWidget):
    def __init__(self, rows: tuple[FateRow, ...]) -> None:
        super().__init__()
        self._rows = rows
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(metrics.px(360), metrics.px(metrics.ROW) * len(self._rows))

    def minimumSizeHint(self) -> QSize:
        return QSize(metrics.px(240), metrics.px(metrics.ROW) * len(self._rows))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        number = int(event.position().y()) // metrics.px(metrics.ROW)
        row = self._rows[number] if 0 <= number < len(self._rows) else None
        tip(self, ", ".join(words for words in (row.what, row.name, row.why) if words) if row is not None else "")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = theme.current()
        height, edge, size = metrics.px(metrics.ROW), metrics.px(20), metrics.px(metrics.GLYPH)
        metric = fonts.measure("body")
        painter.setFont(fonts.font("body"))
        painter.fillRect(event.rect(), shown.colour("surface.raised"))
        what, name = edge + size + metrics.px(6), edge + metrics.px(136)
        rest = self.width() - name - edge
        share = 0.42 if any(row.why for row in self._rows) else 1.0
        columns = ((what, name - what), (name, int(rest * share)), (name + int(rest * 0.44), int(rest * 0.56)))
        first = max(0, event.rect().top() // height)
        for number in range(first, min(len(self._rows), event.rect().bottom() // height + 1)):
            row, top = self._rows[number], number * height
            glyphs.paint(painter, row.shape, edge, top + (height - size) / 2, "surface.raised", size, 0)
            for words, tone, (left, width) in zip(
                (row.what, row.name, row.why), ("primary", "primary", "secondary"), columns, strict=True
            ):
                text = metric.elidedText(one_line(words, 160), Qt.TextElideMode.ElideRight, width - metrics.px(8))
                painter.setPen(shown.tone(tone))
                painter.drawText(QPointF(left, top + (height - metric.height()) / 2 + metric.ascent()), text)
        painter.end()
