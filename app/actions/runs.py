"""Acts on runs: one browser run on this machine, dry or real."""

from __future__ import annotations

import asyncio
import logging
import math
import time
import uuid
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

import msgspec

from app import tasks
from app.actions.hold_telling import HoldTelling
from app.actions.kept_runs import KeptRuns
from app.actions.live_picture import LivePicture
from app.actions.operations import Operations, State
from app.actions.registry import DRY_RUN, REAL_RUN, STOP_RUN, why_not
from app.actions.run_control import RunControl
from app.actions.run_state import (
    BEGUN,
    Blocked,
    Judgement,
    RunState,
    RunTarget,
    StepLine,
    judged,
    step_lines,
    taken,
    why_not_begun,
)
from app.store.pending import Pending
from services.domain.errors import ConsoleError, NotReachable
from services.domain.forms import form_of
from services.domain.keys import idempotency_key
from services.domain.plans import Plan, submit_step
from services.domain.records import Customer
from services.domain.signs import weighed
from services.domain.typed import guarded, guarded_plan, with_typed
from services.ports.facts import Planner
from services.ports.wishes import RunClaims, Runner, RunRequest
from services.to_the_end import to_the_end

__all__ = ["ANSWERS", "Blocked", "RunActs", "RunState", "RunTarget", "StepLine", "start_run"]

_log = logging.getLogger(__name__)

ANSWERS: Final = {
    "duplicate": "This directory is already submitted for this job.",
    "in_flight": "Another run or a worker is submitting it right now.",
    "outcome_unknown": "An earlier try has no known outcome. Check the listing first; it is not repeated.",
}
PAUSES: Final = (1.0, 4.0)
"""Seconds before an outcome that the database didn't confirm is written again."""
_STATES: Final[dict[str, State]] = {"submitted": "done", "dry": "done", "unknown": "unknown", "stopped": "undone"}
_STOPPED: Final = Judgement("stopped", "Stopped; nothing was sent.")


class _Claim(msgspec.Struct, frozen=True):
    job_id: str
    directory: str
    key: str
    run_id: str
    plan: Plan
    customer: Customer


class _Options(msgspec.Struct, frozen=True):
    """How to run. `helper`: who watches, "" for nobody."""

    trace: bool
    window: bool
    helper: str


