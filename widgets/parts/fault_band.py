"""The band above the pages that names each part that is not there, until it is back.

band = FaultBand(); band.take("worker", "silent", "no sign of life"); band.cleared.connect(...)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from widgets.look import glyphs, metrics, theme
from widgets.parts import spans, stack_words
from widgets.parts.label import label, say

_FINE: Final = ("up", "ended")
_NEVER_STARTING: Final = ("stack", "supervisor", "disk", "link")
_SPEAK_FOR_LINK: Final = frozenset({"stack", "postgres", "endpoints"})
"""With one of these away there is no connection either, and one line is enough."""


class FaultBand(QWidget):
    """One line for each fault, the oldest first; hidden without any. `cleared` names a part that is back."""

    cleared = Signal(str)

    def __init__(self, parent: QWidget | None = None, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(parent)
        self._clock = clock
        self._was_up: set[str] = set()
        self._since: dict[str, float] = {}
        self._lines: dict[str, _Line] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 1)
        self._column.setSpacing(0)
        self.setAccessibleName("What is out of service")
        self.hide()

    def take(self, part: str, state: str, why: str, *, since: float | None = None) -> None:
        """A part is in another state. What was never up is still starting, and no fault.

        `since`: unix seconds, where somebody knows better than that it is so from now on.
        """
        if state in _FINE:
            if state == "up":
                self._was_up.add(part)
            if self._since.pop(part, None) is not None and self._drop(part) and state == "up":
                self.cleared.emit(part)
        elif part in _NEVER_STARTING or part in self._was_up:
            if part == "stack" and part not in self._since:
                self._leave_to_stack()
            if "stack" not in self._since or part in ("stack", "link"):
                self._since.setdefault(part, self._clock() if since is None else since)
                self._show(part, state, why)
        if "link" in self._lines:
            self._lines["link"].setVisible(not _SPEAK_FOR_LINK & self._lines.keys())
        self.setVisible(bool(self.words()))

    def stopped(self, what: str, words: str) -> None:
        """A part of the console itself has ended for good: `words` stay until another console begins."""
        self._show_words(f"console {what}", words)
        self.show()

    def forget(self) -> None:
        """Another console begins: nothing is known of its stack yet."""
        self._was_up.clear()
        self._since.clear()
        for part in list(self._lines):
            self._drop(part)
        self.hide()

    def words(self) -> list[str]:
        """The lines that are shown."""
        return [shown.words() for shown in self._lines.values() if not shown.isHidden()]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = theme.current()
        painter.fillRect(self.rect(), shown.colour("status.failed.tint"))
        painter.setPen(QPen(shown.colour("line.normal"), 0))
        painter.drawLine(0, self.height() - 1, self.width() - 1, self.height() - 1)
        painter.end()

    def _leave_to_stack(self) -> None:
        """Its supervisor is gone, and all parts with it: one line says so for all."""
        for part in [name for name in self._since if name not in ("disk", "link")]:
            del self._since[part]
            self._drop(part)

    def _show(self, part: str, state: str, why: str) -> None:
        self._show_words(part, stack_words.fault(part, state, spans.day_clock(self._since[part], self._clock()), why))

    def _show_words(self, part: str, words: str) -> None:
        if part not in self._lines:
            self._lines[part] = made = _Line()
            self._column.addWidget(made)
            made.show()
        self._lines[part].say(words)

    def _drop(self, part: str) -> bool:
        """Whether its line was to be seen."""
        gone = self._lines.pop(part, None)
        if gone is None:
            return False
        seen = not gone.isHidden()
        self._column.removeWidget(gone)
        gone.hide()
        gone.deleteLater()
        return seen


class _Line(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._words = label("", "body", "primary", wrap=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(metrics.px(16), metrics.px(6), metrics.px(16), metrics.px(6))
        row.setSpacing(metrics.px(8))
        row.addWidget(_Mark())
        row.addWidget(self._words, 1)

    def say(self, words: str) -> None:
        say(self._words, words)

    def words(self) -> str:
        return self._words.text()


class _Mark(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(self.sizeHint())

    def sizeHint(self) -> QSize:
        return QSize(metrics.px(metrics.GLYPH), metrics.px(20))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        glyphs.paint(painter, "failed", 0, metrics.px(3), "status.failed.tint", metrics.px(metrics.GLYPH))
        painter.end()
