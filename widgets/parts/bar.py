"""The thin bar that shows how far something is."""

from __future__ import annotations

import atexit
from functools import lru_cache
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.look import metrics, theme
from widgets.parts.cell import Bar, PartName

_TOKENS: Final[dict[PartName, str]] = {
    "ok": "status.ok.mark",
    "failed": "status.failed.mark",
    "unknown": "status.unknown.mark",
    "skipped": "status.skipped.mark",
    "running": "status.running.mark",
    "ended": "line.control",
    "send": "accent.text",
    "paused": "status.paused.mark",
}

_MOST: Final = 256
"""Pictures that are kept, of 8 kB each: more than a screen shows."""


def widths(bar: Bar, space: int) -> list[tuple[PartName, int]]:
    """Pixels of each part that is above 0: its share of `space`, at least 2, together at most `space`."""
    left = space
    fitted: list[tuple[PartName, int]] = []
    for part, count in bar.parts:
        if count <= 0 or bar.total <= 0:
            continue
        width = min(left, max(2, round(space * count / bar.total)))
        fitted.append((part, width))
        left -= width
    lacking = sum(1 for _, width in fitted if width < 2)
    if lacking:
        at = max(range(len(fitted)), key=lambda index: fitted[index][1])
        missing = sum(2 - width for _, width in fitted if width < 2)
        fitted = [(part, max(2, width)) for part, width in fitted]
        fitted[at] = (fitted[at][0], max(2, fitted[at][1] - missing))
    return fitted


def paint_bar(painter: QPainter, left: int, top: int, width: int, height: int, bar: Bar) -> None:
    """Draw a bar with round ends on its track. It is kept as a picture: its round ends take long to draw."""
    device = painter.device()
    dpr = device.devicePixelRatioF() if device is not None else 1.0
    painter.drawPixmap(left, top, _drawn(bar, width, height, theme.current().name, metrics.px(100), dpr))


@lru_cache(maxsize=_MOST)
def _drawn(bar: Bar, width: int, height: int, theme_name: str, zoom: int, dpr: float) -> QPixmap:
    shown = theme.current()
    picture = QPixmap(round(width * dpr), round(height * dpr))
    picture.setDevicePixelRatio(dpr)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    path = QPainterPath()
    radius = min(height / 2, metrics.px(2))
    path.addRoundedRect(QRectF(0, 0, width, height), radius, radius)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillPath(path, shown.colour("line.normal"))
    painter.setClipPath(path)
    x = 0
    for part, share in widths(bar, width):
        painter.setOpacity(0.75 if part == "ended" else 1.0)
        painter.fillRect(x, 0, share, height, shown.colour(_TOKENS[part]))
        x += share
    painter.end()
    return picture


# Drawn things must go before Qt does.
atexit.register(_drawn.cache_clear)


class BarView(QWidget):
    """A bar as a widget; `height` 4 in rows, 8 in headers. Takes the width it gets."""

    def __init__(self, height: int = 4, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._height = height
        self._bar = Bar()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_bar(self, bar: Bar) -> None:
        """Draw this bar from now on."""
        if bar != self._bar:
            self._bar = bar
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(metrics.px(120), metrics.px(self._height))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        height = metrics.px(self._height)
        paint_bar(painter, 0, (self.height() - height) // 2, self.width(), height, self._bar)
        painter.end()
