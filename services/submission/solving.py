"""Has the captchas of a run solved where an admin allowed it, and keeps what that cost."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from playwright.async_api import Page

from services.domain.plans import Step
from services.ports.wishes import CaptchaTerms
from services.submission.captcha_page import find_puzzle, put_in
from services.submission.control import Control, SentByHand, Solve
from services.submission.events import Report
from services.submission.evidence import Seen, Verdict
from services.submission.outcome import Outcome, known
from services.submission.two_captcha import LONGEST, SECONDS, Puzzle, Unsolved, ask, report_wrong
from services.submission.walls import still_asks
from services.submission.wording import refuses_captcha

MOST_ASKED: Final = 3
"""For so many captchas of one run money is spent: what a page shows is its own choice."""
REPORT_SECONDS: Final = 5.0
"""So long at most a run that is over waits to have wrong answers reported."""
_FIELD_SECONDS: Final = 0.5
# Some ask their server about the answer first.
_WIDGET_SECONDS: Final = 2.0
_TOO_LATE: Final = "Too little time was left to ask 2Captcha"
_SENT: Final = "As 2Captcha's answer was put in, the page sent something: look at the directory"


class Solving:
    """Of one run. `terms`: None where it may not be asked; `control` says how long there is for it."""

    def __init__(self, terms: CaptchaTerms | None, report: Report, control: Control) -> None:
        self._terms = terms
        self._control = control
        self._report = report
        self.record: list[dict[str, Any]] = []
        """Each time it was asked: {"index", "by", "ms", "kind"?, "id"?, "cost"?, "error"?, "wrong"?, "reported"?}.

        `by`: who pressed for it, else who allowed it; `cost` in US dollars; `wrong`: the page refused the answer;
        `reported`: 2Captcha knows."""

    def on_request(self, page: Page, plan: Sequence[Step], helper: str) -> Solve | None:
        """What a person who presses for it, `helper`, calls with the step's index; None where it may not be asked."""
        if self._terms is None:
            return None
        return lambda index: self.solve(page, index, plan[index], by=helper)

    def said(self) -> list[str]:
        """What it solved, in words."""
        return [
            f"2Captcha solved the captcha in {entry['ms'] / 1000:.0f} s"
            + (f" for ${entry['cost']:.4f}" if entry.get("cost") is not None else "")
            for entry in self.record
            if "error" not in entry
        ]

    async def alone(self, page: Page, index: int, step: Step) -> bool:
        """Ask without being told to, once for each step: whether the page asks for the captcha no more.

        Raises SentByHand where the page went on by itself once it had the answer."""
        if any(entry["index"] == index for entry in self.record):
            self._was_wrong()
            return False
        return await self.solve(page, index, step)

    async def solve(self, page: Page, index: int, step: Step, *, by: str = "") -> bool:
        """Ask: whether the page asks for the captcha no more. Why not is reported. `by`: who pressed for it.

        Raises SentByHand as `alone` does."""
        terms = self._terms
        if terms is None:
            return False
        began = time.monotonic()
        entry: dict[str, Any] = {"index": index, "by": by or terms.allowed_by}
        self._report({"kind": "asking", "index": index, "seconds": SECONDS})
        try:
            if len(self.record) >= MOST_ASKED:
                raise Unsolved(f"2Captcha was asked {MOST_ASKED} times in this run already")
            if self._control.left() < LONGEST:
                raise Unsolved(_TOO_LATE)
            puzzle = await find_puzzle(page, step)
            self.record.append(entry)
            entry["kind"] = puzzle.kind
            answer = await ask(terms, puzzle, lambda captcha_id: entry.update(id=captcha_id))
            entry["cost"] = answer.cost
            await self._put_in(page, step, puzzle, answer.code)
        except Unsolved as error:
            self._control.nobody.append(str(error))
            entry["error"] = str(error)
        except asyncio.CancelledError:
            entry["error"] = "cut short"
            raise
        finally:
            entry["ms"] = round((time.monotonic() - began) * 1000)
            told = {name: entry[name] for name in ("index", "ms", "id", "cost", "error") if entry.get(name) is not None}
            self._report({"kind": "asked", **told})
        return "error" not in entry

    async def _put_in(self, page: Page, step: Step, puzzle: Puzzle, code: str) -> None:
        hands, fault = self._control.hands, None
        assert hands is not None
        # A widget's page is told of the answer, and many a page sends its form then, which ends the page meanwhile.
        async with hands.watching(page, _FIELD_SECONDS if puzzle.kind == "image" else _WIDGET_SECONDS):
            try:
                await put_in(page, step, puzzle, code)
            except Unsolved as error:
                fault = error
        if hands.sent:
            raise SentByHand(_SENT)
        if fault is not None:
            raise fault
        if await still_asks(page, "captcha", step):
            raise Unsolved("2Captcha gave an answer, and the page asks still")

    def judged(self, verdict: Verdict, before: Seen, after: Seen) -> None:
        """The form was sent. Where the page says of the captcha that it was wrong, the answer was."""
        new = [problem for problem in after.problems if problem not in before.problems]
        if verdict.status != "submitted" and any(refuses_captcha(said) for said in [*new, verdict.error or ""]):
            self._was_wrong()

    def noted(self, outcome: Outcome) -> Outcome:
        """The outcome with the record as it is now."""
        log = {**outcome.response_log, **known(captchas=self.record)}
        return msgspec.structs.replace(outcome, response_log=log)

    async def report_wrong(self) -> None:
        """The run is over: 2Captcha need not be paid for answers that were wrong."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REPORT_SECONDS):
                for entry in self.record:
                    if self._terms is not None and entry.get("reported") is False:
                        entry["reported"] = await report_wrong(self._terms, entry["id"])

    def _was_wrong(self) -> None:
        newest = self.record[-1] if self.record else {}
        if "id" in newest and not newest.keys() & {"error", "wrong"}:
            newest |= {"wrong": True, "reported": False}
