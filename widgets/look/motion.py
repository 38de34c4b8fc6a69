"""The one clock that turns every running shape, and whether anything may move at all."""

from __future__ import annotations

import atexit
from typing import Final

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

from widgets.look import glyphs

TURN_MS: Final = 1600


class Clock(QObject):
    """Ticks 12 times in one turn of the running shape while somebody watches."""

    ticked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        application = QCoreApplication.instance()
        if application is not None:
            self.moveToThread(application.thread())  # this module may be imported by another one
        self.reduced = False
        """True when the person asked for a still screen."""
        self.frame = 0
        self._watchers: set[int] = set()
        self._timer: QTimer | None = None

    def watch(self, part: QObject) -> None:
        """`part` became visible and shows something that turns."""
        self._watchers.add(id(part))
        if self._timer is None:
            self._timer = QTimer()
            self._timer.setInterval(TURN_MS // glyphs.FRAMES)
            self._timer.timeout.connect(self._tick)
        if not self.reduced:
            self._timer.start()

    def leave(self, part: QObject) -> None:
        """`part` is hidden or gone; the clock stops after the last one."""
        self._watchers.discard(id(part))
        if self._timer is not None and not self._watchers:
            self._timer.stop()

    def rest(self) -> None:
        """Stop, whoever watches: a timer that outlives the application ends the process badly."""
        self._watchers.clear()
        if self._timer is not None:
            self._timer.stop()

    def _tick(self) -> None:
        self.frame = (self.frame + 1) % glyphs.FRAMES
        self.ticked.emit(self.frame)


clock: Final = Clock()
atexit.register(clock.rest)
