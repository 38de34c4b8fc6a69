"""The console in a process of its own, as a person starts it, with a heart that beats in its loop.

`python start_probe.py paint` prints the time of the first picture and leaves at once; `... desk` goes on until
the pages are shown, and prints the longest turn of the loop; `... live` prints when each stage on the way to the
first live row was reached. One JSON object on standard output.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

# Only what the program imports at this point anyway, so that the time to the first picture stays its own.
import main
import services.settings
from app import first_paint

AFTER_MS = 300  # the first picture of the pages counts too


class Heart:
    """Beats every millisecond that the GUI thread has time; remembers the longest pauses."""

    def __init__(self, application: Any) -> None:
        from PySide6.QtCore import QTimer

        self.wall = self.cpu = 0.0
        self.at = self.worst_at = 0.0
        self._began = self._wall_before = time.monotonic()
        self._cpu_before = time.thread_time()
        self._timer = QTimer(application)
        self._timer.timeout.connect(self._beat)
        self._timer.start(1)

    def _beat(self) -> None:
        wall, cpu = time.monotonic(), time.thread_time()
        self.at = wall - self._began
        if wall - self._wall_before > self.wall:
            self.wall, self.worst_at = wall - self._wall_before, self.at
        self.cpu = max(self.cpu, cpu - self._cpu_before)
        self._wall_before, self._cpu_before = wall, cpu


def _follow(application: Any, frame: Any) -> None:
    from PySide6.QtCore import QTimer

    heart = Heart(application)
    hold = frame.hold

    def tell() -> None:
        print(json.dumps({"wall": heart.wall, "cpu": heart.cpu, "worst_at": heart.worst_at, "desk_at": heart.at}))
        sys.stdout.flush()
        frame.close()

    def held(window: Any) -> None:
        hold(window)
        window.page_shown.connect(shown)

    def shown(name: str) -> None:
        if not told and name == "jobs":
            told.append(True)
            QTimer.singleShot(AFTER_MS, tell)

    told: list[bool] = []
    frame.hold = held


def _note_stages(frame: Any) -> None:
    """Print the monotonic time of each stage, in their order, once a row came in live; then leave."""
    reached = {"first picture": time.monotonic()}
    hold = frame.hold

    def held(window: Any) -> None:
        hold(window)
        reached["window built"] = time.monotonic()
        window.page_shown.connect(lambda _: shown(window))

    def shown(window: Any) -> None:
        if window.current_page() == "starting":
            reached.setdefault("console imported", time.monotonic())
        if window.current_page() == "jobs" and "signed in, pages built" not in reached:
            reached["signed in, pages built"] = time.monotonic()
            window._pump.changed.connect(lambda changes: changed(window._desk.store, changes))

    def changed(store: Any, changes: Any) -> None:
        if "live" in reached and changes.events:
            reached["first live row"] = time.monotonic()
            print(json.dumps(reached), flush=True)
            frame.close()
        if store.state("jobs").loaded:
            reached.setdefault("jobs read", time.monotonic())
        if store.link.live:
            reached.setdefault("live", time.monotonic())

    frame.hold = held


def _watched(application: Any, frame: Any, limit: float = first_paint.PAINT_LIMIT) -> None:
    _wait(application, frame)
    if sys.argv[1] == "paint":
        print(json.dumps({"painted": time.monotonic()}), flush=True)
        os._exit(0)
    if sys.argv[1] == "live":
        _note_stages(frame)
    else:
        _follow(application, frame)


module: Any = first_paint
_wait = module.wait_for_paint
module.wait_for_paint = _watched
services.settings.has_display = lambda: True  # offscreen would be taken for no display, and lead to the tour
sys.exit(main.main(["console"]))
