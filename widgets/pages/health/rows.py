"""A list of findings, each with all its sentences: name and state at the left, words at the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from app.actions.health import Hop
from services.domain.project import Kind, Lack
from widgets.look import metrics
from widgets.parts.focus_ring import InnerRing
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import label
from widgets.parts.surface import Hairline, Surface

_MISSING: Final[dict[Kind, str]] = {
    "table": "Missing table",
    "column": "Missing column",
    "function": "Missing function",
    "policy": "Missing policy",
    "publication": "Not sent live",
    "bucket": "Missing bucket",
}


class Line(NamedTuple):
    """`first` is what matters most; `side` stands below the name."""

    name: str
    shape: str
    state: str
    side: str
    sentences: tuple[str, ...]


def of_hop(hop: Hop) -> Line:
    """A hop's card."""
    side = "" if hop.latency_ms is None else f"answered in {hop.latency_ms:,} ms"
    return Line(hop.name, hop.shape, hop.state, side, (hop.missing, hop.todo, hop.evidence))


def of_lack(lack: Lack) -> Line:
    """What is missing in the project."""
    file = f"Add it with resources/schema/{lack.file}."
    return Line(lack.name, "failed" if lack.kind in ("table", "function") else "stale", _MISSING[lack.kind], "",
                (lack.effect, file))  # fmt: skip


class Lines(QScrollArea):
    """Shown anew only when something changed."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        InnerRing(self)
        self.lines: list[Line] = []
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._fill()

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show these in place of those before; the place in the list stays."""
        if list(lines) != self.lines:
            self.lines = list(lines)
            place = self.verticalScrollBar().value()
            self._fill()
            self.verticalScrollBar().setValue(place)

    def _fill(self) -> None:
        ground = Surface("surface.page")
        column = QVBoxLayout(ground)
        column.setContentsMargins(0, 0, 0, metrics.px(16))
        column.setSpacing(0)
        for line in self.lines:
            column.addWidget(_Row(line))
            column.addWidget(Hairline())
        column.addStretch(1)
        self.setWidget(ground)


class _Row(QWidget):
    def __init__(self, line: Line) -> None:
        super().__init__()
        self.setAccessibleName(" ".join(part for part in (f"{line.name}: {line.state}.", *line.sentences) if part))
        grid = QGridLayout(self)
        grid.setContentsMargins(metrics.px(16), metrics.px(10), metrics.px(16), metrics.px(10))
        grid.setHorizontalSpacing(metrics.px(16))
        grid.setVerticalSpacing(metrics.px(2))
        grid.setColumnMinimumWidth(0, metrics.px(264))
        grid.setColumnMinimumWidth(1, metrics.px(152))
        grid.setColumnStretch(2, 1)
        top = Qt.AlignmentFlag.AlignTop
        grid.addWidget(label(line.name, "body", weight=500, selectable=True), 0, 0, top)
        if line.side:
            grid.addWidget(label(line.side, "small", "tertiary"), 1, 0, top)
        grid.addWidget(GlyphLabel(line.shape, line.state, "body", "primary"), 0, 1, top)
        for number, sentence in enumerate(text for text in line.sentences if text):
            tone = "primary" if number == 0 else "secondary"
            grid.addWidget(
                label(sentence, "body" if number == 0 else "small", tone, wrap=True, selectable=True), number, 2
            )
