"""Group `table`: what a job costs in memory, and sorting, filtering and searching many, beside Qt's own proxy.

BENCH_SHORT=1 measures the proxy on fewer rows and says so.
"""

from __future__ import annotations

import gc
import os
import time
import tracemalloc
from collections.abc import Callable
from typing import Any, Final

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import msgspec
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTableView

from app.store.lines import JobLine
from app.store.store import Store
from services.domain.records import Job
from tests.bench.gui_run import Beats, memory_mib
from tests.bench.rows import Bound, Row, row
from tests.bench.world import NOW, World
from widgets.look import theme
from widgets.pages.jobs.fields import job_fields, job_query, picking
from widgets.pages.jobs.rows import COLUMNS, jobs_model
from widgets.parts.chart import ThroughputChart
from widgets.parts.table import Table

GROUP: Final = "table"
JOBS: Final = 100_000
RUNS: Final = 5
_NOWHERE: Final = QModelIndex()


def measure() -> list[Row]:
    """Every row of the group."""
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    theme.apply("light", application)
    world = World(JOBS, 10_000)
    rows = _memory(world)
    lines = _lines(world)
    return [*rows, *_speed(lines), *_million(lines), _chart()]


def _limit(name: str, figures: list[float], limit: float, unit: str) -> Row:
    return row(GROUP, name, ours=figures, peer=[limit], peer_name="limit", unit=unit, bound="<=", goal=1.0)


def _memory(world: World) -> list[Row]:
    """Bytes that the jobs alone take: their records and the index by id; and with all that is derived from them."""
    store = Store(lambda: NOW)
    for customer in world.customers:
        store.put("customers", customer)
    gc.collect()
    tracemalloc.start()
    held = {str(job["id"]): Job.from_row({**job, "id": _copied(job["id"])}) for job in world.jobs}
    gc.collect()
    record = tracemalloc.get_traced_memory()[0] / JOBS
    tracemalloc.stop()
    tracemalloc.start()
    for job in world.jobs:
        store.put("jobs", {**job, "id": _copied(job["id"])})
    store.take_changed()
    gc.collect()
    whole = tracemalloc.get_traced_memory()[0] / JOBS
    tracemalloc.stop()
    assert len(held) == len(store.jobs.lines) == JOBS
    return [
        _limit("bytes per job row, index included", [record], 500, "B"),
        # No goal was set for all of it: this row is for the record.
        _limit("bytes per job with line, facts, tallies and every index", [whole], 2000, "B"),
    ]


def _copied(text: str) -> str:
    """The same text as an object of its own, as it comes from the wire."""
    return text.encode().decode()


def _lines(world: World) -> list[JobLine]:
    store = Store(lambda: NOW)
    for customer in world.customers:
        store.put("customers", customer)
    for job in world.jobs:
        store.put("jobs", job)
    store.take_changed()
    return list(store.jobs.lines.values())


def _speed(lines: list[JobLine]) -> list[Row]:
    model = jobs_model(lambda: NOW)
    model.reset(lines)
    view = QTableView()
    view.setModel(model)
    fields = job_fields(lambda: NOW)

    def filtered(tab: str, text: str) -> None:
        model.set_filter(*picking(tab, job_query(text, fields)))

    short = bool(os.environ.get("BENCH_SHORT"))
    peer_lines = lines[: 10_000 if short else JOBS]
    peer = _Proxied(peer_lines)
    scale = f" (proxy: {len(peer_lines):,} rows)" if short else ""
    ways: tuple[tuple[str, Callable[[int], Any], Callable[[int], Any], float], ...] = (
        # Each time from another order: turning one round would be no sort.
        ("sort by customer", lambda n: model.sort(1), lambda n: peer.sort(0), 1 / 100),
        (
            "filter by status",
            lambda n: filtered(("failed", "pending")[n % 2], ""),
            lambda n: peer.filter(1, ("failed", "pending")[n % 2]),
            1 / 100,
        ),
        (
            "search name, e-mail and ids",
            lambda n: filtered("all", ("bakery", "florist")[n % 2]),
            lambda n: peer.filter(-1, ("bakery", "florist")[n % 2]),
            1 / 30,
        ),
    )
    rows = []
    for name, ours, theirs, goal in ways:
        model.set_filter(None)
        figures = []
        for number in range(RUNS):
            if name.startswith("sort"):
                model.sort(6)
            figures.append(_timed(ours, number))
        rows.append(_limit(f"{name}, {JOBS:,} rows", figures, 50, "ms"))
        theirs(1)
        against = [_timed(theirs, 0)]
        bound: Bound = "<="
        rows.append(
            row(
                GROUP, f"{name} against a proxy{scale}", ours=figures, peer=against, unit="ms", bound=bound, goal=goal,
                peer_name="QSortFilterProxyModel",
            )
        )  # fmt: skip
    return rows


