"""Very many lines sorted in parts, between which the window lives on."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Generic, TypeVar

from PySide6.QtCore import QObject, QTimer

from app.models.arrangement import Arrangement
from app.models.sorting import Rule, Sorted, sort_in_parts

Line = TypeVar("Line")

PART_SECONDS: Final = 0.008


class LongSort(Generic[Line]):
    """`ended` is called with what was found, once for each `start` that wasn't followed by another or a `stop`."""

    def __init__(self, ended: Callable[[Sorted], None], parent: QObject) -> None:
        self._ended = ended
        self._parts: Iterator[Sorted | None] | None = None
        self._worn: list[Arrangement[Any]] = []
        self._turns = QTimer(parent)
        self._turns.timeout.connect(self._go_on)

    @property
    def sorting(self) -> bool:
        """True from `start` until `ended` was called."""
        return self._parts is not None

    @property
    def busy(self) -> bool:
        """True while sorting, and while what that leaves behind is cleared away."""
        return self._turns.isActive()

    def start(self, lines: Sequence[Line | None], rule: Rule[Line]) -> None:
        """Sort `lines`, which may change meanwhile; what was being sorted before is dropped."""
        self._parts = sort_in_parts(lines, rule)
        # One walk of the collector through a million of these takes longer than all parts of a frame.
        gc.disable()
        self._turns.start(0)

    def stop(self) -> None:
        """Drop what is being sorted."""
        self._parts = None

    def wear_off(self, rows: Arrangement[Line]) -> None:
        """Give an arrangement back bit by bit: all at once would take a tenth of a second."""
        self._worn.append(rows)

    def _go_on(self) -> None:
        until = time.perf_counter() + PART_SECONDS
        while True:
            if self._parts is not None:
                found = next(self._parts)
                if found is not None:
                    self._parts = None
                    self._ended(found)
                    return
            elif not self._worn:
                self._turns.stop()
                gc.enable()
                gc.freeze()
                return
            elif not self._worn[0].wear_off():
                del self._worn[0]
            if time.perf_counter() >= until:
                return
