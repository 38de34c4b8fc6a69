"""Acts on a job."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, Final

from app import tasks
from app.actions.database_acts import Answer, DatabaseActs
from app.actions.operations import Operation
from app.actions.registry import (
    CANCEL_JOB,
    DECLARE,
    PAUSE_JOB,
    REQUEUE,
    RESUME_JOB,
    RETRY_FAILED,
    REVIEW,
    Act,
    why_not,
)
from app.store.doubts import doubt_of
from app.store.lines import DirectoryLine, JobLine
from services.domain.errors import ConsoleError
from services.domain.statuses import Declared, job_status_word
from services.ports.wishes import StaffActs

_FROM: Final = {
    REQUEUE: ("pending", "in_progress"),
    PAUSE_JOB: ("pending", "in_progress"),
    RESUME_JOB: ("paused",),
    CANCEL_JOB: ("pending", "in_progress", "paused"),
}
"""The states of a job in which an act has a sense."""
_DECLARED: Final[dict[Declared, str]] = {
    "submitted": "submitted", "failed": "not submitted", "skipped": "not wanted any more",
}  # fmt: skip


class JobActs:
    """What staff do to one job. The effect is believed only when it comes back as a fact."""

    def __init__(self, acts: StaffActs, database: DatabaseActs, *, role: str | None) -> None:
        self._acts = acts
        self._database = database
        self.role = role
        """Whose hands these are: it becomes known later where the project did not answer at the start."""

    def why_not_retry(self, job: JobLine | None) -> str:
        """Why "retry failed" is off for this job; "" when it may be pressed."""
        if refusal := self._why_not(RETRY_FAILED, job):
            return refusal
        assert job is not None
        if job.failed == 0:
            return "No directory of this job has failed."
        if job.status not in ("completed", "failed"):
            return "The job has not ended yet."
        return ""

    def why_not(self, act: Act, job: JobLine | None) -> str:
        """Why queueing again, pausing, resuming or cancelling is off for this job; "" when it may be pressed."""
        if refusal := self._why_not(act, job):
            return refusal
        assert job is not None
        if job.status not in _FROM[act]:
            return f"The job is {job_status_word(job.status).lower()}."
        if act is REQUEUE and job.running:
            return "A worker has this job."
        return ""

    def why_not_declare(self, job: JobLine | None, directory: DirectoryLine | None) -> str:
        """Why the outcome of this directory can't be declared; "" when it may be."""
        if refusal := self._why_not(DECLARE, job):
            return refusal
        if directory is None or directory.outcome != "unknown":
            return "Its outcome is not unknown."
        return ""

    async def retry_failed(
        self,
        job: JobLine,
        directories: Sequence[str] | None = None,
        *,
        reason: str = "",
        parent: str = "",
        undo_seconds: float = 0.0,
    ) -> Operation:
        """Put failed directories back on the work list; `directories`: hosts, None for all failed ones. `parent`: the
        operation on many jobs whose item this is. `undo_seconds`: for so long it can be taken back.

        This and the other acts return the operation as it stands at the end, and raise ConsoleError when the act
        is off.
        """
        _raise(self.why_not_retry(job))
        count = len(directories) if directories is not None else job.failed

        def done(answer: Answer) -> tuple[str, int]:
            hosts = answer.get("directories")
            queued = len(hosts) if isinstance(hosts, list) else count
            return f"{queued} put back on the work list, waiting to be queued", queued

        return await self._database.carry_out(
            RETRY_FAILED,
            f"Retry {count} {'directory' if count == 1 else 'directories'} of {_name(job)}",
            job.id,
            lambda request: self._acts.retry_failed(
                request_id=request, job_id=job.id, directories=directories, reason=reason
            ),
            done,
            hosts=directories or (),
            status=job.status,
            reason=reason,
            total=count,
            parent=parent,
            undo_seconds=undo_seconds,
        )

    def can_undo(self, operation_id: str) -> bool:
        """Whether an act can be taken back."""
        return self._database.can_undo(operation_id)

    def undo(self, operation_id: str) -> None:
        """Take an act back while its time for that runs."""
        self._database.undo(operation_id)

    async def requeue(self, job: JobLine, *, reason: str = "") -> Operation:
        """Queue a job whose message or worker was lost."""
        _raise(self.why_not(REQUEUE, job))
        return await self._database.carry_out(
            REQUEUE,
            f"Queue {_name(job)} again",
            job.id,
            lambda request: self._acts.requeue_job(
                request_id=request, job_id=job.id, expected=job.status, reason=reason
            ),
            lambda _: ("Waiting to be queued", 1),
            reason=reason,
        )

    async def set_status(
        self, act: Act, job: JobLine, *, reason: str = "", parent: str = "", undo_seconds: float = 0.0
    ) -> Operation:
        """Pause, resume or cancel a job, as `act` says."""
        _raise(self.why_not(act, job))
        to = {PAUSE_JOB: "paused", RESUME_JOB: "pending", CANCEL_JOB: "cancelled"}[act]
        return await self._database.carry_out(
            act,
            f"{act.label} {_name(job)}",
            job.id,
            lambda request: self._acts.set_job_status(
                request_id=request, job_id=job.id, to=to, expected=job.status, reason=reason
            ),
            _status_words,
            status=job.status,
            reason=reason,
            parent=parent,
            undo_seconds=undo_seconds,
        )

    async def declare(
        self, job: JobLine, directory: DirectoryLine, outcome: Declared, *, reason: str, listing_url: str = ""
    ) -> Operation:
        """Say how a submission ended whose outcome nobody knows."""
        _raise(self.why_not_declare(job, directory))
        return await self._database.carry_out(
            DECLARE,
            f"Declare {directory.host} {_DECLARED[outcome]} for {_name(job)}",
            job.id,
            lambda request: self._acts.declare_outcome(
                request_id=request,
                job_id=job.id,
                directory=directory.host,
                outcome=outcome,
                reason=reason,
                listing_url=listing_url,
            ),
            lambda _: (f"Declared: {_DECLARED[outcome]}", 1),
            hosts=(directory.host,),
            reason=reason,
        )

    def why_not_review(self, job: JobLine | None, directory: DirectoryLine | None) -> str:
        """Why the verdict on this directory can't be reviewed; "" when it may be."""
        if refusal := self._why_not(REVIEW, job):
            return refusal
        if directory is None or directory.result is None or not doubt_of(directory.result):
            return "Its verdict is not in doubt."
        return ""

    async def review(
        self, job: JobLine, directory: DirectoryLine, outcome: Declared, *, reason: str = "", listing_url: str = ""
    ) -> Operation:
        """Say that a doubtful verdict stands (`outcome` is the directory's), or how the submission really ended."""
        _raise(self.why_not_review(job, directory))
        stands = outcome == directory.outcome
        words = "the verdict stands" if stands else _DECLARED[outcome]
        return await self._database.carry_out(
            REVIEW,
            f"Review {directory.host} for {_name(job)}: {words}",
            job.id,
            lambda request: self._acts.review_outcome(
                request_id=request,
                job_id=job.id,
                directory=directory.host,
                expected=directory.outcome,
                outcome=outcome,
                reason=reason,
                listing_url=listing_url,
            ),
            lambda _: (f"Reviewed: {words}", 1),
            hosts=(directory.host,),
            reason=reason,
        )

    def _why_not(self, act: Act, job: JobLine | None) -> str:
        if job is None:
            return "Choose a job first."
        if refusal := why_not(act, self.role):
            return refusal
        if self._database.is_asking(job.id):
            return "An act on this job is running."
        return ""


def start(act: Act, doing: Coroutine[Any, Any, Operation]) -> None:
    """Start an act as a task; how it ends is in the Operations list."""
    tasks.spawn(act.label.lower(), doing)


def _raise(refusal: str) -> None:
    if refusal:
        raise ConsoleError(refusal)


def _name(job: JobLine) -> str:
    return job.business or job.id


def _status_words(answer: Answer) -> tuple[str, int]:
    now = str(answer.get("status") or "")
    words = {
        "paused": "Paused: the worker stops before the next directory",
        "pending": "Waiting to be queued",
        "in_progress": "The worker goes on",
        "cancelled": "Cancelled: the worker stops before the next directory",
    }
    return words.get(now, now), 1
