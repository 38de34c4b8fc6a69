"""What staff are asked before an act on a job is started."""

from __future__ import annotations

from functools import partial
from typing import Final

from app.actions.jobs import start
from app.actions.registry import CANCEL_JOB, DECLARE, PAUSE_JOB, REQUEUE, RESUME_JOB, RETRY_FAILED, Act
from app.desk import Desk
from app.store.lines import DirectoryLine, JobLine
from services.domain.statuses import Declared
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface

FOOT: Final = "Written to the audit first"
_TO_THINK: Final = 10.0
"""Seconds before "not submitted" can be confirmed: a retry after it may list a business twice."""


def ask_retry(body: Surface, desk: Desk, job: JobLine, hosts: list[str] | None) -> None:
    """One directory is retried at once, more after a sheet that says what will happen. `hosts`: None is all failed."""
    if desk.jobs.why_not_retry(job):
        return
    count = job.failed if hosts is None else len(hosts)
    if count == 1 and desk.environment != "production":
        start(RETRY_FAILED, desk.jobs.retry_failed(job, hosts))
        return
    facts = [("send", f"{count} will be submitted again"), ("ok", f"{job.submitted} already live")]
    if job.unknown:
        facts.append(("unknown", f"{job.unknown} left alone: outcome unknown"))
    sheet = ConfirmSheet(
        body,
        f"Retry {count} {'directory' if count == 1 else 'directories'} in {desk.environment.upper()}",
        job.business or job.id,
        f"Retry {count}",
        facts=facts,
        reason=True,
        typed=_typed(desk),
        foot=FOOT,
    )
    sheet.confirmed.connect(lambda reason: start(RETRY_FAILED, desk.jobs.retry_failed(job, hosts, reason=reason)))


def ask_act(body: Surface, desk: Desk, job: JobLine, act: Act) -> None:
    """Pausing starts at once; what sends something or can't be taken back is asked about."""
    if desk.jobs.why_not(act, job):
        return
    if act is PAUSE_JOB:
        start(act, desk.jobs.set_status(act, job))
    elif act in (REQUEUE, RESUME_JOB):
        sheet = ConfirmSheet(
            body,
            f"{'Queue 1 job again' if act is REQUEUE else 'Resume 1 job'} in {desk.environment.upper()}",
            job.business or job.id,
            act.label,
            facts=[("send", f"{job.waiting} will be submitted"), ("ok", f"{job.submitted} already live")],
            reason=True,
            typed=_typed(desk),
            foot=FOOT,
        )
        doing = desk.jobs.requeue if act is REQUEUE else partial(desk.jobs.set_status, act)
        sheet.confirmed.connect(lambda reason: start(act, doing(job, reason=reason)))
    elif act is CANCEL_JOB:
        sheet = ConfirmSheet(
            body,
            f"Cancel 1 job in {desk.environment.upper()}",
            f"{job.business or job.id}. This can't be taken back.",
            "Cancel the job",
            facts=[("skipped", f"{job.waiting + job.running} not submitted"), ("ok", f"{job.submitted} stay live")],
            reason=True,
            typed=_typed(desk),
            danger=True,
            foot=FOOT,
        )
        sheet.confirmed.connect(lambda reason: start(act, desk.jobs.set_status(act, job, reason=reason)))


def ask_declare(body: Surface, desk: Desk, job: JobLine, directory: DirectoryLine, outcome: Declared) -> None:
    """Ask for the reason; what makes a second submission possible also takes a moment to think."""
    if desk.jobs.why_not_declare(job, directory):
        return
    title, verb, shape, follows = {
        "submitted": ("submitted", "Declare submitted", "ok", "Counts as live; it is never submitted again"),
        "failed": ("not submitted", "Declare not submitted", "failed", "Can be retried: it may then be listed twice"),
        "skipped": ("not wanted", "Declare not wanted", "skipped", "Counts as skipped; it is never submitted again"),
    }[outcome]
    sheet = ConfirmSheet(
        body,
        f"Declare 1 directory {title} in {desk.environment.upper()}",
        f"{directory.host} for {job.business or job.id}",
        verb,
        facts=[(shape, follows)],
        reason=True,
        typed=_typed(desk),
        danger=outcome == "failed",
        wait=_TO_THINK if outcome == "failed" else 0.0,
        foot=FOOT,
    )
    sheet.confirmed.connect(lambda reason: start(DECLARE, desk.jobs.declare(job, directory, outcome, reason=reason)))


def _typed(desk: Desk) -> str:
    return "PRODUCTION" if desk.environment == "production" else ""
