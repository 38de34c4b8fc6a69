"""One act on many jobs: which of them it fits, and carried out one after the other as one operation."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from app import tasks
from app.actions import many_plans
from app.actions.jobs import JobActs
from app.actions.operations import Operation, Operations, State
from app.actions.registry import ACTS, RETRY_FAILED, Act, why_not
from app.actions.retry_pace import PACE, RetryPace
from app.actions.speed import Speed
from app.replay.pace import Options
from app.store.lines import JobLine
from app.store.store import Store
from services.domain.errors import ConsoleError, Refused

# Options: what the sheet says of the pace.
__all__ = ["MANY", "MOST", "Ended", "Fit", "ManyJobs", "Options", "buttons", "fit", "press"]

MOST: Final = 500
"""Jobs in one go."""
MANY: Final = "many_jobs"
"""The act's name of an operation whose items are the acts on each job."""
LOOK_AGAIN: Final = 1.0
"""Seconds between two looks at items whose end isn't known yet."""
_ALL: Final[Mapping[str, Sequence[str]]] = {}
_BY_NAME: Final = {act.name: act for act in ACTS}
_NAMED: Final = 20
"""So many of those that failed are named."""


class Fit(msgspec.Struct, frozen=True):
    """The jobs that an act fits, and why it doesn't fit the others: sentences and how often each holds."""

    jobs: tuple[JobLine, ...]
    others: tuple[tuple[str, int], ...] = ()

    @property
    def why_not(self) -> str:
        """Why the act is off, "" when it may be pressed."""
        if self.jobs:
            return ""
        return self.others[0][0] if self.others else "Choose jobs first."


class Ended(msgspec.Struct, frozen=True):
    """How many jobs it was done for, failed for, and for how many nobody knows yet."""

    done: int = 0
    failed: int = 0
    unknown: int = 0

    @property
    def tried(self) -> int:
        """How many were begun."""
        return self.done + self.failed + self.unknown


class _Going:
    """An act on many jobs that goes on."""

    def __init__(self) -> None:
        self.ends: Counter[str] = Counter()
        self.speed = Speed()
        self.waits_for = 0
        """Retried jobs whose result it waits for before it goes on."""
        self.stopped = False
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    def ended(self) -> Ended:
        return Ended(self.ends["done"], self.ends["failed"], self.ends["unknown"])


def fit(jobs: JobActs, act: Act, lines: Sequence[JobLine]) -> Fit:
    """For which of `lines` the act may be pressed."""
    reasons: Counter[str] = Counter()
    fits: list[JobLine] = []
    for line in lines:
        refusal = jobs.why_not_retry(line) if act is RETRY_FAILED else jobs.why_not(act, line)
        if refusal:
            reasons[refusal] += 1
        else:
            fits.append(line)
    return Fit(tuple(fits), tuple(reasons.most_common()))


