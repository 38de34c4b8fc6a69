"""What staff see while they wait for a page: what is being done, the parts of the local stack coming up."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.look import metrics
from widgets.parts import stack_words
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import label, say
from widgets.parts.surface import Surface


class StartingPage(Surface):
    """One line per part."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("surface.page", parent=parent)
        self._parts: dict[str, GlyphLabel] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(metrics.px(32), metrics.px(32), metrics.px(32), metrics.px(32))
        self._column.setSpacing(metrics.px(8))
        self._title = label("Starting", "title")
        self._more = label("", "body", "secondary", wrap=True)
        self._more.setMaximumWidth(metrics.px(560))
        self._column.addWidget(self._title)
        self._column.addWidget(self._more)
        self._column.addStretch(1)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_part(self, name: str, state: str, why: str) -> None:
        """A part of the local stack is in another state."""
        if name not in self._parts:
            line = GlyphLabel("waiting", "", "body", elides=True)
            self._parts[name] = line
            self._column.insertWidget(self._column.count() - 1, line)
        self._parts[name].say(stack_words.line(name, state, why), stack_words.SHAPES.get(state, "waiting"))

    def begin(self, words: str, more: str = "") -> None:
        """Begin anew, without a part; `words` is what is being done, `more` what that means."""
        say(self._title, words)
        say(self._more, more)
        self._more.setVisible(bool(more))
        for line in self._parts.values():
            self._column.removeWidget(line)
            line.hide()
            line.deleteLater()
        self._parts = {}
