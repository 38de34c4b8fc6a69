"""The inspector beside what is to be checked: why, what to look at, whom to ask, and how to say how it ended."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.actions.pictures import Pictures
from app.store.lanes import LaneLine
from services.domain.event_words import worker_words
from services.domain.signs import weighed
from widgets.look import metrics
from widgets.pages.review import words
from widgets.parts import spans
from widgets.parts.button import Button
from widgets.parts.clipboard import copy
from widgets.parts.evidence_list import EvidenceList
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.inspector_side import Side
from widgets.parts.label import ElidedLabel, label, say
from widgets.parts.link import LinkRow
from widgets.parts.menu import MenuButton, MenuEntry
from widgets.parts.run_picture import RunPicture
from widgets.parts.scrolled import scrolled
from widgets.parts.section import section
from widgets.parts.surface import Surface

_COPIED_MS: Final = 1200
_NAME: Final = 96
_LINKS: Final = ("Listing", "Page after it", "Form")
_FACTS: Final = ("Customer", "Tried", "Took", "Attempts", "By")
_OUTCOMES: Final = (("submitted", "It was submitted…"), ("failed", "It was not submitted…"),
                    ("skipped", "It is not wanted any more…"))  # fmt: skip


class Inspector(Side):
    """Beside the list. `open_job` asks for the job; `said` gives the outcome that a person means: submitted,
    failed or skipped."""

    open_job = Signal()
    said = Signal(str)

    def __init__(self, data_dir: Path, pictures: Pictures, environment: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._environment = environment
        self._shown: LaneLine | None = None
        self.head = GlyphLabel("", "", "title", "primary", 600, elides=True)
        self.why = label("", weight=600, wrap=True, selectable=True)
        self.evidence = EvidenceList()
        self.links = {name: LinkRow() for name in _LINKS}
        self.copy_button = Button("Copy a question", icon="copy", small=True)
        self.copy_button.clicked.connect(self._copy)
        self.stands_button = Button("It stands", "primary", icon="check", small=True)
        self.stands_button.clicked.connect(self._stands)
        self.say_button = MenuButton(
            [MenuEntry(key, told) for key, told in _OUTCOMES], "Say how it ended…", "normal", small=True
        )
        self.say_button.chosen.connect(self.said)
        self.open_button = Button("Open the job", "link", small=True)
        self.open_button.clicked.connect(self.open_job)
        self._say_words = label("", "small", "secondary", wrap=True)
        self.picture = RunPicture(data_dir, pictures)
        self.facts = {name: ElidedLabel("", "body") for name in _FACTS}
        self._lay_out()
        self.show_line(None)

    def show_line(self, line: LaneLine | None) -> None:
        """Show one line; None shows that nothing is chosen."""
        if line is not None and line == self._shown:
            return
        self._shown = line
        self._scroll.setVisible(line is not None)
        if line is None:
            self.head.say("Nothing chosen", "", "tertiary")
            return
        directory = line.directory
        self.head.say(directory.host, words.face(line)[0], "primary")
        say(self.why, line.why.rstrip(".") + ".")
        found = weighed(directory.result.response_log) if directory.result is not None else None
        self.evidence.show_evidence(msgspec.structs.replace(found, doubt="") if found is not None else None)
        addresses = (directory.listing_url, words.page_after(line), directory.url)
        for row, address in zip(self.links.values(), addresses, strict=True):
            row.show_address(address)
        doubted = line.lane == "doubt"
        self.stands_button.setVisible(doubted)
        self.say_button.say("It ended otherwise…" if doubted else "Say how it ended…")
        say(self._say_words, words.SAY[line.lane])
        self.picture.show_where(directory.screenshot_url)
        self._picture_section.setVisible(bool(directory.screenshot_url))
        last = directory.attempts[0] if directory.attempts else None
        worker = last.worker_id if last is not None else ""
        values = (
            line.business, spans.moment(directory.when), spans.took(directory.duration_ms),
            str(len(directory.attempts) or "—"), worker_words(worker),
        )  # fmt: skip
        for fact, value in zip(self.facts.values(), values, strict=True):
            fact.say(value or "—", "primary" if value else "tertiary", whole=worker if fact is self.facts["By"] else "")

    def set_off(self, why: str) -> None:
        """Grey what says how it ended, with a reason; "" lets it be pressed."""
        self.stands_button.set_off(why)
        stands = self._shown.directory.outcome if self._shown is not None else ""
        for key, _ in _OUTCOMES:
            self.say_button.set_entry_off(key, why or ("It counts as that already." if key == stands else ""))

    def _stands(self) -> None:
        if self._shown is not None:
            self.said.emit(self._shown.directory.outcome)

    def _copy(self) -> None:
        if self._shown is not None:
            copy(words.question(self._shown, self._environment))
            self.copy_button.set_icon("check")
            QTimer.singleShot(_COPIED_MS, self, lambda: self.copy_button.set_icon("copy"))

    def _lay_out(self) -> None:
        head = Surface("surface.page", "b")
        head.setFixedHeight(metrics.px(metrics.PAGE_HEAD))
        row = QHBoxLayout(head)
        row.setContentsMargins(metrics.px(16), 0, metrics.px(16), 0)
        row.addWidget(self.head)
        row.addStretch(1)
        says = QHBoxLayout()
        says.setSpacing(metrics.px(8))
        says.addWidget(self.stands_button)
        says.addWidget(self.say_button)
        says.addStretch(1)
        self._picture_section = section(label("Picture", "small", "tertiary"), self.picture)
        facts = [_named(name, value) for name, value in self.facts.items()]
        inner = Surface("surface.page")
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (
            section(self.why, self.evidence),
            section(
                label("1. Check the listing", "small", "tertiary"),
                label(words.CHECK, "small", "secondary", wrap=True),
                *(_named(name, link) for name, link in self.links.items()),
            ),
            section(
                label("2. Ask", "small", "tertiary"),
                label(words.ASK, "small", "secondary", wrap=True),
                self.copy_button,
            ),
            section(label("3. Say how it ended", "small", "tertiary"), self._say_words, says),
            self._picture_section,
            section(*facts, self.open_button, last=True),
        ):
            column.addWidget(part)
        column.addStretch(1)
        scroll = self._scroll = scrolled(inner, "What speaks for it", sideways=False)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(1, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(head)
        whole.addWidget(scroll, 1)
        whole.addStretch()  # keeps the head at the top while nothing is chosen


def _named(name: str, value: QWidget) -> QWidget:
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    title = label(name, "small", "tertiary")
    title.setFixedWidth(metrics.px(_NAME))
    line.addWidget(title)
    line.addWidget(value, 1)
    return row
