"""Runs a plan's steps in order, up to the verdict."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from playwright.async_api import BrowserContext, Dialog, Error, Page

from services.domain.plans import Step, submit_step
from services.domain.text import one_line
from services.ports.wishes import RunRequest
from services.submission.answers import Answers
from services.submission.blocking import Blocker
from services.submission.events import Report
from services.submission.evidence import Seen, Sending, Verdict, weigh
from services.submission.gate import Gate
from services.submission.observe import look
from services.submission.outcome import Outcome, Status
from services.submission.pictures import Pictures
from services.submission.steps import StepFailed, described, perform, ready

_Part = Callable[[], Awaitable[None]]
_DRY_WAIT_SECONDS: Final = 2.0
_DRY_MORE_SECONDS: Final = 0.15
_FINAL_SECONDS: Final = 3.0


async def run_plan(
    context: BrowserContext, gate: Gate, request: RunRequest, report: Report, about: dict[str, Any]
) -> Outcome:
    """Run the request's plan in `context`. `about` goes into the `started` event.

    Never raises for what a page, a plan or a breaking browser does. When cancelled it reports the
    verdict as it stands, then raises.
    """
    report(
        {
            "kind": "started",
            "run_id": request.run_id,
            "dry": request.dry,
            **about,
            "steps": [described(step) for step in request.plan.plan],
        }
    )
    return await _Run(context, gate, request, report).outcome()


class _Run:
    def __init__(self, context: BrowserContext, gate: Gate, request: RunRequest, report: Report) -> None:
        self._context = context
        self._gate = gate
        self._request = request
        self._report = report
        self._plan = request.plan.plan
        self._submit = submit_step(request.plan)
        self._began = time.monotonic()
        self._pressed = False
        self._steps: list[dict[str, Any]] = []
        self._said: list[str] = []
        self._sockets: set[str] = set()
        self._page: Page | None = None
        self._pictures: Pictures | None = None
        self._answers: Answers | None = None
        self._screenshot: str | None = None

    async def outcome(self) -> Outcome:
        try:
            async with asyncio.timeout(self._request.total_seconds):
                outcome = await self._run()
        except TimeoutError:
            outcome = self._cut_short(f"Timeout: the run took longer than {self._request.total_seconds:g} s")
        except asyncio.CancelledError:
            self._tell(self._cut_short("Stopped"))
            raise
        except Error as error:
            outcome = self._cut_short(f"The browser broke down: {one_line(error.message, 300)}")
        await self._last_picture()
        self._tell(outcome)
        return msgspec.structs.replace(outcome, screenshot=self._screenshot, duration_ms=_ms(self._began))

    async def _run(self) -> Outcome:
        if self._submit is None:
            return self._outcome("failed", ["The plan never presses a button"], error="The plan has no submit step")
        page = self._page = await self._context.new_page()
        self._context.on("dialog", self._dismiss)
        page.on("websocket", lambda socket: self._sockets.add(urlsplit(socket.url).hostname or ""))
        self._pictures = Pictures(page, Path(self._request.artifacts), self._report)
        await self._pictures.start()
        try:
            for index, step in enumerate(self._plan[: self._submit]):
                await self._step(index, step)
            if self._request.dry:
                return await self._dry(page)
            return await self._real(page)
        except StepFailed as error:
            return self._outcome("failed", [f"Nothing was sent: {error}"], error=str(error))

    async def _dry(self, page: Page) -> Outcome:
        assert self._submit is not None
        blocker = Blocker(self._report)
        await blocker.switch_on(self._context, self._gate)
        await self._step(self._submit, self._plan[self._submit], done="blocked", then=lambda: _first(blocker))
        if blocker.held_back:
            return self._outcome("dry", [f"Held back: {blocker.held_back[0]}"])
        seen = await look(page, [])
        why = "; ".join(f"{name}: {message}" for name, message in seen.invalid)
        return self._outcome("dry", [f"Pressing the button sent nothing{f'; the page marks {why}' if why else ''}"])

    async def _real(self, page: Page) -> Outcome:
        assert self._submit is not None
        fields = [s.selector for s in self._plan[: self._submit] if s.selector and s.action in ("fill", "select")]
        before = await look(page, fields)
        self._said.clear()
        answers = self._answers = Answers(self._context, [step.value for step in self._plan if step.value])

        async def settle() -> None:
            await answers.settle(page, self._request.goto_seconds)

        async def press() -> None:
            # Until the button is known to take a press, a failure leaves the form unsent.
            await ready(page, self._plan[self._submit or 0], self._request.step_seconds)
            self._gate.freshen(self._sockets)
            self._pressed = True

        later: str | None = None
        try:
            await self._step(self._submit, self._plan[self._submit], before=press, then=settle)
            for index in range(self._submit + 1, len(self._plan)):
                await self._step(index, self._plan[index])
        except StepFailed as error:
            if not self._pressed:
                raise
            later = str(error)
        after = await look(answers.page(page), fields)
        after = _with_dialogs(after, self._said)
        business = str(self._request.plan.idempotency_factors.get("name") or "")
        return self._weighed(weigh(before, after, answers.sending(), business=business, later=later), after)

    async def _step(
        self, index: int, step: Step, *, done: str = "done", before: _Part | None = None, then: _Part | None = None
    ) -> None:
        assert self._page is not None
        assert self._pictures is not None
        began = time.monotonic()
        self._report({"kind": "step", "index": index, "status": "running"})
        status, error = done, None
        try:
            if before is not None:
                await before()
            await perform(
                self._page,
                step,
                self._gate,
                goto_seconds=self._request.goto_seconds,
                step_seconds=self._request.step_seconds,
            )
            if then is not None:
                await then()
        except StepFailed as failure:
            status, error = "failed", str(failure)
            raise
        except BaseException:
            status, error = "failed", "cut short"
            raise
        finally:
            ms = _ms(began)
            self._steps.append({"index": index, "action": one_line(step.action, 40), "status": status, "ms": ms})
            event: dict[str, Any] = {"kind": "step", "index": index, "status": status, "ms": ms}
            if error:
                event["error"] = error
            self._report(event)
            self._pictures.after(index)

    async def _last_picture(self) -> None:
        if self._pictures is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FINAL_SECONDS):
                self._screenshot = await self._pictures.final()
        if self._screenshot and self._steps:
            index = self._steps[-1]["index"]
            self._report({"kind": "picture", "index": index, "path": self._screenshot})

    async def _dismiss(self, dialog: Dialog) -> None:
        self._said.append(one_line(dialog.message, 300))
        await dialog.dismiss()

    def _weighed(self, verdict: Verdict, after: Seen) -> Outcome:
        return self._outcome(
            verdict.status,
            [*verdict.reasons, *(f"The page asked or said “{said}”" for said in self._said[:3])],
            error=verdict.error,
            listing_url=verdict.listing_url,
            score=verdict.score,
            final_url=after.url,
        )

    def _cut_short(self, why: str) -> Outcome:
        """The outcome of a run that ended from outside: once the button was pressed, nobody knows."""
        if self._request.dry or not self._pressed:
            return self._outcome("failed", [f"{why}; nothing was sent"], error=why)
        return self._outcome("unknown", [f"{why} after the form may have been sent"], error=why)

    def _outcome(self, status: Status, reasons: list[str], **found: Any) -> Outcome:
        sending = self._answers.sending() if self._answers else Sending()
        log = {
            "reasons": reasons,
            "score": found.get("score", 0),
            "final_url": found.get("final_url") or (self._page.url if self._page else None),
            "http_status": sending.status,
            "steps": self._steps,
        }
        return Outcome(
            status=status,
            reasons=reasons,
            before_submit=not self._pressed,
            duration_ms=_ms(self._began),
            error=found.get("error"),
            listing_url=found.get("listing_url"),
            response_log=log,
        )

    def _tell(self, outcome: Outcome) -> None:
        event: dict[str, Any] = {
            "kind": "verdict",
            "status": outcome.status,
            "reasons": outcome.reasons,
            "before_submit": outcome.before_submit,
        }
        event.update({k: v for k, v in (("listing_url", outcome.listing_url), ("error", outcome.error)) if v})
        self._report(event)


async def _first(blocker: Blocker) -> None:
    try:
        async with asyncio.timeout(_DRY_WAIT_SECONDS):
            await blocker.first.wait()
    except TimeoutError:
        return
    await asyncio.sleep(_DRY_MORE_SECONDS)


def _with_dialogs(seen: Seen, said: list[str]) -> Seen:
    """What the page said in dialogs belongs to its text."""
    return Seen(seen.url, "\n".join([seen.text, *said]), seen.fields, seen.problems, seen.invalid, seen.links)


def _ms(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