class RunActs:
    """One run at a time. `version` grows with each change of `state`."""

    def __init__(
        self,
        planner: Planner,
        runner: Runner,
        acts: RunClaims,
        operations: Operations,
        pending: Pending,
        *,
        kept: KeptRuns,
        actor: str,
        role: str | None,
        clock: Callable[[], float] = time.time,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._planner = planner
        self._runner = runner
        self._acts = acts
        self._operations = operations
        self._pending = pending
        self.kept = kept
        self._actor = actor
        self.role = role
        """Whose hands these are: it becomes known later where the project did not answer at the start."""
        self._clock = clock
        self._pauses = tuple(pauses)
        self._stopped_id = ""
        self._claim_asked = False
        self.version = 0
        self.state = RunState()
        self._holds = HoldTelling(acts, clock, pauses[0] if pauses else PAUSES[0])
        self.control = RunControl(self, runner)
        self.live = LivePicture(self, runner)

    def why_not_run(self, target: RunTarget | None, *, dry: bool) -> str:
        """Why Run is off; "" when it may be pressed."""
        if refusal := why_not(DRY_RUN if dry else REAL_RUN, self.role):
            return refusal
        if self.state.going_on:
            return "A run is going on."
        if target is None:
            return "Choose a job and a directory first."
        if not target.submission_url:
            return "The address of this directory isn't known."
        return ""

    def why_not_stop(self) -> str:
        """Why Stop is off; "" when it may be pressed."""
        if refusal := why_not(STOP_RUN, self.role):
            return refusal
        if not self.state.going_on:
            return "No run is going on."
        return "It is being stopped." if self._stopped_id == self.state.run_id else ""

    def run(
        self, target: RunTarget, *, dry: bool, trace: bool = False, window: bool = False, parent: str = ""
    ) -> Coroutine[Any, Any, RunState]:
        """Run to the end and give how it ended. `window`: the browser is to be seen. `parent`: the batch whose item
        it is; nobody watches over that.

        Raises ConsoleError at the call when it may not be pressed.
        """
        if refusal := self.why_not_run(target, dry=dry):
            raise ConsoleError(refusal)
        # Marked before the first await: a second press finds it taken.
        self._claim_asked = False
        self._set(
            RunState(
                phase="planning", run_id=str(uuid.uuid4()), job_id=target.job_id, dry=dry,
                business=target.customer.business_name, directory=target.directory, started_at=self._clock(),
            )
        )  # fmt: skip
        options = _Options(trace, window, "" if parent else self._actor)
        return self._whole(target, self.state.run_id, options, dry=dry, parent=parent)

    def stop(self) -> None:
        """End the run that is going on: its browser, or before that the wish itself."""
        if self.state.going_on and self._stopped_id != self.state.run_id:
            self._stopped_id = self.state.run_id
            self._runner.stop(self.state.run_id)
            self.version += 1

    async def settle(self) -> None:
        """Say of runs that an earlier start of the program left open how they ended, as far as that is known."""
        for wish in self._operations.left_behind(DRY_RUN.name, REAL_RUN.name):
            # Of a batch, what was not begun is still to be done.
            state: State = "undone" if wish.parent and wish.state == "planned" else "failed"
            words = "The program ended during the run; the form was not sent."
            job_id, directory, run_id = wish.target.split("/", 2)
            unknown = wish.state == "unknown" or (wish.state == "running" and wish.act == REAL_RUN.name)
            if wish.state == "running" and wish.act == REAL_RUN.name:
                state, words = "unknown", "The program ended during the run: look at the directory."
                self._pending.begin(run_id, REAL_RUN.label, job_id, (directory,), ago=self._clock() - wish.started_at)
                self._pending.unknown(run_id, words)
            if not wish.ended:
                await self._note(wish.id, state, words)
            left = RunState(
                phase="ended", run_id=run_id, job_id=job_id, directory=directory, dry=wish.act == DRY_RUN.name,
                started_at=wish.started_at, ended_at=self._clock(), verdict="unknown" if unknown else "failed",
                words=wish.words if wish.ended else words,
            )  # fmt: skip
            await asyncio.to_thread(self.kept.recover, left)
        await self.kept.tidy()

    async def _whole(self, target: RunTarget, run_id: str, options: _Options, *, dry: bool, parent: str) -> RunState:
        label = f"{'Dry run' if dry else 'Real run'}: {target.directory} for {target.customer.business_name}"
        wish_id = ""
        try:
            wish = await asyncio.to_thread(
                self._operations.plan, (DRY_RUN if dry else REAL_RUN).name, label,
                f"{target.job_id}/{target.directory}/{run_id}", actor=self._actor, parent=parent,
            )  # fmt: skip
            wish_id = wish.id
            self._end(await self._carry_out(target, run_id, wish_id, options, dry=dry))
        except ConsoleError as error:
            self._end(Judgement("failed", str(error)))
        except BaseException as error:
            self._runner.stop(run_id)
            self._end(self._cut_short(error))
            raise
        finally:
            # From here on another run may begin, whose state is another.
            ended = self.state
            if wish_id:
                await to_the_end(self._write_down(wish_id, ended, parent))
        return ended

    async def _write_down(self, wish_id: str, ended: RunState, parent: str) -> None:
        state, words = _STATES.get(ended.verdict, "failed"), ended.words
        # Of a batch, what was not begun is still to be done.
        if parent and (why := why_not_begun(ended)):
            state, words = "undone", why
        await self._note(wish_id, state, words)
        if ended.steps:
            await self.kept.keep(ended)

    async def _carry_out(
        self, target: RunTarget, run_id: str, wish_id: str, options: _Options, *, dry: bool
    ) -> Judgement:
        plan = await self._planner.plan(target.directory, target.customer)
        if self._stopped_id == run_id:
            return _STOPPED
        self._set(msgspec.structs.replace(self.state, plan=guarded_plan(plan, target.customer)))
        # Before the claim: a real run that the program's end cuts short from here on has an outcome nobody knows.
        # Where that can't be written nothing is claimed: the next start would say that nothing was sent.
        await asyncio.to_thread(self._operations.move, wish_id, "running", "")
        folder = self.kept.folder(target.job_id, target.directory, run_id)
        request = RunRequest(
            run_id, target.job_id, target.directory, target.submission_url, plan, dry, str(folder),
            headless=not options.window, trace=options.trace, helper=options.helper,
        )  # fmt: skip
        if dry:
            return await self._browse(request, plan)
        key = idempotency_key(target.job_id, target.directory, plan.idempotency_factors)
        claim = _Claim(target.job_id, target.directory, key, run_id, plan, target.customer)
        await self._take_claim(claim)
        if self._stopped_id == run_id:
            return await self._write(claim, Judgement("failed", _STOPPED.words))
        return await self._write(claim, await self._browse(request, plan, claim))

    async def _take_claim(self, claim: _Claim) -> None:
        """Raises ConsoleError when the directory isn't ours."""
        self._claim_asked = True
        # However long it takes and is held for a person: its end is told below, and by nobody else.
        self._pending.begin(claim.run_id, REAL_RUN.label, claim.job_id, (claim.directory,), limit=math.inf)
        try:
            answer = await self._acts.claim_run(
                job_id=claim.job_id, directory=claim.directory, key=claim.key, run_id=claim.run_id,
                payload={"plan": guarded(claim.plan.plan, claim.customer), "customer_id": claim.customer.id},
            )  # fmt: skip
        except NotReachable as error:
            # It may be ours all the same, and would then hold the directory for ever: it is given back.
            nothing = Judgement("failed", f"{error} Nothing was sent.")
            await self._write(claim, nothing)
            raise ConsoleError(nothing.words) from error
        if answer != "claimed":
            raise ConsoleError(ANSWERS[answer])

    async def _browse(self, request: RunRequest, plan: Plan, claim: _Claim | None = None) -> Judgement:
        self._set(msgspec.structs.replace(self.state, phase="running", steps=step_lines(plan)))
        verdict: dict[str, Any] = {}
        ended: dict[str, Any] = {}
        try:
            async for event in self._runner.run(request):
                if event["kind"] == "verdict":
                    verdict = event
                elif event["kind"] == "ended":
                    ended = event
                elif event["kind"] == "frame":
                    self.live.take(event)
                elif (fresh := taken(self.state, event, self._clock())) is not self.state:
                    if claim is not None and fresh.held is not self.state.held:
                        self._holds.tell(claim, fresh.held)
                    self._set(fresh)
        except ConsoleError as error:
            ended = {"error": str(error)}
        except asyncio.CancelledError:
            if claim is not None and self.state.held is not None:
                await asyncio.shield(self._holds.release(claim))
            raise
        return judged(self.state, verdict, ended, submit_step(plan), stopped=self._stopped_id == request.run_id)

    async def _write(self, claim: _Claim, found: Judgement) -> Judgement:
        """Write what a claimed run came to; gives what is then known. The claim is ours: a crash is written too."""
        # An unknown outcome isn't written twice: the record says so even when nothing is written.
        pauses = () if found.status == "unknown" else self._pauses
        unanswered = ""
        picture = await self.kept.share(self.state)
        for pause in (0.0, *pauses):
            await asyncio.sleep(pause)
            try:
                if await self._finish(claim, found, picture):
                    return found
            except NotReachable as error:
                unanswered = str(error)
            except ConsoleError as error:
                return _not_written(found, f"but that could not be written: {error}")
            else:
                why = "whether that is written isn't known" if unanswered else "but the claim is no longer this run's"
                return _not_written(found, f"{why}. Look at the directory.")
        return _not_written(found, f"whether that is written isn't known: {unanswered} Look at the directory.")

    async def _finish(self, claim: _Claim, found: Judgement, picture: str) -> bool:
        log = {**found.log, "reasons": list(found.reasons), "run_id": claim.run_id, "run_here": True}
        if found.status == "failed" and not self.state.browser:
            log[BEGUN] = False
        return await self._acts.finish_run(
            job_id=claim.job_id, directory=claim.directory, key=claim.key, run_id=claim.run_id, status=found.status,
            response_log=with_typed(log, claim.plan.plan, claim.customer),
            screenshot_url=picture or None, listing_url=found.listing_url or None,
            error=None if found.status == "submitted" else found.words,
            duration_ms=round((self._clock() - self.state.started_at) * 1000),
        )  # fmt: skip

    def _cut_short(self, error: BaseException) -> Judgement:
        closed = isinstance(error, asyncio.CancelledError)
        why = "The window closed" if closed else "A fault of the console ended the run"
        if self._claim_asked:
            return Judgement("unknown", f"{why}: look at the directory before it is tried again.")
        return Judgement("stopped" if closed else "failed", f"{why}; the form was not sent.")

    async def _note(self, wish_id: str, state: State, words: str) -> None:
        """Into the Operations list. Where that can't be written any more, what happened stays what happened."""
        try:
            await asyncio.to_thread(self._operations.move, wish_id, state, words, done=1 if state == "done" else 0)
        except ConsoleError as error:
            _log.error("The end of a run could not be written down: %s", error.raw or error)

    def _end(self, found: Judgement) -> None:
        run_id = self.state.run_id
        if found.status == "submitted":
            self._pending.answered(run_id)
        elif found.status == "unknown":
            self._pending.unknown(run_id, found.words)
        else:
            self._pending.failed(run_id, found.words)
        self._set(
            msgspec.structs.replace(
                self.state, phase="ended", held=None, refused="", verdict=found.status, words=found.words,
                reasons=found.reasons, evidence=weighed(found.log), form=form_of(found.log.get("form")),
                ended_at=self._clock(),
            )
        )  # fmt: skip

    def _set(self, state: RunState) -> None:
        self.state = state
        self.version += 1


def start_run(acts: RunActs, target: RunTarget, *, dry: bool, trace: bool = False, window: bool = False) -> None:
    """Start a run as a named task, where it may be pressed; a failure of ours is reported by the task's handler."""
    if not acts.why_not_run(target, dry=dry):
        tasks.spawn("run", acts.run(target, dry=dry, trace=trace, window=window))


def _not_written(found: Judgement, why: str) -> Judgement:
    """The record won't show what the browser saw, or may not: for staff the outcome is unknown."""
    saw = {"submitted": "The browser saw it submitted", "failed": "The run failed"}
    return msgspec.structs.replace(
        found, status="unknown", words=f"{saw.get(found.status, 'Nobody knows whether it was sent')}; {why}"
    )
