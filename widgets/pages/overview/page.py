"""Overview: counts that click through, charts, what needs a person, and what happens now."""

from __future__ import annotations

import time
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from app.desk import Desk
from app.store.store import Changes
from widgets.look import metrics
from widgets.pages.overview.activity import ActivityPanel
from widgets.pages.overview.figures import figures
from widgets.pages.overview.needs import NeedsPanel
from widgets.pages.overview.rates import OutcomesPanel, ThroughputPanel
from widgets.pages.overview.workers import WorkersPanel
from widgets.parts.head import PageHead
from widgets.parts.stat import StatRow

REFRESH_MS: Final = 250
_LISTS: Final = {"success": "all", "main": "pending"}


class OverviewPage(QWidget):
    """`show_jobs` gives a status, `open_job` a job's id."""

    show_jobs = Signal(str)
    show_dead_letters = Signal()
    open_job = Signal(str)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._dirty = True
        self._refreshed_at = 0.0
        self._letters_seen = -1
        self.stats = StatRow()
        self.stats.show_stats(figures(desk))
        self.stats.pressed.connect(self._pressed)
        self.throughput = ThroughputPanel(desk)
        self.outcomes = OutcomesPanel(desk)
        self.needs = NeedsPanel(desk)
        self.activity = ActivityPanel(desk)
        self.workers = WorkersPanel(desk)
        self.needs.show_dead_letters.connect(self.show_dead_letters)
        for panel in (self.needs, self.activity, self.workers):
            panel.open_job.connect(self.open_job)
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def take(self, changes: Changes) -> None:
        """Show what changed in the store: lists at once, figures and charts at most four times a second."""
        self.needs.take(changes)
        self.activity.take(changes)
        self.workers.take(changes)
        self._dirty = True

    def frame(self) -> None:
        """See whether the dead letters changed."""
        version = self._desk.dead_letters.version
        if version != self._letters_seen:
            self._letters_seen = version
            self.needs.show_letters()
            self._dirty = True

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._dirty = True
        self._show_words()

    def refresh(self) -> None:
        """Bring everything up to date; the first time this makes the chart, which takes half a second."""
        self._dirty = False
        self._refreshed_at = time.monotonic()
        self._show_words()
        self.throughput.refresh()
        self.outcomes.refresh()

    def _tick(self) -> None:
        # Ages move on even when nothing happens.
        if self.isVisible() and (self._dirty or time.monotonic() - self._refreshed_at >= 1.0):
            self.refresh()

    def _show_words(self) -> None:
        self.stats.show_stats(figures(self._desk))
        self.needs.refresh()
        self.activity.refresh()
        self.workers.refresh()

    def _pressed(self, key: str) -> None:
        if key == "dead_letters":
            self.show_dead_letters.emit()
        else:
            self.show_jobs.emit(_LISTS.get(key, key))

    def _lay_out(self) -> None:
        panels = QWidget()
        grid = QGridLayout(panels)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(0)
        grid.addWidget(self.throughput, 0, 0)
        grid.addWidget(self.outcomes, 0, 1)
        grid.addWidget(self.needs, 1, 0)
        grid.addWidget(self.activity, 2, 0)
        grid.addWidget(self.workers, 1, 1, 2, 1)
        grid.setColumnStretch(0, 840)
        grid.setColumnStretch(1, 432)
        grid.setRowMinimumHeight(0, metrics.px(269))
        grid.setRowStretch(1, 9)
        grid.setRowStretch(2, 6)
        for panel in (self.throughput, self.outcomes):
            panel.setFixedHeight(metrics.px(269))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(PageHead("Overview"))
        column.addWidget(self.stats)
        column.addWidget(panels, 1)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
