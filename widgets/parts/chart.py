"""Submissions per minute: submitted upward, failed downward from one zero line, on one scale.

pyqtgraph's widgets are made at the first `show_minutes`, on the GUI thread. The program imports it ahead of that on
another one: here it would hold the window for half a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.look import fonts, metrics, theme
from widgets.parts.table_cell import OLD

_MOST_LINES: Final = 4
_WIDTH: Final = 0.85
"""Of a bar, in places."""
_NARROWEST: Final = 4
"""Pixels that a bar and its gap take at least; more minutes than fit are added up."""


def nice_step(highest: float, lowest: float, most: int = _MOST_LINES) -> int:
    """The step of 1, 2, 5, 10, 20, ... that needs at most `most` lines besides zero."""
    step, factors, turn = 1, (2, 2.5, 2), 0
    while highest // step + lowest // step > most:
        step = round(step * factors[turn % 3])
        turn += 1
    return step


class Bars(msgspec.Struct, frozen=True):
    """What is drawn: one bar up and one down for each start (unix seconds)."""

    starts: list[float]
    up: list[int]
    down: list[int]


def binned(minutes: Sequence[float], submitted: Sequence[int], failed: Sequence[int], most: int) -> Bars:
    """At most `most` bars: neighbouring minutes added up, full bars at the end."""
    size = max(1, math.ceil(len(minutes) / max(1, most)))
    first = len(minutes) % size
    edges = [*([0] if first else []), *range(first, len(minutes), size)]
    spans = list(zip(edges, [*edges[1:], len(minutes)], strict=True))
    return Bars(
        [minutes[start] for start, _ in spans],
        [sum(submitted[start:end]) for start, end in spans],
        [sum(failed[start:end]) for start, end in spans],
    )


class ThroughputChart(QWidget):
    """Bars by minute; `label_of` makes the words of a time on the axis."""

    def __init__(self, label_of: Callable[[float], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label_of = label_of
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._plot: Any = None
        self._old = False
        self._bars: dict[str, Any] = {}
        self._lines: list[Any] = []
        self._zero: Any = None
        self._shown: tuple[tuple[float, ...], tuple[int, ...], tuple[int, ...]] | None = None
        self.setMinimumHeight(metrics.px(120))
        theme.switch.changed.connect(self._recolour)

    def show_minutes(self, minutes: Sequence[float], submitted: Sequence[int], failed: Sequence[int]) -> None:
        """Counts of each minute, oldest first; the last one still runs. `minutes` are unix seconds of the starts."""
        fresh = (tuple(minutes), tuple(submitted), tuple(failed))
        if fresh == self._shown or not minutes:
            return
        self._shown = fresh
        if self._plot is None:
            self._make()
        self._draw()

    def set_old(self, old: bool) -> None:
        """Grey the bars: they are older than they should be."""
        if old != self._old:
            self._old = old
            self._recolour()

    def _make(self) -> None:
        import pyqtgraph as pg

        pg.setConfigOptions(antialias=False)

        class WordsOnly(pg.AxisItem):  # type: ignore[misc]
            def drawPicture(self, painter: Any, axis: Any, ticks: Any, words: Any) -> None:
                """Ticks of no length are still drawn as dots, so none is passed on."""
                super().drawPicture(painter, axis, [], words)

        self._plot = pg.PlotWidget(self, axisItems={side: WordsOnly(side) for side in ("left", "bottom")})
        self._plot.setMenuEnabled(False)
        self._plot.setMouseEnabled(False, False)
        self._plot.hideButtons()
        self._plot.setFrameShape(self._plot.Shape.NoFrame)
        self._plot.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # there is nothing in it for a key to do
        for name in ("left", "bottom"):
            axis = self._plot.getAxis(name)
            axis.setStyle(tickLength=0, tickFont=fonts.font("micro"), tickTextOffset=metrics.px(6))
            axis.setPen(QPen(Qt.PenStyle.NoPen))
            axis.setStyle(hideOverlappingLabels=False)
        self._plot.getAxis("left").setWidth(metrics.px(30))
        self._plot.getAxis("bottom").setHeight(metrics.px(22))
        # A brush for each bar makes pyqtgraph paint them one by one: so the bar that still runs is an item of its own.
        names = ("ok", "failed", "ok now", "failed now")
        self._bars = {name: pg.BarGraphItem(x=[0], height=[0], width=_WIDTH, pen=None) for name in names}
        self._lines = [pg.InfiniteLine(angle=0) for _ in range(_MOST_LINES + 1)]
        self._zero = pg.InfiniteLine(0, angle=0)
        for item in (*self._lines, *self._bars.values(), self._zero):
            self._plot.addItem(item)
        self._column.addWidget(self._plot)
        self._recolour()

    def _draw(self) -> None:
        if self._shown is None:
            return
        minutes, submitted, failed = self._shown
        bars = binned(minutes, submitted, failed, max(1, self.width() // metrics.px(_NARROWEST)))
        last = len(bars.starts) - 1
        highest, lowest = max((*bars.up, 3)), max((*bars.down, 1))
        step = nice_step(highest, lowest)
        values = [value for value in range(-(lowest // step) * step, highest + 1, step) if value]
        for name, counts, way in (("ok", bars.up, 1), ("failed", bars.down, -1)):
            full = [way * count for count in counts[:-1]]
            self._bars[name].setOpts(x=list(range(last)), y0=[0] * last, height=full, width=_WIDTH)
            self._bars[f"{name} now"].setOpts(x=[last], y0=[0], height=[way * counts[-1]], width=_WIDTH)
        for line, value in zip(self._lines, [*values, *[0] * len(self._lines)], strict=False):
            line.setPos(value)
        self._plot.getAxis("left").setTicks([[(value, f"{abs(value):,}") for value in (*values, 0)]])
        every = max(1, math.ceil((last + 1) / 6))
        marks = [(place, self._label_of(bars.starts[place])) for place in range(last, -1, -every)]
        self._plot.getAxis("bottom").setTicks([marks])
        self._plot.setXRange(-0.6, last + 1.9, padding=0)
        self._plot.setYRange(-lowest * 1.15, highest * 1.1, padding=0)
        self.setAccessibleName(f"Submissions per minute: {sum(submitted)} submitted, {sum(failed)} failed")

    def _recolour(self) -> None:
        if self._plot is None:
            return
        shown = theme.current()
        ground = shown.colour("surface.page")
        self._plot.setBackground(ground)
        for name in ("left", "bottom"):
            self._plot.getAxis(name).setTextPen(shown.colour("text.tertiary"))
        for line in self._lines:
            line.setPen(QPen(shown.colour("line.faint"), 0))
        self._zero.setPen(QPen(shown.colour("line.strong"), 0))
        for name, bars in self._bars.items():
            strength = (0.75 if name.startswith("ok") else 1.0) / (2 if name.endswith("now") else 1)
            strength *= OLD if self._old else 1.0
            colour = _mixed(shown.colour(f"status.{name.removesuffix(' now')}.mark"), ground, strength)
            bars.setOpts(pen=QPen(Qt.PenStyle.NoPen), brush=colour)
        self._draw()


def _mixed(colour: QColor, ground: QColor, strength: float) -> QColor:
    """The colour as it would look half transparent; painting it so is several times faster."""
    pairs = ((colour.red(), ground.red()), (colour.green(), ground.green()), (colour.blue(), ground.blue()))
    return QColor(*(round(over * strength + under * (1 - strength)) for over, under in pairs))
