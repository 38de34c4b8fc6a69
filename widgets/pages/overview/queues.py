"""Both queues: what waits, is in flight and delayed, how that went in the last hour, and how old it may be."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.actions.queue_watch import EVERY, POINTS, QueueNow, Which
from app.desk import Desk
from services.domain.diagnosis import since
from widgets.pages.overview.panel import Panel
from widgets.parts import spans
from widgets.parts.label import tip
from widgets.parts.queue_lines import QueueLine, QueueLines

_NAMES: Final[dict[Which, str]] = {"main": "Main queue", "dlq": "Dead letters"}
_TONES: Final[dict[Which, str]] = {"main": "running", "dlq": "failed"}
_FACES: Final = {"denied": "Not permitted", "absent": "Not set up", "away": "No answer"}


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
        self.queues.show_queues([self._queue_line(which, queue, now) for which, queue in watch.now.items()])
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
            self.head.as_of.show_time(spans.as_of(min(told, default=None), now, stale=self.stale), stale=self.stale)

    def _pressed(self, key: str) -> None:
        if key == "dlq":
            self.show_dead_letters.emit()

    def _queue_line(self, which: Which, queue: QueueNow, now: float) -> QueueLine:
        points = tuple(self._desk.dead_letters.watch.history(which))
        figures, stale = queue.figures, queue.stale(now)
        if figures is None:
            below = _FACES.get(queue.kind, "Not asked yet")
            return QueueLine(which, _NAMES[which], "—", "tertiary", below, points=points, span=EVERY * POINTS)
        name = figures.arn.rpartition(":")[2] or _NAMES[which]
        age = self._main_age(now) if which == "main" else self._letters_age(now)
        below = f"{_FACES[queue.kind]} since {spans.clock(queue.as_of)}" if queue.kind else age
        empty = figures.visible + figures.in_flight + figures.delayed == 0
        return QueueLine(
            which, name, f"{figures.visible:,}", "tertiary" if stale or empty else _TONES[which],
            "empty" if empty and not queue.kind else below,
            f"{figures.in_flight:,} in flight", f"{figures.delayed:,} delayed" if figures.delayed else "",
            points, EVERY * POINTS,
        )  # fmt: skip

    def _main_age(self, now: float) -> str:
        """SQS doesn't tell it, and nobody here receives from that queue: so it is an estimate."""
        oldest = self._desk.store.oldest_enqueued()
        return "age not known" if oldest is None else f"oldest about {since(max(0.0, now - oldest))}, estimated"

    def _letters_age(self, now: float) -> str:
        sent = [
            line.letter.sent_at for line in self._desk.dead_letters.lines.values() if line.letter.sent_at is not None
        ]
        return f"oldest {since(max(0.0, now - min(sent)))}" if sent else "none looked at"
