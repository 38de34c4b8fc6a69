"""Runs a plan's steps in order, up to the verdict."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from playwright.async_api import BrowserContext, Error, Page

from services.domain.plans import CONFIRM, NEXT, Step, page_selectors, submit_step
from services.domain.run_commands import EditStep
from services.domain.text import one_line
from services.ports.wishes import RunRequest
from services.submission.answers import Answers
from services.submission.blocking import Blocker
from services.submission.control import Control, SentByHand
from services.submission.edits import edited, matches
from services.submission.ends import watch_ends
from services.submission.events import Report
from services.submission.evidence import Seen, Verdict, evidence_log, weigh
from services.submission.fingerprint import FormSight
from services.submission.form_pages import refusal
from services.submission.gate import Gate
from services.submission.hands import Hands
from services.submission.leaving import leave
from services.submission.observe import look, with_dialogs
from services.submission.opening import begin
from services.submission.outcome import Outcome, Status, known, tell
from services.submission.page_log import logged
from services.submission.pictures import Pictures
from services.submission.pop_ups import PopUps
from services.submission.secret_fields import SecretFields
from services.submission.solving import Solving
from services.submission.steps import PersonNeeded, StepFailed, could_press, described, perform, ready
from services.submission.walls import find_walls, still_asks
from services.submission.window import Window, own_input

_Part = Callable[[], Awaitable[None]]
_FINAL_SECONDS: Final = 3.0
_TWICE: Final = "This page of the form was sent, and is not sent twice"
_LEAVING: Final = ("goto", "click")
_ADDRESS: Final = 2000


async def run_plan(
    context: BrowserContext, gate: Gate, request: RunRequest, report: Report, about: dict[str, Any],
    control: Control | None = None,
) -> Outcome:  # fmt: skip
    """Run the request's plan in `context`. `about` goes into the `started` event.

    Never raises for what a page, a plan or a breaking browser does. When cancelled it reports the
    verdict as it stands, then raises.
    """
    begin(request, report, about)
    secrets = SecretFields(request.plan.plan)
    with logged(context, request, report, secrets.masking):
        return await _Run(context, gate, request, secrets.reporting(report), secrets, control).outcome()


class _Run:
    def __init__(
        self,
        context: BrowserContext,
        gate: Gate,
        request: RunRequest,
        report: Report,
        secrets: SecretFields,
        control: Control | None,
    ) -> None:
        self._context = context
        self._gate = gate
        self._request = request
        self._report = report
        self._plan = list(request.plan.plan)
        self._submit = submit_step(request.plan)
        self._began = time.monotonic()
        self._business = str(request.plan.idempotency_factors.get("name") or "")
        self._secrets = secrets
        self._blocker = Blocker(report, self._typed(), self._secrets.masking) if request.dry else None
        self._pressed = self._is_ready = False
        self._pages_sent = 0
        self._pop_ups = PopUps(self._give_up)
        self._control = control or Control(report)
        self._control.revise = self._revise
        self._solving = Solving(request.captchas, report, self._control)
        self._given_up = ""
        self._steps: list[dict[str, Any]] = []
        self._form = FormSight()
        self._sockets: set[str] = set()
        self._page: Page | None = None
        self._window: Window | None = None
        self._pictures: Pictures | None = None
        self._answers: Answers | None = None
        self._screenshot: str | None = None

    async def outcome(self) -> Outcome:
        try:
            async with asyncio.timeout(self._request.total_seconds) as self._control.limit:
                outcome = await self._run()
        except TimeoutError:
            timeout = f"Timeout: the run took longer than {self._request.total_seconds:g} s"
            outcome = self._cut_short(self._given_up or timeout)
        except asyncio.CancelledError:
            tell(self._report, self._cut_short("Stopped"))
            if self._pictures is not None:
                self._pictures.close()
            raise
        except Error as error:
            outcome = self._cut_short(f"The browser broke down: {one_line(error.message, 300)}")
        finally:
            self._control.limit = None
        try:
            await asyncio.gather(self._last_picture(), self._solving.report_wrong())
        finally:
            outcome = self._solving.noted(outcome)
            tell(self._report, outcome)
        return msgspec.structs.replace(outcome, screenshot=self._screenshot, duration_ms=_ms(self._began))

    def _give_up(self, why: str) -> None:
        """End the run where it is."""
        if self._control.limit is not None and not self._given_up:
            self._given_up = why
            self._control.limit.reschedule(asyncio.get_running_loop().time())

    async def _run(self) -> Outcome:
        if self._submit is None:
            return self._outcome("failed", ["The plan never presses a button"], error="The plan has no submit step")
        page = self._page = await self._context.new_page()
        self._pop_ups.watch(self._context, page)
        self._window = None if self._request.headless else await Window.kept(page, self._sends)
        watch_ends(page, self._gate, self._request.most_bytes, self._give_up, in_window=self._window is not None)
        page.on("websocket", lambda socket: self._sockets.add(urlsplit(socket.url).hostname or ""))
        if self._request.artifacts:
            self._pictures = Pictures(page, Path(self._request.artifacts), self._report)
            await self._pictures.start()
            self._control.let_watch(self._pictures.watch)
        self._control.solve = self._solving.on_request(page, self._plan, self._request.helper)
        self._control.lend(page, Hands(self._context, self._sends, self._typed, self._window, self._blocker))
        if self._blocker is not None:
            await self._blocker.watch(self._context, self._gate)
        try:
            await self._fill(page, self._submit)
            fields, really = page_selectors(self._plan, self._submit), self._blocker is None
            while True:
                # Side by side: one after the other they would cost a run a tenth of its time.
                before, walls, self._is_ready, *_ = await asyncio.gather(
                    look(page, fields), find_walls(page), could_press(page, self._plan[self._submit], really),
                    self._form.look(page, self._plan, self._submit, last=True), self._secrets.see(page),
                )  # fmt: skip
                self._form.captcha = self._form.captcha or "captcha" in walls
                if "captcha" not in walls:
                    break
                await self._person(page, self._submit, PersonNeeded("captcha"))
            return await (self._dry(page, self._blocker) if self._blocker else self._real(page, fields, before))
        except SentByHand as error:
            self._pressed = True
            return self._outcome("unknown", [str(error), *self._solving.said()], error=str(error))
        except PersonNeeded as error:
            return self._outcome(
                "failed", [f"{self._unsent()}: {error}", *self._control.nobody], error=str(error), person=error.person
            )
        except StepFailed as error:
            return self._outcome("failed", [f"{self._unsent()}: {error}", *self._control.nobody], error=str(error))

    async def _fill(self, page: Page, until: int) -> None:
        """All steps before the submit step."""
        index = 0
        while index < until:
            await self._control.before(index)
            sent = self._pages_sent
            try:
                await self._one(page, index)
            except PersonNeeded as error:
                await self._person(page, index, error)
                continue
            except StepFailed as error:
                help_ = await self._control.failed(index, error, again=_TWICE if self._pages_sent > sent else "")
                if help_ is None:
                    raise
                if help_ == "again":
                    continue
            index += 1
        await self._control.before(until)

    async def _person(self, page: Page, index: int, error: PersonNeeded) -> None:
        """Returns once a person has helped; else raises the error. Nobody signs in in a dry run."""
        step = self._plan[index]
        if self._blocker is None and error.person == "captcha" and await self._solving.alone(page, index, step):
            return
        asks = partial(still_asks, page, error.person, step)
        nobody = self._blocker is not None and error.person == "login"
        if nobody or not await self._control.person(index, error, asks):
            raise error

    async def _one(self, page: Page, index: int) -> None:
        step = self._plan[index]
        try:
            if step.action == "click" and step.value == NEXT:
                await self._next_page(page, index, step)
            else:
                await self._step(index)
        except PersonNeeded:
            raise
        except StepFailed as error:
            # A field may be missing since the page asks something else first, or since the form is another.
            await self._form.look(page, self._plan, index)
            walls = await find_walls(page) if step.selector or step.until else []
            if walls and not (await look(page, page_selectors(self._plan, index))).fields:
                raise PersonNeeded(walls[0]) from error
            raise

    async def _send(self, *, done: str = "done", before: _Part | None = None, then: _Part) -> None:
        """The submit step; as long as it sent nothing, a person may have it tried again."""
        assert self._submit is not None
        while True:
            try:
                await self._step(self._submit, done=done, before=before, then=then)
                return
            except StepFailed as error:
                skip = "Without this step nothing is sent"
                if self._pressed or await self._control.failed(self._submit, error, skip=skip) is None:
                    raise

    async def _revise(self, edit: EditStep) -> dict[str, Any]:
        """Carry out an edit; gives what the `edited` event says of the step."""
        step = edited(self._plan, edit, submit=self._submit, home=self._request.submission_url)
        found = await matches(self._page, step, self._plan, self._submit) if self._page is not None else None
        self._plan[edit.index] = step
        self._secrets.edited(edit.index, step)
        if self._blocker is not None and step.value and step.action in ("fill", "select"):
            self._blocker.typed(step.value)
        return {**described(step), "matches": found}

    async def _next_page(self, page: Page, index: int, step: Step) -> None:
        """Send a page of the form that isn't its last, which the plan marks."""
        before = await look(page, [])
        await self._form.look(page, self._plan, index)
        answers = Answers(self._context, page, self._typed())

        async def settle() -> None:
            await answers.settle(page, self._request.goto_seconds)
            sending = answers.sending()
            if why := refusal(before, await look(page, []), sending):
                raise StepFailed(why)

        try:
            with self._blocker.let_through() if self._blocker is not None else contextlib.nullcontext():
                await self._step(index, then=settle)
        finally:
            self._pages_sent += answers.sending().sent
            answers.close()

    async def _dry(self, page: Page, blocker: Blocker) -> Outcome:
        assert self._submit is not None
        blocker.switch_on(self._gate)
        self._pop_ups.sending = True
        await self._send(done="blocked", then=blocker.settle)
        await self._last_picture()
        seen = await look(page, [])
        await leave(page, blocker)
        return self._outcome("dry", blocker.reasons(seen.invalid), final_url=seen.url)

    def _sends(self) -> str:
        return self._plan[self._submit].selector or "" if self._submit is not None else ""

    def _unsent(self) -> str:
        return "The last page of the form was not sent" if self._pages_sent else "Nothing was sent"

    def _typed(self) -> list[str]:
        return [step.value for step in self._plan if step.value and step.action in ("fill", "select")]

    async def _real(self, page: Page, fields: list[str], before: Seen) -> Outcome:
        assert self._submit is not None
        self._pop_ups.said.clear()
        answers = self._answers = Answers(self._context, page, self._typed())

        async def settle() -> None:
            await answers.settle(page, self._request.goto_seconds)

        async def press() -> None:
            # Until the button is known to take a press, a failure leaves the form unsent.
            if not self._is_ready:
                await ready(page, self._plan[self._submit or 0], self._request.step_seconds)
            self._is_ready = False
            self._gate.freshen(self._sockets)
            self._pressed = self._pop_ups.sending = True

        later = None
        try:
            await self._send(before=press, then=settle)
            for index in range(self._submit + 1, len(self._plan)):
                await self._control.before(index)
                await self._step(index)
        except StepFailed as error:
            if not self._pressed:
                raise
            later = str(error)
        after = with_dialogs(await look(answers.page(page), fields), self._pop_ups.said)
        verdict = weigh(before, after, answers.sending(), business=self._business, later=later)
        self._solving.judged(verdict, before, after)
        return self._weighed(verdict, after)

    async def _step(
        self, index: int, *, done: str = "done", before: _Part | None = None, then: _Part | None = None
    ) -> None:
        assert self._page is not None
        step = self._plan[index]
        began = time.monotonic()
        self._pop_ups.confirms = step.action == "click" and step.value == CONFIRM
        self._report({"kind": "step", "index": index, "status": "running"})
        status, error = done, None
        try:
            if before is not None:
                await before()
            if step.action in _LEAVING:  # another page may be there after it
                await self._secrets.see(self._page)
            if self._blocker is not None:  # what it holds back is shown in this moment
                await self._secrets.will_fill(index, step, self._page, self._request.step_seconds)
            async with own_input(self._window, step, self._request.step_seconds):
                await perform(
                    self._page, step, self._gate, goto_seconds=self._request.goto_seconds,
                    step_seconds=self._request.step_seconds, business=self._business,
                    is_ready=self._pressed and index == self._submit,
                )  # fmt: skip
            self._secrets.done(index, step)
            if then is not None:
                await then()
        except StepFailed as failure:
            await self._secrets.see(self._page)
            status, error = "failed", self._secrets.masking.text(str(failure))
            raise
        except BaseException:
            status, error = "failed", "cut short"
            raise
        finally:
            ms = _ms(began)
            self._steps.append({"index": index, "action": one_line(step.action, 40), "status": status, "ms": ms})
            self._report({"kind": "step", "index": index, "status": status, "ms": ms, **known(error=error)})
            if self._pictures is not None:
                self._pictures.after(index)

    async def _last_picture(self) -> None:
        if self._pictures is None or self._screenshot:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FINAL_SECONDS):
                self._screenshot = await self._pictures.final()
        if self._screenshot and self._steps:
            self._report({"kind": "picture", "index": self._steps[-1]["index"], "path": self._screenshot})

    def _weighed(self, verdict: Verdict, after: Seen) -> Outcome:
        return self._outcome(
            verdict.status,
            [*verdict.reasons, *self._solving.said(), *self._pop_ups.quoted()],
            error=verdict.error,
            listing_url=verdict.listing_url,
            verdict=verdict,
            final_url=after.url,
        )

    def _cut_short(self, why: str) -> Outcome:
        """The outcome of a run that ended from outside: once the button was pressed, nobody knows."""
        self._pressed = self._pressed or self._control.sent
        if self._request.dry or not self._pressed:
            return self._outcome("failed", [f"{why}. {self._unsent()}"], error=why)
        return self._outcome("unknown", [f"{why} after the form may have been sent"], error=why)

    def _outcome(self, status: Status, reasons: list[str], **found: Any) -> Outcome:
        log = {
            "reasons": reasons,
            **evidence_log(found.get("verdict")),
            "final_url": one_line(found.get("final_url") or (self._page.url if self._page else ""), _ADDRESS) or None,
            "http_status": self._answers.sending().status if self._answers else None,
            "steps": self._steps,
            **self._form.log(),
            **known(pop_ups_closed=self._pop_ups.closed, held=self._control.record),
            **known(captchas=self._solving.record, person_needed=found.get("person")),
        }
        outcome = Outcome(
            status=status,
            reasons=reasons,
            before_submit=not self._pressed,
            duration_ms=_ms(self._began),
            error=found.get("error"),
            listing_url=found.get("listing_url"),
            response_log=log,
            person=found.get("person"),
        )
        return self._secrets.told(outcome)


def _ms(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
