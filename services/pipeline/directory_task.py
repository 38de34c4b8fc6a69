"""One directory of a job: planned, claimed, submitted to, written down."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import shutil
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec
import psycopg

from services import artifacts
from services.domain.errors import ConsoleError, NotReachable
from services.domain.keys import idempotency_key
from services.domain.paths import path_part
from services.domain.pictures import OF_WORKERS, picture_name
from services.domain.plans import Plan, Step, submit_step
from services.domain.records import Customer
from services.domain.text import one_line, storable
from services.domain.typed import guarded, with_typed
from services.pipeline.flow_runs import FlowRun
from services.pipeline.job_rows import Item, JobRows
from services.pipeline.outcome_spool import KnownOutcome, OutcomeSpool
from services.pipeline.patience import patiently, settled
from services.pipeline.picture_store import PictureStore
from services.pipeline.run_files import LOGGED, keep_files
from services.ports.wishes import CaptchaTerms, RunRequest
from services.settings import Settings
from services.submission.events import Report
from services.submission.outcome import Outcome, without_secrets

log = logging.getLogger(__name__)

_BROWSER_SHARE: Final = 0.95
"""Share of a task's time that the browser is given, so that it can still say what it saw."""


class Plans(Protocol):
    """Brain, as a flow needs it."""

    async def plan(self, directory: str, customer: Customer) -> Plan:
        """The plan for a host. Raises the errors of `services.domain.errors`."""
        ...


class BrowserRuns(Protocol):
    """A browser that is open."""

    async def run(self, request: RunRequest, report: Report) -> Outcome:
        """Run one plan and weigh what was seen."""
        ...


@dataclass(frozen=True)
class Tools:
    """What a flow works with."""

    rows: JobRows
    plans: Plans
    open_browser: Callable[[], AbstractAsyncContextManager[BrowserRuns]]
    settings: Settings
    spool: OutcomeSpool
    pictures: PictureStore


class BrowserSlot:
    """One browser for a whole flow, opened when first needed and again after it broke."""

    def __init__(self, opener: Callable[[], AbstractAsyncContextManager[BrowserRuns]]) -> None:
        self._opener = opener
        self._stack = contextlib.AsyncExitStack()
        self._browser: BrowserRuns | None = None

    async def get(self) -> BrowserRuns:
        """The open browser."""
        if self._browser is None:
            self._browser = await self._stack.enter_async_context(self._opener())
        return self._browser

    async def close(self) -> None:
        """End it; the next `get` opens another."""
        self._browser = None
        try:
            await self._stack.aclose()
        except Exception as error:  # a browser that broke may break again while closing
            log.warning("The browser did not close in order", extra={"reason": one_line(error)})


def retry_pause(attempt: int, base_seconds: float) -> float:
    """Seconds before the repeat that follows attempt 1, 2, ...: exponential, with up to a quarter of jitter."""
    return base_seconds * 2.0 ** (attempt - 1) * random.uniform(1.0, 1.25)  # noqa: S311 - no secret