class ManyJobs:
    """Each act is one operation with an item for each job. `version` grows when one is paused or goes on."""

    def __init__(
        self, jobs: JobActs, operations: Operations, store: Store, *, actor: str, pace: Options = PACE
    ) -> None:
        """`pace`: how retries go; what else is done begins nothing that could fail again."""
        self._store = store
        self.pace = pace
        self._jobs = jobs
        self._operations = operations
        self._actor = actor
        self._going: dict[str, _Going] = {}
        self.version = 0

    def start(
        self,
        act: Act,
        lines: Sequence[JobLine],
        reason: str,
        told: Callable[[Ended], None],
        hosts: Mapping[str, Sequence[str]] = _ALL,
        *,
        undo_seconds: float = 0.0,
    ) -> None:
        """Carry the act out as a task; `told` learns how it ended. `hosts` and `undo_seconds` as for `carry_out`."""

        async def whole() -> None:
            told(await self.carry_out(act, lines, reason=reason, hosts=hosts, undo_seconds=undo_seconds))

        tasks.spawn(f"{act.label.lower()}, {len(lines)} jobs", whole())

    async def carry_out(
        self,
        act: Act,
        lines: Sequence[JobLine],
        *,
        reason: str = "",
        hosts: Mapping[str, Sequence[str]] = _ALL,
        undo_seconds: float = 0.0,
    ) -> Ended:
        """Do it for each, in order. One that is refused doesn't keep the others from being tried. `hosts`: by job id
        the directories that a retry was weighed for, all failed ones where it names none. A few are retried first, and
        no more when those fail again. `undo_seconds`: for so long an act on one job can be taken back.

        Raises Refused when the operation can't be written down: then nothing was asked for.
        """
        if len(lines) == 1:
            ends: Counter[str] = Counter([await self._one(act, lines[0], reason, "", hosts, undo_seconds)])
            return Ended(ends["done"], ends["failed"], ends["unknown"])
        label = f"{act.label}: {len(lines):,} jobs"
        whole = await asyncio.to_thread(
            self._operations.plan, MANY, label, act.name, actor=self._actor, reason=reason, total=len(lines)
        )
        jobs = {line.id: line for line in lines}
        try:
            await asyncio.to_thread(self._operations.keep_plan, whole.id, many_plans.as_text(jobs, hosts))
        except Refused as error:
            with suppress(Refused):
                await asyncio.to_thread(self._operations.move, whole.id, "failed", str(error))
            raise
        going = self._going[whole.id] = _Going()
        return await self._work(whole, going, act, jobs, hosts)

    def can_go_on(self, operation_id: str) -> bool:
        """Whether a crash, a full disk or too many failures have left something of it, for somebody who may."""
        whole = self._operations.get(operation_id)
        act = _BY_NAME.get(whole.target) if whole is not None and whole.act == MANY else None
        return (
            whole is not None
            and act is not None
            and whole.state in ("failed", "unknown")
            and operation_id in self._operations.planned
            and operation_id not in self._going
            and not why_not(act, self._jobs.role)
        )

    async def go_on(self, operation_id: str) -> Ended:
        """Do it for the jobs of the plan for which it was not done yet, and of which that is known.

        Raises Refused when there is nothing to go on with, or the jobs were not read yet.
        """
        whole = self._operations.get(operation_id)
        if whole is None or not self.can_go_on(operation_id):
            raise Refused("There is nothing to go on with.")
        if not self._store.state("jobs").loaded:
            raise Refused("The jobs were not read yet.", hint="Try again in a moment.")
        # Marked before the first await: a second press finds it going.
        going = self._going[operation_id] = _Going()
        try:
            plan = many_plans.from_text(await asyncio.to_thread(self._operations.kept_plan, operation_id))
            items = many_plans.newest(await asyncio.to_thread(self._operations.items, operation_id))
        except BaseException:
            del self._going[operation_id]
            raise
        left = {
            key: self._store.jobs.get(key) or JobLine(key) for key in plan.jobs if many_plans.is_left(items.get(key))
        }
        going.ends.update(_end_of(item) for key, item in items.items() if key not in left)
        going.speed = Speed(going.ended().tried)
        return await self._work(whole, going, _BY_NAME[whole.target], left, plan.hosts)

    async def _work(
        self, whole: Operation, going: _Going, act: Act, jobs: Mapping[str, JobLine], hosts: Mapping[str, Sequence[str]]
    ) -> Ended:
        """One after the other; the rest of the plan is kept where it does not come to an end."""

        async def tell(*more: str) -> None:
            words = ", ".join([*_counts(going.ended(), whole.total), *more])
            await asyncio.to_thread(self._operations.move, whole.id, "running", words, done=going.ends["done"])

        async def tell_wait(jobs: int) -> None:
            going.waits_for = jobs
            await tell(f"waits for {jobs:,} job{'s' if jobs > 1 else ''}")

        pace = RetryPace(self._store, self.pace, on_wait=tell_wait, goes_on=lambda: not going.stopped)
        why = ""
        try:
            for key, line in jobs.items():
                await going.may_go_on.wait()
                if act is RETRY_FAILED and not going.stopped:
                    why = await pace.next()
                    going.waits_for = 0
                    await going.may_go_on.wait()
                if going.stopped or why:
                    break
                state = await self._one(act, self._store.jobs.get(key) or line, whole.reason, whole.id, hosts)
                pace.begun(key, ok=state == "done")
                going.ends[state] += 1
                await tell()
        except Refused as error:
            # Nothing more can be written down, so nothing more is asked for.
            with suppress(Refused):
                await asyncio.to_thread(self._operations.move, whole.id, "failed", str(error))
            raise
        except Exception:
            # What nobody foresaw: the whole ends with what its items say.
            tasks.spawn(f"many jobs {whole.id}", self._follow(whole.id, whole.total))
            raise
        finally:
            del self._going[whole.id]
        ended = await self._conclude(whole.id, whole.total, why)
        if not why and not ended.unknown:
            await asyncio.to_thread(self._operations.forget_plan, whole.id)
        if ended.unknown:
            tasks.spawn(f"many jobs {whole.id}", self._follow(whole.id, whole.total))
        return ended

    def progress(self, operation_id: str) -> Ended | None:
        """How far one has come that goes on; None for any other."""
        going = self._going.get(operation_id)
        return going.ended() if going else None

    def rate(self, operation_id: str) -> float:
        """Jobs a second since it began; 0 for one that doesn't go on, and while nothing can be said of it."""
        going = self._going.get(operation_id)
        return going.speed.rate(going.ended().tried) if going else 0.0

    def waits_for(self, operation_id: str) -> int:
        """How many jobs' results it waits for: nobody knows how long that takes."""
        going = self._going.get(operation_id)
        return going.waits_for if going else 0

    def is_paused(self, operation_id: str) -> bool:
        """Whether it waits for somebody to let it go on."""
        going = self._going.get(operation_id)
        return going is not None and not going.may_go_on.is_set()

    def pause(self, operation_id: str) -> None:
        """Begin no further job until it is pressed again."""
        if (going := self._going.get(operation_id)) is not None:
            if going.may_go_on.is_set():
                going.may_go_on.clear()
            else:
                going.may_go_on.set()
            self.version += 1

    def stop(self, operation_id: str) -> None:
        """Begin no further job; what was done stays done."""
        if (going := self._going.get(operation_id)) is not None:
            going.stopped = True
            going.may_go_on.set()
            self.version += 1

    def settle(self) -> None:
        """Say how those ended that an earlier start left, once the end of each of their items is known."""
        for whole in self._operations.left_behind(MANY):
            tasks.spawn(f"many jobs {whole.id}", self._follow(whole.id, whole.total))

    async def _one(
        self,
        act: Act,
        line: JobLine,
        reason: str,
        parent: str,
        hosts: Mapping[str, Sequence[str]],
        undo_seconds: float = 0.0,
    ) -> State:
        """How it ended for one job. Raises Refused when it can't be written down."""
        about = {"reason": reason, "parent": parent}
        try:
            if act is RETRY_FAILED:
                doing = self._jobs.retry_failed(line, hosts.get(line.id), **about, undo_seconds=undo_seconds)
            else:
                doing = self._jobs.set_status(act, line, **about, undo_seconds=undo_seconds)
            return (await doing).state
        except Refused:
            raise
        except ConsoleError as error:
            # The act is off for this job by now: an item says why.
            item = await asyncio.to_thread(
                self._operations.plan, act.name, f"{act.label} {line.business or line.id}", line.id,
                actor=self._actor, reason=reason, parent=parent,
            )  # fmt: skip
            return (await asyncio.to_thread(self._operations.move, item.id, "failed", str(error))).state

    async def _follow(self, operation_id: str, total: int) -> None:
        """Until the end of each item is known, or somebody goes on with it."""
        while operation_id not in self._going:
            if not (await self._conclude(operation_id, total)).unknown:
                return
            await asyncio.sleep(LOOK_AGAIN)

    async def _conclude(self, operation_id: str, total: int, why: str = "") -> Ended:
        """Say of the whole what its items say, and `why` it went no further."""
        items = many_plans.newest(await asyncio.to_thread(self._operations.items, operation_id)).values()
        ends = Counter(map(_end_of, items))
        ended = Ended(ends["done"], ends["failed"], ends["unknown"])
        state: State = "unknown" if ended.unknown else "done" if ended.done == total else "failed"
        words = _words(ended, total, [item for item in items if item.state == "failed"])
        words = f"{why} {words}".strip()
        held = self._operations.get(operation_id)
        if operation_id in self._going:
            return ended  # somebody goes on with it meanwhile
        if held is None or (held.state, held.words, held.done) != (state, words, ended.done):
            await asyncio.to_thread(self._operations.move, operation_id, state, words, done=ended.done)
        return ended


