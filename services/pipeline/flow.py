"""The flow `process_job`: one job from its start to its end."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Final

import psycopg

from services.domain.messages import parse_job_message
from services.domain.packages import pause_seconds
from services.domain.text import one_line
from services.pipeline.directory_task import BrowserSlot, DirectoryTask, Tools
from services.pipeline.flow_runs import FlowRun, LeaseLost
from services.pipeline.job_rows import OpenedJob
from services.pipeline.patience import patiently

log = logging.getLogger(__name__)

_NO_PROFILE: Final = "No business profile for this customer"


async def process_job(run: FlowRun, tools: Tools) -> bool:
    """Work off what the job's work list still has, and end the run.

    False when the database was away for so long that the run has no end: a worker takes it up where it is.
    A run that another worker has taken is left to it. Cancelling it leaves every directory in an honest state.
    """
    try:
        await _process(run, tools)
    except LeaseLost:
        log.warning("Another worker has this flow run", extra={"job_id": run.job_id, "flow_run_id": run.id})
    except psycopg.OperationalError as error:
        log.error("The database went away", extra={"job_id": run.job_id, "flow_run_id": run.id, "reason": str(error)})
        return False
    return True


async def _process(run: FlowRun, tools: Tools) -> None:
    job_id: str | None = None
    lease = tools.settings.flow_lease_seconds
    try:
        message = parse_job_message(json.dumps(run.parameters))
        job = await patiently(lease, tools.rows.open, message)
        job_id = job.id
        await _work_off(run, job, message.priority, tools)
    except (LeaseLost, psycopg.OperationalError):
        raise
    except Exception as error:
        log.exception("Flow failed", extra={"event": "job_failed", "job_id": run.job_id, "flow_run_id": run.id})
        await patiently(lease, tools.rows.fail, run, job_id, one_line(error) or type(error).__name__)


async def _work_off(run: FlowRun, job: OpenedJob, priority: str, tools: Tools) -> None:
    rows, customer, lease = tools.rows, job.customer, tools.settings.flow_lease_seconds
    fields = {"job_id": job.id, "flow_run_id": run.id, "customer_id": customer.id if customer else ""}
    if job.stopped:
        log.info("Job %s is %s", job.id, job.stopped, extra=fields)
        await patiently(lease, rows.stop, run, job.id, job.stopped)
        return
    log.info("Starting job %s for customer %s", job.id, fields["customer_id"], extra={**fields, "event": "job_started"})
    if customer is None or not customer.business_name.strip():
        await patiently(lease, rows.fail, run, job.id, _NO_PROFILE, "error_no_profile")
        return
    log.info("Found %d directories to process", len(job.items), extra=fields)
    browser = BrowserSlot(tools.open_browser)
    try:
        if job.items:
            # A browser that can't start is our fault: no directory is claimed, let alone failed, for it.
            await browser.get()
        pause = 0.0
        for item in job.items:
            await asyncio.sleep(pause)
            why = await patiently(lease, rows.may_go_on, run)
            if why == "lost":
                raise LeaseLost(run.id)
            if why:
                log.info("Job %s is %s", job.id, why, extra=fields)
                await patiently(lease, rows.stop, run, job.id, why)
                return
            task = DirectoryTask(run, job.id, customer, item, tools, browser)
            await task.execute()
            pause = pause_seconds(task.rate_limit_ms, priority)
    finally:
        await browser.close()
    final = await patiently(lease, rows.finish, run, job.id, nothing_listed=job.listed == 0)
    log.info("Job %s completed", job.id, extra={**fields, "event": "flow_completed", "final_status": final})
