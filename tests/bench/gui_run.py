"""One run of the window under load, as a process that prints one line of JSON: `python -m tests.bench.gui_run`."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import json
import os
import sys
import tempfile
import time
from array import array
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

from app.loop import Closing, run_in_qt
from app.models.pump import Pump
from app.store.lines import JobLine
from app.store.store import Changes
from app.sync.engine import Engine
from app.sync.timings import Timings
from services.clients.supabase_feed import SupabaseFeed
from tests.bench.desk import BenchSession, FeedProcess, WorldReads, feed_process
from tests.bench.truth import differences, expected
from tests.bench.world import NOW, World
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from widgets.look import theme
from widgets.pages.job.page import JobPage
from widgets.pages.jobs import JobsPage
from widgets.pages.overview import OverviewPage
from widgets.parts.surface import Surface


class Beats:
    """CPU time of this thread between two beats of a timer of 2 ms: the longest is the worst turn of the loop."""

    def __init__(self) -> None:
        self._ends, self._cpu = array("d"), array("d")
        self._last = (0.0, 0.0)
        self._timer = QTimer()
        self._timer.setTimerType(self._timer.timerType().PreciseTimer)
        self._timer.setInterval(2)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        self._ends, self._cpu = array("d"), array("d")
        self._last = (time.perf_counter(), time.thread_time())
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def worst(self) -> float:
        """Milliseconds."""
        return max(self._cpu) * 1000

    def longest(self, count: int) -> list[tuple[float, float]]:
        """End (by `time.perf_counter`) and CPU seconds of the longest turns, the longest first."""
        return sorted(zip(self._ends, self._cpu, strict=True), key=lambda turn: -turn[1])[:count]

    def _beat(self) -> None:
        now, cpu = time.perf_counter(), time.thread_time()
        self._ends.append(now)
        self._cpu.append(cpu - self._last[1])
        self._last = (now, cpu)


class Paints(QObject):
    """When changes of visible jobs were painted."""

    def __init__(self, page: JobsPage) -> None:
        super().__init__(page)
        self._page = page
        self._seen: dict[str, int] = {}
        self._painted_changes: list[tuple[str, int, int, float]] = []
        self.began = 0.0
        page.table.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self.began:
            # What is painted now is what the model holds; the time is taken once it is on the surface.
            QTimer.singleShot(0, self._painted)
        return False

    def _painted(self) -> None:
        table, model = self._page.table, self._page.model
        now = time.monotonic()
        if table.row_painter.ahead:
            # The last screen stands still.
            return
        first = max(0, table.rowAt(0))
        # A job that was elsewhere meanwhile is seen anew.
        before, self._seen = self._seen, {}
        for row in range(first, min(model.rowCount(), first + table.viewport().height() // 28 + 1)):
            line: JobLine = model.line(row)
            seen = before.get(line.id)
            if row in table.row_painter.late:
                # It shows its last picture still.
                if seen is not None:
                    self._seen[line.id] = seen
                continue
            if seen is not None and line.done > seen:
                self._painted_changes.append((line.id, seen, line.done, now))
            self._seen[line.id] = line.done

    def delays(self, due: Mapping[str, Sequence[int]], rate: float) -> list[float]:
        """How long after it was due each change was painted, in seconds. `due`: see `Expected`."""
        return [
            now - self.began - number / rate
            for job_id, before, after, now in self._painted_changes
            for number in due.get(job_id, ())[before:after]
        ]


async def until(condition: Callable[[], bool], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  (what is waited for tells nobody)
            await asyncio.sleep(0.05)


async def _grown_to(count: Callable[[], int], wanted: int) -> bool:
    """Wait until that many are there; False when none came for ten seconds."""
    had, since = count(), time.monotonic()
    while had < wanted:
        await asyncio.sleep(0.05)
        if count() > had:
            had, since = count(), time.monotonic()
        elif time.monotonic() - since > 10:
            return False
    return True


async def measure(options: argparse.Namespace, feed: FeedProcess, folder: Path) -> dict[str, Any]:
    """Load, stand idle, take the feed; the figures."""
    count = int(options.rate * options.seconds)
    reads = WorldReads(feed.port)
    real = time.time() - NOW
    desk_world = DeskWorld(folder, FakeQueues({}, time.time), lambda: time.time() - real, "operator")
    desk, store = desk_world.desk, desk_world.store
    pump = Pump(store)
    overview, jobs, job = OverviewPage(desk), JobsPage(desk), JobPage(desk, Surface("surface.page"))
    pages = (overview, jobs, job)

    def show(changes: Changes) -> None:
        for page in pages:
            page.take(changes)

    def frame() -> None:
        overview.frame()
        job.frame()

    pump.changed.connect(show)
    pump.frame.connect(frame)
    for page in pages:
        page.resize(1400, 850)
        page.show()
    jobs.tabs.choose("in_progress")
    jobs.search.set_text("a")
    jobs.table.sort_by(3, descending=True)
    pump.start()
    began = time.perf_counter()
    # The reads know the start only: nothing may be compared with them later.
    timings = Timings(recent=36000.0, reconcile=36000.0)
    engine = Engine(reads, SupabaseFeed(cast("Any", BenchSession(feed.port))), store, timings)
    running = asyncio.create_task(engine.run())
    beats = Beats()
    beats.start()
    await until(lambda: store.link.live and engine.settled, 300)
    loaded = time.perf_counter() - began
    beats.stop()
    load_worst = beats.worst()
    job.show_job(next(iter(store.rows("jobs"))))
    paints = Paints(jobs)
    give_back()
    await asyncio.sleep(2)
    beats.start()
    await asyncio.sleep(options.idle)
    idle = beats.worst()
    cpu = time.process_time()
    beats.start()
    paints.began = feed.go()
    await asyncio.sleep(max(0.0, paints.began + options.seconds - time.monotonic()))
    cpu = time.process_time() - cpu
    beats.stop()
    # What is still on its way is no difference: a slow machine is given the time to take it in.
    results = await reads.results()
    arrived = await _grown_to(lambda: len(store.rows("job_results")), results)
    await until(lambda: engine.settled, 300)
    await asyncio.sleep(0.5)
    late = time.monotonic() - paints.began - options.seconds
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    pump.stop()
    give_back()
    memory = memory_mib()
    # What only the measuring needs comes after the memory was looked at.
    due = await reads.due()
    await reads.close()
    wrong = differences(store, expected(World(options.jobs, options.hot), count))
    delays = sorted(paints.delays(due, options.rate))
    worst = beats.longest(5)
    figures = {
        "worst_ms": beats.worst(), "idle_ms": idle, "load_worst_ms": load_worst, "load_s": loaded,
        "worst": [(round(at - paints.began, 2), round(turn * 1000, 1)) for at, turn in worst],
        "p50_ms": 1000 * delays[len(delays) // 2] if delays else 0.0,
        "p99_ms": 1000 * delays[int(len(delays) * 0.99)] if delays else 0.0,
        "painted": len(delays), "wrong": wrong, "arrived": arrived, "late_s": late,
        "cpu_share": cpu / options.seconds, "memory_mib": memory,
    }  # fmt: skip
    desk_world.close()
    return figures


def give_back() -> None:
    """Let the system have what was freed."""
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)


def memory_mib() -> float:
    """Proportional set size of this process."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, many in (("jobs", 100_000), ("hot", 10_000)):
        parser.add_argument(f"--{name}", type=int, default=many)
    for name, usual in (("rate", 5000.0), ("seconds", 60.0), ("idle", 10.0)):
        parser.add_argument(f"--{name}", type=float, default=usual)
    options = parser.parse_args()
    import pyqtgraph  # noqa: F401  (the program imports it ahead of the first chart, on another thread)

    application = QApplication([])
    theme.apply("light", application)
    count = int(options.rate * options.seconds)
    figures: dict[str, Any] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        feed_process(jobs=options.jobs, hot=options.hot, count=count, rate=options.rate) as feed,
    ):

        async def whole(_: Closing) -> int:
            figures.update(await measure(options, feed, Path(folder)))
            return 0

        run: Callable[[Closing], Awaitable[int]] = whole
        run_in_qt(application, run)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
