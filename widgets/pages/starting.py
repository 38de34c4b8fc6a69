"""What staff see before the first page: the parts of the local stack coming up, or why nothing can be shown."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from services.domain.statuses import Shape
from widgets.look import metrics
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import label, say
from widgets.parts.surface import Surface

_SHAPES: dict[str, Shape] = {
    "starting": "running",
    "up": "ok",
    "restarting": "running",
    "down": "failed",
    "ended": "skipped",
}
_WORDS = {
    "postgres": "Database",
    "endpoints": "Gateway, queue and practice directories",
    "brain": "Brain",
    "intake": "Outbox relay",
    "subscriber": "Subscriber",
    "worker": "Worker",
}


def part_words(name: str, state: str, why: str) -> str:
    """How a part of the local stack stands, in one line."""
    return f"{_WORDS.get(name, name)}: {state}" + (f", {why}" if why else "")


class StartingPage(Surface):
    """One line per part; a problem takes the place of the title."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("surface.page", parent=parent)
        self._parts: dict[str, GlyphLabel] = {}
        self._title = label("Starting", "title")
        self._words = label("", "body", "secondary", wrap=True)
        self._words.setMaximumWidth(metrics.px(640))
        self._raw = label("", "mono", "tertiary", wrap=True, selectable=True)
        self._raw.setMaximumWidth(metrics.px(640))
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(metrics.px(32), metrics.px(32), metrics.px(32), metrics.px(32))
        self._column.setSpacing(metrics.px(8))
        self._column.addWidget(self._title)
        self._column.addWidget(self._words)
        self._column.addWidget(self._raw)
        self._column.addStretch(1)
        self._raw.hide()
        self._words.hide()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_part(self, name: str, state: str, why: str) -> None:
        """A part of the local stack is in another state."""
        if name not in self._parts:
            line = GlyphLabel("waiting", "", "body")
            self._parts[name] = line
            self._column.insertWidget(self._column.count() - 1, line)
        self._parts[name].say(part_words(name, state, why), _SHAPES.get(state, "waiting"))

    def problem(self) -> str:
        """The sentence, the hint and the raw text of the problem that is shown."""
        return " ".join(part.text() for part in (self._title, self._words, self._raw) if part.text())

    def show_problem(self, sentence: str, hint: str, raw: str) -> None:
        """Say why nothing can be shown, and what to do."""
        say(self._title, sentence)
        say(self._words, hint)
        self._words.setVisible(bool(hint))
        say(self._raw, raw)
        self._raw.setVisible(bool(raw))
