"""Acts on jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from app import tasks
from app.actions.operations import Operation, Operations, State
from app.actions.registry import RETRY_FAILED, why_not
from app.store.lines import JobLine
from services.domain.errors import ConsoleError, NotReachable
from services.ports import Reads, StaffActs


class JobActs:
    """Retry of failed directories. The effect is believed only when it comes back as a fact."""

    def __init__(self, acts: StaffActs, reads: Reads, operations: Operations, *, actor: str, role: str | None) -> None:
        self._acts = acts
        self._reads = reads
        self._operations = operations
        self._actor = actor
        self._role = role

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
        if any(op.target == job.id and op.act == RETRY_FAILED.name for op in self._operations.open()):
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
            # It may have been done: the request id says so once the database can be read again.
            await self._end(wish.id, "unknown", f"No answer from the database: {error}")
        except ConsoleError as error:
            await self._end(wish.id, "failed", str(error))
        else:
            hosts = answer.get("directories")
            queued = len(hosts) if isinstance(hosts, list) else count
            await self._end(wish.id, "done", f"{queued} put back on the work list, waiting to be queued", done=queued)
        return next(op for op in self._operations.newest_first() if op.id == wish.id)

    async def settle(self) -> None:
        """Look up retries whose end a crash or a lost answer hid, by their request id in the audit."""
        for wish in self._operations.newest_first():
            if wish.act != RETRY_FAILED.name or wish.state not in ("planned", "running", "unknown"):
                continue
            try:
                found = await self._reads.page("staff_actions", order="id", limit=1, equals={"request_id": wish.id})
            except ConsoleError:
                continue
            if found:
                await self._end(wish.id, "done", "Carried out, as the audit says.", done=wish.total)
            else:
                await self._end(wish.id, "failed", "It was not carried out.")

    async def _end(self, wish_id: str, state: State, words: str, *, done: int = 0) -> None:
        await asyncio.to_thread(self._operations.move, wish_id, state, words, done=done)


def start_retry(acts: JobActs, job: JobLine, directories: Sequence[str] | None, reason: str) -> None:
    """Start a retry as a task; how it ends is in the Operations list."""
    tasks.spawn("retry failed", acts.retry_failed(job, directories, reason=reason))