class DirectoryTask:
    """One directory. `rate_limit_ms` is what its plan asked for, once there is one."""

    def __init__(
        self, run: FlowRun, job_id: str, customer: Customer, item: Item, tools: Tools, browser: BrowserSlot
    ) -> None:
        self._run = run
        self._job_id = job_id
        self._customer = customer
        self._item = item
        self._tools = tools
        self._browser = browser
        self._claimed = False
        self._sending = False
        self._claim_id = str(uuid.uuid4())
        self._known: KnownOutcome | None = None
        self._steps: list[Step] = []
        self._lease = tools.settings.flow_lease_seconds
        self._fields: dict[str, Any] = {
            "job_id": job_id,
            "customer_id": customer.id,
            "directory": item.host,
            "flow_run_id": run.id,
        }
        self.rate_limit_ms = 0

    async def execute(self) -> None:
        """Take the directory through to its outcome, or leave it where somebody else has it."""
        host, rows = self._item.host, self._tools.rows
        log.info("Processing %s for job %s", host, self._job_id, extra=self._fields)
        planned = await self._plan()
        factors: dict[str, Any] = {"name": self._customer.business_name, "dir": host}
        if isinstance(planned, Plan):
            self._steps = planned.plan
            self.rate_limit_ms = planned.constraints.rate_limit_ms
            factors = planned.idempotency_factors or factors
        key = idempotency_key(self._job_id, host, factors)
        payload = {"business": msgspec.to_builtins(self._customer), "plan": guarded(self._steps, self._customer)}
        try:
            answer = await patiently(self._lease, self._claim, key, storable(payload))
            if answer == "claimed":
                log.info("Inserted new result for %s", host, extra={**self._fields, "event": "submitting"})
                outcome = planned if isinstance(planned, Outcome) else await self._attempts(planned)
                await self._record(key, outcome)
                return
        except asyncio.CancelledError:
            if self._claimed:
                await self._stopped(key)
            raise
        log.info("Left %s alone: %s", host, answer, extra={**self._fields, "event": answer})
        if answer == "outcome_unknown":
            reason = "The run that had claimed it ended without an outcome; it may have pressed submit."
            await patiently(self._lease, rows.note_unknown, self._job_id, host, reason)

    def _claim(self, key: str, payload: dict[str, Any]) -> str:
        # Noted on the thread of the call, so that a stop in the middle of it still knows how it ended; a call
        # without an answer may have claimed it.
        self._claimed = True
        answer = self._tools.rows.claim(self._run, self._item.host, key, {**payload, "claim": self._claim_id})
        self._claimed = answer == "claimed"
        return answer

    def _write(self, known: KnownOutcome) -> bool:
        written = self._tools.rows.record(known)
        self._claimed = False
        self._tools.spool.drop(known)
        return written

    async def _plan(self) -> Plan | Outcome:
        """The plan, or the failure of every attempt to get one."""
        begun = time.monotonic()
        repeats = self._tools.settings.task_retries
        for attempt in range(1, repeats + 2):
            try:
                return await self._tools.plans.plan(self._item.host, self._customer)
            except (ConsoleError, ValueError) as error:
                words = f"No plan from Brain: {one_line(error)}"
                await self._note(words, type(error).__name__, attempt)
                if attempt > repeats or not isinstance(error, NotReachable):
                    break
            await asyncio.sleep(retry_pause(attempt, self._tools.settings.retry_base_seconds))
        return Outcome("failed", [words], True, _since(begun), error=words)

    async def _attempts(self, plan: Plan) -> Outcome:
        """The outcome of the last attempt; only failures before the submit step are repeated.

        A page that asks for a person asks again: it isn't repeated.
        """
        repeats = self._tools.settings.task_retries
        attempt = 0
        while True:
            attempt += 1
            outcome = await self._attempt(plan, attempt)
            if outcome.status != "failed" or not outcome.before_submit:
                return outcome
            kind = "SubmissionFailed" if outcome.person is None else "PersonNeeded"
            await self._note(outcome.error or "; ".join(outcome.reasons), kind, attempt)
            if attempt > repeats or outcome.person is not None:
                return outcome
            await asyncio.sleep(retry_pause(attempt, self._tools.settings.retry_base_seconds))

    async def _attempt(self, plan: Plan, attempt: int) -> Outcome:
        """One browser run, with a trace where it is a repeat.

        Whatever goes wrong, what counts is whether the submit step had begun.
        """
        settings = self._tools.settings
        folder = settings.data_path / "artifacts" / path_part(self._job_id)
        run_id = str(uuid.uuid4())
        request = RunRequest(
            run_id=run_id,
            job_id=self._job_id,
            directory=self._item.host,
            submission_url=self._item.url,
            plan=plan,
            dry=False,
            artifacts=str(folder / run_id),
            headless=settings.headless,
            goto_seconds=settings.goto_seconds,
            step_seconds=settings.step_seconds,
            total_seconds=settings.task_seconds * _BROWSER_SHARE,
            trace=attempt > 1,
            captchas=await self._captcha_terms(),
        )
        last = submit_step(plan)
        self._sending = False

        told: list[dict[str, Any]] = []

        def watch(event: dict[str, Any]) -> None:
            if event.get("kind") in LOGGED:
                told.append(event)
            # When cancelled, a browser run still says what it had sent.
            reached = event.get("kind") == "step" and last is not None and event.get("index", -1) >= last
            if reached or (event.get("kind") == "verdict" and not event.get("before_submit", True)):
                self._sending = True

        begun = time.monotonic()
        try:
            async with asyncio.timeout(settings.task_seconds):
                browser = await self._browser.get()
                outcome = await browser.run(request, watch)
            place = artifacts.place_of_worker(folder.parent, self._job_id, self._item.host)
            picture = await settled(keep_files, folder / run_id, place, self._claim_id, outcome.screenshot, told)
            return msgspec.structs.replace(outcome, screenshot=picture)
        except TimeoutError:
            await self._browser.close()
            return self._broken(f"It took longer than {settings.task_seconds:g} s", begun)
        except Exception as error:
            log.warning("The browser run failed", exc_info=True, extra=self._fields)
            await self._browser.close()
            return self._broken(one_line(error) or type(error).__name__, begun)
        finally:
            await settled(shutil.rmtree, folder / run_id, ignore_errors=True)

    async def _captcha_terms(self) -> CaptchaTerms | None:
        """Asked anew for each run: an admin may have said otherwise since."""
        key = self._tools.settings.two_captcha_key
        try:
            by = await asyncio.to_thread(self._tools.rows.captchas_allowed_by) if key else ""
        except psycopg.Error as error:
            # The directory is claimed: it goes on without, and a captcha is left to people.
            log.info("Whether captchas may be solved can't be told: %s", one_line(error), extra=self._fields)
            return None
        return CaptchaTerms(key, by) if by else None

    def _broken(self, words: str, begun: float) -> Outcome:
        if self._sending:
            return Outcome("unknown", [f"{words}, at or after the submit step"], False, _since(begun), error=words)
        return Outcome("failed", [f"{words}, before the submit step"], True, _since(begun), error=words)

    async def _record(self, key: str, outcome: Outcome) -> None:
        """Write what is known, for as long as the lease may last without the database; till then it is on the disk."""
        told = with_typed(outcome.response_log, self._steps, self._customer)
        outcome = msgspec.structs.replace(outcome, response_log=told)
        known = self._known = KnownOutcome(
            self._job_id, self._item.host, key, self._tools.rows.worker_id, without_secrets(outcome)
        )
        await settled(self._tools.spool.keep, known)
        if outcome.screenshot:
            name = picture_name(OF_WORKERS, self._job_id, self._item.host, self._claim_id)
            if address := await self._tools.pictures.put(outcome.screenshot, name):
                shown = msgspec.structs.replace(known.outcome, screenshot=address)
                known = self._known = msgspec.structs.replace(known, outcome=shown)
        try:
            written = await patiently(self._lease, self._write, known)
        except psycopg.OperationalError as error:
            said = {**self._fields, **known.in_words(), "event": "outcome_kept", "reason": one_line(error)}
            log.error("%s: %s, which could not be written yet", self._item.host, outcome.status, extra=said)
            raise
        log.info(
            "%s: %s", self._item.host, outcome.status,
            extra={**self._fields, "event": outcome.status if written else "claim_lost"},
        )  # fmt: skip

    async def _stopped(self, key: str) -> None:
        """The worker is told to stop while the claim is ours and no outcome is written."""
        rows, host = self._tools.rows, self._item.host
        try:
            if self._known is not None:
                await settled(self._write, self._known)
            elif self._sending:
                words = "The worker was stopped at or after the submit step"
                unknown = Outcome("unknown", [words], False, 0, error=words)
                await settled(rows.record, KnownOutcome(self._job_id, host, key, rows.worker_id, unknown))
            else:
                words = "The worker was stopped before the submit step"
                await settled(rows.put_back, self._job_id, host, key, self._claim_id, words)
        except psycopg.OperationalError as error:
            # What is known stays on the disk; of all else the claim runs out, which says that nobody knows.
            log.warning("The database does not answer", extra={**self._fields, "reason": one_line(error)})

    async def _note(self, error: str, error_type: str, attempt: int) -> None:
        await patiently(
            self._lease,
            self._tools.rows.note_error,
            self._job_id,
            self._item.host,
            storable(error),
            error_type,
            attempt,
        )


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)
