"""The card of a run that waits for a person: why, for how long still, and what may be done."""

from __future__ import annotations

import math
from typing import Final

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.actions.registry import (
    ASK_SOLVER,
    EDIT_STEP,
    GO_ON,
    MORE_TIME,
    ONE_STEP,
    PICK_FIELD,
    SKIP_STEP,
    STAY,
    TAKE_OVER,
)
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

_PERSONS: Final = {
    "captcha": ("a captcha", "Take over, and solve it in the picture."),
    "login": ("a sign-in", "Take over, and sign in in the picture."),
    "email_code": ("a code from an e-mail", "Look for the e-mail, take over, and type the code into the picture."),
}
_IN_WINDOW: Final = {
    "captcha": "Solve it in the browser's window.",
    "login": "Sign in in the browser's window.",
    "email_code": "Look for the e-mail, and type the code into the browser's window.",
}
_HANDS: Final = "Click and type in the picture."
_THEN: Final = "Then press Go on: the run itself sends the form."
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
        self.take_button = Button(TAKE_OVER.label, "primary", icon=TAKE_OVER.icon, key="⇧T")
        self.done_button = Button(GO_ON.label, icon=GO_ON.icon)
        self.stay_button = Button(STAY.label, icon=STAY.icon)
        self.ask_button = Button(ASK_SOLVER.label, "link", small=True)
        self.skip_button = Button(SKIP_STEP.label, "link", small=True)
        self.pick_button = Button(PICK_FIELD.label, "link", small=True)
        self.hands_button = Button(TAKE_OVER.label, "link", small=True)
        self.more_button = Button(MORE_TIME.label, "link", small=True)
        self._glyph = GlyphLabel("paused", under=_TINT)
        self._asked = ""
        head = QHBoxLayout()
        head.setSpacing(metrics.px(8))
        head.addWidget(self._glyph)
        head.addWidget(self.title, 1)
        head.addWidget(self.left)
        acts = QHBoxLayout()
        acts.setContentsMargins(0, metrics.px(6), 0, 0)
        acts.setSpacing(metrics.px(8))
        of_acts = (
            self.take_button, self.done_button, self.stay_button, self.go_button, self.edit_button, self.step_button,
        )  # fmt: skip
        for button in of_acts:
            acts.addWidget(button)
        acts.addStretch(1)
        links = QHBoxLayout()
        links.setSpacing(metrics.px(12))
        of_links = (self.pick_button, self.hands_button, self.ask_button, self.skip_button, self.more_button)
        for button in of_links:
            links.addWidget(button)
        self._buttons = (*of_acts, *of_links)
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

    def show_run(self, state: RunState | None, control: RunControl, now: float, touch: str = "") -> None:
        """Show what the run waits for. `now`: unix seconds; `touch`: how a person uses the picture already."""
        held = state.held if state is not None else None
        asking = state is not None and state.asking and held is None
        self.setVisible(held is not None or asking)
        if asking:
            self._show_asking()
        if state is None or held is None:
            return
        self._bar.show()
        step = state.steps[held.index].words if held.index < len(state.steps) else ""
        failed, person = held.why == "failed", _PERSONS.get(held.why)
        self._glyph.say("", "failed" if failed else "paused")
        if person is not None:
            say(self.title, f"Your turn: {person[0]}")
            there = _IN_WINDOW[held.why] if state.window else person[1]
            self._asked = f"{_HANDS if touch == 'hands' else there} {_THEN}"
        elif failed:
            say(self.title, f"Step {held.index + 1} failed")
            say(self.words, f"{step}: {held.error}. Put it right and try again, or the run ends as failed.")
        else:
            say(self.title, f"Paused before step {held.index + 1}")
            say(self.words, f"Next: {step}. If nobody comes back in time, the run ends.")
        self.go_button.say("Try again" if failed else GO_ON.label)
        self.take_button.setVisible(person is not None)
        self.done_button.setVisible(person is not None)
        self.stay_button.setVisible(bool(held.goes_on))
        self.ask_button.setVisible(held.why == "captcha")
        self.ask_button.say("2Captcha is asked…" if state.asking else ASK_SOLVER.label)
        tip(self.stay_button, STAY.words)
        self.go_button.setVisible(person is None)
        self.edit_button.setVisible(person is None)
        self.step_button.setVisible(held.why == "paused")
        self.skip_button.setVisible(failed)
        self.pick_button.setVisible(person is None and bool(state.picture))
        self.hands_button.setVisible(failed and bool(state.picture))
        self.more_button.setVisible(held.why != "paused" and not failed)
        self.take_button.say("Give it back" if touch == "hands" else TAKE_OVER.label)
        self.hands_button.say(self.take_button.words())
        self.pick_button.say("Click it in the picture" if touch == "point" else PICK_FIELD.label)
        for button, why, words in (
            (self.take_button, control.why_not_take_over(), TAKE_OVER.words),
            (self.hands_button, control.why_not_take_over(), TAKE_OVER.words),
            (self.done_button, control.why_not_go_on(), GO_ON.words),
            (self.ask_button, control.why_not_ask(), ASK_SOLVER.words),
            (self.pick_button, control.why_not_edit(held.index), PICK_FIELD.words),
            (self.go_button, control.why_not_go_on(), GO_ON.words),
            (self.step_button, control.why_not_step(), ONE_STEP.words),
            (self.skip_button, control.why_not_skip(), SKIP_STEP.words),
            (self.edit_button, control.why_not_edit(held.index), EDIT_STEP.words),
        ):
            button.set_off(why)
            tip(button, why or words)
        note = state.refused or (state.unsolved if held.why == "captcha" else "")
        say(self.note, note)
        self.note.setVisible(bool(note))
        self.show_time(held, now)

    def _show_asking(self) -> None:
        """Nobody is needed yet: 2Captcha is asked."""
        for part in (*self._buttons, self.note, self._bar):
            part.hide()
        self._glyph.say("", "running")
        say(self.title, "2Captcha is asked")
        say(self.words, "It takes up to two minutes. With an answer the run goes on by itself; else it is your turn.")
        say(self.left, "")

    def show_time(self, held: Held, now: float) -> None:
        """Show how long the run still waits."""
        if held.goes_on:
            soon = max(1, math.ceil(held.goes_on - now))
            say(self.words, f"The page no longer asks for it: going on in {soon} s.")
        elif held.why in _PERSONS:
            say(self.words, self._asked)
        left = max(0, math.ceil(held.until - now))
        say(self.left, spans.elapsed(left))
        self._bar.show_bar(Bar((("paused", left),), max(1, round(held.until - held.since))))
