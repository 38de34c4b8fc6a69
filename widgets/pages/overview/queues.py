"""Both queues: what waits, is in flight and delayed, how that went in the last hour, and how old it may be."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.actions.queue_watch import Which
from app.desk import Desk
from app.models.queue_shown import SPAN, queue_shown
from widgets.pages.overview.panel import Panel
from widgets.parts import spans
from widgets.parts.label import tip
from widgets.parts.queue_lines import QueueLine, QueueLines


class QueuesPanel(Panel):
    """`show_dead_letters`: the dead letters' row was clicked."""

    show_dead_letters = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        self.queues = QueueLines()
        super().__init__("Queues", self.queues, lines="lb", ruled=True, parent=parent)
        self._desk = desk
        self.queues.pressed.connect(self._pressed)
        self.refresh()

    def refresh(self) -> None:
        """Show both as they were last told."""
        watch, now = self._desk.dead_letters.watch, self._desk.store.now()
        both = list(watch.now.values())
        told = [one.as_of for one in both if one.as_of is not None]
        problems = [one for one in both if one.problem]
        self.queues.show_queues([self._queue_line(which) for which in watch.now])
        tip(self.queues, "\n".join(f"{one.problem} {one.hint}".strip() for one in problems))
        if not told and len(problems) == len(both) and len({one.problem for one in problems}) == 1:
            shape = {"denied": "blocked", "absent": "skipped"}.get(problems[0].kind, "failed")
            self.faces.show_face(problems[0].problem, problems[0].hint, shape=shape)
            self.head.as_of.show_time("not read")
        elif not told and not problems:
            self.faces.show_loading()
            self.head.as_of.show_time("reading")
        else:
            self.stale = any(one.stale(now) for one in both)
            self.faces.show_content()
            words = spans.as_of(min(told), now, stale=self.stale) if told else "not read"
            self.head.as_of.show_time(words, stale=self.stale)

    def _pressed(self, key: str) -> None:
        if key == "dlq":
            self.show_dead_letters.emit()

    def _queue_line(self, which: Which) -> QueueLine:
        one = queue_shown(self._desk.dead_letters, self._desk.store, which, spans.clock)
        return QueueLine(one.key, one.name, one.value, one.tone, one.below, one.flight, one.delayed, one.points, SPAN)
