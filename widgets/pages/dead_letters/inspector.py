"""The inspector beside the dead letters: one message, as it is and as the subscriber would read it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication, QTextOption
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPlainTextEdit, QScrollArea, QVBoxLayout, QWidget

from app.actions.letter_line import LetterLine
from widgets.look import fonts, metrics
from widgets.pages.dead_letters.words import FIRST, attribute, expires, plain, size, state_of
from widgets.parts import cell, spans
from widgets.parts.button import Button
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import ElidedLabel, label, say
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

    def show_facts(self, facts: list[tuple[str, str, bool]]) -> None:
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

    def say(self, sentences: list[str]) -> None:
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


class Inspector(Surface):
    """360 px at the right. `open_job` gives the id of the job that the letter is for."""

    open_job = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("surface.page", "l", parent)
        self._job_id = ""
        self._body_of = ""
        self._body = ""
        self.setFixedWidth(metrics.px(metrics.INSPECTOR))
        self.title = ElidedLabel("", "body", weight=600)
        self.open_button = Button("Open job", "link")
        self.open_button.clicked.connect(lambda: self.open_job.emit(self._job_id))
        self.state = GlyphLabel("failed", "", "body", "primary", 500)
        self.problem = label("", "body", "failed", wrap=True)
        self.read_title = label("What the subscriber would do", "micro", "tertiary", 500)
        self.does = Sentences()
        self.read = Facts()
        self.message = Facts()
        self.attributes_title = label("Attributes", "micro", "tertiary", 500)
        self.attributes = Facts()
        self.body = QPlainTextEdit()
        self.body.setReadOnly(True)
        self.body.setFont(fonts.font("mono"))
        self.body.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        self.body.setMinimumHeight(metrics.px(160))
        self.length = label("", "small", "tertiary")
        self.all_button = Button("Show all", "link", small=True)
        self.all_button.clicked.connect(lambda: self._show_body(whole=True))
        self.copy_button = Button("Copy", "link", small=True, tip="Copy the body, character by character")
        self.copy_button.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._body))
        self.body.setAccessibleName("Body")
        self.body.setProperty("surface", "sunken")
        self.body.setStyleSheet("border: 0")
        self._lay_out()
        self.show_letter(None, "", 0.0)

    def show_letter(self, line: LetterLine | None, business: str, now: float) -> None:
        """Show a letter; `business` is the job's customer, "" when its job isn't known. None: nothing is chosen."""
        self.inner.setVisible(line is not None)
        known = line is not None and bool(business)
        self.open_button.setVisible(known)
        if line is None:
            self._job_id = self._body_of = self._body = ""
            self.title.say("Nothing chosen", "tertiary")
            return
        self._job_id = line.job_id if known else ""
        self.title.say(business or (f"Job {line.job_id}" if line.job_id else line.reading.what), "primary")
        shape, words = state_of(line, now)
        self.state.say(words, shape, cell.word_tone(shape))
        say(self.problem, f"{line.problem} It would only come back." if line.problem else "")
        self.problem.setVisible(bool(line.problem))
        self._show_read(line)
        letter = line.letter
        self.message.show_facts(
            [
                ("Message", letter.message_id, True),
                ("Sent", spans.moment(letter.sent_at), False),
                ("Received", f"{letter.receive_count} times", False),
                ("Expires in", "not known" if line.expires_at is None else expires(line, now), False),
            ]
        )
        values = sorted(letter.attributes.items())
        self.attributes.show_facts([(name, attribute(value), True) for name, value in values])
        self._attributes_section.setVisible(bool(values))
        if self._body_of != line.id or self._body != letter.body:
            self._body_of, self._body = line.id, letter.body
            self._show_body(whole=False)

    def _show_body(self, *, whole: bool) -> None:
        self.body.setPlainText(plain(self._body, whole=whole))
        cut = not whole and len(self._body) > FIRST
        shown = f"first {FIRST:,} characters of {size(self._body)}" if cut else size(self._body)
        say(self.length, shown)
        self.all_button.setVisible(cut)

    def _show_read(self, line: LetterLine) -> None:
        does = list(line.reading.does)
        if line.same_job:
            others = "Another dead letter is" if line.same_job == 1 else f"{line.same_job} other dead letters are"
            does.append(f"{others} for the same job: replay one of them.")
        self.does.say(does)
        message = line.reading.message
        self.read.setVisible(message is not None)
        if message is None:
            return
        self.read.show_facts(
            [
                ("Job", message.job_id, True),
                ("Customer", message.customer_id, True),
                ("Package size", str(message.package_size), False),
                ("Priority", message.priority, False),
                ("Source", message.source, False),
            ]
        )

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
        for section in (
            _section(self.state, self.problem),
            _section(self.read_title, self.does, self.read),
            _section(label("Message", "micro", "tertiary", 500), self.message),
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
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(self.inner)
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
