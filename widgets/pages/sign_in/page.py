"""The sign-in: places at the left; the form of a project, or the people of the local stack, at the right."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QStackedWidget, QVBoxLayout, QWidget

from app.actions.sign_in import SignInActs
from services.domain.environments import Environment
from widgets.look import fonts, metrics
from widgets.pages.sign_in.form import Form
from widgets.pages.sign_in.people import People
from widgets.pages.sign_in.projects import Place, Places
from widgets.parts.button import Button
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import label, raw_words, say
from widgets.parts.scrolled import scrolled
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface, ground_of

_LOCAL: Final = ""
_NEW: Final = "a new one"
_GIVEN: Final = "given"


class SignInPage(Surface):
    """`show_acts` each time that somebody has to be asked. `environment_chosen`: its kind, for the frame."""

    environment_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("surface.page", parent=parent)
        self._acts: SignInActs | None = None
        self.places = Places()
        self.places.chosen.connect(self._choose)
        self.places.wanted.connect(self._add)
        self.form = Form()
        self.form.kind_chosen.connect(self.environment_chosen)
        self.form.remove_button.clicked.connect(self._ask_to_remove)
        self.people = People()
        self.people.chosen.connect(self._become)
        self._title = label("", "title")
        self._mark = GlyphLabel("")
        self._why = label("", "body", weight=500, wrap=True)
        self._hint = label("", "body", "secondary", wrap=True)
        self._raw_button = Button("Raw text", "quiet", icon="chevron-right", small=True)
        self._raw = QPlainTextEdit()
        self._raw.setAccessibleName("Raw text")
        self._raw.setReadOnly(True)
        self._raw.setFont(fonts.font("mono"))
        self._raw.setFixedHeight(metrics.px(96))
        self._raw_button.clicked.connect(lambda: self._raw.setVisible(self._raw.isHidden()))
        self._trouble = label("", "small", "failed", wrap=True)
        self._stack = QStackedWidget()
        for part in (self.form, self.people):
            self._stack.addWidget(part)
        self._lay_out()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_acts(self, acts: SignInActs) -> None:
        """Ask anew; what stood in the form and is still meant comes with the acts."""
        self._acts = acts
        acts.on_change = self._changed
        self.form.show_acts(acts)
        self._raw.hide()
        self._changed()
        self.environment_chosen.emit("local" if acts.local else acts.draft.kind)
        acts.begin()
        if acts.local:
            self.people.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.form.take_cursor()

    def forget(self) -> None:
        """Somebody is in: the form is let go of, the password first."""
        self._acts = None
        self.form.forget_password()

    def words(self) -> str:
        """Why people are asked, as it is shown."""
        return " ".join(part.text() for part in (self._title, self._why, self._hint) if part.text())

    def _changed(self) -> None:
        acts = self._acts
        if acts is None:
            return
        given = "url" in acts.fixed
        draft = acts.draft
        host = urlsplit(draft.url).hostname or ""
        places = [
            Place(one.id, one.name, one.kind, " · ".join(x for x in (urlsplit(one.url).hostname or "", one.email) if x))
            for one in acts.environments
        ]
        if given:
            places = [Place(_GIVEN, host, draft.kind, "Set in the environment or .env")]
        elif acts.people:
            places.insert(0, Place(_LOCAL, "This computer", "local", "Local stack with practice data"))
        current = _GIVEN if given else _LOCAL if acts.local else draft.id or _NEW
        if current == _NEW:
            places.append(Place(_NEW, draft.name.strip() or host or "New project", draft.kind, "Not kept yet"))
        self.places.show_places(places, current)
        self.places.add_button.setVisible(not given and current != _NEW)
        self._stack.setCurrentWidget(self.people if acts.local else self.form)
        self.people.show_people(acts.people)
        self.form.show_said()
        name = "this computer" if acts.local else draft.name.strip() or host or "a project"
        say(self._title, f"Sign in to {name}")
        self._show_why(acts)

    def _show_why(self, acts: SignInActs) -> None:
        why = acts.why
        say(self._why, why.sentence)
        self._mark.say("", "failed" if why.failed else "waiting")
        self._mark.setVisible(bool(why.sentence))
        self._why.setVisible(bool(why.sentence))
        say(self._hint, why.hint)
        self._hint.setVisible(bool(why.hint))
        self._raw_button.setVisible(bool(why.raw))
        self._raw.setPlainText(raw_words(why.raw))
        trouble = acts.trouble if acts.trouble != why.sentence else ""
        say(self._trouble, trouble)
        self._trouble.setVisible(bool(trouble))

    def _choose(self, key: str) -> None:
        acts = self._acts
        if acts is None or key in (_NEW, _GIVEN):
            return
        chosen = next((one for one in acts.environments if one.id == key), None)
        if chosen is None:
            acts.choose_local()
            self.people.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            acts.choose(chosen)
            self.form.show_acts(acts)
            self.form.take_cursor()
        self.environment_chosen.emit(chosen.kind if chosen else "local")

    def _add(self) -> None:
        if self._acts is not None:
            self._acts.add()
            self.form.show_acts(self._acts)
            self.form.take_cursor()
            self.environment_chosen.emit(self._acts.draft.kind)

    def _become(self, email: str) -> None:
        if self._acts is not None:
            self._acts.become(email)

    def _ask_to_remove(self) -> None:
        acts = self._acts
        gone = next((one for one in acts.environments if one.id == acts.draft.id), None) if acts else None
        if acts is None or gone is None:
            return
        sheet = ConfirmSheet(
            ground_of(self),
            f"Remove {gone.name} from this computer",
            "Its address and the sign-in that is kept for it are forgotten here. Nothing changes in the project.",
            "Remove",
            danger=True,
        )
        sheet.confirmed.connect(lambda _: self._remove(gone))

    def _remove(self, gone: Environment) -> None:
        if self._acts is not None:
            self._acts.remove(gone)

    def _lay_out(self) -> None:
        why = QHBoxLayout()
        why.setSpacing(metrics.px(8))
        why.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        why.addWidget(self._why, 1, Qt.AlignmentFlag.AlignTop)
        why.addWidget(self._raw_button, 0, Qt.AlignmentFlag.AlignTop)
        inner = QWidget()
        inner.setMaximumWidth(metrics.px(680))
        column = QVBoxLayout(inner)
        column.setContentsMargins(metrics.px(32), metrics.px(28), metrics.px(32), metrics.px(28))
        column.setSpacing(metrics.px(6))
        column.addWidget(self._title)
        column.addLayout(why)
        column.addWidget(self._hint)
        column.addWidget(self._raw)
        column.addWidget(self._trouble)
        column.addSpacing(metrics.px(10))
        column.addWidget(self._stack)
        column.addStretch(1)
        ground = QWidget()
        row = QHBoxLayout(ground)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(inner, 1)
        row.addStretch(0)
        area = scrolled(ground, "Sign in", by_tab=False)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.places)
        whole.addWidget(area, 1)
