"""What a replay or a retry would do with each directory of a job, said before anything is sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, Literal

import msgspec

from app.store.lines import DirectoryLine, JobLine
from services.domain.keys import idempotency_key, older_idempotency_key

Fate = Literal["submit", "live", "unknown", "in_flight", "blocked"]
DONE: Final = "Already done: nothing is left to submit."
NO_JOB: Final = "This job is not in the database."
CANCELLED: Final = "The job is cancelled."
PAUSED: Final = "The job is paused."
FATES: Final[tuple[Fate, ...]] = ("submit", "live", "unknown", "in_flight", "blocked")


class Directory(msgspec.Struct, frozen=True):
    """One directory's fate; `why` only where it is blocked."""

    host: str
    fate: Fate
    why: str = ""


class XRay(msgspec.Struct, frozen=True):
    """What would happen to a job. `stops`: why the job as a whole would not run, "" when it would."""

    job_id: str
    directories: tuple[Directory, ...] = ()
    stops: str = ""

    @property
    def done(self) -> bool:
        """Nothing is left to submit, so that its message is of no use any more."""
        return self.stops == DONE

    def count(self, fate: Fate) -> int:
        """How many directories have this fate."""
        return sum(one.fate == fate for one in self.directories)

    def hosts(self, fate: Fate) -> list[str]:
        """The directories with this fate, by host."""
        return [one.host for one in self.directories if one.fate == fate]


def xray(
    job_id: str,
    job: JobLine | None,
    directories: Iterable[DirectoryLine],
    *,
    retry: Collection[str] = (),
) -> XRay:
    """Weigh each directory by its results and history. `retry`: hosts that are put back on the work list first.

    A worker takes what is pending, so a directory that failed is only submitted when it is retried.
    """
    if job is None:
        return XRay(job_id, stops=NO_JOB)
    looked = tuple(_fate(job, line, line.host in retry) for line in directories)
    return XRay(job_id, looked, _stops(job, looked))


def replay_xray(job_id: str, job: JobLine | None, directories: Iterable[DirectoryLine]) -> XRay:
    """What a replay of a job's message would do: where the job as a whole would not run, nothing is submitted."""
    seen = xray(job_id, job, directories)
    if not seen.stops:
        return seen
    looked = (Directory(one.host, "blocked", seen.stops) if one.fate == "submit" else one for one in seen.directories)
    return XRay(job_id, tuple(looked), seen.stops)


def _stops(job: JobLine, directories: tuple[Directory, ...]) -> str:
    if job.status == "cancelled":
        return CANCELLED
    if job.status == "paused":
        return PAUSED
    if directories and not any(one.fate == "submit" for one in directories):
        return DONE
    return ""


def _fate(job: JobLine, line: DirectoryLine, retried: bool) -> Directory:
    if line.outcome == "submitted":
        return Directory(line.host, "live")
    if line.outcome == "unknown":
        return Directory(line.host, "unknown")
    if line.outcome == "running":
        return Directory(line.host, "in_flight")
    if line.outcome == "skipped":
        return Directory(line.host, "blocked", "It was skipped.")
    if line.outcome == "failed" and not retried:
        return Directory(line.host, "blocked", "It failed: retry it, a replay doesn't.")
    if _key_changed(job, line):
        # A worker that knows an earlier try by its key alone would submit a second time.
        return Directory(line.host, "blocked", "It was tried for a business of another name, or by another plan.")
    return Directory(line.host, "submit")


def _key_changed(job: JobLine, line: DirectoryLine) -> bool:
    row = line.result
    if row is None or not row.idempotency_key:
        return False
    business = row.payload.get("business")
    factors: Mapping[str, Any] = {"name": job.business, "dir": line.host}
    known = {idempotency_key(job.id, line.host, factors)}
    if isinstance(business, Mapping):
        known.add(older_idempotency_key(job.id, line.host, business))
    return row.idempotency_key not in known
