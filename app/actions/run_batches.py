"""All failed directories of a job, run on this machine one after the other as one operation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from app import tasks
from app.actions.kept_runs import KeptRuns
from app.actions.operations import Operation, Operations, State
from app.actions.registry import RUN_FAILED, why_not
from app.actions.retry_xray import XRay, retried, weigh_retry
from app.actions.run_batch_items import Batch, End, Ended, host_of, read_target, resolved
from app.actions.run_state import RunState, RunTarget, why_not_begun
from app.actions.runs import ANSWERS, PAUSES, RunActs
from app.actions.site_pace import PACE, RunPace, SitePace
from app.store.lines import JobLine
from app.store.store import Store
from services.domain.errors import ConsoleError
from services.domain.packages import pause_seconds, priority_of_package
from services.domain.plans import Plan
from services.domain.records import Customer
from services.ports.facts import Planner
from services.ports.wishes import RunClaims, Runner

# What the sheet and the Operations list show.
__all__ = ["Ended", "RunBatches", "RunPace", "XRay", "buttons", "press", "start"]

MOST_NOT_BEGUN: Final = 3
"""So many in a row that could not even be begun end the batch: what is wrong is not the directories'."""
_ENDS: Final[Mapping[str, End]] = {"submitted": "submitted", "unknown": "unknown"}
_FATES: Final = {
    "live": "It is submitted already.",
    "unknown": "Nobody knows how its last try ended.",
    "in_flight": "A worker has it now.",
}
_CUT: Final = "The program ended in the middle: go on with it, or give it up."


