"""Queues jobs again that stand still without anybody having them in hand."""

from __future__ import annotations

import logging
from datetime import timedelta

from services.pipeline.database import Pool
from services.settings import Settings

log = logging.getLogger(__name__)


class StaleJobs:
    """What the database calls stale. Several may look at once: each job is queued again by one of them."""

    def __init__(self, pool: Pool, settings: Settings) -> None:
        self._pool = pool
        self._silence = timedelta(minutes=settings.stale_minutes)
        self._limit = settings.stale_requeue_limit
        self._left: set[str] = set()

    def requeue(self) -> int:
        """Queue every stale job again, each in a transaction of its own; how many. Raises psycopg.Error."""
        with self._pool.connection() as database:
            found = database.execute("select job_id from private.stale_jobs(%s)", (self._silence,)).fetchall()
        jobs = [str(row["job_id"]) for row in found]
        self._left.intersection_update(jobs)
        return sum(self._requeue(job_id) for job_id in jobs)

    def _requeue(self, job_id: str) -> bool:
        with self._pool.connection() as database:
            row = database.execute(
                "select private.requeue_stale_job(%s::uuid, %s, %s) as answer", (job_id, self._silence, self._limit)
            ).fetchone()
        answer = row["answer"] if row else None
        if answer == "queued":
            log.warning("Queued job %s again", job_id, extra={"event": "requeued_stale", "job_id": job_id})
        elif answer == "left" and job_id not in self._left:
            self._left.add(job_id)
            log.error(
                "Job %s stands still again and is left to people", job_id,
                extra={"event": "stale_left", "job_id": job_id, "requeued": self._limit},
            )  # fmt: skip
        return bool(answer == "queued")
