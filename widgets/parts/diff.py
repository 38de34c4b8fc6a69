"""Lines that are gone and lines that are new, below each other, each on the tint of what it is.

view = DiffView()
view.show_lines([("-", '"priority": 2'), ("+", '"priority": "pro"')])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QWidget

from widgets.look import fonts, metrics, theme

_ROW: Final = 20
_MOST: Final = 500
_WIDEST: Final = 500
_TONES: Final = {"-": "failed", "+": "ok"}
_SIGNS: Final = {"-": "−", "+": "+"}


class DiffView(QScrollArea):
    """At most 500 lines are shown, and it says so when there are more."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines = _Lines()
        self.setWidget(self._lines)
        self.setWidgetResizable(True)
        self.setAccessibleName("What is changed")

    def show_lines(self, lines: Sequence[tuple[str, str]]) -> None:
        """(sign, text) from the top: - for gone, + for new, a blank for what is the same. Drawn as it is."""
        shown = [(sign, text[:_WIDEST]) for sign, text in lines[:_MOST]]
        if len(lines) > _MOST:
            shown.append((" ", f"… {len(lines) - _MOST:,} more lines"))
        self._lines.lines = shown
        self._lines.setAccessibleName("\n".join(f"{sign} {text}" for sign, text in shown))
        self._lines.updateGeometry()
        self._lines.update()

    def lines(self) -> list[tuple[str, str]]:
        """What is shown."""
        return self._lines.lines


class _Lines(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[str, str]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)

    def sizeHint(self) -> QSize:
        metric = fonts.measure("mono")
        wide = max((metric.horizontalAdvance(text) for _, text in self.lines), default=0) + metrics.px(36)
        return QSize(wide, len(self.lines) * metrics.px(_ROW))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = theme.current()
        painter.setFont(fonts.font("mono"))
        high = metrics.px(_ROW)
        first = max(0, event.rect().top() // high)
        for at, (sign, text) in enumerate(self.lines[first : event.rect().bottom() // high + 1], first):
            row = QRect(0, at * high, self.width(), high)
            tone = _TONES.get(sign)
            if tone is not None:
                painter.fillRect(row, shown.colour(f"status.{tone}.tint"))
            painter.setPen(shown.tone(tone or "tertiary"))
            middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(row.adjusted(metrics.px(8), 0, 0, 0), middle, _SIGNS.get(sign, ""))
            painter.drawText(row.adjusted(metrics.px(24), 0, 0, 0), middle, text)
        painter.end()
