"""What a retry would do with each directory of a job, weighed before anything is asked for."""

from __future__ import annotations

from collections.abc import Collection

from app.replay.xray import FATES, Directory, Fate, XRay, xray
from app.store.lines import JobLine
from app.store.store import Store

__all__ = ["FATES", "Directory", "Fate", "XRay", "retried", "weigh_retry"]  # what the sheets show


def weigh_retry(store: Store, job: JobLine, hosts: Collection[str] | None = None) -> XRay:
    """Every directory of the job; `hosts`: those that are to be retried, None for all that failed."""
    lines = store.jobs.directories(job.id)
    wanted = {line.host for line in lines if line.outcome == "failed"} if hosts is None else set(hosts)
    return xray(job.id, job, lines, retry=wanted)


def retried(store: Store, seen: XRay) -> list[str]:
    """The failed directories that the X-ray lets through: these and no others are asked for."""
    failed = {line.host for line in store.jobs.directories(seen.job_id) if line.outcome == "failed"}
    return [host for host in seen.hosts("submit") if host in failed]
