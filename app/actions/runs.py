"""Acts on runs: one browser run on this machine, dry or real, and what the page shows of it."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from app import tasks
from app.actions.operations import Operations, State
from app.actions.registry import DRY_RUN, REAL_RUN, why_not
from services.domain.errors import ConsoleError
from services.domain.keys import idempotency_key
from services.domain.plans import Plan, Step, step_words
from services.domain.records import Customer
from services.ports import Planner, Runner, RunRequest, StaffActs

ANSWERS: Final = {
    "duplicate": "This directory is already submitted for this job.",
    "in_flight": "Another run or a worker is submitting it right now.",
    "outcome_unknown": "An earlier try has no known outcome. Check the listing first; it is not repeated.",
}
Phase = Literal["idle", "planning", "running", "ended"]


class StepLine(msgspec.Struct, frozen=True):
    """One step as the page shows it. `ms` is None until it ended."""

    index: int
    words: str
    detail: str
    status: Literal["waiting", "running", "done", "failed", "blocked"] = "waiting"
    ms: int | None = None
    picture: str = ""
    error: str = ""


class Blocked(msgspec.Struct, frozen=True):
    """A request that a dry run held back."""

    method: str
    url: str
    size: int = 0
    body: str = ""


class RunState(msgspec.Struct, frozen=True):
    """Everything that is known of the newest run. Times are unix seconds of this machine."""

    phase: Phase = "idle"
    run_id: str = ""
    job_id: str = ""
    business: str = ""
    directory: str = ""
    dry: bool = True
    browser: str = ""
    sandbox: bool | None = None
    started_at: float = 0.0
    ended_at: float | None = None
    steps: tuple[StepLine, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    picture: str = ""
    verdict: str = ""
    """submitted, failed, unknown, dry, stopped or ""."""
    words: str = ""
    reasons: tuple[str, ...] = ()


class RunTarget(msgspec.Struct, frozen=True):
    """What to run: a directory of a job."""

    job_id: str
    directory: str
    submission_url: str
    customer: Customer


class RunActs:
    """One run at a time. `version` grows with each change of `state`."""

    def __init__(
        self,
        planner: Planner,
        runner: Runner,
        acts: StaffActs,
        operations: Operations,
        *,
        artifacts: Path,
        actor: str,
        role: str | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._planner = planner
        self._runner = runner
        self._acts = acts
        self._operations = operations
        self._artifacts = artifacts
        self._actor = actor
        self._role = role
        self._clock = clock
        self.version = 0
        self.state = RunState()

    def why_not_run(self, target: RunTarget | None, *, dry: bool) -> str:
        """Why Run is off; "" when it may be pressed."""
        if refusal := why_not(DRY_RUN if dry else REAL_RUN, self._role):
            return refusal
        if target is None:
            return "Choose a job and a directory first."
        if self.state.phase in ("planning", "running"):
            return "A run is going on."
        return ""

    async def run(self, target: RunTarget, *, dry: bool) -> RunState:
        """Run to the end and return how it ended. Raises Refused before anything happened when not permitted."""
        if refusal := self.why_not_run(target, dry=dry):
            raise ConsoleError(refusal)
        act = DRY_RUN if dry else REAL_RUN
        run_id = str(uuid.uuid4())
        self._set(
            RunState(
                phase="planning", run_id=run_id, job_id=target.job_id, business=target.customer.business_name,
                directory=target.directory, dry=dry, started_at=self._clock(),
            )
        )  # fmt: skip
        label = f"{'Dry run' if dry else 'Real run'}: {target.directory} for {target.customer.business_name}"
        try:
            wish = await asyncio.to_thread(
                self._operations.plan, act.name, label, f"{target.job_id}/{target.directory}/{run_id}",
                actor=self._actor,
            )  # fmt: skip
            try:
                await self._run(target, run_id, dry=dry)
            except ConsoleError as error:
                self._end("failed", str(error))
            except asyncio.CancelledError:
                self._runner.stop(run_id)
                self._end("unknown" if not dry and self.state.phase == "running" else "stopped", "The window closed.")
                raise
            finally:
                await asyncio.shield(self._close(wish.id))
        except ConsoleError as error:
            self._end("failed", str(error))
        return self.state

    def stop(self) -> None:
        """End the browser of the run that is going on."""
        if self.state.phase == "running":
            self._runner.stop(self.state.run_id)

    async def _run(self, target: RunTarget, run_id: str, *, dry: bool) -> None:
        plan = await self._planner.plan(target.directory, target.customer)
        key = idempotency_key(target.job_id, target.directory, plan.idempotency_factors)
        if not dry:
            answer = await self._acts.claim_run(
                job_id=target.job_id, directory=target.directory, key=key,
                payload={"plan": msgspec.to_builtins(plan.plan), "customer_id": target.customer.id}, run_id=run_id,
            )  # fmt: skip
            if answer != "claimed":
                raise ConsoleError(ANSWERS[answer])
        self._change(phase="running", steps=_lines(plan))
        folder = self._artifacts / "runs" / run_id
        request = RunRequest(run_id, target.job_id, target.directory, target.submission_url, plan, dry, str(folder))
        verdict: dict[str, Any] = {}
        async for event in self._runner.run(request):
            if event["kind"] == "verdict":
                verdict = event
            self._take(event)
        status, words = self._judge(verdict, dry=dry)
        if not dry:
            # The claim is ours: its outcome is written even when the browser crashed, as unknown or failed.
            written = await self._acts.finish_run(
                job_id=target.job_id, directory=target.directory, key=key, run_id=run_id, status=status,
                response_log={"reasons": list(verdict.get("reasons", ())), "run_id": run_id, "run_here": True},
                screenshot_url=self.state.picture or None, listing_url=verdict.get("listing_url") or None,
                error=None if status == "submitted" else words,
                duration_ms=round((self._clock() - self.state.started_at) * 1000),
            )  # fmt: skip
            if not written:
                words = "The run ended, but its claim had run out: its outcome is unknown."
                status = "unknown"
        self._end(status, words, tuple(str(reason) for reason in verdict.get("reasons", ())))

    def _judge(self, verdict: dict[str, Any], *, dry: bool) -> tuple[str, str]:
        status = str(verdict.get("status") or "")
        error = str(verdict.get("error") or "")
        if status in ("submitted", "failed", "unknown", "dry"):
            good = "Everything is filled in; nothing was sent." if status == "dry" else "Submitted."
            reasons = [str(reason) for reason in verdict.get("reasons", ())]
            return status, error or (", ".join(reasons) if reasons else good)
        if dry:
            return "stopped", "The run ended before it was complete; nothing was sent."
        pressed = any(line.status != "waiting" for line in self.state.steps if line.words == "Press the button")
        if pressed:
            return "unknown", "The browser ended after the button was pressed: nobody knows whether it was sent."
        return "failed", "The browser ended before the button was pressed; nothing was sent."

    def _take(self, event: dict[str, Any]) -> None:
        kind = event["kind"]
        if kind == "started":
            self._change(browser=str(event.get("browser", "")), sandbox=event.get("sandbox"))
        elif kind == "step":
            self._take_step(event)
        elif kind == "picture":
            self._change(picture=str(event.get("path", "")))
        elif kind == "blocked":
            request = Blocked(
                str(event.get("method", "")), str(event.get("url", "")), int(event.get("bytes") or 0),
                str(event.get("body") or ""),
            )  # fmt: skip
            self._change(blocked=(*self.state.blocked, request)[-200:])

    def _take_step(self, event: dict[str, Any]) -> None:
        index = event.get("index")
        steps = list(self.state.steps)
        if not isinstance(index, int) or not 0 <= index < len(steps):
            return
        steps[index] = msgspec.structs.replace(
            steps[index], status=event.get("status", "running"), ms=event.get("ms"),
            picture=str(event.get("picture") or steps[index].picture), error=str(event.get("error") or ""),
        )  # fmt: skip
        self._change(steps=tuple(steps), picture=str(event.get("picture") or self.state.picture))

    async def _close(self, wish_id: str) -> None:
        state: State = {"submitted": "done", "dry": "done", "unknown": "unknown"}.get(  # type: ignore[assignment]
            self.state.verdict, "failed"
        )
        await asyncio.to_thread(
            self._operations.move, wish_id, state, self.state.words, done=1 if state == "done" else 0
        )

    def _end(self, verdict: str, words: str, reasons: tuple[str, ...] = ()) -> None:
        self._change(phase="ended", verdict=verdict, words=words, reasons=reasons, ended_at=self._clock())

    def _change(self, **changes: object) -> None:
        self._set(msgspec.structs.replace(self.state, **changes))

    def _set(self, state: RunState) -> None:
        self.state = state
        self.version += 1


def start_run(acts: RunActs, target: RunTarget, *, dry: bool) -> None:
    """Start a run as a named task; a failure of ours is reported by the task's handler."""
    tasks.spawn("run", acts.run(target, dry=dry))


def _lines(plan: Plan) -> tuple[StepLine, ...]:
    return tuple(StepLine(index, step_words(step), _detail(step)) for index, step in enumerate(plan.plan))


def _detail(step: Step) -> str:
    return step.url or step.selector or step.until or ""
