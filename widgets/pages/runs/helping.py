"""Buttons, keys and the sheet by which a person steers the run that is going on."""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from app.actions.registry import ASK_SOLVER, EDIT_STEP, GO_ON, ONE_STEP, PAUSE_RUN, RUN_TO, TAKE_OVER
from app.actions.run_state import Picked, RunState
from app.actions.runs import RunActs
from widgets.pages.runs.step_edit import StepEdit
from widgets.pages.runs.steps import StepList
from widgets.pages.runs.turn_card import TurnCard
from widgets.parts.button import Button
from widgets.parts.label import tip
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface, ground_of
from widgets.parts.touch_picture import Touch, TouchPicture


class Helping(QObject):
    """`pause_button`, `step_button` stand in the head of the page; `to_button`, `edit_button` in that of the steps.

    `used` tells that a person begins or ends to use the picture.
    """

    used = Signal()

    def __init__(self, runs: RunActs, steps: StepList, card: TurnCard, picture: TouchPicture, page: Surface) -> None:
        super().__init__(page)
        self._runs = runs
        self._control = runs.control
        self._steps = steps
        self._page = page
        self._state: RunState | None = None
        self._picture = picture
        self._touch: Touch = ""
        self._picked: Picked | None = None
        self.card = card
        self.sheet: ConfirmSheet | None = None
        self.pause_button = Button(PAUSE_RUN.label, icon=PAUSE_RUN.icon)
        self.step_button = Button(icon=ONE_STEP.icon, tip=ONE_STEP.label)
        self.to_button = Button(icon=RUN_TO.icon, look="quiet", small=True, tip=RUN_TO.label)
        self.edit_button = Button(icon=EDIT_STEP.icon, look="quiet", small=True, tip=EDIT_STEP.label)
        self.pause_button.clicked.connect(self._pause_or_go_on)
        self.step_button.clicked.connect(self._control.step)
        self.to_button.clicked.connect(lambda: self._control.run_to(steps.marked()))
        self.edit_button.clicked.connect(lambda: self._edit(steps.marked()))
        card.go_button.clicked.connect(self._control.go_on)
        card.step_button.clicked.connect(self._control.step)
        card.skip_button.clicked.connect(self._control.leave_out)
        card.edit_button.clicked.connect(lambda: self._edit_held())
        card.done_button.clicked.connect(self._control.go_on)
        card.more_button.clicked.connect(self._control.more_time)
        card.stay_button.clicked.connect(self._control.stay)
        card.ask_button.clicked.connect(self._ask_solver)
        card.take_button.clicked.connect(lambda: self._touch_with("hands"))
        card.hands_button.clicked.connect(lambda: self._touch_with("hands"))
        card.pick_button.clicked.connect(lambda: self._touch_with("point"))
        picture.moused.connect(self._moused)
        picture.typed.connect(self._control.keys)
        picture.pressed_at.connect(self._pointed)
        QShortcut(QKeySequence(TAKE_OVER.key), page).activated.connect(lambda: self._touch_with("hands"))
        steps.picked.connect(lambda _: self._show_acts())
        for key, button in (
            (PAUSE_RUN.key, self.pause_button), (ONE_STEP.key, self.step_button), (RUN_TO.key, self.to_button),
            (EDIT_STEP.key, self.edit_button),
        ):  # fmt: skip
            QShortcut(QKeySequence(key), page).activated.connect(button.click)

    def show_run(self, state: RunState | None) -> None:
        """Show what may be done to the run of what is chosen; None for none."""
        self._state = state
        if state is None or state.held is None:
            self._use("")
        self.card.show_run(state, self._control, time.time(), self._touch)
        self._show_acts()
        if state is not None and state.picked is not self._picked:
            self._picked = state.picked
            if state.picked is not None:
                self._edit_held(state.picked.selector)

    @property
    def touches(self) -> bool:
        """Whether a person uses the picture: it has to be that of the page as it is."""
        return bool(self._touch)

    def tick(self) -> None:
        """A second has gone by."""
        if self._state is not None and self._state.held is not None:
            self.card.show_time(self._state.held, time.time())

    def _show_acts(self) -> None:
        going_on = self._state is not None and self._state.going_on
        held = self._state is not None and self._state.held is not None
        for button in (self.pause_button, self.step_button, self.to_button, self.edit_button):
            button.setVisible(going_on)
        if not going_on:
            return
        act = GO_ON if held else PAUSE_RUN
        self.pause_button.say(act.label)
        self.pause_button.set_icon(act.icon)
        marked = self._steps.marked()
        for button, why, words in (
            (self.pause_button, self._control.why_not_go_on() if held else self._control.why_not_pause(), act.words),
            (self.step_button, self._control.why_not_step(), ONE_STEP.words),
            (self.to_button, self._control.why_not_run_to(marked), RUN_TO.words),
            (self.edit_button, self._control.why_not_edit(marked), EDIT_STEP.words),
        ):
            button.set_off(why)
            tip(button, why or words)

    def _pause_or_go_on(self) -> None:
        if self._runs.state.held is not None:
            self._control.go_on()
        else:
            self._control.pause()

    def _touch_with(self, how: Touch) -> None:
        if not self._control.why_not_take_over() and self._state is not None:
            self._use("" if self._touch == how else how)
            self.card.show_run(self._state, self._control, time.time(), self._touch)
            self.used.emit()

    def _use(self, how: Touch) -> None:
        self._touch = how
        self._picture.touch(how)

    def _moused(self, what: Any, x: float, y: float, scroll: float) -> None:
        width, height = self._runs.live.size
        if width:
            self._control.mouse(what, x * width, y * height, scroll)

    def _pointed(self, x: float, y: float) -> None:
        width, height = self._runs.live.size
        self._use("")
        if width:
            self._control.pick(x * width, y * height)

    def _edit_held(self, where: str = "") -> None:
        held = self._runs.state.held
        if held is not None:
            self._edit(held.index, where)

    def _edit(self, index: int, where: str = "") -> None:
        if self._control.why_not_edit(index) or self.sheet is not None:
            return
        line = self._runs.state.steps[index]
        form = StepEdit(line, where)
        boxes: list[QWidget] = [form.where_box.box, form.value_box.box]
        self.sheet = ConfirmSheet(
            ground_of(self._page),
            f"Edit step {index + 1}: {line.words}",
            "For this run only. What the step does stays as it is.",
            "Change it",
            inside=form,
            stops=boxes,
        )
        self.sheet.confirmed.connect(lambda _: self._edited(index, form))
        self.sheet.cancelled.connect(self._closed)
        boxes[0].setFocus(Qt.FocusReason.PopupFocusReason)

    def _ask_solver(self) -> None:
        if self._control.why_not_ask() or self.sheet is not None:
            return
        self.sheet = ConfirmSheet(
            ground_of(self._page),
            "Have this captcha solved by 2Captcha",
            "It costs money, mostly less than a cent, and takes up to two minutes. Nothing is sent to the directory by "
            "that; what it cost goes into the run's record.",
            ASK_SOLVER.label,
        )
        self.sheet.confirmed.connect(lambda _: self._asked())
        self.sheet.cancelled.connect(self._closed)

    def _asked(self) -> None:
        self._closed()
        self._control.ask()

    def _edited(self, index: int, form: StepEdit) -> None:
        where, value = form.where, form.value
        self._closed()
        self._control.edit(index, where=where, value=value)

    def _closed(self) -> None:
        self.sheet = None
        self._steps.setFocus(Qt.FocusReason.OtherFocusReason)
