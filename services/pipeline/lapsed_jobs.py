"""Works ended jobs out again that count a run on a desk which ended without a word."""

from __future__ import annotations

import logging

from services.pipeline.database import Pool

log = logging.getLogger(__name__)


class LapsedJobs:
    """What the database calls lapsed. Several may look at once: the same is written by each."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def settle(self) -> int:
        """Have each say how it ended, in a transaction of its own; how many. Raises psycopg.Error."""
        with self._pool.connection() as database:
            found = database.execute("select job_id from private.lapsed_jobs() job_id").fetchall()
        for row in found:
            with self._pool.connection() as database:
                database.execute("select private.settle_lapsed_job(%s)", (row["job_id"],))
            log.warning(
                "A run on a desk of job %s ended without a word", row["job_id"],
                extra={"event": "lapsed_settled", "job_id": str(row["job_id"])},
            )  # fmt: skip
        return len(found)
