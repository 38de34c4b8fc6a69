"""The inspector beside a job's directories: one directory, its error, its attempts, its picture, its payload."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.actions.pictures import Pictures
from app.actions.registry import Act
from app.store.lines import Attempt, DirectoryLine
from services.domain.faults import plain_words
from services.domain.paused import PausedDirectory
from services.domain.redaction import redact_value
from services.domain.signs import weighed
from services.domain.typed import shown_payload
from widgets.look import metrics
from widgets.pages.job.directories import OUTCOMES
from widgets.parts import cell, spans
from widgets.parts.button import Button
from widgets.parts.evidence_list import EvidenceList
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.inspector_side import Side
from widgets.parts.json_tree import JsonTree
from widgets.parts.label import ElidedLabel, label, say, tip
from widgets.parts.link import LinkRow
from widgets.parts.menu import MenuButton, MenuEntry
from widgets.parts.run_picture import RunPicture
from widgets.parts.scrolled import scrolled
from widgets.parts.section import section
from widgets.parts.surface import Surface

_ATTEMPTS = 8
_BUSY = ("waiting", "running")


class Inspector(Side):
    """Beside the list. `run_here` asks for a run of the directory that is shown, `retry` for its retry, `declare`
    for its outcome to be declared: submitted, failed or skipped; `pause` for it to be paused, or let in again."""

    run_here = Signal(str)
    retry = Signal(str)
    declare = Signal(str)
    pause = Signal(str)

    def __init__(self, data_dir: Path, pictures: Pictures, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._host = ""
        self._shown: DirectoryLine | None = None
        self._head = GlyphLabel("", "", "title", "primary", 600, elides=True)
        head = Surface("surface.page", "b")
        head.setFixedHeight(metrics.px(metrics.PAGE_HEAD))
        head_row = QHBoxLayout(head)
        head_row.setContentsMargins(metrics.px(16), 0, metrics.px(16), 0)
        head_row.addWidget(self._head)
        head_row.addStretch(1)
        self._sentence = label("", "body", weight=600, wrap=True)
        self._detail = label("", "small", "secondary", wrap=True, selectable=True)
        self.retry_button = Button("Retry this directory", "primary", small=True)
        self.retry_button.clicked.connect(lambda: self.retry.emit(self._host))
        self.run_button = Button("Run here…", icon="square-play", small=True)
        self.run_button.clicked.connect(lambda: self.run_here.emit(self._host))
        self.declare_button = MenuButton(
            [
                MenuEntry("submitted", "It was submitted…"),
                MenuEntry("failed", "It was not submitted…"),
                MenuEntry("skipped", "It is not wanted any more…"),
            ],
            "Declare…",
            "primary",
            small=True,
            tip="Say how it ended, after looking at the directory",
        )
        self.declare_button.chosen.connect(self.declare)
        self.evidence = EvidenceList()
        acts = QHBoxLayout()
        acts.setSpacing(metrics.px(8))
        acts.addWidget(self.retry_button)
        acts.addWidget(self.declare_button)
        acts.addWidget(self.run_button)
        acts.addStretch(1)
        self._attempts = QVBoxLayout()
        self._attempts.setSpacing(0)
        self._attempts_title = label("Attempts, newest first", "small", "tertiary")
        self._picture_title = label("Picture", "small", "tertiary")
        self.picture = RunPicture(data_dir, pictures)
        self._payload_title = label("Payload", "small", "tertiary")
        self._payload = JsonTree()
        self._payload.setMinimumHeight(metrics.px(180))
        self._use = GlyphLabel("ok", "", "body")
        self._use_words = label("", "small", "secondary", wrap=True)
        self.pause_button = Button("Pause directory…", icon="pause", small=True)
        self.pause_button.clicked.connect(lambda: self.pause.emit(self._host))
        self._key = ElidedLabel("", "mono", "secondary", middle=True)
        self.listing, self.address = LinkRow(), LinkRow()
        self._lay_out(head, acts)
        self._show_nothing()

    def show_line(self, line: DirectoryLine | None) -> None:
        """Show a directory; None shows that nothing is chosen."""
        if line is self._shown:
            return
        self._shown = line
        self._host = line.host if line else ""
        if line is None:
            self._show_nothing()
            return
        self._scroll.show()
        shape, word = OUTCOMES.get(line.outcome, ("unknown", line.outcome))
        told = line.hold.words if line.hold is not None else line.words
        self._head.say(line.host, "paused" if line.hold is not None else shape, "primary")
        say(self._sentence, f"{word}." if not told else told.rstrip(".") + ".")
        raw = line.error if line.error and line.error != line.words else ""
        say(self._detail, raw)
        self._detail.setVisible(bool(raw))
        self.retry_button.setVisible(line.outcome == "failed")
        self.declare_button.setVisible(line.outcome == "unknown")
        self._show_attempts(line.attempts)
        taken = "No picture yet" if line.outcome in _BUSY else "No picture was taken"
        self.picture.show_where(line.screenshot_url, taken)
        result = line.result
        self._payload.show_value(
            {"payload": shown_payload(result.payload), "response": redact_value(result.response_log)} if result else {}
        )
        shown = weighed(result.response_log) if result is not None and line.outcome not in _BUSY else None
        self.evidence.show_evidence(shown)
        self._evidence_section.setVisible(shown is not None)
        self._key.say((result.idempotency_key if result else "") or "—")
        self.listing.show_address(line.listing_url)
        self.address.show_address(line.url)

    def _show_nothing(self) -> None:
        self._scroll.hide()
        self._head.say("No directory chosen", "", "tertiary")

    def set_retry_off(self, why: str) -> None:
        """Grey the retry with a reason; "" lets it be pressed."""
        self.retry_button.set_off(why)

    def set_declare_off(self, why: str) -> None:
        """Grey "declare" with a reason; "" lets it be pressed."""
        for key in ("submitted", "failed", "skipped"):
            self.declare_button.set_entry_off(key, why)

    def show_paused(self, paused: PausedDirectory | None, act: Act, why: str) -> None:
        """Whether new jobs get this directory, and what changes that; `why` greys the act with a reason."""
        self._use.say("Paused" if paused else "On new work lists", "paused" if paused else "ok")
        say(self._use_words, f"Since {spans.moment(paused.created_at)}: {paused.reason}" if paused else "")
        self._use_words.setVisible(paused is not None)
        self.pause_button.say(act.label + "…")
        self.pause_button.set_icon(act.icon)
        self.pause_button.set_off(why)

    def _show_attempts(self, attempts: tuple[Attempt, ...]) -> None:
        while (item := self._attempts.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.deleteLater()
        for number, attempt in list(zip(range(len(attempts), 0, -1), attempts, strict=True))[:_ATTEMPTS]:
            self._attempts.addWidget(_attempt_row(number, attempt))
        self._attempts_section.setVisible(bool(attempts))

    def _lay_out(self, head: QWidget, acts: QHBoxLayout) -> None:
        facts: list[QWidget] = []
        for name, value in (("Listing", self.listing), ("Directory", self.address), ("Key", self._key)):
            row = QWidget()
            line = QHBoxLayout(row)
            line.setContentsMargins(0, 0, 0, 0)
            title = label(name, "small", "tertiary")
            title.setFixedWidth(metrics.px(96))
            line.addWidget(title)
            line.addWidget(value, 1)
            facts.append(row)
        use = QHBoxLayout()
        use.addWidget(self._use)
        use.addStretch(1)
        use.addWidget(self.pause_button)
        self._attempts_section = section(self._attempts_title, self._attempts)
        self._evidence_section = section(label("Evidence", "small", "tertiary"), self.evidence)
        inner = Surface("surface.page")
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (
            section(self._sentence, self._detail, acts),
            self._evidence_section,
            self._attempts_section,
            section(label("New jobs", "small", "tertiary"), use, self._use_words),
            section(self._picture_title, self.picture),
            section(self._payload_title, self._payload),
            section(*facts, last=True),
        ):
            column.addWidget(part)
        column.addStretch(1)
        scroll = self._scroll = scrolled(inner, "The directory")
        whole = QVBoxLayout(self)
        whole.setContentsMargins(1, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(head)
        whole.addWidget(scroll, 1)
        whole.addStretch()  # keeps the head at the top while nothing is chosen


def _attempt_row(number: int, attempt: Attempt) -> QWidget:
    row = QWidget()
    row.setFixedHeight(metrics.px(metrics.ROW))
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(metrics.px(8))
    shape, word = OUTCOMES.get(attempt.outcome, ("unknown", attempt.outcome))
    line.addWidget(GlyphLabel(shape, str(number), "small", "tertiary"))
    words = plain_words(attempt.error) or word
    line.addWidget(ElidedLabel(words, "small", cell.word_tone(shape)), 1)
    line.addWidget(label(spans.took(attempt.duration_ms), "small", "tertiary"))
    ended = label(spans.when(attempt.ended_at or attempt.started_at), "small", "tertiary")
    tip(ended, spans.moment(attempt.ended_at or attempt.started_at))
    line.addWidget(ended)
    return row
