"""The form of a project that one signs in to; each field says what is known of it while one types."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.actions.sign_in import SignInActs
from services.domain.environments import Draft, Field, Kind
from widgets.look import metrics
from widgets.parts import field
from widgets.parts.button import Button
from widgets.parts.label import label
from widgets.parts.segments import Segments

_KINDS: Final[tuple[tuple[Kind, str], ...]] = (
    ("production", "Production"), ("staging", "Staging"), ("local", "Local"),
)  # fmt: skip
_SAFETY: Final[dict[Kind, str]] = {
    "production": "Red frame. Every act asks first, and for the environment's name.",
    "staging": "Blue frame. Acts on more than one item ask first.",
    "local": "Green frame. Only for a project that runs on this computer.",
}


class Form(QWidget):
    """`show_draft` fills it; what people type goes to the acts."""

    kind_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._acts: SignInActs | None = None
        self._id = ""
        self._dead_letters = ""
        self.kind = Segments(_KINDS)
        self._kind_part = QWidget()
        self._safety = label("", "small", "secondary")
        self.fields: dict[Field, field.Field] = {
            "url": field.Field(
                "Project address",
                placeholder="https://abcd.supabase.co",
                help_words="In the Supabase dashboard: Project Settings, Data API.",
            ),
            "key": field.Field(
                "Publishable key",
                placeholder="sb_publishable_…",
                help_words="In the Supabase dashboard: Project Settings, API Keys. Never a secret one.",
            ),
            "email": field.Field("E-mail", placeholder="you@company.example"),
            "password": field.Field("Password", secret=True, help_words="The sign-in is kept, the password never."),
            "queue": field.Field(
                "Queue address (optional)",
                placeholder="https://sqs.us-east-2.amazonaws.com/…/DirectoryBolt",
                help_words="For the dead letters. They need an AWS sign-in on this computer too.",
            ),
            "name": field.Field("Name in this list (optional)", placeholder="Such as Main project"),
        }
        self.enter_button = Button("Sign in", "primary")
        self.enter_button.clicked.connect(self._enter)
        self.remove_button = Button("Remove from the list…", "quiet")
        for part in self.fields.values():
            part.changed.connect(self._typed)
            part.entered.connect(self._enter)
        for name in ("email", "password"):
            self.fields[name].left.connect(lambda: QTimer.singleShot(0, self, self._left))
        self.kind.chosen.connect(self._kind_chosen)
        self._lay_out()

    def show_acts(self, acts: SignInActs) -> None:
        """Take what stands in the draft of these acts; what people type goes to them from now on."""
        self._acts = acts
        draft = acts.draft
        self._id, self._dead_letters = draft.id, draft.dead_letters
        for name, part in self.fields.items():
            part.put(getattr(draft, name))
            fixed = acts.fixed.get(name, "")
            part.fix(f"Set by {fixed} in the environment or .env." if fixed else "")
        self.kind.choose(draft.kind)
        given = "url" in acts.fixed
        self._kind_part.setVisible(not given)
        for name in ("queue", "name"):
            self.fields[name].setVisible(not given)
        self.show_said()

    def show_said(self) -> None:
        """What is known of the fields now."""
        acts = self._acts
        if acts is None:
            return
        for name, part in self.fields.items():
            said = acts.said.get(name)
            part.say(said.state if said else "", said.words if said else "")
        self._safety.setText(_SAFETY[acts.draft.kind])
        self.enter_button.set_off(acts.why_not_enter())
        self.remove_button.setVisible(bool(acts.draft.id))

    def forget_password(self) -> None:
        """Somebody is in: nothing secret stays behind."""
        self.fields["password"].put("")

    def take_cursor(self) -> None:
        """Put the cursor where the first thing is missing."""
        wanted: tuple[Field, ...] = ("url", "key", "email", "password")
        free = [self.fields[name] for name in wanted if self.fields[name].box.isEnabled()]
        empty = next((part for part in free if not part.text()), free[-1] if free else self.enter_button)
        empty.setFocus(Qt.FocusReason.OtherFocusReason)

    def _typed(self) -> None:
        if self._acts is not None:
            self._acts.edit(self._draft())

    def _draft(self) -> Draft:
        typed = {name: part.text() for name, part in self.fields.items()}
        kind: Kind = next(kind for kind, _ in _KINDS if kind == self.kind.current())
        return Draft(self._id, kind=kind, dead_letters=self._dead_letters, **typed)

    def _kind_chosen(self, kind: str) -> None:
        self._typed()
        self.kind_chosen.emit(kind)

    def _left(self) -> None:
        """Try the person once they went on to another field; the button tries by itself."""
        now = QApplication.focusWidget()
        if self._acts is not None and any(now is part.box for part in self.fields.values()):
            self._acts.try_person()

    def _enter(self) -> None:
        if self._acts is not None:
            self._acts.enter()

    def _lay_out(self) -> None:
        kind = QVBoxLayout(self._kind_part)
        kind.setContentsMargins(0, 0, 0, 0)
        kind.setSpacing(metrics.px(4))
        kind.addWidget(label("Kind", "small", "secondary", 500))
        kind.addWidget(self.kind)
        kind.addWidget(self._safety)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(metrics.px(16))
        grid.setVerticalSpacing(metrics.px(14))
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self._kind_part, 0, 0, 1, 2)
        places: tuple[tuple[Field, int, int, int], ...] = (
            ("url", 1, 0, 2), ("key", 2, 0, 2), ("email", 3, 0, 1), ("password", 3, 1, 1),
            ("queue", 4, 0, 2), ("name", 5, 0, 2),
        )  # fmt: skip
        for name, row, column, span in places:
            grid.addWidget(self.fields[name], row, column, 1, span, Qt.AlignmentFlag.AlignTop)
        acts = QHBoxLayout()
        acts.setContentsMargins(0, metrics.px(8), 0, 0)
        acts.setSpacing(metrics.px(12))
        acts.addWidget(self.enter_button)
        acts.addStretch(1)
        acts.addWidget(self.remove_button)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(metrics.px(12))
        whole.addLayout(grid)
        whole.addLayout(acts)
