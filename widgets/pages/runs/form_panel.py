"""A directory's form beside the one that was known: differences in words, and the mapping that is proposed."""

from __future__ import annotations

from typing import Final

import msgspec
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.actions.confirming import typed
from app.actions.forms import Drift
from app.actions.jobs import start
from app.actions.registry import ACCEPT_FORM
from app.actions.run_state import RunState
from app.desk import Desk
from app.models.table_model import LinesModel
from app.store.lines import DirectoryLine
from services.domain.statuses import Shape
from widgets.look import metrics
from widgets.parts import cell
from widgets.parts.button import Button
from widgets.parts.columns import Column
from widgets.parts.faces import Faces
from widgets.parts.fate_list import FateList, FateRow
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import ElidedLabel
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface, ground_of
from widgets.parts.table import Table

COLUMNS: Final = (Column("What", 110, sorts=False), Column("In words", 240, stretch=1, sorts=False))
_SHAPES: Final[dict[str, tuple[Shape, str]]] = {
    "breaks": ("failed", "May break"), "harmless": ("ok", "Harmless"), "mapping": ("send", "New mapping"),
    "open": ("unknown", "Left open"),
}  # fmt: skip


class FormLine(msgspec.Struct, frozen=True):
    """One difference, one change of the mapping, or one thing that stays open."""

    number: int
    what: str
    words: str


class FormPanel(QWidget):
    """`show_line` says which directory it is about; a run of it that saw the form comes before what is kept."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._host = ""
        self._drift: Drift | None = None
        self._given: tuple[object, ...] | None = None
        self._found: Drift | None = None
        self.sheet: ConfirmSheet | None = None
        self.model: LinesModel[FormLine] = LinesModel(
            key=lambda line: f"{line.number:04}",
            cells=[
                lambda line: cell.status(*_SHAPES[line.what]),
                lambda line: cell.words(line.words, "primary", tip=line.words),
            ],
            sort_keys=[None, None],
            words=lambda line: f"{_SHAPES[line.what][1]}, {line.words}",
            parent=self,
        )
        self.table = Table(COLUMNS, many=False, name="Fields of the form")
        self.table.setModel(self.model)
        self.table.horizontalHeader().hide()
        self.sum = GlyphLabel("ok", "")
        self.sum_words = ElidedLabel("", "small", "secondary")
        self.accept_button = Button("Accept the new form…", icon=ACCEPT_FORM.icon, small=True)
        self.accept_button.clicked.connect(self._ask)
        band = self._band = Surface("surface.page", "b")
        band.setFixedHeight(metrics.px(metrics.BAR))
        row = QHBoxLayout(band)
        row.setContentsMargins(metrics.px(16), 0, metrics.px(16), 0)
        row.setSpacing(metrics.px(8))
        row.addWidget(self.sum)
        row.addWidget(self.sum_words, 1)
        row.addWidget(self.accept_button)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(band)
        column.addWidget(self.table, 1)
        self.faces = Faces(content)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.faces)
        self.show_run(None)

    def show_line(self, line: DirectoryLine | None) -> None:
        """Show the form of another directory."""
        self._host = line.host if line is not None else ""

    def drift(self, state: RunState | None) -> Drift | None:
        """How the form differs from the one that was known, worked out anew only where something is another."""
        store, seen = self._desk.store, state.form if state is not None else None
        edits = state.edited if state is not None else ()
        given = (
            self._host,
            seen,
            edits,
            store.get("form_fingerprints", self._host),
            store.jobs.directory_at(self._host),
        )
        if self._given is None or any(one is not other for one, other in zip(given, self._given, strict=True)):
            self._given, self._found = given, self._desk.forms.drift(self._host, seen, edits)
        return self._found

    def count(self, state: RunState | None) -> int | None:
        """How many differences there are, None for none."""
        drift = self.drift(state)
        return (len(drift.differences) or len(drift.proposal.changes)) or None if drift is not None else None

    def show_run(self, state: RunState | None) -> None:
        """Show the form as a run saw it, else as it is kept."""
        drift = self._drift = self.drift(state)
        self.accept_button.set_off(self._desk.forms.why_not_accept(drift))
        if drift is None:
            self.faces.show_face("This form has not been seen yet.", "A run here looks at its fields, a dry run too.")
            return
        lines = _lines(drift)
        self.model.apply({**dict.fromkeys(self.model.all_keys()), **{f"{line.number:04}": line for line in lines}})
        fields = len(drift.now.fields)
        seen = f"{fields} field{'s' * (fields != 1)} seen{'' if drift.now.whole else ', not all pages'}"
        if drift.known is None:
            self.sum.say("No earlier form is kept.", "waiting", "primary")
            self.sum_words.say(f"{seen}; compared with the mapping only.")
        elif drift.differences:
            many = len(drift.differences)
            self.sum.say(f"{many} difference{'s' * (many > 1)}.", "stale", "primary")
            self.sum_words.say(f"{seen}.")
        else:
            self.sum.say("The form is as it was known.", "ok", "primary")
            self.sum_words.say(f"{seen}.")
        self.accept_button.setVisible(not drift.is_same)
        self.faces.show_content()

    def _ask(self) -> None:
        drift, environment = self._drift, self._desk.environment
        if drift is None or self._desk.forms.why_not_accept(drift) or self.sheet is not None:
            return
        rows = [FateRow(*_SHAPES[line.what], line.words) for line in _lines(drift)]
        opened = len(drift.proposal.open)
        self.sheet = ConfirmSheet(
            ground_of(self._band),
            f"Accept the new form of 1 directory, {drift.host}, in {environment.upper()}",
            "Plans are made from the new mapping from now on; the old one stays in the audit.",
            ACCEPT_FORM.label,
            facts=[
                ("send", f"{len(drift.proposal.changes)} change in the mapping"),
                ("unknown", f"{opened} left for a person") if opened else ("ok", "nothing is left open"),
            ],
            reason=True,
            typed=typed(1, environment),
            foot="Written to the audit first",
            inside=FateList(rows),
            width=720,
        )
        self.sheet.confirmed.connect(lambda reason: self._accept(drift, reason))
        self.sheet.cancelled.connect(self._closed)

    def _accept(self, drift: Drift, reason: str) -> None:
        self._closed()
        if not self._desk.forms.why_not_accept(drift):
            start(ACCEPT_FORM, self._desk.forms.accept(drift, reason=reason))

    def _closed(self) -> None:
        self.sheet = None


def _lines(drift: Drift) -> list[FormLine]:
    told = [("breaks" if one.serious else "harmless", one.words) for one in drift.differences]
    told += [("mapping", words) for words in drift.proposal.changes]
    told += [("open", words) for words in drift.proposal.open]
    return [FormLine(number, what, words) for number, (what, words) in enumerate(told)]
