"""What staff are asked before an act on a job is started."""

from __future__ import annotations

from functools import partial
from typing import Final

from app.actions.confirming import TO_THINK, is_asked, typed
from app.actions.jobs import start
from app.actions.registry import (
    CANCEL_JOB,
    DECLARE,
    PAUSE_DIRECTORY,
    PAUSE_JOB,
    REQUEUE,
    RESUME_JOB,
    RETRY_FAILED,
    Act,
)
from app.actions.retry_xray import FATES, Directory, Fate, retried, weigh_retry
from app.actions.run_batches import start as start_runs
from app.desk import Desk
from app.models.plan_rows import business_of, export_plan, of_retry
from app.store.lines import DirectoryLine, JobLine
from services.domain.statuses import Declared
from services.domain.text import clause
from widgets.parts.export_button import PLAN, ExportButton
from widgets.parts.fate_list import FateList, FateRow
from widgets.parts.listing_field import ListingField
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface

FOOT: Final = "Written to the audit first"
_FATES: Final[dict[Fate, tuple[str, str, str]]] = {
    "submit": ("send", "Will submit", "will be submitted"),
    "live": ("ok", "Already live", "already live"),
    "unknown": ("unknown", "Unknown", "outcome unknown"),
    "in_flight": ("running", "In flight", "in flight"),
    "blocked": ("blocked", "Left alone", "left alone"),
}
"""Shape, words in a row, words of the sum."""
_WHY: Final[dict[Fate, str]] = {
    "submit": "it goes back on the work list",
    "live": "it was submitted",
    "unknown": "nobody knows how it ended: a person has to say",
    "in_flight": "a worker has it now",
    "blocked": "",
}


def ask_retry(body: Surface, desk: Desk, job: JobLine, hosts: list[str] | None) -> None:
    """One directory is retried at once, more after a sheet that says what will happen. `hosts`: None is all failed."""
    if desk.jobs.why_not_retry(job):
        return
    seen = weigh_retry(desk.store, job, hosts)
    # Frozen here: what fails after this was not looked at.
    wanted = retried(desk.store, seen)
    count = len(wanted)
    if count and not is_asked(RETRY_FAILED, count, desk.environment):
        start(RETRY_FAILED, desk.jobs.retry_failed(job, wanted, undo_seconds=desk.dead_letters.undo_seconds))
        return
    lines = of_retry([seen], {job.id: wanted}, business_of(desk.store))
    plan = ExportButton(*PLAN)
    plan.chosen.connect(lambda kind: export_plan(desk.exports, "a retry", kind, lines))
    plan.set_why(desk.exports.why_not(len(lines), desk.role))
    sheet = ConfirmSheet(
        body,
        f"Retry {count} {'directory' if count == 1 else 'directories'} in {desk.environment.upper()}",
        job.business or job.id,
        f"Retry {count}",
        facts=[(shape, f"{seen.count(fate):,} {words}") for fate, (shape, _, words) in _FATES.items()],
        reason=True,
        typed=typed(count, desk.environment),
        foot=FOOT,
        inside=FateList([_row(one) for one in sorted(seen.directories, key=_place)]),
        width=720,
        beside=plan,
    )
    sheet.hold("" if count else "Nothing here can be retried.")
    sheet.confirmed.connect(lambda reason: start(RETRY_FAILED, desk.jobs.retry_failed(job, wanted, reason=reason)))


def ask_run_failed(body: Surface, desk: Desk, job: JobLine) -> None:
    """What running all its failed directories on this machine will do, directory by directory, with a reason."""
    batches = desk.run_batches
    if batches.why_not(job):
        return
    seen = batches.weigh(job)
    # Frozen here: what fails after this was not looked at.
    wanted = retried(desk.store, seen)
    count, pace = len(wanted), batches.pace
    every = f", a start every {1 / pace.rate:g} s at most" if pace.rate else ""
    sheet = ConfirmSheet(
        body,
        f"Run {count} {'directory' if count == 1 else 'directories'} here, in {desk.environment.upper()}",
        f"For {job.business or job.id}. Each form is filled and sent once, by a browser on this computer: "
        f"{pace.at_once} at a time{every}.",
        f"Submit {count}",
        facts=[(shape, f"{seen.count(fate):,} {words}") for fate, (shape, _, words) in _FATES.items()],
        reason=True,
        typed=typed(count, desk.environment),
        foot="Each is claimed in the database before it is sent",
        inside=FateList([_row(one, here=True) for one in sorted(seen.directories, key=_place)]),
        width=720,
    )
    sheet.hold("" if count else "Nothing here can be run again.")
    sheet.confirmed.connect(lambda reason: start_runs(batches, job, wanted, reason=reason))