def _timed(step: Callable[[int], Any], number: int) -> float:
    """CPU milliseconds."""
    began = time.thread_time()
    step(number)
    return (time.thread_time() - began) * 1000


class _Plain(QAbstractTableModel):
    """The same lines behind Qt's own way: text by role."""

    def __init__(self, lines: list[JobLine]) -> None:
        super().__init__()
        self._lines = lines

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NOWHERE) -> int:
        return 0 if parent.isValid() else 4

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = 0) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        line = self._lines[index.row()]
        return (line.business, line.status, line.email, line.id)[index.column()]


class _Proxied:
    def __init__(self, lines: list[JobLine]) -> None:
        self._plain = _Plain(lines)
        self.proxy = QSortFilterProxyModel()
        self.proxy.setSourceModel(self._plain)

    def sort(self, column: int) -> None:
        self.proxy.sort(-1)
        self.proxy.sort(column)

    def filter(self, column: int, needle: str) -> None:
        self.proxy.setFilterKeyColumn(column)
        self.proxy.setFilterFixedString(needle)


def _million(lines: list[JobLine]) -> list[Row]:
    """The worst turn of the loop while a million lines are loaded, sorted, filtered and scrolled."""
    model_rows = 300_000 if os.environ.get("BENCH_SHORT") else 1_000_000
    many = [msgspec.structs.replace(line, id=f"{line.id}{copy}") for copy in range(10) for line in lines][:model_rows]
    table, model = Table(COLUMNS), jobs_model(lambda: NOW)
    table.setModel(model)
    table.resize(1400, 850)
    table.show()
    beats = Beats()
    rows = []

    def scroll() -> None:
        bar = table.verticalScrollBar()
        for step in range(40):
            QTimer.singleShot(step * 20, lambda step=step: bar.setValue(bar.maximum() * step // 40))

    def load() -> None:
        """As the pump brings them: what fits into a frame, then the next."""
        start = model.total()
        model.apply({line.id: line for line in many[start : start + 500]})
        if start + 500 < len(many):
            QTimer.singleShot(0, load)

    for name, step in (
        ("load", load),
        ("sort", lambda: model.sort(3, Qt.SortOrder.DescendingOrder)),
        ("filter", lambda: model.set_filter(lambda line: line.status == "failed")),
        ("scroll", scroll),
    ):
        gc.collect()
        gc.freeze()
        beats.start()
        QTimer.singleShot(10, step)
        QTest.qWait(1000)
        while model.busy or model.total() < len(many):
            QTest.qWait(50)
        QTest.qWait(200)
        beats.stop()
        rows.append(_limit(f"{name} {len(many):,} rows, worst turn", [beats.worst()], 50, "ms"))
    # No goal was set for it: for the record, with all that this process holds besides.
    rows.append(_limit(f"memory of a process with {len(many):,} rows", [memory_mib()], 2000, "MiB"))
    table.close()
    gc.unfreeze()
    return rows


def _chart() -> Row:
    """CPU of one new picture of 10,000 minutes."""
    chart = ThroughputChart(lambda seconds: f"{seconds:.0f}")
    chart.resize(900, 400)
    chart.show()
    chart.show_minutes([0.0, 60.0], [1, 2], [0, 1])
    for _ in range(3):
        QApplication.processEvents()  # the first picture, with all that is made for it
    figures = []
    for number in range(20):
        minutes = [60.0 * (number + minute) for minute in range(10_000)]
        submitted = [(minute * 7919 + number) % 40 for minute in range(10_000)]
        began = time.thread_time()
        chart.show_minutes(minutes, submitted, submitted[::-1])
        QApplication.processEvents()  # draws it
        figures.append((time.thread_time() - began) * 1000)
    chart.close()
    return _limit("one chart frame, 10,000 points", figures, 5, "ms")
