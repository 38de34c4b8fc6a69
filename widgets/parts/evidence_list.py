"""What a verdict was weighed from: each sign with its points, and their sum."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from services.domain.signs import ENOUGH, SURE, Weighed
from widgets.look import metrics
from widgets.parts.label import label, say

_POINTS: Final = 28


class EvidenceList(QWidget):
    """Hidden while there is nothing to show."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: Weighed | None = None
        self._rows: list[tuple[QLabel, QLabel]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(metrics.px(8))
        self._grid.setVerticalSpacing(metrics.px(2))
        self._grid.setColumnMinimumWidth(0, metrics.px(_POINTS))
        self._grid.setColumnStretch(1, 1)
        self._sum = label("", "small", "tertiary", wrap=True)
        self._doubt = label("", "small", "primary", weight=600, wrap=True)
        self.hide()

    def show_evidence(self, found: Weighed | None) -> None:
        """Show the signs, those for success first; None shows nothing."""
        self.setVisible(found is not None)
        if found is None or found == self._shown:
            return
        self._shown = found
        signs = sorted(found.signs, key=lambda sign: -sign.weight)
        while len(self._rows) < len(signs):
            self._rows.append((label("", "small", weight=500), label("", "small", "secondary", wrap=True)))
        for part in (self._sum, self._doubt, *(part for row in self._rows for part in row)):
            self._grid.removeWidget(part)
            part.hide()
        for number, sign in enumerate(signs):
            points, words = self._rows[number]
            say(points, points_words(sign.weight), "ok" if sign.weight > 0 else "failed")
            say(words, sign.words[:1].upper() + sign.words[1:])
            self._grid.addWidget(points, number, 0, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(words, number, 1)
            points.show()
            words.show()
        say(self._sum, f"{points_words(found.score)} in all; {ENOUGH} count as submitted, {SURE} leave no doubt")
        say(self._doubt, f"{found.doubt}." if found.doubt else "")
        for place, part in enumerate((self._sum, self._doubt), len(signs)):
            self._grid.addWidget(part, place, 0, 1, 2)
            part.setVisible(bool(part.text()))

    def told(self) -> list[str]:
        """What it says, line by line."""
        rows = [f"{points.text()} {words.text()}" for points, words in self._rows if not points.isHidden()]
        return [*rows, *(part.text() for part in (self._sum, self._doubt) if not part.isHidden())]


def points_words(points: int) -> str:
    """Points with their sign: +3, 0, −8."""
    return f"+{points}" if points > 0 else str(points).replace("-", "−")
