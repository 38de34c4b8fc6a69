"""Outcomes over time: submissions per minute, and what became of them in each directory."""

from __future__ import annotations

from typing import Final

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.desk import Desk
from app.store.rates import DirectoryRate
from widgets.look import metrics
from widgets.pages.overview.figures import GOAL
from widgets.pages.overview.panel import Panel
from widgets.parts import spans
from widgets.parts.cell import Bar
from widgets.parts.chart import ThroughputChart
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.outcome_bars import OutcomeBar, OutcomeBars
from widgets.parts.surface import Surface

MINUTES: Final = 60
BUSIEST: Final = 8


class ThroughputPanel(Panel):
    """Submitted upward, failed downward, over the last hour."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        self.chart = ThroughputChart(lambda seconds: spans.clock(seconds)[:5])
        super().__init__("Submissions per minute", _padded(self.chart, 12), lines="b", parent=parent)
        self._desk = desk
        self.head.add(GlyphLabel("ok", "submitted, up", "small"))
        self.head.add(GlyphLabel("failed", "failed, down", "small", "failed"))

    def refresh(self) -> None:
        """Draw the last hour; costs nothing while the numbers are the same."""
        store = self._desk.store
        series = store.rates.per_minute(store.now(), MINUTES)
        tried = sum(series.submitted) + sum(series.failed)
        self.show_state(
            store,
            "queue_history",
            filled=tried > 0,
            empty="No directory was tried in the last hour.",
            sentence="Submissions show here minute by minute as they end.",
        )
        self.chart.set_old(self.stale)
        # Drawn while it is still hidden too: making it takes too long for the moment when the first outcome comes in.
        self.chart.show_minutes(series.minutes, series.submitted, series.failed)


class OutcomesPanel(Panel):
    """The directories that were tried most often."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        self.bars = OutcomeBars()
        super().__init__(
            "Outcomes per directory", _padded(self.bars, 0), note="busiest", lines="lb", parent=parent
        )  # fmt: skip
        self._desk = desk

    def refresh(self) -> None:
        """Show the busiest directories as they stand."""
        busiest = self._desk.store.rates.busiest(BUSIEST)
        self.show_state(
            self._desk.store,
            "job_results",
            filled=bool(busiest),
            empty="No directory was tried yet.",
            sentence="The busiest ones show here once a worker begins.",
        )
        self.bars.show_rows([_row(rate, busiest[0].tried) for rate in busiest], old=self.stale)


def _row(rate: DirectoryRate, most: int) -> OutcomeBar:
    share = 100 * rate.submitted / rate.tried
    bar = Bar((("ok", rate.submitted), ("failed", rate.failed), ("unknown", rate.unknown)), most)
    return OutcomeBar(rate.host, bar, f"{share:.1f} %", "failed" if share < GOAL else "secondary")


def _padded(content: QWidget, side: int) -> QWidget:
    ground = Surface("surface.page")
    column = QVBoxLayout(ground)
    column.setContentsMargins(metrics.px(side), 0, metrics.px(side), metrics.px(8) if side else 0)
    column.addWidget(content, 1 if side else 0)
    if not side:
        column.addStretch(1)
    return ground
