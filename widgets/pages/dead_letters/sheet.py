"""The sheets that ask before many dead letters are replayed or archived."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.actions.colleagues import unrecorded
from app.actions.confirming import typed
from app.actions.exports import Kind
from app.actions.letter_batches import FATES, Choice, Fate, start_archive, start_replay
from app.actions.letter_edits import start_corrections
from app.desk import Desk
from app.models.plan_rows import business_of, export_plan, of_choice
from widgets.look import metrics
from widgets.pages.dead_letters.words import choice_title, letters, not_sent
from widgets.pages.dead_letters.xray_view import FATE_WORDS, JobRow, XRayView, job_row
from widgets.parts import spans
from widgets.parts.check_box import CheckBox
from widgets.parts.export_button import PLAN, ExportButton
from widgets.parts.label import label
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface

_NOTHING: Final = "None of these can be sent"


def ask_replay(body: Surface, desk: Desk, ids: Sequence[str], choice: Choice) -> ConfirmSheet:
    """Show what a replay of these would do by this choice, and start it once it is confirmed."""
    rows = _job_rows(desk, choice)
    view = XRayView(rows)
    archive = CheckBox(f"Archive the {len(choice.done):,} that nobody needs any more")
    archive.setChecked(bool(choice.done))
    correct = CheckBox(_correct_words(view))
    correct.clicked.connect(view.correct_all)
    view.changed.connect(lambda: _show_correct(correct, view))

    def export(kind: Kind) -> None:
        bodies = {key: edit.message.body for key, edit in view.edits().items()}
        lines = of_choice(choice, desk.dead_letters.lines, business_of(desk.store), bodies)
        export_plan(desk.exports, "a replay", kind, lines)

    plan = ExportButton(*PLAN)
    plan.chosen.connect(export)
    plan.set_why(desk.exports.why_not(len(ids), desk.role))
    environment = desk.environment.upper()
    sheet = ConfirmSheet(
        body,
        f"Replay {letters(len(ids))}: {choice_title(choice)}",
        f"Dead letters to the main queue, {environment}. Plan frozen {spans.clock(desk.store.now())}; "
        "what arrives later is not in it.",
        f"Replay {len(choice.send):,} to {environment}" if choice.send or not choice.done else "Archive only",
        facts=[_sum(fate, choice) for fate in FATES],
        reason=True,
        typed=typed(len(choice.send), desk.environment),
        foot=unrecorded(desk.store) or "Written to the journal before each send",
        inside=_inside(desk, view, not_sent(choice), (archive, correct)),
        width=880,
        stops=(view.correct, archive, correct),
        beside=plan,
    )
    sheet.confirmed.connect(
        lambda reason: start_replay(
            desk.batches, choice, reason=reason, archive=archive.isChecked(),
            instead={key: edit.message for key, edit in view.edits().items()},
        )
    )  # fmt: skip
    if not choice.send:
        archive.toggled.connect(lambda ticked: sheet.hold("" if ticked else _NOTHING))
        sheet.hold("" if choice.done else _NOTHING)
    # Not before they have their place: a box alone would be a window.
    archive.setVisible(bool(choice.done))
    _show_correct(correct, view)
    unread = [desk.dead_letters.lines[key] for key in view.unread()]
    start_corrections(
        desk.dead_letters, desk.store, unread, lambda found: view.take_fixes(found) if isValid(view) else None
    )
    return sheet


def _show_correct(box: CheckBox, view: XRayView) -> None:
    """One alone has its box beside its difference."""
    left, can = len(view.unread()), view.can_correct()
    box.setText(_correct_words(view))
    box.setVisible(left + can > 1)
    box.setEnabled(not left)
    box.setChecked(can > 0 and not left and view.all_corrected())


def _correct_words(view: XRayView) -> str:
    left = len(view.unread())
    return f"Looking at {left:,} read otherwise" if left else f"Correct the {view.can_correct():,} read otherwise"


def ask_archive(body: Surface, desk: Desk, ids: Sequence[str]) -> ConfirmSheet:
    """Ask before dead letters are taken out of the queue."""
    sheet = ConfirmSheet(
        body,
        f"Archive {letters(len(ids))} in {desk.environment.upper()}",
        "It leaves the queue and stays in the archive of this computer, from where it can be put back."
        if len(ids) == 1
        else "They leave the queue and stay in the archive of this computer, from where they can be put back.",
        f"Archive {len(ids):,}",
        reason=True,
        typed=typed(len(ids), desk.environment),
        foot=unrecorded(desk.store) or "Written to the journal first",
    )
    sheet.confirmed.connect(lambda reason: start_archive(desk.batches, ids, reason=reason))
    return sheet


def _inside(desk: Desk, view: XRayView, left_out: Sequence[str], boxes: Sequence[CheckBox]) -> QWidget:
    inside = QWidget()
    column = QVBoxLayout(inside)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    if view.jobs_model.total():
        column.addWidget(view)
    else:
        view.setParent(inside)
        view.hide()
        unknown = label("Nothing is known of these jobs: the project's facts have not come yet.", "body", "secondary")
        unknown.setContentsMargins(metrics.px(20), metrics.px(12), metrics.px(20), metrics.px(12))
        column.addWidget(unknown)
    whys = QVBoxLayout()
    whys.setContentsMargins(metrics.px(20), metrics.px(8), metrics.px(20), 0)
    whys.setSpacing(metrics.px(2))
    for words in left_out:
        whys.addWidget(label(words, "small", "secondary"))
    column.addLayout(whys)
    line = QHBoxLayout()
    line.setContentsMargins(metrics.px(20), metrics.px(8), metrics.px(20), metrics.px(8))
    line.setSpacing(metrics.px(20))
    for box in boxes:
        line.addWidget(box)
    pace = desk.batches.pace
    rate = f"{pace.rate:g}/s" if pace.rate else "as fast as it goes"
    first = f", first {', '.join(str(step) for step in pace.ramp)}" if pace.ramp else ""
    line.addStretch(1)
    line.addWidget(label(f"Rate {rate}{first}; stops above {100 * pace.worst:.0f} % failures", "small", "secondary"))
    column.addLayout(line)
    return inside


def _sum(fate: Fate, choice: Choice) -> tuple[str, str]:
    """How many directories of all jobs that are sent have this fate."""
    shape, _, words = FATE_WORDS[fate]
    return shape, f"{sum(seen.count(fate) for seen in choice.jobs.values() if not seen.stops):,} {words}"


def _job_rows(desk: Desk, choice: Choice) -> list[JobRow]:
    sent = {desk.dead_letters.lines[letter.message_id].job_id: letter.message_id for letter in choice.send}
    rows = []
    for job_id, seen in choice.jobs.items():
        key = sent.get(job_id, "")
        row = job_row(desk, job_id, seen, "not sent" if seen.stops else "send 1")
        says = desk.dead_letters.lines[key].reading.otherwise if key else ()
        rows.append(msgspec.structs.replace(row, says=says, message_id=key))
    return rows
