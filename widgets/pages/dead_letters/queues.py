"""Both queues on one line over the dead letters."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.desk import Desk
from app.models.queue_shown import SPAN, queue_shown
from widgets.look import metrics
from widgets.parts import spans
from widgets.parts.label import tip
from widgets.parts.queue_lines import QueueLine
from widgets.parts.queue_strip import QueueStrip
from widgets.parts.surface import Surface


class QueueBar(Surface):
    """Shows what was last told of them."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__("surface.page", "b", parent)
        self._desk = desk
        self.queues = QueueStrip()
        self.setFixedHeight(metrics.px(metrics.BAR))
        line = QHBoxLayout(self)
        line.setContentsMargins(metrics.px(16), 0, metrics.px(16), 1)
        line.addWidget(self.queues)
        self.refresh()

    def refresh(self) -> None:
        """Show both as they were last told."""
        letters = self._desk.dead_letters
        shown = [queue_shown(letters, self._desk.store, which, spans.clock) for which in letters.watch.now]
        self.queues.show_queues(
            [
                QueueLine(one.key, one.name, one.value, one.tone, one.below, one.flight, one.delayed, one.points, SPAN)
                for one in shown
            ]
        )
        problems = [f"{one.problem} {one.hint}".strip() for one in letters.watch.now.values() if one.problem]
        tip(self.queues, "\n".join(problems) or "As both queues were last asked, with the last hour of it")
