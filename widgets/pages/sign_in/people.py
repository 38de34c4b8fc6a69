"""The people of the local stack: each goes on with one click."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from services.domain.people import LocalPerson
from widgets.look import metrics
from widgets.parts.button import Button
from widgets.parts.label import label
from widgets.parts.surface import Hairline

_MAY: Final = {
    "viewer": "Sees everything and changes nothing.",
    "operator": "Retries, replays, pauses and declares outcomes.",
    "admin": "An operator who also decides what holds for everybody.",
}


class People(QWidget):
    """`chosen` tells the e-mail address."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[str, Button] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(
            label(
                "A database, a queue and practice directories run on this computer, with made-up customers. "
                "Nothing leaves it, and nobody needs a password.",
                tone="secondary",
                wrap=True,
            )
        )
        self._column.addSpacing(metrics.px(12))
        self._column.addStretch(1)

    def show_people(self, people: Sequence[LocalPerson]) -> None:
        """One line for each; they never change while the program runs."""
        if self.buttons:
            return
        for person in people:
            button = self.buttons[person.email] = Button(f"Go on as {person.role}")
            button.clicked.connect(lambda _=False, email=person.email: self.chosen.emit(email))
            line = QWidget()
            row = QHBoxLayout(line)
            row.setContentsMargins(0, metrics.px(10), metrics.px(4), metrics.px(10))
            row.setSpacing(metrics.px(16))
            words = QVBoxLayout()
            words.setSpacing(metrics.px(2))
            words.addWidget(label(f"{person.role.capitalize()}, {person.email.split('@')[0]}", weight=600))
            words.addWidget(label(f"{_MAY.get(person.role, '')}", "small", "secondary"))
            row.addLayout(words, 1)
            row.addWidget(button)
            self._column.insertWidget(self._column.count() - 1, line)
            self._column.insertWidget(self._column.count() - 1, Hairline())
        if self.buttons:
            self.setFocusProxy(next(iter(self.buttons.values())))
