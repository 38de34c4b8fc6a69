"""Below a list: how far back it goes, and the way to what is older."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from widgets.look import metrics
from widgets.parts.button import Button
from widgets.parts.label import label, say
from widgets.parts.surface import Surface


class Foot(Surface):
    """`pressed`: somebody wants older ones."""

    pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("surface.page", "t", parent)
        self.setFixedHeight(metrics.px(metrics.BAR))
        self._words = label("", "small", "secondary")
        self.button = Button("Show older", "link", small=True)
        self.button.clicked.connect(self.pressed)
        row = QHBoxLayout(self)
        row.setContentsMargins(metrics.px(16), 0, metrics.px(16), 0)
        row.setSpacing(metrics.px(8))
        row.addWidget(self._words)
        row.addWidget(self.button)
        row.addStretch(1)

    def show_words(self, words: str, act: str) -> None:
        """`act`: what the button says, "" when there is nothing to press."""
        say(self._words, words)
        self.button.say(act)
        self.button.setVisible(bool(act))

    def words(self) -> str:
        """What is said of how far back the list goes."""
        return self._words.text()
