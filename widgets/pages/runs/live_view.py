"""Follows a run's live picture while the page is looked at, and asks for none else."""

from __future__ import annotations

import time
from collections import deque
from typing import Final

from app.actions.run_state import RunState
from app.actions.runs import RunActs
from widgets.pages.runs.stage import Stage

_SECOND: Final = 1.0


class LiveView:
    """`frame` is called once a frame while the page is visible, `leave` when it is so no longer."""

    def __init__(self, runs: RunActs, stage: Stage) -> None:
        self._live = runs.live
        self._stage = stage
        self._seen = 0
        self._times: deque[float] = deque()

    def frame(self, state: RunState | None, *, picked: bool) -> None:
        """Show a frame that came since. `state`: the run of what is chosen; `picked`: a step's picture is shown."""
        looks = state is not None and state.phase == "running" and not picked
        self._live.watch(looks and not self._stage.window().isMinimized())
        if not looks or not self.shows(state) or self._live.number == self._seen:
            return
        self._seen = self._live.number
        now = time.monotonic()
        self._times.append(now)
        while self._times[0] < now - _SECOND:
            self._times.popleft()
        self._stage.show_frame(self._live.bytes(), len(self._times))

    def shows(self, state: RunState | None) -> bool:
        """Whether there is a live picture of this run: it is newer than those of its steps."""
        return state is not None and state.phase == "running" and state.run_id == self._live.run_id

    def leave(self) -> None:
        """Nobody looks."""
        self._live.watch(False)
