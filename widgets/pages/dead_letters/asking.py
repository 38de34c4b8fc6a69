"""What staff are asked before an archived letter is put back, and before an unknown send is decided."""

from __future__ import annotations

from collections.abc import Sequence

from app.actions.confirming import TO_THINK, typed
from app.actions.letter_records import Record, start_decide, start_put_back
from app.actions.queue_terms import start_confirm
from app.desk import Desk
from widgets.pages.dead_letters.sheet import JobRow, XRayView, job_row
from widgets.pages.dead_letters.words import evidence
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface


def ask_put_back(body: Surface, desk: Desk, ids: Sequence[str]) -> ConfirmSheet:
    """Show what a replay of these would do, and put them back once it is confirmed."""
    rows: dict[str, JobRow] = {}
    for key in ids:
        message = desk.records.kept[key].reading.message
        seen = desk.batches.look_into(message.job_id) if message else None
        if message is not None and seen is not None:
            rows[message.job_id] = job_row(desk, message.job_id, seen, "if replayed")
    letters = "letter" if len(ids) == 1 else "letters"
    sheet = ConfirmSheet(
        body,
        f"Put back {len(ids):,} archived {letters} in {desk.environment.upper()}",
        "They become dead letters again, and nothing goes to the main queue. What a replay of them would do now:"
        if rows
        else "They become dead letters again, and nothing goes to the main queue.",
        f"Put back {len(ids):,}",
        reason=True,
        typed=typed(len(ids), desk.environment),
        foot="Written to the journal first",
        inside=XRayView(list(rows.values())) if rows else None,
        width=880 if rows else 560,
    )
    sheet.confirmed.connect(lambda reason: start_put_back(desk.records, ids, reason=reason))
    return sheet


def ask_decide(body: Surface, desk: Desk, record: Record, *, sent: bool) -> ConfirmSheet:
    """Show the evidence and ask for the reason; what makes a second send possible also takes a moment to think."""
    known = evidence(desk.records.known(record)) if record.entry.state == "unknown" else [record.entry.why]
    follows = (
        ("ok", "It is never sent again; what is left of it in the queue can be deleted")
        if sent
        else ("failed", "It can be replayed: if it did arrive, its job may be started twice")
    )
    sheet = ConfirmSheet(
        body,
        f"Say that 1 message was {'' if sent else 'not '}sent in {desk.environment.upper()}",
        " ".join(known),
        "It was sent" if sent else "It was not sent",
        facts=[follows],
        reason=True,
        typed=typed(1, desk.environment),
        danger=not sent,
        wait=0.0 if sent else TO_THINK,
        foot="Written to the journal with your name",
    )
    sheet.confirmed.connect(lambda reason: start_decide(desk.records, record.id, sent=sent, reason=reason))
    return sheet


def ask_confirm_target(body: Surface, desk: Desk) -> ConfirmSheet:
    """Ask an admin whether these dead letters are the main queue's: it is said once for this machine."""
    look = desk.dead_letters.look
    dlq = look.figures.arn.rpartition(":")[2] if look.figures else ""
    main = look.main.arn.rpartition(":")[2] if look.main else ""
    sheet = ConfirmSheet(
        body,
        f"Confirm 1 dead letter queue in {desk.environment.upper()}",
        f"{main or 'The main queue'} has no redrive policy, so it doesn't say that {dlq or 'this queue'} has its dead "
        "letters. Whatever is replayed from here is sent to it.",
        "They belong together",
        facts=[("blocked", "A replay to a queue that they don't come from starts jobs where nobody looks")],
        reason=True,
        typed=typed(1, desk.environment),
        danger=True,
        wait=TO_THINK,
        foot="Written to the journal with your name",
    )
    sheet.confirmed.connect(
        lambda reason: start_confirm(desk.dead_letters.terms, desk.dead_letters.role, reason=reason)
    )
    return sheet
