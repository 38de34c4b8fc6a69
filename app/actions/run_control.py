"""What a person wants of the run that is going on: hold, one step, run to here, another selector."""

from __future__ import annotations

from typing import Literal, Protocol

from app.actions.registry import (
    ASK_SOLVER,
    EDIT_STEP,
    GO_ON,
    MORE_TIME,
    ONE_STEP,
    PAUSE_RUN,
    PICK_FIELD,
    RUN_TO,
    SKIP_STEP,
    STAY,
    TAKE_OVER,
    Act,
    why_not,
)
from app.actions.run_state import RunState
from services.domain.run_commands import (
    AskSolver,
    Command,
    EditStep,
    GoOn,
    Keys,
    MoreTime,
    Mouse,
    OneStep,
    Pause,
    Pick,
    RunTo,
    SkipStep,
    Stay,
)
from services.ports.wishes import Runner


class _Runs(Protocol):
    """Of the acts on runs, what is needed here."""

    state: RunState
    role: str | None


class RunControl:
    """Each act has its `why_not_...`: why it is off, "" when it may be pressed. An act that is off does nothing.

    What becomes of an act shows in the run's state, once the child has said so.
    """

    def __init__(self, runs: _Runs, runner: Runner) -> None:
        self._runs = runs
        self._runner = runner

    def why_not_pause(self) -> str:
        """Why Pause is off."""
        if refusal := self._off(PAUSE_RUN):
            return refusal
        return "It is held already." if self._runs.state.held is not None else ""

    def pause(self) -> None:
        """Hold before the next step."""
        self._tell(self.why_not_pause(), Pause())

    def why_not_go_on(self) -> str:
        """Why Go on is off."""
        return self._off(GO_ON, held=True)

    def go_on(self) -> None:
        """Go on; a step that failed is tried again."""
        self._tell(self.why_not_go_on(), GoOn())

    def why_not_step(self) -> str:
        """Why One step is off."""
        return self._off(ONE_STEP, held=True)

    def step(self) -> None:
        """Carry out one step, then hold again."""
        self._tell(self.why_not_step(), OneStep())

    def why_not_run_to(self, index: int) -> str:
        """Why Run to here is off for a step."""
        if refusal := self._off(RUN_TO):
            return refusal
        if not self._waits(index):
            return "Choose a step that has not begun."
        held = self._runs.state.held
        return "It is held before this step." if held is not None and held.index == index else ""

    def run_to(self, index: int) -> None:
        """Go on, and hold before a step."""
        self._tell(self.why_not_run_to(index), RunTo(index))

    def why_not_skip(self) -> str:
        """Why Skip is off."""
        if refusal := self._off(SKIP_STEP, held=True):
            return refusal
        held = self._runs.state.held
        return "" if held is not None and held.why == "failed" else "Only a step that failed is skipped."

    def leave_out(self) -> None:
        """Leave out the step that failed."""
        self._tell(self.why_not_skip(), SkipStep())

    def why_not_take_over(self) -> str:
        """Why the page of the run can't be used."""
        return self._off(TAKE_OVER, held=True)

    def mouse(self, what: Literal["move", "down", "up", "wheel"], x: float, y: float, scroll: float = 0.0) -> None:
        """The mouse in the page: places in its own pixels."""
        self._tell(self.why_not_take_over(), Mouse(what, x, y, scroll))

    def keys(self, text: str, key: str) -> None:
        """The keyboard in the page: what is typed, or the name of one key."""
        self._tell(self.why_not_take_over(), Keys(text, key))

    def pick(self, x: float, y: float) -> None:
        """Find a selector for what is at a place of the page."""
        self._tell(self._off(PICK_FIELD, held=True), Pick(x, y))

    def more_time(self) -> None:
        """Wait for a person for longer."""
        self._tell(self._off(MORE_TIME, held=True), MoreTime())

    def stay(self) -> None:
        """Don't go on by yourself."""
        self._tell(self._off(STAY, held=True), Stay())

    def why_not_ask(self) -> str:
        """Why 2Captcha can't be asked."""
        if refusal := self._off(ASK_SOLVER, held=True):
            return refusal
        if self._runs.state.asking:
            return "2Captcha is asked already."
        held = self._runs.state.held
        return "" if held is not None and held.solver else "No admin has allowed it, or no key is set: see Settings."

    def ask(self) -> None:
        """Have the captcha solved for money."""
        self._tell(self.why_not_ask(), AskSolver())

    def why_not_edit(self, index: int) -> str:
        """Why Edit is off for a step."""
        if refusal := self._off(EDIT_STEP):
            return refusal
        held = self._runs.state.held
        if held is None:
            return "Pause the run first."
        failed = held.why == "failed" and held.index == index
        return "" if failed or self._waits(index) else "Choose a step that has not begun."

    def edit(self, index: int, *, where: str | None, value: str | None) -> None:
        """Let a step act elsewhere, or put something else in; None leaves it as it is."""
        if where is not None or value is not None:
            self._tell(self.why_not_edit(index), EditStep(index, where, value))

    def _off(self, act: Act, *, held: bool = False) -> str:
        if refusal := why_not(act, self._runs.role):
            return refusal
        if self._runs.state.phase != "running":
            return "No run is going on."
        return "It isn't held." if held and self._runs.state.held is None else ""

    def _waits(self, index: int) -> bool:
        steps = self._runs.state.steps
        return 0 <= index < len(steps) and steps[index].status == "waiting"

    def _tell(self, refusal: str, command: Command) -> None:
        if not refusal:
            self._runner.tell(self._runs.state.run_id, command)
