"""The inspector beside the dead letters: one message, as it is and as the subscriber would read it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from widgets.look import fonts, metrics
from widgets.pages.dead_letters.shown import Fact, Shown
from widgets.pages.dead_letters.words import FIRST, plain, size
from widgets.parts.button import Button
from widgets.parts.clipboard import copy
from widgets.parts.focus_ring import InnerRing
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.inspector_side import Side
from widgets.parts.label import ElidedLabel, label, say
from widgets.parts.scrolled import scrolled
from widgets.parts.surface import Surface

_NAME = 96


class Facts(QWidget):
    """Names and values in two columns."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(metrics.px(12))
        self._grid.setVerticalSpacing(metrics.px(4))
        self._grid.setColumnMinimumWidth(0, metrics.px(_NAME))
        self._grid.setColumnStretch(1, 1)
        self._rows: list[tuple[ElidedLabel, ElidedLabel, ElidedLabel]] = []

    def value(self, name: str) -> str:
        """What stands beside a name."""
        return next(
            (words.text() if words.isVisibleTo(self) else mono.text()
             for title, words, mono in self._rows if title.text() == name), "",
        )  # fmt: skip

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """(name, value, in mono) from the top."""
        while len(self._rows) < len(facts):
            at = len(self._rows)
            name = ElidedLabel("", "body", "tertiary")
            name.setFixedWidth(metrics.px(_NAME))
            words, mono = ElidedLabel("", "body"), ElidedLabel("", "mono", "secondary", middle=True)
            self._rows.append((name, words, mono))
            self._grid.addWidget(name, at, 0)
            self._grid.addWidget(words, at, 1)
            self._grid.addWidget(mono, at, 1)
        for at, (name, words, mono) in enumerate(self._rows):
            title, text, is_id = facts[at] if at < len(facts) else ("", "", False)
            name.say(title)
            name.setVisible(bool(title))
            for part, shown in ((words, not is_id), (mono, is_id)):
                part.say(text or "—")
                part.setVisible(bool(title) and shown)


