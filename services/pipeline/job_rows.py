"""What a flow reads and writes of its job."""

from __future__ import annotations

import uuid
from typing import Any, Literal

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from services.domain.messages import JobMessage
from services.domain.records import Customer
from services.domain.text import storable
from services.pipeline.database import Database, Pool, write_event
from services.pipeline.flow_runs import FlowRun, LeaseLost, end_run
from services.pipeline.outcome_spool import KnownOutcome


class Item(msgspec.Struct, frozen=True):
    """A directory on the work list. `host` names it everywhere else."""

    host: str
    url: str


class OpenedJob(msgspec.Struct, frozen=True):
    """A job as its flow found it. `stopped` is paused, cancelled or ended when there is nothing to do."""

    id: str
    customer: Customer | None
    listed: int
    items: list[Item]
    stopped: Literal["", "paused", "cancelled", "ended"] = ""


class JobRows:
    """A job's rows as worker `worker_id` writes them. Each method is one transaction."""

    def __init__(self, pool: Pool, worker_id: str) -> None:
        self._pool = pool
        self._worker_id = worker_id

    @property
    def worker_id(self) -> str:
        """Who writes."""
        return self._worker_id

    def open(self, message: JobMessage) -> OpenedJob:
        """Write flow_started and job_started, set the job in progress and read its work list, as listed.

        Raises ValueError when the job doesn't exist.
        """
        try:
            uuid.UUID(message.job_id)
        except ValueError:
            raise ValueError(f"There is no job {message.job_id!r}.") from None
        with self._pool.connection() as database:
            job = database.execute(
                "select id, status, completed_at, customer_id from public.jobs where id = %s for update",
                (message.job_id,),
            ).fetchone()
            if job is None:
                raise ValueError(f"There is no job {message.job_id}.")
            job_id = str(job["id"])
            customer = database.execute(
                "select * from public.customers where id = %s", (job["customer_id"],)
            ).fetchone()
            rows = database.execute(
                """
                select private.host_of(s.directory_url) as host, s.directory_url as url, s.status
                  from public.directory_submissions s
                  left join public.directories d on d.submission_url = s.directory_url
                 where s.submission_queue_id = %s
                 order by s.created_at, d.domain_authority desc nulls last, d.name, s.directory_url
                """,
                (job_id,),
            ).fetchall()
            pending = any(row["status"] == "pending" for row in rows)
            stopped: Any = job["status"] if job["status"] in ("paused", "cancelled") else ""
            if not stopped and rows and not pending and job["completed_at"] is not None:
                # A second message for a job that is through: nothing may look as if it ran again.
                stopped = "ended"
            details = {
                "customer_id": str(job["customer_id"]),
                "package_size": message.package_size,
                "priority": message.priority,
            }
            self._event(database, job_id, "flow_started", details)
            if not stopped:
                self._event(database, job_id, "job_started")
                database.execute(
                    "update public.jobs set status = 'in_progress',"
                    " started_at = coalesce(started_at, clock_timestamp()), completed_at = null, error_message = null"
                    " where id = %s",
                    (job_id,),
                )
        items = [Item(row["host"] or "", row["url"]) for row in rows if row["status"] in ("pending", "submitting")]
        return OpenedJob(
            id=job_id,
            customer=Customer.from_row(customer) if customer else None,
            listed=len(rows),
            items=items,
            stopped=stopped,
        )

    def may_go_on(self, run: FlowRun) -> str:
        """ "" to go on; else why not: paused, cancelled, or lost (another worker has the run)."""
        with self._pool.connection() as database:
            row = database.execute(
                "select j.status from public.jobs j join public.flow_runs f on j.id = (f.parameters ->> 'job_id')::uuid"
                " where f.id = %s and f.state = 'running' and f.worker_id = %s and f.attempt = %s",
                (run.id, self._worker_id, run.attempt),
            ).fetchone()
        if row is None:
            return "lost"
        return str(row["status"]) if row["status"] in ("paused", "cancelled") else ""

    def claim(self, run: FlowRun, host: str, key: str, payload: dict[str, Any]) -> str:
        """claimed, duplicate, in_flight or outcome_unknown. Raises LeaseLost.

        The claim ends no later than the run's lease: whoever takes over a dead worker's run finds its claims expired.
        `payload["claim"]` names this very claim: asked again, because the answer was lost, it is still claimed.
        """
        with self._pool.connection() as database:
            mine = database.execute(
                "select 1 from public.job_results where idempotency_key = %s and status = 'submitting'"
                " and claim_owner = %s and payload ->> 'claim' = %s and claim_expires_at > clock_timestamp()",
                (key, self._worker_id, payload.get("claim")),
            ).fetchone()
            if mine:
                return "claimed"
            row = database.execute(
                """
                select public.claim_submission((f.parameters ->> 'job_id')::uuid, %s, %s, %s, %s,
                         greatest(0, floor(extract(epoch from f.lease_until - clock_timestamp())))::int) as answer
                  from public.flow_runs f
                 where f.id = %s and f.state = 'running' and f.worker_id = %s and f.attempt = %s
                """,
                (host, key, self._worker_id, Jsonb(payload), run.id, self._worker_id, run.attempt),
            ).fetchone()
        if row is None:
            raise LeaseLost(run.id)
        return str(row["answer"])

    def record(self, known: KnownOutcome) -> bool:
        """Write the outcome of a claimed directory, once; False when the claim is no longer its owner's."""
        outcome = known.outcome
        log = {**outcome.response_log, "reasons": outcome.reasons}
        with self._pool.connection() as database:
            row = database.execute(
                "select public.record_outcome(%s::uuid, %s, %s, %s, %s, %s, %s, %s, %s, %s::int) as written",
                (
                    known.job_id, known.host, known.key, known.owner, outcome.status, Jsonb(storable(log)),
                    *storable([outcome.screenshot, outcome.listing_url, outcome.error]), outcome.duration_ms,
                ),
            ).fetchone()  # fmt: skip
            if row and row["written"]:
                return True
            # Written before by a call whose answer was lost?
            status, owner = (outcome.status, known.owner) if outcome.status != "unknown" else ("submitting", None)
            return bool(
                database.execute(
                    "select 1 from public.job_results"
                    " where idempotency_key = %s and status = %s and claim_owner is not distinct from %s",
                    (known.key, status, owner),
                ).fetchone()
            )

    def put_back(self, job_id: str, host: str, key: str, claim: str, reason: str) -> None:
        """Undo a claim whose run was stopped before the submit step: nothing was sent, so it is pending again.

        The row stays, as failed, because job_results are never deleted; a failed row may be claimed again.
        """
        with self._pool.connection() as database:
            ours = database.execute(
                "update public.job_results"
                " set status = 'failed', error_message = %s, claim_expires_at = clock_timestamp()"
                " where idempotency_key = %s and status = 'submitting' and claim_owner = %s"
                " and payload ->> 'claim' = %s and claim_expires_at > clock_timestamp()",
                (reason, key, self._worker_id, claim),
            )
            if ours.rowcount:
                database.execute(
                    "update public.directory_submissions set status = 'pending'"
                    " where submission_queue_id = %s and private.host_of(directory_url) = %s",
                    (job_id, host),
                )
                self._event(database, job_id, "error", {"error": reason, "error_type": "Stopped"}, host)

    def note_unknown(self, job_id: str, host: str, reason: str) -> bool:
        """Say once that nobody knows how a claimed directory ended; whether it was said now."""
        with self._pool.connection() as database:
            row = database.execute(
                "select private.note_unknown(%s::uuid, %s, %s, %s) as said",
                (job_id, host, reason, self._worker_id),
            ).fetchone()
        return bool(row and row["said"])

    def note_error(self, job_id: str, host: str, error: str, error_type: str, attempt: int) -> None:
        """One failed attempt."""
        with self._pool.connection() as database:
            self._event(database, job_id, "error", {"error": error, "error_type": error_type, "attempt": attempt}, host)

    def captchas_allowed_by(self) -> str:
        """Which admin allows that captchas are solved for money; "" where none does, also where it can't be said."""
        with self._pool.connection() as database:
            try:
                row = database.execute("select private.captcha_permission() as said").fetchone()
            except (psycopg.errors.UndefinedFunction, psycopg.errors.InsufficientPrivilege):
                return ""
        said = (row or {}).get("said") or {}
        return str(said.get("by") or "an admin") if said.get("allowed") else ""

    def finish(self, run: FlowRun, job_id: str, *, nothing_listed: bool = False) -> str:
        """End job and run by what the work list says; the job's final status. Raises LeaseLost."""
        with self._pool.connection() as database:
            end_run(database, run, self._worker_id, "completed")
            if nothing_listed:
                self._event(database, job_id, "no_directories")
            row = database.execute(
                "select public.finalize_job(%s::uuid, %s) as final", (job_id, self._worker_id)
            ).fetchone()
            self._event(database, job_id, "flow_completed", {"status": "completed"})
        return str(row["final"]) if row else ""

    def stop(self, run: FlowRun, job_id: str, why: str) -> None:
        """End the run and leave the job as it is: it was paused, cancelled, or had ended before. Raises LeaseLost."""
        with self._pool.connection() as database:
            end_run(database, run, self._worker_id, "completed")
            self._event(database, job_id, "flow_completed", {"status": "completed", "stopped": why})

    def fail(self, run: FlowRun, job_id: str | None, reason: str, event: str = "job_failed") -> None:
        """End run and job as failed; without `job_id` the run only. Raises LeaseLost."""
        with self._pool.connection() as database:
            reason = storable(reason)
            end_run(database, run, self._worker_id, "failed", reason)
            if job_id is None:
                return
            database.execute(
                "update public.jobs set status = 'failed', error_message = %s, completed_at = clock_timestamp()"
                " where id = %s",
                (reason, job_id),
            )
            self._event(database, job_id, event, {"reason": reason})

    def _event(
        self,
        database: Database,
        job_id: str,
        event: str,
        details: dict[str, Any] | None = None,
        directory: str | None = None,
    ) -> None:
        write_event(database, job_id, event, details, directory=directory, worker_id=self._worker_id)
