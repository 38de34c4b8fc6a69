"""What staff are asked before an archived letter is put back, and before an unknown send is decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.actions.confirming import TO_THINK, typed
from app.actions.letter_records import Record, start_decide, start_put_back
from app.actions.queue_terms import start_confirm
from app.desk import Desk
from widgets.look import metrics
from widgets.pages.dead_letters.words import evidence
from widgets.pages.dead_letters.xray_view import JobRow, XRayView, job_row
from widgets.parts.check_box import CheckBox
from widgets.parts.label import label
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface

_NOTED: Final = "Written to the journal with your name, then to the project's audit"
_SAY_WHERE: Final = "Say first where they belong"


def ask_put_back(body: Surface, desk: Desk, ids: Sequence[str], *, left: str = "") -> ConfirmSheet:
    """Show what a replay of these would do, and put them back once it is confirmed. Of which nobody knows where they
    came from, somebody has to say that they belong here. `left`: a sentence on those that were chosen and stay."""
    rows: dict[str, JobRow] = {}
    for key in ids:
        message = desk.records.kept[key].reading.message
        seen = desk.batches.look_into(message.job_id) if message else None
        if message is not None and seen is not None:
            rows[message.job_id] = job_row(desk, message.job_id, seen, "if replayed")
    letters = "letter" if len(ids) == 1 else "letters"
    queue = _dlq_name(desk)
    strange = desk.records.of_unknown_origin(ids)
    says_so = CheckBox(f"{'It belongs' if strange == 1 else f'These {strange:,} belong'} to {queue or 'this queue'}")
    inside = _beside(rows, says_so, strange) if rows or strange else None
    follows = f"They become dead letters of {queue} again" if queue else "They become dead letters again"
    would = "What a replay would do now:" if rows else ""
    sheet = ConfirmSheet(
        body,
        f"Put back {len(ids):,} archived {letters} in {desk.environment.upper()}",
        " ".join(part for part in (f"{follows}, and nothing goes to the main queue.", left, would) if part),
        f"Put back {len(ids):,}",
        reason=True,
        typed=typed(len(ids), desk.environment),
        foot="Written to the journal first",
        inside=inside,
        width=880 if rows else 560,
        stops=(says_so,) if strange else (),
    )
    if strange:
        says_so.toggled.connect(lambda ticked: sheet.hold("" if ticked else _SAY_WHERE))
        sheet.hold(_SAY_WHERE)
    sheet.confirmed.connect(
        lambda reason: start_put_back(desk.records, ids, reason=reason, here=bool(strange) and says_so.isChecked())
    )
    return sheet


def _beside(rows: dict[str, JobRow], says_so: CheckBox, strange: int) -> QWidget:
    made = QWidget()
    column = QVBoxLayout(made)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    if rows:
        column.addWidget(XRayView(list(rows.values())))
    if strange:
        words = label(
            f"It isn't known which queue {'one' if strange == 1 else f'{strange:,}'} of these came from: an earlier "
            f"version of the console archived {'it' if strange == 1 else 'them'}, and did not write it down.",
            "small", "blocked", wrap=True,
        )  # fmt: skip
        asked = QVBoxLayout()
        asked.setContentsMargins(metrics.px(20), metrics.px(10), metrics.px(20), metrics.px(10))
        asked.setSpacing(metrics.px(8))
        asked.addWidget(words)
        asked.addWidget(says_so)
        column.addLayout(asked)
    return made


def _dlq_name(desk: Desk) -> str:
    look = desk.dead_letters.look
    return look.figures.arn.rpartition(":")[2] if look.figures else ""


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
        foot=_NOTED,
    )
    sheet.confirmed.connect(lambda reason: start_decide(desk.records, record.id, sent=sent, reason=reason))
    return sheet


def ask_confirm_target(body: Surface, desk: Desk) -> ConfirmSheet:
    """Ask an admin whether these dead letters are the main queue's: it is said once for this machine."""
    look = desk.dead_letters.look
    dlq = _dlq_name(desk)
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
        foot=_NOTED,
    )
    sheet.confirmed.connect(
        lambda reason: start_confirm(desk.dead_letters.terms, desk.dead_letters.role, reason=reason)
    )
    return sheet
