"""The sheet in which a letter's body is changed: what is wrong with it and what is another, while one types."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from app.actions.confirming import typed
from app.actions.dead_letters import start_replay
from app.actions.letter_edits import Finding, Look, draft, look
from app.actions.letter_line import LetterLine
from app.desk import Desk
from services.domain.statuses import Shape
from widgets.look import fonts, metrics
from widgets.pages.dead_letters.words import plain, seen_words
from widgets.parts.button import Button
from widgets.parts.diff import DiffView
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import label, say
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface

_PAUSE_MS: Final = 150
_MOST: Final = 6
_SHAPES: Final[dict[str, Shape]] = {"refused": "failed", "changed": "blocked", "note": "skipped"}


class _Said(QWidget):
    """One finding, on as many lines as it takes."""

    def __init__(self) -> None:
        super().__init__()
        self._glyph = GlyphLabel("skipped", under="surface.raised")
        self.label = label("", "small", "secondary", wrap=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(metrics.px(6))
        row.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.label, 1)

    def say(self, finding: Finding) -> None:
        """Show it."""
        name = "" if finding.field == "body" else f"{finding.field}: "
        self._glyph.say("", _SHAPES[finding.level])
        say(self.label, f"{name}{finding.words}", "failed" if finding.level == "refused" else "secondary")


class EditView(QWidget):
    """`looked`: the body was looked at again; `look` has what came of it."""

    looked = Signal()

    def __init__(self, desk: Desk, line: LetterLine, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._line = line
        body, self._corrected = draft(desk.store, line)
        self.look: Look = look(desk.dead_letters, desk.store, line, body)
        self.editor = QPlainTextEdit()
        self.editor.setFont(fonts.font("mono"))
        self.editor.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        self.editor.setTabChangesFocus(True)
        self.editor.setAccessibleName("Body to send")
        self.editor.setPlainText(body)
        self.editor.setFixedHeight(metrics.px(220))
        words = "Priority, package and customer as the letter's job has them"
        self.correct_button = Button("Take the job's values", "link", small=True, tip=words)
        self.correct_button.clicked.connect(lambda: self.editor.setPlainText(self._corrected))
        self.correct_button.setVisible(bool(self._corrected))
        self.findings = [_Said() for _ in range(_MOST)]
        self.job = label("", "small", "secondary", wrap=True)
        self.diff = DiffView()
        self.diff.setFixedHeight(metrics.px(120))
        self._lay_out()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self.look_now)
        self.editor.textChanged.connect(self._pause.start)
        self._show()

    def look_now(self) -> None:
        """Look at what stands there."""
        self._pause.stop()
        body = self.editor.toPlainText()
        self.look = look(self._desk.dead_letters, self._desk.store, self._line, body)
        self._show()

    def words(self) -> list[str]:
        """What is said of the body."""
        return [part.label.text() for part in self.findings if not part.isHidden()]

    def _show(self) -> None:
        found = list(self.look.edit.findings)
        if len(found) > _MOST:
            found = [*found[: _MOST - 1], Finding("note", "body", f"{len(found) - _MOST + 1} more are not shown.")]
        for at, part in enumerate(self.findings):
            part.setVisible(at < len(found))
            if at < len(found):
                part.say(found[at])
        seen = self._desk.batches.look_into(self.look.job_id) if self.look.job_id else None
        stops = seen.stops if seen is not None else ""
        say(self.job, stops or (f"Its job: {seen_words(seen)}." if seen is not None else ""))
        self.job.setVisible(seen is not None)
        self.diff.show_lines([(line.sign, plain(line.text, whole=True)) for line in self.look.edit.diff])
        self.looked.emit()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(label("Body to send", "micro", "tertiary", 500))
        head.addStretch(1)
        head.addWidget(self.correct_button)
        left = QVBoxLayout()
        left.setSpacing(metrics.px(6))
        left.addLayout(head)
        left.addWidget(self.editor)
        right = QVBoxLayout()
        right.setSpacing(metrics.px(6))
        right.addWidget(label("What the subscriber would make of it", "micro", "tertiary", 500))
        for part in self.findings:
            right.addWidget(part)
        right.addWidget(self.job)
        right.addStretch(1)
        beside = QWidget()
        beside.setFixedWidth(metrics.px(340))
        right.setContentsMargins(0, 0, 0, 0)
        beside.setLayout(right)
        row = QHBoxLayout()
        row.setSpacing(metrics.px(16))
        row.addLayout(left, 1)
        row.addWidget(beside)
        column = QVBoxLayout(self)
        column.setContentsMargins(metrics.px(20), metrics.px(12), metrics.px(20), metrics.px(12))
        column.setSpacing(metrics.px(8))
        column.addLayout(row)
        column.addWidget(label("What is changed", "micro", "tertiary", 500))
        column.addWidget(self.diff)


def ask_edit(body: Surface, desk: Desk, line: LetterLine, business: str) -> ConfirmSheet:
    """Let a person change the body; what they confirm is sent, and the original kept in the archive."""
    view = EditView(desk, line)
    sheet = ConfirmSheet(
        body,
        f"Edit 1 dead letter and replay it to {desk.environment.upper()}",
        f"{business or line.job_id or line.reading.what}. The original stays in the archive, and both in the journal.",
        "Replay edited",
        reason=True,
        typed=typed(1, desk.environment),
        foot="Written to the journal before it is sent",
        inside=view,
        width=880,
        stops=(view.editor, view.correct_button),
    )
    view.looked.connect(lambda: sheet.hold(view.look.why_not))
    sheet.hold(view.look.why_not)

    def confirmed(reason: str) -> None:
        # What was typed in the last moment counts too.
        view.look_now()
        if not view.look.why_not:
            start_replay(desk.dead_letters, line.id, reason=reason, instead=view.look.edit.message)

    sheet.confirmed.connect(confirmed)
    return sheet
