"""The card of a run that waits for a person: why, for how long still, and what may be done."""

from __future__ import annotations

import math
from typing import Final

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.actions.registry import EDIT_STEP, GO_ON, ONE_STEP, SKIP_STEP
from app.actions.run_control import RunControl
from app.actions.run_state import Held, RunState
from widgets.look import metrics
from widgets.parts import spans
from widgets.parts.bar import BarView
from widgets.parts.button import Button
from widgets.parts.cell import Bar
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import label, say, tip
from widgets.parts.surface import Surface

_TINT: Final = "status.paused.tint"


class TurnCard(Surface):
    """Hidden while the run waits for nobody."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_TINT, "b", parent)
        self.title = label("", "title", wrap=True)
        self.left = label("", "title", "paused")
        self.words = label("", wrap=True)
        self.note = label("", "small", "failed", wrap=True)
        self._bar = BarView(4)
        self.go_button = Button(GO_ON.label, "primary", icon=GO_ON.icon, key=GO_ON.key)
        self.step_button = Button(ONE_STEP.label, icon=ONE_STEP.icon)
        self.edit_button = Button(EDIT_STEP.label, icon=EDIT_STEP.icon)
        self.skip_button = Button(SKIP_STEP.label, "link", small=True)
        self._glyph = GlyphLabel("paused", under=_TINT)
        head = QHBoxLayout()
        head.setSpacing(metrics.px(8))
        head.addWidget(self._glyph)
        head.addWidget(self.title, 1)
        head.addWidget(self.left)
        acts = QHBoxLayout()
        acts.setContentsMargins(0, metrics.px(6), 0, 0)
        acts.setSpacing(metrics.px(8))
        for button in (self.go_button, self.edit_button, self.step_button):
            acts.addWidget(button)
        acts.addStretch(1)
        links = QHBoxLayout()
        links.addWidget(self.skip_button)
        links.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(metrics.px(16), metrics.px(14), metrics.px(16), metrics.px(14))
        column.setSpacing(metrics.px(6))
        column.addLayout(head)
        column.addWidget(self.words)
        column.addWidget(self._bar)
        column.addLayout(acts)
        column.addLayout(links)
        column.addWidget(self.note)
        self.hide()

    def show_run(self, state: RunState | None, control: RunControl, now: float) -> None:
        """Show what the run waits for. `now`: unix seconds."""
        held = state.held if state is not None else None
        self.setVisible(held is not None)
        if state is None or held is None:
            return
        step = state.steps[held.index].words if held.index < len(state.steps) else ""
        failed = held.why == "failed"
        self._glyph.say("", "failed" if failed else "paused")
        if failed:
            say(self.title, f"Step {held.index + 1} failed")
            say(self.words, f"{step}: {held.error}. Put it right and try again, or the run ends as failed.")
        else:
            say(self.title, f"Paused before step {held.index + 1}")
            say(self.words, f"Next: {step}. If nobody comes back in time, the run ends.")
        self.go_button.say("Try again" if failed else GO_ON.label)
        self.step_button.setVisible(not failed)
        self.skip_button.setVisible(failed)
        for button, why, words in (
            (self.go_button, control.why_not_go_on(), GO_ON.words),
            (self.step_button, control.why_not_step(), ONE_STEP.words),
            (self.skip_button, control.why_not_skip(), SKIP_STEP.words),
            (self.edit_button, control.why_not_edit(held.index), EDIT_STEP.words),
        ):
            button.set_off(why)
            tip(button, why or words)
        say(self.note, state.refused)
        self.note.setVisible(bool(state.refused))
        self.show_time(held, now)

    def show_time(self, held: Held, now: float) -> None:
        """Show how long the run still waits."""
        left = max(0, math.ceil(held.until - now))
        say(self.left, spans.elapsed(left))
        self._bar.show_bar(Bar((("paused", left),), max(1, round(held.until - held.since))))
