"""Acts on jobs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from app import tasks
from app.actions.operations import Operation, Operations, State
from app.actions.registry import RETRY_FAILED, why_not
from app.store.lines import JobLine
from services.domain.errors import ConsoleError, NotReachable
from services.ports.facts import Reads
from services.ports.wishes import StaffActs

LOOK_AGAIN: Final = 30.0
"""Seconds between two questions to the audit after a retry whose answer was lost."""
CERTAIN_AFTER: Final = 60.0
"""Seconds after which a call that the audit doesn't know can't be going on any more."""


class JobActs:
    """Retry of failed directories. The effect is believed only when it comes back as a fact."""

    def __init__(
        self,
        acts: StaffActs,
        reads: Reads,
        operations: Operations,
        *,
        actor: str,
        role: str | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._acts = acts
        self._reads = reads
        self._operations = operations
        self._actor = actor
        self._role = role
        self._clock = clock
        self._asking: set[str] = set()
        """Jobs whose retry is being asked for by this program."""

    def why_not_retry(self, job: JobLine | None) -> str:
        """Why "retry failed" is off for this job; "" when it may be pressed."""
        if job is None:
            return "Choose a job first."
        if refusal := why_not(RETRY_FAILED, self._role):
            return refusal
        if job.failed == 0:
            return "No directory of this job has failed."
        if job.status not in ("completed", "failed"):
            return "The job has not ended yet."
        if job.id in self._asking:
            return "A retry of this job is running."
        return ""

    async def retry_failed(
        self, job: JobLine, directories: Sequence[str] | None = None, *, reason: str = ""
    ) -> Operation:
        """Ask the database to retry; returns the operation as it stands at the end. Raises Refused when not permitted.

        `directories`: hosts, None for all failed ones.
        """
        if refusal := self.why_not_retry(job):
            raise ConsoleError(refusal)
        # Marked before the first await: a second press finds it taken.
        self._asking.add(job.id)
        try:
            return await self._retry(job, directories, reason)
        finally:
            self._asking.discard(job.id)

    async def settle(self) -> None:
        """Find out by their request id in the audit how retries ended whose end a crash or a lost answer hid.

        Asks again until each is known, or until the audit can't be read at all.
        """
        while open_ones := self._unsettled():
            for wish in open_ones:
                try:
                    await self._look_up(wish)
                except NotReachable:
                    break
                except ConsoleError:
                    return
            if self._unsettled():
                await asyncio.sleep(LOOK_AGAIN)

    async def _retry(self, job: JobLine, directories: Sequence[str] | None, reason: str) -> Operation:
        count = len(directories) if directories is not None else job.failed
        wish = await asyncio.to_thread(
            self._operations.plan,
            RETRY_FAILED.name,
            f"Retry {count} {'directory' if count == 1 else 'directories'} of {job.business or job.id}",
            job.id,
            actor=self._actor,
            reason=reason,
            total=count,
        )
        try:
            answer = await self._acts.retry_failed(
                request_id=wish.id, job_id=job.id, directories=directories, reason=reason
            )
        except NotReachable as error:
            ended = await self._move(wish, "unknown", f"No answer from the database: {error}")
            tasks.supersede("settle retries", self.settle())
            return ended
        except ConsoleError as error:
            return await self._move(wish, "failed", str(error))
        hosts = answer.get("directories")
        queued = len(hosts) if isinstance(hosts, list) else count
        return await self._move(wish, "done", f"{queued} put back on the work list, waiting to be queued", done=queued)

    def _unsettled(self) -> list[Operation]:
        left = {wish.id: wish for wish in self._operations.left_behind(RETRY_FAILED.name)}
        for wish in self._operations.newest_first():
            if wish.act == RETRY_FAILED.name and wish.state == "unknown":
                left[wish.id] = wish
        return list(left.values())

    async def _look_up(self, wish: Operation) -> None:
        found = await self._reads.page("staff_actions", order="id", limit=1, equals={"request_id": wish.id})
        if found:
            counts = found[0].get("counts")
            done = counts.get("directories") if isinstance(counts, dict) else None
            words = "Carried out, as the audit says."
            await self._move(wish, "done", words, done=done if isinstance(done, int) else wish.total)
        elif self._clock() - wish.started_at >= CERTAIN_AFTER:
            await self._move(wish, "failed", "It was not carried out.")
        elif wish.state != "unknown":
            await self._move(wish, "unknown", "The program ended before the database answered.")

    async def _move(self, wish: Operation, state: State, words: str, *, done: int = 0) -> Operation:
        return await asyncio.to_thread(self._operations.move, wish.id, state, words, done=done)


def start_retry(acts: JobActs, job: JobLine, directories: Sequence[str] | None, reason: str) -> None:
    """Start a retry as a task; how it ends is in the Operations list."""
    tasks.spawn("retry failed", acts.retry_failed(job, directories, reason=reason))
