"""The inspector beside a run: how it ended, the customer's data, what to know before the real run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.actions.run_state import RunState
from app.desk import Desk
from app.store.lines import DirectoryLine
from services.domain.records import Customer
from widgets.look import metrics
from widgets.pages.runs.export_row import ExportRow
from widgets.pages.runs.trace_row import TraceRow
from widgets.pages.runs.turn_card import TurnCard
from widgets.pages.runs.words import VERDICTS, address, without_evidence
from widgets.parts import cell, spans
from widgets.parts.button import Button
from widgets.parts.clipboard import copy
from widgets.parts.evidence_list import EvidenceList
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import ElidedLabel, label, say
from widgets.parts.link import OpenButton
from widgets.parts.scrolled import scrolled
from widgets.parts.surface import Hairline, Surface

_FIELDS: Final = ("Name", "Phone", "E-mail", "Address", "Website", "Category")
_FACTS: Final = ("Run", "Browser", "Sandbox", "Started", "Took")
_NAME: Final = 72
_COPIED_MS: Final = 1200
_REASONS: Final = 8


class Inspector(Surface):
    """360 px at the right. `open_job`: somebody wants to read the job."""

    open_job = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("surface.page", "l", parent)
        self.setFixedWidth(metrics.px(metrics.INSPECTOR))
        self.turn = TurnCard()
        self.verdict = VerdictCard()
        self.verdict.open_button.clicked.connect(self.open_job)
        self.open_button = Button("Open the job", "link", small=True)
        self.open_button.clicked.connect(self.open_job)
        self.fields = {name: _Field(name) for name in _FIELDS}
        self._checks = QVBoxLayout()
        self._checks.setSpacing(metrics.px(8))
        self._chosen = False
        self._checks_shown: tuple[tuple[str, str], ...] | None = None
        self.facts = {
            name: ElidedLabel("", "mono" if name == "Run" else "body", middle=name == "Run") for name in _FACTS
        }
        self.trace = TraceRow(metrics.px(_NAME))
        self._choices = QWidget()
        self.exports = ExportRow()
        self._lay_out()
        self.show_customer(None)
        self.show_checks([])
        self.show_run(None)

    def add_choice(self, choice: QWidget) -> None:
        """Let something else be chosen for the next run, below its trace."""
        column = self._choices.layout() or QVBoxLayout(self._choices)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(choice)

    def show_customer(self, customer: Customer | None) -> None:
        """Show what the form is filled with; None while no job is chosen."""
        values = (
            (customer.business_name, customer.phone, customer.email, address(customer), customer.website,
             customer.category)
            if customer is not None
            else ("",) * len(_FIELDS)
        )  # fmt: skip
        for field, value in zip(self.fields.values(), values, strict=True):
            field.show_value(value)
        self._chosen = customer is not None

    def show_line(self, job_id: str, line: DirectoryLine | None, desk: Desk) -> None:
        """Offer what there is to do with the directory that is chosen."""
        self.trace.suggest(job_id, line)
        self.exports.show_line(job_id, line, desk)

    def show_checks(self, checks: Sequence[tuple[str, str]]) -> None:
        """Shapes with words, from the top."""
        fresh = tuple(checks)
        if fresh == self._checks_shown:
            return
        self._checks_shown = fresh
        while (item := self._checks.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for shape, words in fresh or (("waiting", "Choose a job and a directory"),):
            self._checks.addWidget(_check(shape, words))

    def check_words(self) -> list[str]:
        """What the checks say."""
        return [words for _, words in self._checks_shown or ()]

    def show_run(self, state: RunState | None) -> None:
        """Show the run's verdict and facts; None while there is no run of what is chosen."""
        self.trace.show_run(state)
        self.exports.show_run(state)
        ended = state is not None and state.phase == "ended"
        self.verdict.setVisible(ended)
        self.open_button.setVisible(self._chosen and not ended)
        if state is not None and ended:
            self.verdict.show_verdict(state)
        took = state.ended_at - state.started_at if state is not None and state.ended_at is not None else None
        values = (
            (
                state.run_id,
                f"{state.browser[:1].upper()}{state.browser[1:]}, {'in a window' if state.window else 'headless'}"
                if state.browser
                else "",
                "" if state.sandbox is None else "on" if state.sandbox else "off",
                f"{spans.day_clock(state.started_at, time.time())}, {'dry' if state.dry else 'real'}",
                spans.took(round(took * 1000)) if took is not None else "",
            )
            if state is not None
            else ("",) * len(_FACTS)
        )
        for fact, value in zip(self.facts.values(), values, strict=True):
            fact.say(value or "—", "primary" if value else "tertiary")

    def _lay_out(self) -> None:
        inner = Surface("surface.page")
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.turn)
        column.addWidget(self.verdict)
        column.addWidget(self._customer_section())
        checks = QWidget()
        checks.setLayout(self._checks)
        self._checks.setContentsMargins(0, metrics.px(2), 0, metrics.px(2))
        column.addWidget(_section(label("Before the real run", "small", "tertiary"), checks))
        facts: list[QWidget] = []
        for name, value in self.facts.items():
            row = QWidget()
            line = QHBoxLayout(row)
            line.setContentsMargins(0, 0, 0, 0)
            line.setSpacing(metrics.px(12))
            title = label(name, "small", "tertiary")
            title.setFixedWidth(metrics.px(_NAME))
            line.addWidget(title)
            line.addWidget(value, 1)
            facts.append(row)
        column.addWidget(_section(*facts, self.trace, self._choices, self.exports, last=True))
        column.addStretch(1)
        scroll = scrolled(inner, "The run")
        whole = QVBoxLayout(self)
        whole.setContentsMargins(1, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(scroll)

    def _customer_section(self) -> QWidget:
        head = QWidget()
        line = QHBoxLayout(head)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(label("Customer's data", "small", "tertiary"))
        line.addStretch(1)
        line.addWidget(self.open_button)
        rows: list[QWidget] = []
        for number, field in enumerate(self.fields.values()):
            if number:
                rows.append(Hairline("line.faint"))
            rows.append(field)
        section = _section(head, *rows)
        layout = section.layout()
        if layout is not None:
            layout.setSpacing(0)
        return section


class VerdictCard(Surface):
    """How the run ended: status, sentence, reasons, and the way to the job."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("status.ok.tint", "b", parent)
        self.title = label("", "title")
        self._glyph_row = QHBoxLayout()
        self._glyph_row.setSpacing(metrics.px(8))
        self._glyph = GlyphLabel("ok")
        self._glyph_row.addWidget(self._glyph)
        self._glyph_row.addWidget(self.title, 1)
        self.words = label("", wrap=True)
        self.reasons = label("", "small", "secondary", wrap=True, selectable=True)
        self.evidence = EvidenceList()
        self.open_button = Button("Open the job", small=True)
        acts = QHBoxLayout()
        acts.setContentsMargins(0, metrics.px(6), 0, 0)
        acts.addWidget(self.open_button)
        acts.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(metrics.px(16), metrics.px(14), metrics.px(16), metrics.px(14))
        column.setSpacing(metrics.px(6))
        column.addLayout(self._glyph_row)
        column.addWidget(self.words)
        column.addWidget(self.reasons)
        column.addWidget(self.evidence)
        column.addLayout(acts)

    def show_verdict(self, state: RunState) -> None:
        """Show an ended run."""
        shape, title = VERDICTS.get(state.verdict, ("unknown", state.verdict))
        tint = f"status.{shape}.tint"
        self.set_surface(tint)
        fresh = GlyphLabel(shape, under=tint)
        self._glyph_row.replaceWidget(self._glyph, fresh)
        self._glyph.deleteLater()
        self._glyph = fresh
        say(self.title, title)
        say(self.words, state.words)
        told = without_evidence(state)[:_REASONS]
        say(self.reasons, "; ".join(told))
        self.reasons.setVisible(bool(told))
        self.evidence.show_evidence(state.evidence)


class _Field(QWidget):
    """A name, its value, and a button that copies the value."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(metrics.px(metrics.ROW))
        self.value = ElidedLabel("")
        self.copy_button = Button(icon="copy", look="quiet", small=True, tip=f"Copy {name.lower()}")
        self.copy_button.clicked.connect(self._copy)
        self.open_button = OpenButton()
        self._is_address = name == "Website"
        title = label(name, "small", "tertiary")
        title.setFixedWidth(metrics.px(_NAME))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(metrics.px(12))
        row.addWidget(title)
        row.addWidget(self.value, 1)
        row.addWidget(self.open_button)
        row.addWidget(self.copy_button)

    def show_value(self, value: str) -> None:
        """ "" shows that there is none."""
        self.value.say(value or "—", "primary" if value else "tertiary")
        self.copy_button.setVisible(bool(value))
        self.open_button.show_address(value if self._is_address else "")

    def _copy(self) -> None:
        copy(self.value.text())
        self.copy_button.set_icon("check")
        QTimer.singleShot(_COPIED_MS, self, lambda: self.copy_button.set_icon("copy"))


def _check(shape: str, words: str) -> QWidget:
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(metrics.px(8))
    row.addWidget(GlyphLabel(shape), 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(label(words, tone=cell.word_tone(shape) if shape != "send" else "primary", wrap=True), 1)
    return made


def _section(*parts: QWidget, last: bool = False) -> QWidget:
    ground = Surface("surface.page", "" if last else "b")
    column = QVBoxLayout(ground)
    column.setContentsMargins(metrics.px(16), metrics.px(12), metrics.px(16), metrics.px(12))
    column.setSpacing(metrics.px(6))
    for part in parts:
        column.addWidget(part)
    return ground