class Sentences(QWidget):
    """Sentences below each other."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(metrics.px(4))
        self._labels: list[QLabel] = []

    def say(self, sentences: Sequence[str]) -> None:
        """Show these and no others."""
        while len(self._labels) < len(sentences):
            self._labels.append(label("", "body", "secondary", wrap=True))
            self._column.addWidget(self._labels[-1])
        for at, shown in enumerate(self._labels):
            say(shown, sentences[at] if at < len(sentences) else "")
            shown.setVisible(at < len(sentences))

    def words(self) -> list[str]:
        """What is said."""
        return [shown.text() for shown in self._labels if shown.text()]


class Inspector(Side):
    """Beside the list. `open_job` gives the id of the letter's job, `pressed` the key of one of its acts."""

    open_job = Signal(str)
    pressed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown: Shown | None = None
        self._body_of = ""
        self._body = ""
        self.title = ElidedLabel("", "body", weight=600)
        self.open_button = Button("Open job", "link")
        self.open_button.clicked.connect(self._open)
        self.state = GlyphLabel("failed", "", "body", "primary", 500)
        self.problem = label("", "body", "failed", wrap=True)
        self.acts: list[Button] = []
        self._acts_row = QWidget()
        self._acts_line = QHBoxLayout(self._acts_row)
        self._acts_line.setContentsMargins(0, 0, 0, 0)
        self._acts_line.setSpacing(metrics.px(8))
        self._acts_line.addStretch(1)
        self.evidence = Sentences()
        self.read_title = label("What the subscriber would do", "micro", "tertiary", 500)
        self.does = Sentences()
        self.read = Facts()
        self.message = Facts()
        self.steps = Facts()
        self.attributes_title = label("Attributes", "micro", "tertiary", 500)
        self.attributes = Facts()
        self.body = QPlainTextEdit()
        self.body.setReadOnly(True)
        self.body.setFont(fonts.font("mono"))
        self.body.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        self.body.setMinimumHeight(metrics.px(160))
        self.length = ElidedLabel("", "small", "tertiary")
        self.all_button = Button("Show all", "link", small=True)
        self.all_button.clicked.connect(lambda: self._show_body(whole=True))
        self.copy_button = Button("Copy", "link", small=True, tip="Copy the body, character by character")
        self.copy_button.clicked.connect(lambda: copy(self._body))
        self.body.setAccessibleName("Body")
        self.body.setProperty("surface", "sunken")
        self.body.setStyleSheet("border: 0")
        InnerRing(self.body)
        self._lay_out()
        self.show_letter(None)

    def show_letter(self, shown: Shown | None) -> None:
        """Show a letter; None: nothing is chosen."""
        if shown == self.shown and shown is not None:
            return
        self.shown = shown
        self.inner.setVisible(shown is not None)
        policy = Qt.ScrollBarPolicy.ScrollBarAlwaysOff if shown is None else Qt.ScrollBarPolicy.ScrollBarAsNeeded
        self._scroll.setVerticalScrollBarPolicy(policy)
        self.open_button.setVisible(shown is not None and bool(shown.job_id))
        if shown is None:
            self._body_of = self._body = ""
            self.title.say("Nothing chosen", "tertiary")
            return
        self.title.say(shown.title, "primary")
        self.state.say(shown.words, shown.shape, shown.tone)
        say(self.problem, shown.problem, "failed" if shown.shape in ("failed", "blocked") else "secondary")
        self.problem.setVisible(bool(shown.problem))
        self._show_acts(shown)
        self.does.say(shown.does)
        self.read.setVisible(bool(shown.read))
        self._read_section.setVisible(bool(shown.does or shown.read))
        for section, facts, part in (
            (None, shown.read, self.read),
            (None, shown.about, self.message),
            (self._steps_section, shown.steps, self.steps),
            (self._attributes_section, shown.attributes, self.attributes),
        ):
            part.show_facts(facts)
            if section is not None:
                section.setVisible(bool(facts))
        self.evidence.say(shown.evidence)
        self._evidence_section.setVisible(bool(shown.evidence))
        if self._body_of != shown.key or self._body != shown.body:
            self._body_of, self._body = shown.key, shown.body
            self._show_body(whole=False)

    def act(self, key: str) -> Button:
        """The button of an act that is shown."""
        assert self.shown is not None
        return self.acts[[one.key for one in self.shown.acts].index(key)]

    def _open(self) -> None:
        if self.shown is not None:
            self.open_job.emit(self.shown.job_id)

    def _press(self, at: int) -> None:
        if self.shown is not None:
            self.pressed.emit(self.shown.acts[at].key)

    def _show_acts(self, shown: Shown) -> None:
        while len(self.acts) < len(shown.acts):
            at = len(self.acts)
            self.acts.append(Button("", small=True))
            self.acts[at].clicked.connect(lambda _=False, at=at: self._press(at))
            self._acts_line.insertWidget(at, self.acts[at])
        for at, button in enumerate(self.acts):
            button.setVisible(at < len(shown.acts))
            if at < len(shown.acts):
                button.say(shown.acts[at].words)
                button.set_off(shown.acts[at].why_not)
        self._acts_row.setVisible(bool(shown.acts))

    def _show_body(self, *, whole: bool) -> None:
        self.body.setPlainText(plain(self._body, whole=whole))
        cut = not whole and len(self._body) > FIRST
        shown = f"first {FIRST:,} characters of {size(self._body)}" if cut else size(self._body)
        self.length.say(shown)
        self.all_button.setVisible(cut)

    def _lay_out(self) -> None:
        head = Surface("surface.page", "b")
        head.setFixedHeight(metrics.px(metrics.PAGE_HEAD))
        row = QHBoxLayout(head)
        row.setContentsMargins(metrics.px(16), 0, metrics.px(16), 1)
        row.addWidget(self.title, 1)
        row.addWidget(self.open_button)
        self.inner = QWidget()
        inner = QVBoxLayout(self.inner)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        self._attributes_section = _section(self.attributes_title, self.attributes)
        self._read_section = _section(self.read_title, self.does, self.read)
        self._steps_section = _section(label("What was written of it", "micro", "tertiary", 500), self.steps)
        self._evidence_section = _section(label("What is known of the send", "micro", "tertiary", 500), self.evidence)
        for section in (
            _section(self.state, self.problem, self._acts_row),
            self._evidence_section,
            self._read_section,
            _section(label("Message", "micro", "tertiary", 500), self.message),
            self._steps_section,
            self._attributes_section,
        ):
            inner.addWidget(section)
        foot = QWidget()
        under = QHBoxLayout(foot)
        under.setContentsMargins(0, 0, 0, 0)
        under.setSpacing(metrics.px(8))
        under.addWidget(self.length, 1)
        under.addWidget(self.all_button)
        under.addWidget(self.copy_button)
        inner.addWidget(_section(label("Body, as it is", "micro", "tertiary", 500), self.body, foot, last=True), 1)
        scroll = self._scroll = scrolled(self.inner, "The letter")
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addWidget(scroll, 1)


def _section(*parts: QWidget, last: bool = False) -> QWidget:
    ground = Surface("surface.page", "" if last else "b")
    column = QVBoxLayout(ground)
    column.setContentsMargins(metrics.px(16), metrics.px(12), metrics.px(16), metrics.px(12))
    column.setSpacing(metrics.px(6))
    for part in parts:
        column.addWidget(part)
    return ground
