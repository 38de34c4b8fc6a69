"""The page of the run that is going on, as it is right now, for as long as somebody looks."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final, Protocol

from app.actions.run_state import RunState
from services.domain.run_commands import Watch
from services.ports.wishes import Runner

_LARGEST: Final = 4_000_000
"""Characters of a frame."""


class _Runs(Protocol):
    state: RunState


class LivePicture:
    """`number` grows with each frame, `run_id` is whose it is; `size`: width and height in the page's own pixels."""

    def __init__(self, runs: _Runs, runner: Runner) -> None:
        self._runs = runs
        self._runner = runner
        self._watched = ""
        self._data = ""
        self.number = 0
        self.run_id = ""
        self.size = (0, 0)

    def watch(self, on: bool) -> None:
        """Have the frames sent from now on, or no longer; may be called as often as one likes."""
        run_id = self._runs.state.run_id if on and self._runs.state.phase == "running" else ""
        if run_id == self._watched:
            return
        if self._watched and self._watched == self._runs.state.run_id:
            self._runner.tell(self._watched, Watch(False))
        self._watched = run_id
        if run_id:
            self._runner.tell(run_id, Watch(True))

    def take(self, event: Mapping[str, Any]) -> None:
        """A frame came."""
        data, size = event.get("data"), (event.get("width"), event.get("height"))
        if isinstance(data, str) and len(data) <= _LARGEST and all(isinstance(side, int) and side > 0 for side in size):
            self._data, self.size = data, (int(size[0] or 0), int(size[1] or 0))
            self.run_id = self._runs.state.run_id
            self.number += 1

    def bytes(self) -> bytes:
        """The newest frame, a JPEG; empty when there is none."""
        try:
            return base64.b64decode(self._data)
        except ValueError:
            return b""
