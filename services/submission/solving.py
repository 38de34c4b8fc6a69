"""Has the captchas of a run solved where an admin allowed it, and keeps what that cost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

from playwright.async_api import Page

from services.domain.plans import Step
from services.ports.wishes import CaptchaTerms
from services.submission.captcha_page import find_puzzle, put_in
from services.submission.control import Solve
from services.submission.events import Report
from services.submission.two_captcha import SECONDS, Unsolved, ask, report_wrong
from services.submission.walls import find_walls, still_asks

MOST_ASKED: Final = 3
"""For so many captchas of one run money is spent: what a page shows is its own choice."""


class Solving:
    """Of one run. `terms`: None where it may not be asked; `nobody`: who was asked in vain, in words."""

    def __init__(self, terms: CaptchaTerms | None, report: Report, nobody: list[str]) -> None:
        self._terms = terms
        self._nobody = nobody
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
        """Ask without being told to, once for each step: whether the page asks for the captcha no more."""
        if any(entry["index"] == index for entry in self.record):
            await self._was_wrong()
            return False
        return await self.solve(page, index, step)

    async def solve(self, page: Page, index: int, step: Step, *, by: str = "") -> bool:
        """Ask: whether the page asks for the captcha no more. Why not is reported. `by`: who pressed for it."""
        terms = self._terms
        if terms is None:
            return False
        began = time.monotonic()
        entry: dict[str, Any] = {"index": index, "by": by or terms.allowed_by}
        self._report({"kind": "asking", "index": index, "seconds": SECONDS})
        try:
            if len(self.record) >= MOST_ASKED:
                raise Unsolved(f"2Captcha was asked {MOST_ASKED} times in this run already")
            puzzle = await find_puzzle(page, step)
            self.record.append(entry)
            entry["kind"] = puzzle.kind
            answer = await ask(terms, puzzle)
            entry |= {"id": answer.id, "cost": answer.cost}
            await put_in(page, step, puzzle, answer.code)
            if await still_asks(page, "captcha", step):
                raise Unsolved("2Captcha gave an answer, and the page asks still")
        except Unsolved as error:
            self._nobody.append(str(error))
            entry |= {"error": str(error), **({"id": error.id} if error.id else {})}
        finally:
            entry["ms"] = round((time.monotonic() - began) * 1000)
        told = {name: entry[name] for name in ("index", "ms", "id", "cost", "error") if entry.get(name) is not None}
        self._report({"kind": "asked", **told})
        return "error" not in entry

    async def judged(self, status: str, page: Page) -> None:
        """The form was sent. Where it wasn't taken, and the page asks for a captcha again, the answer was wrong."""
        if self.record and status != "submitted" and "captcha" in await find_walls(page):
            await self._was_wrong()

    async def _was_wrong(self) -> None:
        newest = self.record[-1]
        if self._terms is not None and "id" in newest and not newest.keys() & {"error", "wrong"}:
            newest["wrong"] = True
            newest["reported"] = await report_wrong(self._terms, newest["id"])
