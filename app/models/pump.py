"""One timer that shows the store's changes once a frame."""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app.store.store import Changes, Store

FRAME_MS = 16
HIDDEN_MS = 100
BUDGET = 0.004
"""Seconds of a frame that working out changed jobs may take."""
BACKLOG = 2000
"""Jobs that wait: more of them, and it is the first load or a catch-up, where sooner is better than smoother."""
BACKLOG_BUDGET = 0.010
FLOOD = 200
"""Jobs that changed within a frame: more of them, and jobs wait, so that one that changes several times is worked
out once. The oldest come first, and the feed has the time."""
FLOOD_BUDGET = 0.002
"""Seconds of a frame that they get meanwhile."""


class Pump(QObject):
    """Takes the store's changes and hands them to whoever is connected to `changed`.

    `frame` comes on every turn, changes or not: pages compare the `version` of acts with it.
    """

    changed = Signal(object)
    frame = Signal()

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._frozen = False
        self._left = 0
        """Jobs that the turn before had no time for."""
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._turn)

    def start(self) -> None:
        """Begin to show."""
        self._timer.start()

    def stop(self) -> None:
        """Show nothing more; changes wait in the store."""
        self._timer.stop()

    def set_hidden(self, hidden: bool) -> None:
        """A window that nobody sees is refreshed ten times a second only."""
        self._timer.setInterval(HIDDEN_MS if hidden else FRAME_MS)

    def _turn(self) -> None:
        waiting = self._store.jobs.pending
        behind = waiting > BACKLOG
        budget = BACKLOG_BUDGET if behind else BUDGET
        frames = self._timer.interval() / FRAME_MS
        if waiting - self._left > FLOOD * frames:
            budget = FLOOD_BUDGET * frames
        changes: Changes = self._store.take_changed(budget)
        self._left = self._store.jobs.pending
        if changes:
            self.changed.emit(changes)
        if not self._frozen and not behind and self._store.link.live:
            # What was loaded stays: the garbage collector need not walk through it again and again.
            self._frozen = True
            gc.freeze()
        self.frame.emit()
