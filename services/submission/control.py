"""Holds a run between two steps for as long as a person wants, or until one has helped."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final, Literal

from playwright.async_api import Page

from services.domain.run_commands import (
    HELP_SECONDS,
    PATIENCE_SECONDS,
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
    Watch,
)
from services.submission.clearing import Asks, Clearing
from services.submission.edits import EditRefused
from services.submission.events import Report
from services.submission.hands import Hands
from services.submission.picking import pick
from services.submission.steps import PersonNeeded, StepFailed

Why = Literal["paused", "failed", "captcha", "login", "email_code"]
Help = Literal["again", "skip"]
Revise = Callable[[EditStep], Awaitable[dict[str, Any]]]
"""Carries out an edit; gives what the `edited` event says of the step. Raises EditRefused."""
Solve = Callable[[int], Awaitable[bool]]
"""Has the captcha before a step solved for money: whether the page no longer asks for it."""
_PAUSED_TOO_LONG: Final = "Nobody came back to the paused run"
_SENT: Final = "While a person had the page, something was sent: look at the directory"


class SentByHand(Exception):
    """While the run did not have its page for itself, something was sent that may be the form: it must not be sent
    again. The text says when, for staff."""


class Control:
    """Takes commands on the loop's thread at any time; the run asks it between its steps."""

    def __init__(self, report: Report, *, helper: str = "") -> None:
        """`helper`: who watches, so that a step that fails waits for them; "" for nobody."""
        self._report = report
        self._helper = helper
        self._page: Page | None = None
        self._patience = PATIENCE_SECONDS
        self._commands: asyncio.Queue[Command] | None = None
        self._hold_at: int | None = None
        self._held_since = 0.0
        self._watched = False
        self._watch: Callable[[bool], None] | None = None
        self._waits: asyncio.Timeout | None = None
        self.hands: Hands | None = None
        """None until the run has a page."""
        self.limit: asyncio.Timeout | None = None
        """The run's time limit, which stands still while it is held."""
        self.revise: Revise | None = None
        self.solve: Solve | None = None
        """None where that isn't allowed."""
        self.record: list[dict[str, Any]] = []
        """What was held, by whom and for how long: {"index", "why", "ms", "by", "inputs", "by_itself"?, "window"?}.
        "inputs" are those of the picture; "window": the person had the browser's own window beside it."""

        self.nobody: list[str] = []
        """Who was waited for or asked in vain, in words."""

    def lend(self, page: Page, hands: Hands) -> None:
        """While the run is held, a person may use its page."""
        self._page, self.hands = page, hands

    @property
    def sent(self) -> bool:
        """Something was sent that may be the form, while the run did not have its page for itself."""
        return self.hands is not None and self.hands.sent

    def left(self) -> float:
        """Seconds until the run, or its being held, is over; infinite where neither has an end."""
        ends = [timeout.when() for timeout in (self._waits, self.limit) if timeout is not None]
        return min((end for end in ends if end is not None), default=math.inf) - asyncio.get_running_loop().time()

    def take(self, command: Command) -> None:
        """A person says what is to be done."""
        if isinstance(command, Watch):
            self._watched = command.on
            if self._watch is not None:
                self._watch(command.on)
        elif self._commands is not None:
            self._commands.put_nowait(command)
        elif isinstance(command, Pause):
            self._hold_at = 0
        elif isinstance(command, RunTo):
            self._hold_at = command.index
        elif isinstance(command, EditStep):
            self._report({"kind": "refused", "why": "Pause the run first"})

    def let_watch(self, watch: Callable[[bool], None]) -> None:
        """From now on `watch` is told whether somebody watches."""
        self._watch = watch
        watch(self._watched)

    async def before(self, index: int) -> None:
        """Called before each step: waits while the run is held. Raises StepFailed when nobody comes back."""
        if self._hold_at is None or index < self._hold_at:
            return
        if await self._hold(index, "paused", self._patience) is None:
            raise StepFailed(_PAUSED_TOO_LONG)

    async def failed(self, index: int, error: StepFailed, *, again: str = "", skip: str = "") -> Help | None:
        """A step failed and nothing was sent by it: what a person wants instead; None for the end of the run.

        `again`, `skip`: why that can't be done, "" when it can.
        """
        if not self._helper:
            return None
        return await self._hold(index, "failed", HELP_SECONDS, error=str(error), again=again, skip=skip)

    async def person(self, index: int, error: PersonNeeded, asks: Asks) -> bool:
        """The page asks for what only a person can give: whether one says that it is given, or it `asks` no more."""
        skip = "Without it the directory takes nothing"
        if not self._helper:
            return False
        # Whoever helps in the browser's window looks there, and would be cut off.
        clearing = Clearing(asks, self._report, index) if self.hands is None or not self.hands.window else None
        held = self._hold(index, error.person, HELP_SECONDS, error=str(error), skip=skip, clearing=clearing)
        return await held is not None

    async def _hold(
        self,
        index: int,
        why: Why,
        seconds: float,
        *,
        error: str = "",
        again: str = "",
        skip: str = "",
        clearing: Clearing | None = None,
    ) -> Help | None:
        self._hold_at = None
        if self.hands is not None and self._page is not None:
            await self.hands.begin(self._page, forgiving=why == "login")
        began = time.monotonic()
        self._held_since = asyncio.get_running_loop().time()
        seconds = min(seconds, self._patience)
        told = {"kind": "held", "index": index, "why": why, "seconds": round(seconds)}
        if error:
            told["error"] = error
        if why == "captcha" and self.solve is not None:
            told["solver"] = True
        self._report(told)
        commands = self._commands = asyncio.Queue()
        skip = "Only a step that failed is skipped" if why == "paused" else skip
        try:
            with _stopped(self.limit):
                async with asyncio.timeout(seconds) as waits:
                    self._waits = waits
                    following = commands.get if clearing is None else lambda: clearing.next(commands)
                    return await self._commanded(following, index, again, skip, waits, told)
        except TimeoutError:
            self.nobody.append(
                f"It waited {max(1, round((time.monotonic() - began) / 60))} min for a person; nobody came"
            )
            return None
        finally:
            self._commands = self._waits = None
            took = time.monotonic() - began
            self._patience -= took
            ms, inputs = round(took * 1000), self.hands.used if self.hands is not None else 0
            alone = {"by_itself": True} if clearing is not None and clearing.over else {}
            window = {"window": True} if self.hands is not None and self.hands.window is not None else {}
            more = {"by": self._helper, "inputs": inputs, **alone, **window}
            self.record.append({"index": index, "why": why, "ms": ms, **more})
            self._report({"kind": "released", "index": index, "ms": ms})
            if self.hands is not None:
                await self.hands.end()
                if self.hands.sent:
                    raise SentByHand(_SENT)

    async def _commanded(
        self,
        following: Callable[[], Awaitable[Command]],
        index: int,
        again: str,
        skip: str,
        waits: asyncio.Timeout,
        told: dict[str, Any],
    ) -> Help:
        while True:
            command = await following()
            if isinstance(command, EditStep | Mouse | Keys | Pick):
                await self._carry_out(command, index)
            elif isinstance(command, MoreTime):
                self._wait_longer(waits, told)
            elif isinstance(command, AskSolver):
                if told.get("solver") and self.solve is not None and await self.solve(index):
                    return "again"
            elif isinstance(command, SkipStep):
                if not skip:
                    return "skip"
                self._report({"kind": "refused", "why": skip})
            elif isinstance(command, GoOn | OneStep | RunTo):
                if not again:
                    self._hold_at = _next_hold(command, index)
                    return "again"
                self._report({"kind": "refused", "why": again})

    async def _carry_out(self, command: EditStep | Mouse | Keys | Pick, index: int) -> None:
        try:
            if isinstance(command, EditStep):
                if command.index < index or self.revise is None:
                    raise EditRefused("This step is done")
                self._report({"kind": "edited", "index": command.index, **await self.revise(command)})
            elif self.hands is None or self._page is None:
                raise EditRefused("No page is open yet")
            elif isinstance(command, Pick):
                self._report({"kind": "picked", **await pick(self._page, command.x, command.y)})
            else:
                await self.hands.use(command)
        except EditRefused as error:
            self._report({"kind": "refused", "why": str(error)})

    def _wait_longer(self, waits: asyncio.Timeout, told: dict[str, Any]) -> None:
        now, end = asyncio.get_running_loop().time(), waits.when()
        left = min(HELP_SECONDS, self._patience - (now - self._held_since))
        if end is None or left <= end - now:
            self._report({"kind": "refused", "why": "The run can't be held for longer"})
            return
        waits.reschedule(now + left)
        self._report({**told, "seconds": round(left)})


def _next_hold(command: GoOn | OneStep | RunTo, index: int) -> int | None:
    if isinstance(command, RunTo):
        return max(command.index, index + 1)
    return index + 1 if isinstance(command, OneStep) else None


@contextlib.contextmanager
def _stopped(limit: asyncio.Timeout | None) -> Iterator[None]:
    """The time limit stands still meanwhile; one that was brought forward (the browser broke down) stays so."""
    end = limit.when() if limit is not None else None
    loop = asyncio.get_running_loop()
    if limit is None or end is None or end <= loop.time():
        yield
        return
    began = loop.time()
    limit.reschedule(None)
    try:
        yield
    finally:
        if limit.when() is None:
            limit.reschedule(end + loop.time() - began)