def _place(one: Directory) -> tuple[int, str]:
    return FATES.index(one.fate), one.host


def _row(one: Directory, *, here: bool = False) -> FateRow:
    shape, what, _ = _FATES[one.fate]
    why = "it is run on this computer" if here and one.fate == "submit" else _WHY[one.fate]
    return FateRow(shape, what, one.host, clause(one.why) or why)


def ask_act(body: Surface, desk: Desk, job: JobLine, act: Act) -> None:
    """What sends something, can't be taken back or happens in production is asked about; else it can be undone."""
    if desk.jobs.why_not(act, job):
        return
    if act is not REQUEUE and not is_asked(act, 1, desk.environment):
        start(act, desk.jobs.set_status(act, job, undo_seconds=desk.dead_letters.undo_seconds))
        return
    doing = desk.jobs.requeue if act is REQUEUE else partial(desk.jobs.set_status, act)
    title, verb, fact, live = {
        PAUSE_JOB.name: ("Pause 1 job", act.label, ("paused", f"{job.waiting} wait until it is resumed"), "already"),
        REQUEUE.name: ("Queue 1 job again", act.label, ("send", f"{job.waiting} will be submitted"), "already"),
        RESUME_JOB.name: ("Resume 1 job", act.label, ("send", f"{job.waiting} will be submitted"), "already"),
        CANCEL_JOB.name: (
            "Cancel 1 job", "Cancel the job", ("skipped", f"{job.waiting + job.running} not submitted"), "stay",
        ),
    }[act.name]  # fmt: skip
    final = act is CANCEL_JOB
    sheet = ConfirmSheet(
        body,
        f"{title} in {desk.environment.upper()}",
        f"{job.business or job.id}. This can't be taken back." if final else job.business or job.id,
        verb,
        facts=[fact, ("ok", f"{job.submitted} {live} live")],
        reason=True,
        typed=typed(1, desk.environment),
        danger=final,
        foot=FOOT,
    )
    sheet.confirmed.connect(lambda reason: start(act, doing(job, reason=reason)))


def ask_declare(body: Surface, desk: Desk, job: JobLine, directory: DirectoryLine, outcome: Declared) -> None:
    """Ask for the reason; what makes a second submission possible also takes a moment to think."""
    if desk.jobs.why_not_declare(job, directory):
        return
    title, verb, shape, follows = {
        "submitted": ("submitted", "Declare submitted", "ok", "Counts as live; it is never submitted again"),
        "failed": ("not submitted", "Declare not submitted", "failed", "Can be retried: it may then be listed twice"),
        "skipped": ("not wanted", "Declare not wanted", "skipped", "Counts as skipped; it is never submitted again"),
    }[outcome]
    found = ListingField(directory.listing_url) if outcome == "submitted" else None
    sheet = ConfirmSheet(
        body,
        f"Declare 1 directory {title} in {desk.environment.upper()}",
        f"{directory.host} for {job.business or job.id}",
        verb,
        facts=[(shape, follows)],
        reason=True,
        typed=typed(1, desk.environment),
        danger=outcome == "failed",
        wait=TO_THINK if outcome == "failed" else 0.0,
        foot=FOOT,
        inside=found,
        stops=[found.field.box] if found is not None else [],
    )
    if found is not None:
        found.wrong.connect(sheet.hold)

    def declare(reason: str) -> None:
        listing = found.address() if found is not None else ""
        start(DECLARE, desk.jobs.declare(job, directory, outcome, reason=reason, listing_url=listing))

    sheet.confirmed.connect(declare)


def ask_pause_directory(body: Surface, desk: Desk, host: str, job_id: str) -> None:
    """Ask why a directory is paused, or let in again; the job on whose page that was shows the act."""
    if desk.directories.why_not(host):
        return
    act = desk.directories.act_for(host)
    pausing = act is PAUSE_DIRECTORY
    sheet = ConfirmSheet(
        body,
        f"{act.label.split()[0]} 1 directory in {desk.environment.upper()}",
        f"{host}. Work lists that exist stay as they are.",
        act.label,
        facts=[("paused", "On no new work list until it is resumed") if pausing else ("ok", "On new work lists again")],
        reason=True,
        typed=typed(1, desk.environment),
        foot=FOOT,
    )
    sheet.confirmed.connect(
        lambda reason: start(act, desk.directories.set_paused(host, pausing, reason=reason, job_id=job_id))
    )