def press(many: ManyJobs, operation_id: str, act: str) -> None:
    """What was pressed in the Operations list: Pause, Go on or Stop."""
    if act == "Stop":
        many.stop(operation_id)
    elif many.progress(operation_id) is None:
        tasks.spawn(f"go on with many jobs {operation_id}", many.go_on(operation_id))
    else:
        many.pause(operation_id)


def buttons(many: ManyJobs, operation: Operation) -> tuple[str, ...]:
    """What can be pressed at an operation of the list."""
    if many.progress(operation.id) is None:
        return ("Go on",) if many.can_go_on(operation.id) else ()
    return ("Go on" if many.is_paused(operation.id) else "Pause", "Stop")


def _end_of(item: Operation) -> str:
    return item.state if item.state in ("done", "failed") else "unknown"


def _counts(ended: Ended, total: int) -> list[str]:
    parts = [f"{ended.done:,} of {total:,} done"]
    parts += [f"{ended.failed:,} failed"] if ended.failed else []
    return [*parts, f"{ended.unknown:,} not known yet"] if ended.unknown else parts


def _words(ended: Ended, total: int, failed: Sequence[Operation]) -> str:
    """How it ended: the counts, and each that failed with its reason."""
    left = total - ended.tried
    words = ", ".join([*_counts(ended, total), *([f"{left:,} not begun"] if left else [])])
    if not failed:
        return words
    named = "; ".join(f"{item.label}: {item.words.rstrip('.')}" for item in failed[:_NAMED])
    more = f"; and {len(failed) - _NAMED:,} more" if len(failed) > _NAMED else ""
    return f"{words}. {named}{more}"