class RunBatches:
    """Each batch is one operation with an item for each directory; two may go on, but never two of one job.

    Each directory goes the way of a single real run (`RunActs`): journalled, claimed, run, written. `role` tells whose
    hands these are. `version` grows with each change of what is going on.
    """

    def __init__(
        self,
        planner: Planner,
        runner: Runner,
        acts: RunClaims,
        operations: Operations,
        store: Store,
        *,
        kept: KeptRuns,
        actor: str,
        role: Callable[[], str | None],
        pace: RunPace = PACE,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._planner = planner
        self._runner = runner
        self._acts = acts
        self._operations = operations
        self._store = store
        self._kept = kept
        self._actor = actor
        self._role = role
        self._pauses = tuple(pauses)
        self.pace = pace
        self._sites = SitePace(pace)
        self._going: dict[str, Batch] = {}
        self._left: set[str] = set()
        """Batches that may be gone on with."""
        self.version = 0

    def weigh(self, job: JobLine) -> XRay:
        """What a run of all its failed directories would do with each directory of the job, by what is known now."""
        return weigh_retry(self._store, job)

    def why_not(self, job: JobLine | None) -> str:
        """Why running its failed directories here is off; "" when it may be pressed."""
        if job is None:
            return "Choose a job first."
        if refusal := why_not(RUN_FAILED, self._role()):
            return refusal
        if job.failed == 0:
            return "No directory of this job has failed."
        if job.status not in ("completed", "failed"):
            return "The job is cancelled." if job.status == "cancelled" else "The job has not ended yet."
        if any(batch.job_id == job.id for batch in self._going.values()):
            return "Its failed directories are being run here."
        if self._customer(job.id) is None:
            return "The customer of this job isn't known."
        return ""

    def run(self, job: JobLine, hosts: Sequence[str], *, reason: str = "") -> Coroutine[Any, Any, State]:
        """Run these of its failed directories; those that would double by then are left alone. How it ended.

        What it gives raises ConsoleError before anything is done.
        """
        failed = set(retried(self._store, self.weigh(job)))
        refusal = self.why_not(job) or ("" if failed & set(hosts) else "Nothing here can be run again.")
        batch = Batch(job.id, hosts)
        if not refusal:
            # Marked before the first await: a second press finds it taken.
            self._going[_pressed(job)] = batch
        return self._whole(job, batch, reason, refusal)

    async def _whole(self, job: JobLine, batch: Batch, reason: str, refusal: str) -> State:
        if refusal:
            raise ConsoleError(refusal)
        count = len(batch.hosts)
        many = f"{count:,} failed {'directory' if count == 1 else 'directories'}"
        try:
            whole = await asyncio.to_thread(
                self._operations.plan, RUN_FAILED.name, f"Run {many} here: {job.business or job.id}", batch.target,
                actor=self._actor, reason=reason, total=count,
            )  # fmt: skip
        finally:
            del self._going[_pressed(job)]
        self._going[whole.id] = batch
        return await self._carry_out(whole, batch)

    async def resume(self, operation_id: str) -> State:
        """Go on with a batch that an error or an earlier start has left. Raises ConsoleError when one may not."""
        whole = self._operations.get(operation_id)
        if whole is None or not self.can_resume(whole):
            raise ConsoleError("There is no such operation to go on with.")
        if not self._store.state("jobs").loaded or self._store.kept:
            raise ConsoleError("It isn't known yet how its directories stand.")
        job_id, hosts = read_target(whole.target)
        if any(one.job_id == job_id for one in self._going.values()):
            raise ConsoleError("Failed directories of this job are being run here.")
        batch = self._going[operation_id] = Batch(job_id, hosts)
        try:
            for item in await self._items(operation_id):
                await self._resolve(job_id, item)
            batch.take(await self._items(operation_id))
        except BaseException:
            del self._going[operation_id]
            raise
        return await self._carry_out(whole, batch)

    async def give_up(self, operation_id: str) -> None:
        """Leave the rest of such a batch as it is. Raises ConsoleError when one may not."""
        whole = self._operations.get(operation_id)
        if whole is None or not self.can_resume(whole):
            raise ConsoleError("There is no such operation to give up.")
        self._left.discard(operation_id)
        batch = Batch(*read_target(whole.target))
        batch.take(await self._items(operation_id))
        batch.cancelled = True
        await self._conclude(operation_id, batch)

    def can_resume(self, operation: Operation) -> bool:
        """Whether there is something to go on with, for somebody who may."""
        return operation.id in self._left and not why_not(RUN_FAILED, self._role())

    def progress(self, operation_id: str) -> Ended | None:
        """How far one has come that goes on; None for any other."""
        batch = self._going.get(operation_id)
        return batch.ended() if batch else None

    def rate(self, operation_id: str) -> float:
        """Directories a second since it began; 0 for one that doesn't go on."""
        batch = self._going.get(operation_id)
        return batch.rate() if batch else 0.0

    def is_paused(self, operation_id: str) -> bool:
        """Whether it waits for somebody to let it go on."""
        batch = self._going.get(operation_id)
        return batch is not None and not batch.may_go_on.is_set()

    def pause(self, operation_id: str) -> None:
        """Begin no further directory until it is pressed again."""
        if (batch := self._going.get(operation_id)) is not None:
            if batch.may_go_on.is_set():
                batch.may_go_on.clear()
            else:
                batch.may_go_on.set()
            self.version += 1

    def cancel(self, operation_id: str) -> None:
        """Finish the runs in hand and begin no other; what was submitted stays submitted."""
        if (batch := self._going.get(operation_id)) is not None:
            batch.cancelled = True
            batch.may_go_on.set()
            self.version += 1

    async def settle(self) -> None:
        """After a crash, once single runs are settled: say of each batch that was cut off what is known, and that it
        can be gone on with."""
        for whole in self._operations.left_behind(RUN_FAILED.name):
            if whole.parent:
                continue
            batch = Batch(*read_target(whole.target))
            for item in await self._items(whole.id):
                if item.act == RUN_FAILED.name and not item.ended:
                    await self._move(item.id, "undone", "")
            batch.take(await self._items(whole.id))
            # A run that was cut off may never have claimed its directory: that is seen when one goes on.
            is_open = bool(batch.left or batch.ended().unknown)
            if whole.state != "unknown" or not is_open:
                batch.why = _CUT if is_open else ""
                await self._conclude(whole.id, batch)
            if is_open:
                self._left.add(whole.id)

    async def _carry_out(self, whole: Operation, batch: Batch) -> State:
        self._left.discard(whole.id)
        try:
            await self._tell(whole.id, batch)
            async with asyncio.TaskGroup() as group:
                for _ in range(self.pace.at_once):
                    group.create_task(self._lane(whole.id, batch))
        finally:
            del self._going[whole.id]
            self.version += 1
        if batch.fault is None:
            return await self._conclude(whole.id, batch)
        # Nobody foresaw it, or nothing can be written down any more.
        known = isinstance(batch.fault, ConsoleError)
        batch.why = str(batch.fault) if known else "Something unexpected happened in the middle."
        with suppress(ConsoleError):
            await self._conclude(whole.id, batch)
        raise batch.fault

    async def _lane(self, operation_id: str, batch: Batch) -> None:
        """Begin one directory after the other, for as long as there are some and nothing speaks against it."""
        while batch.left:
            await batch.may_go_on.wait()
            if batch.ends_early() or not batch.left:
                return
            host = batch.left.popleft()
            try:
                async with self._sites.turn(host):
                    await batch.may_go_on.wait()
                    if batch.ends_early():
                        batch.left.appendleft(host)
                        return
                    await self._one(operation_id, batch, host)
                await self._tell(operation_id, batch)
            except Exception as error:
                batch.fault = batch.fault or error
                return

    async def _one(self, operation_id: str, batch: Batch, host: str) -> None:
        """One directory: left alone where it isn't as it was, else run."""
        target, refusal = self._target(batch.job_id, host)
        if target is None:
            await self._leave_alone(operation_id, batch, host, refusal)
            return
        planner = _NotingPlanner(self._planner)
        run = RunActs(
            planner, self._runner, self._acts, self._operations, self._store.jobs.wishes,
            kept=self._kept, actor=self._actor, role=self._role(), pauses=self._pauses,
        )  # fmt: skip
        try:
            state = await run.run(target, dry=False, parent=operation_id)
        except ConsoleError as error:
            batch.left.appendleft(host)
            batch.why = str(error)
            return
        finally:
            job = self._store.jobs.get(batch.job_id)
            priority = priority_of_package(job.package if job else "")
            self._sites.rest(host, pause_seconds(planner.rate_limit_ms, priority))
        self._take(batch, host, state)

    def _take(self, batch: Batch, host: str, state: RunState) -> None:
        why = why_not_begun(state)
        if state.words in ANSWERS.values():
            batch.note(host, "left alone", state.words)
        elif why:
            batch.note_not_begun(host, why)
        else:
            batch.note(host, _ENDS.get(state.verdict, "failed"), state.words)
        batch.missed = batch.missed + 1 if batch.is_not_begun(host) else 0
        if batch.missed >= MOST_NOT_BEGUN:
            batch.why = f"{MOST_NOT_BEGUN} in a row could not be begun"

    async def _leave_alone(self, operation_id: str, batch: Batch, host: str, why: str) -> None:
        item = await asyncio.to_thread(
            self._operations.plan, RUN_FAILED.name, f"{host} left alone", f"{batch.job_id}/{host}/",
            actor=self._actor, parent=operation_id,
        )  # fmt: skip
        await self._move(item.id, "undone", why)
        batch.note(host, "left alone", why)

    def _target(self, job_id: str, host: str) -> tuple[RunTarget | None, str]:
        """What to run, or why it is left alone: by what is known in this moment."""
        job, customer = self._store.jobs.get(job_id), self._customer(job_id)
        if job is None or customer is None:
            return None, "Its job or its customer isn't there any more."
        seen = self.weigh(job)
        if seen.stops:
            return None, seen.stops
        if host not in retried(self._store, seen):
            fates = {one.host: one.why or _FATES.get(one.fate, "") for one in seen.directories}
            return None, fates.get(host) or "It isn't among the failed directories any more."
        line = next(line for line in self._store.jobs.directories(job_id) if line.host == host)
        if not line.url:
            return None, "The address of this directory isn't known."
        return RunTarget(job_id, host, line.url, customer), ""

    def _customer(self, job_id: str) -> Customer | None:
        job = self._store.jobs.get(job_id)
        return self._store.customer(job.customer_id) if job is not None else None

    async def _resolve(self, job_id: str, item: Operation) -> None:
        """Say of a run that was cut off what the facts say by now."""
        line = next((line for line in self._store.jobs.directories(job_id) if line.host == host_of(item)), None)
        if item.state == "unknown" and line is not None:
            found = resolved(item, line, self._store.jobs.history(job_id))
            if found is not None:
                await self._move(item.id, *found)

    async def _tell(self, operation_id: str, batch: Batch) -> None:
        async with batch.telling:
            await self._move(operation_id, "running", batch.words(), batch.ended().done)

    async def _conclude(self, operation_id: str, batch: Batch) -> State:
        """Say of the whole what its items say."""
        ended = batch.ended()
        state: State = "done" if ended.done == len(batch.hosts) else "failed"
        words = batch.words()
        if batch.cancelled:
            state, words = "undone", f"Cancelled. {words}"
        elif batch.why or ended.not_begun:
            state, words = "unknown", ". ".join([*([batch.why.rstrip(".")] if batch.why else []), words])
            if ended.tried < len(batch.hosts):
                self._left.add(operation_id)
        await self._move(operation_id, state, words, ended.done)
        self.version += 1
        return state

    async def _items(self, operation_id: str) -> list[Operation]:
        return await asyncio.to_thread(self._operations.items, operation_id)

    async def _move(self, operation_id: str, state: State, words: str, done: int | None = None) -> None:
        await asyncio.to_thread(self._operations.move, operation_id, state, words, done=done)


class _NotingPlanner:
    """The planner, which also tells how long the site asks to be left alone. It serves one run."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self.rate_limit_ms = 0

    async def plan(self, directory: str, customer: Customer) -> Plan:
        plan = await self._planner.plan(directory, customer)
        self.rate_limit_ms = plan.constraints.rate_limit_ms
        return plan

    async def health(self) -> dict[str, Any]:
        return await self._planner.health()


def start(batches: RunBatches, job: JobLine, hosts: Sequence[str], *, reason: str) -> None:
    """Start a batch as a task; how it ends is in the Operations list."""
    tasks.spawn("run failed here", batches.run(job, hosts, reason=reason))


def press(batches: RunBatches, operation_id: str, act: str) -> None:
    """What was pressed in the Operations list: Pause, Go on, Cancel, Resume or Give up."""
    if act in ("Pause", "Go on"):
        batches.pause(operation_id)
    elif act == "Cancel":
        batches.cancel(operation_id)
    elif act == "Resume":
        tasks.spawn("resume runs", batches.resume(operation_id))
    else:
        tasks.spawn("give up runs", batches.give_up(operation_id))


def buttons(batches: RunBatches, operation: Operation) -> tuple[str, ...]:
    """What can be pressed at an operation of the list."""
    if batches.progress(operation.id) is not None:
        return ("Go on" if batches.is_paused(operation.id) else "Pause", "Cancel")
    return ("Resume", "Give up") if batches.can_resume(operation) else ()


def _pressed(job: JobLine) -> str:
    """The place of a batch that isn't written down yet."""
    return f"pressed {job.id}"
