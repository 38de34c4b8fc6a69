"""Shows the store's changes once a frame."""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app.store.store import Changes, Store

FRAME_MS = 32
"""Thirty times a second is at once for numbers and words; each frame costs, however little has changed."""
APART_MS = 3
"""A step waits so long for a turn of the loop without painting."""
HIDDEN_MS = 100
BUDGET = 0.003
"""Seconds of a frame that working out changed jobs may take."""
BACKLOG = 2000
"""Jobs that wait: more of them, and it is the first load or a catch-up, where sooner is better than smoother."""
BACKLOG_BUDGET = 0.010
LIVE_BACKLOG_BUDGET = 0.005
"""The same while the link is live and staff work: smoother again."""
FLOOD = 400
"""Jobs that changed within a frame: more of them, and jobs wait, so that one that changes several times is worked
out once. The oldest come first, and the feed has the time."""
FLOOD_BUDGET = 0.004
"""Seconds of a frame that they get meanwhile."""


class Pump(QObject):
    """Takes the store's changes and hands them to whoever is connected to `changed`.

    `frame` comes half a frame later, changes or not: pages compare the `version` of acts with it. What the one
    changed is painted before the other comes, and each has a turn of the loop to itself: together, changes, lists
    and painting would take longer than a frame.
    """

    changed = Signal(object)
    frame = Signal()

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._loaded = False
        self._left = 0
        """Jobs that the turn before had no time for."""
        self._rush = False
        """Jobs are left and little comes in: the next step need not wait for half a frame, only for its own turn."""
        self._step, self._next_step = self._take, self.frame.emit
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._due)
        self._turn = QTimer(self)
        self._turn.setTimerType(Qt.TimerType.PreciseTimer)
        self._turn.setSingleShot(True)
        self._turn.setInterval(APART_MS)
        self._turn.timeout.connect(self._do)
        self.set_hidden(False)

    def start(self) -> None:
        """Begin to show."""
        self._timer.start()

    def stop(self) -> None:
        """Show nothing more; changes wait in the store."""
        self._timer.stop()
        self._turn.stop()

    def set_hidden(self, hidden: bool) -> None:
        """A window that nobody sees is refreshed ten times a second only."""
        self._timer.setInterval((HIDDEN_MS if hidden else FRAME_MS) // 2 - APART_MS)

    def _due(self) -> None:
        # Painting that is due as well goes first, and has this turn.
        self._turn.start()

    def _do(self) -> None:
        step, self._step, self._next_step = self._step, self._next_step, self._step
        self._timer.start()
        step()
        self._turn.setInterval(0 if self._rush else APART_MS)
        if self._rush and self._timer.isActive():
            self._timer.stop()
            self._turn.start()

    def _take(self) -> None:
        waiting = self._store.jobs.pending
        behind = waiting > BACKLOG
        live = self._store.link.live
        budget = (LIVE_BACKLOG_BUDGET if live else BACKLOG_BUDGET) if behind else BUDGET
        frames = 2 * (self._timer.interval() + APART_MS) / FRAME_MS
        flood = waiting - self._left > FLOOD * frames
        if flood:
            budget = FLOOD_BUDGET * frames
        changes: Changes = self._store.take_changed(budget)
        self._left = self._store.jobs.pending
        self._rush = self._left > 0 and not flood
        if changes:
            self.changed.emit(changes)
        if live and not behind and not self._loaded:
            # What was loaded stays: the collector need not walk through it again and again. What is garbage goes
            # first, or it would stay too.
            self._loaded = True
            gc.collect()
            gc.freeze()
