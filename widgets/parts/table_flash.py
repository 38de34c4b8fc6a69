"""Rows that have just changed: a tint that fades in 600 ms."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QTimer

from widgets.look import motion

_SECONDS: Final = 0.6
_STEPS: Final = 4
"""Tints from full to none: each of them draws the row anew."""


class Flashes(QObject):
    """`repaint` is called with each row whose tint is another."""

    def __init__(self, repaint: Callable[[int], None], parent: QObject) -> None:
        super().__init__(parent)
        self._repaint = repaint
        self._lit: list[tuple[QPersistentModelIndex, float]] = []
        self._fade = QTimer(self)
        self._fade.setInterval(int(1000 * _SECONDS / _STEPS))
        self._fade.timeout.connect(self._step)

    def add(self, index: QModelIndex) -> None:
        """The row of `index` has just changed."""
        self._lit.append((QPersistentModelIndex(index), time.monotonic()))
        self._fade.start()
        self._repaint(index.row())

    def clear(self) -> None:
        """Forget them all."""
        self._lit.clear()

    def strengths(self) -> dict[int, float]:
        """How strong the tint of each row still is, 1 to 0 in four steps; rows without one are absent."""
        now, found = time.monotonic(), {}
        for index, began in self._lit:
            left = 1 - (now - began) / _SECONDS
            strength = math.ceil(max(0.0, left) * _STEPS) / _STEPS
            if motion.clock.reduced:
                strength = math.ceil(strength)
            if strength:
                found[index.row()] = strength
        return found

    def _step(self) -> None:
        now = time.monotonic()
        for index, _ in self._lit:
            self._repaint(index.row())
        self._lit = [(index, began) for index, began in self._lit if index.isValid() and now - began < _SECONDS]
        if not self._lit:
            self._fade.stop()
