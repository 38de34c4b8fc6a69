"""The flow runs of one worker: taking, keeping and ending them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from services.pipeline.database import Database, Pool

log = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Another worker has this flow run now; nothing was written."""


class FlowRun(msgspec.Struct, frozen=True):
    """A flow run that this worker holds. `parameters` is the message's body; `attempt` counts from 1."""

    id: str
    parameters: dict[str, Any]
    attempt: int = 1

    @property
    def job_id(self) -> str:
        """The job that it works on; "" when the parameters don't say."""
        return str(self.parameters.get("job_id") or "")


class FlowRuns:
    """`flow_runs` and `worker_heartbeats` as worker `worker_id` writes them. Leases are in seconds."""

    def __init__(self, pool: Pool, worker_id: str, lease_seconds: float, lapse_limit: int) -> None:
        self._pool = pool
        self._worker_id = worker_id
        self._lease_seconds = lease_seconds
        self._lapse_limit = lapse_limit

    def claim(self, held: Sequence[str] = ()) -> FlowRun | None:
        """The oldest flow run that waits, or whose worker went silent; None when there is none.

        What staff asked for goes first: somebody sits before the screen and waits for it.
        Never one of `held`, and never one of a job that another flow is working on.
        One that lost its worker `lapse_limit` times is not tried again: it and its job are ended as failed.
        """
        while True:
            row = self._claim(held)
            if row is None or row["lapses"] < self._lapse_limit:
                return FlowRun(str(row["id"]), row["parameters"], row["attempt"]) if row else None

    def _claim(self, held: Sequence[str]) -> DictRow | None:
        with self._pool.connection() as database:
            # One claim at a time: two workers must not see two runs of one job as free at once.
            database.execute("select pg_advisory_xact_lock(hashtext('public.flow_runs'))")
            row = database.execute(
                """
                with free as (
                  select f.id, f.worker_id as last_worker, (f.state = 'running')::int as lapsed
                    from public.flow_runs f
                   where (f.state = 'scheduled' or (f.state = 'running' and f.lease_until < clock_timestamp()))
                     and f.id <> all (%(held)s::uuid[])
                     and not exists (
                       select from public.flow_runs other
                        where other.id <> f.id and other.state = 'running' and other.lease_until >= clock_timestamp()
                          and other.parameters ->> 'job_id' = f.parameters ->> 'job_id')
                   order by (f.parameters ->> 'source' like 'staff%%') is not true, f.created_at, f.id
                   limit 1
                     for update skip locked)
                update public.flow_runs f
                   set state = 'running', worker_id = %(worker)s, attempt = attempt + 1, lapses = lapses + lapsed,
                       lease_until = clock_timestamp() + make_interval(secs => %(lease)s),
                       started_at = coalesce(started_at, clock_timestamp())
                  from free where f.id = free.id
                returning f.id, f.parameters, f.attempt, f.lapses, free.last_worker
                """,
                {"held": list(held), "worker": self._worker_id, "lease": self._lease_seconds},
            ).fetchone()
            if row is not None and row["lapses"] >= self._lapse_limit:
                self._give_up(database, row)
        return row

    def _give_up(self, database: Database, row: DictRow) -> None:
        """End a run that keeps losing its worker, with its job, in the transaction that took it."""
        run = FlowRun(str(row["id"]), row["parameters"], row["attempt"])
        words = f"Given up: its worker was lost {row['lapses']} times in the middle of it, last {row['last_worker']}"
        end_run(database, run, self._worker_id, "failed", words)
        database.execute("select public.give_up_job(%s, %s, %s)", (run.job_id, self._worker_id, words))
        log.error(words, extra={"event": "job_failed", "job_id": run.job_id, "flow_run_id": run.id})

    def renew(self, held: Sequence[str]) -> None:
        """Keep the leases of the runs in `held`, and of the directories that their flows have claimed."""
        values = {"held": list(held), "worker": self._worker_id, "lease": self._lease_seconds}
        with self._pool.connection() as database:
            database.execute(
                """
                update public.flow_runs set lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
                 where id = any (%(held)s::uuid[]) and state = 'running' and worker_id = %(worker)s
                """,
                values,
            )
            # A claim that has run out stays so: its outcome is unknown, and nobody revives it.
            database.execute(
                """
                update public.job_results r set claim_expires_at = f.lease_until
                  from public.flow_runs f
                 where f.id = any (%(held)s::uuid[]) and f.worker_id = %(worker)s
                   and r.job_id = (f.parameters ->> 'job_id')::uuid and r.claim_owner = %(worker)s
                   and r.status = 'submitting' and r.claim_expires_at > clock_timestamp()
                """,
                values,
            )

    def give_back(self, run: FlowRun) -> None:
        """Put the run back, so that any worker may take it at once; nothing happens when it is another's already."""
        with self._pool.connection() as database:
            database.execute(
                "update public.flow_runs set state = 'scheduled', lease_until = null, worker_id = null"
                " where id = %s and state = 'running' and worker_id = %s and attempt = %s",
                (run.id, self._worker_id, run.attempt),
            )

    def beat(self, status: str, current_job: str | None, metadata: dict[str, Any]) -> None:
        """The sign of life. `status`: starting, idle, running, paused or error."""
        with self._pool.connection() as database:
            database.execute(
                """
                insert into public.worker_heartbeats
                  (worker_id, queue_name, status, current_job_id, last_heartbeat, metadata)
                values (%s, 'default', %s, %s, clock_timestamp(), %s)
                on conflict (worker_id) do update
                   set status = excluded.status, current_job_id = excluded.current_job_id,
                       last_heartbeat = excluded.last_heartbeat, metadata = excluded.metadata
                """,
                (self._worker_id, status, current_job, Jsonb(metadata)),
            )

    def sign_off(self) -> None:
        """A worker that ends in order leaves no silent heartbeat behind."""
        with self._pool.connection(timeout=1) as database:
            database.execute("delete from public.worker_heartbeats where worker_id = %s", (self._worker_id,))


def end_run(database: Database, run: FlowRun, worker_id: str, state: str, error: str | None = None) -> None:
    """End the run as completed or failed in the caller's transaction; raises LeaseLost when it isn't ours any more."""
    ended = database.execute(
        "update public.flow_runs set state = %s, error = %s, lease_until = null, ended_at = clock_timestamp()"
        " where id = %s and state = 'running' and worker_id = %s and attempt = %s",
        (state, error, run.id, worker_id, run.attempt),
    )
    if ended.rowcount == 0:
        raise LeaseLost(run.id)
