"""What staff are asked before they say what a doubtful verdict really was."""

from __future__ import annotations

from app.actions.confirming import TO_THINK, is_asked, typed
from app.actions.jobs import start
from app.actions.registry import REVIEW
from app.desk import Desk
from app.store.lanes import LaneLine
from services.domain.statuses import Declared
from widgets.parts.listing_field import ListingField
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface

_STANDS = {"submitted": "It counts as live, as before", "failed": "It counts as failed, as before"}
_OTHERWISE: dict[Declared, tuple[str, str, str, str]] = {
    "submitted": ("submitted", "Say submitted", "ok", "Counts as live; it is never submitted again"),
    "failed": ("not submitted", "Say not submitted", "failed", "Can be retried: it may then be listed twice"),
    "skipped": ("not wanted", "Say not wanted", "skipped", "Counts as skipped; it is never submitted again"),
}


def ask_review(body: Surface, desk: Desk, line: LaneLine, outcome: Declared) -> None:
    """That a verdict stands is noted at once, in production after a sheet; what changes it needs a reason, and what
    makes a second submission possible a moment to think."""
    directory = line.directory
    job = desk.store.jobs.get(directory.job_id)
    if job is None or desk.jobs.why_not_review(job, directory):
        return
    stands = outcome == directory.outcome
    if stands and not is_asked(REVIEW, 1, desk.environment):
        start(REVIEW, desk.jobs.review(job, directory, outcome))
        return
    title, verb, shape, follows = (
        ("stands", "It stands", "ok", _STANDS[directory.outcome]) if stands else _OTHERWISE[outcome]
    )
    what = "Say of 1 verdict that it stands" if stands else f"Say of 1 directory that it was {title}"
    found = ListingField(directory.listing_url) if outcome == "submitted" else None
    sheet = ConfirmSheet(
        body,
        f"{what}, in {desk.environment.upper()}",
        f"{directory.host} for {line.business}. So far it counts as {directory.outcome}.",
        verb,
        facts=[(shape, follows)],
        reason=True,
        typed=typed(1, desk.environment),
        danger=outcome == "failed" and not stands,
        wait=TO_THINK if outcome == "failed" and not stands else 0.0,
        foot="Written to the audit first",
        inside=found,
        stops=[found.field.box] if found is not None else [],
    )
    if found is not None:
        found.wrong.connect(sheet.hold)

    def review(reason: str) -> None:
        listing = found.address() if found is not None else ""
        start(REVIEW, desk.jobs.review(job, directory, outcome, reason=reason, listing_url=listing))

    sheet.confirmed.connect(review)
