"""Settings: the environment with its safety level, the sign-in, the lock, the list of environments, the data folder."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.actions.preferences import MINUTES
from app.desk import Desk
from services.domain.environments import Environment
from widgets.look import metrics, theme
from widgets.pages.settings.browser import BrowserLine
from widgets.pages.settings.captchas import CaptchaLine
from widgets.parts.button import Button
from widgets.parts.head import PageHead
from widgets.parts.label import ElidedLabel, label, say
from widgets.parts.scrolled import scrolled
from widgets.parts.segments import Segments
from widgets.parts.surface import Hairline, Surface

_SAFETY: Final = {
    "local": "Green frame. One item needs no question; many ask for a reason, above 50 for the environment's name.",
    "staging": "Blue frame. One item needs no question; many ask for a reason, above 50 for the environment's name.",
    "production": "Red frame. What sends or changes something asks first, for a reason and for the environment's name.",
}


class SettingsPage(Surface):
    """`opening` tells the id of the environment to open; `elsewhere` that the sign-in is wanted."""

    opening = Signal(str)
    elsewhere = Signal()
    signing_out = Signal()
    locking = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__("surface.page", parent=parent)
        self._desk = desk
        self._shown: object = None
        self.kept = label("", wrap=True)
        self.who = label("")
        self.trouble = label("", "small", "failed", wrap=True)
        # Somebody may have written another number into the file.
        offered = sorted({*MINUTES, desk.preferences.minutes} - {0})
        self.minutes = Segments([(f"{minutes:g}", f"{minutes:g} min") for minutes in offered])
        self.minutes.chosen.connect(lambda key: desk.preferences.set_minutes(float(key)))
        self.lock_button = Button("Lock now", icon="lock", small=True)
        self.lock_button.clicked.connect(self.locking)
        self.out_button = Button("Sign out", small=True)
        self.out_button.clicked.connect(self.signing_out)
        self.elsewhere_button = Button("Add or change…", small=True)
        self.elsewhere_button.clicked.connect(self.elsewhere)
        self.open_buttons: dict[str, Button] = {}
        self.browser = BrowserLine(desk.browsers)
        self.captchas = CaptchaLine(desk.captchas, desk.environment)
        self._list = QVBoxLayout()
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(0)
        self._lay_out()

    def frame(self) -> None:
        """Show what is so now; while nobody sees the page, wait."""
        if not self.isVisible():
            return
        self.browser.frame()
        self.captchas.frame()
        preferences = self._desk.preferences
        seen = (self._desk.role, preferences.kept_where(), preferences.environments, preferences.minutes,
                preferences.trouble)  # fmt: skip
        if seen != self._shown:
            self._shown = seen
            say(self.who, f"{self._desk.who}, {self._desk.role or 'no role'}")
            say(self.kept, preferences.kept_where(), "stale" if preferences.in_memory else "secondary")
            say(self.trouble, preferences.trouble)
            self.trouble.setVisible(bool(preferences.trouble))
            if not preferences.fixed:
                self.minutes.choose(f"{preferences.minutes:g}")
            self._show_list(preferences.environments)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._shown = None
        self.frame()

    def _show_list(self, environments: tuple[Environment, ...]) -> None:
        while self._list.count():
            taken = self._list.takeAt(0)
            gone = taken.widget() if taken is not None else None
            if gone is not None:
                gone.hide()
                gone.deleteLater()
        self.open_buttons = {}
        if self._desk.preferences.given:
            self._list.addWidget(
                label(
                    "SUPABASE_URL in the environment or .env names the project: unset it to choose here.",
                    tone="secondary",
                    wrap=True,
                )
            )
            return
        self._add("", "This computer", "local", "Local stack with practice data")
        for one in environments:
            host = urlsplit(one.url).hostname or ""
            self._add(one.id, one.name, one.kind, f"{host}, {one.email}" if one.email else host)

    def _add(self, key: str, name: str, kind: str, under: str) -> None:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, metrics.px(8), metrics.px(4), metrics.px(8))
        line.setSpacing(metrics.px(12))
        words = QVBoxLayout()
        words.setSpacing(metrics.px(2))
        words.addWidget(ElidedLabel(name, weight=600))
        words.addWidget(ElidedLabel(f"{kind.capitalize()}. {under}", "small", "secondary"))
        line.addWidget(_Stripe(kind))
        line.addLayout(words, 1)
        if key == self._desk.preferences.current:
            line.addWidget(label("Open now", "small", "secondary"))
        else:
            button = self.open_buttons[key] = Button("Open", small=True)
            button.clicked.connect(lambda _=False, key=key: self.opening.emit(key))
            line.addWidget(button)
        self._list.addWidget(row)
        self._list.addWidget(Hairline())

    def _lay_out(self) -> None:
        desk, preferences = self._desk, self._desk.preferences
        never = preferences.fixed or ""
        inner = QWidget()
        inner.setMaximumWidth(metrics.px(760))
        column = QVBoxLayout(inner)
        column.setContentsMargins(metrics.px(16), metrics.px(4), metrics.px(16), metrics.px(16))
        column.setSpacing(0)
        column.addLayout(_section("Environment"))
        column.addLayout(_line("Open now", label(desk.environment.capitalize(), weight=600)))
        column.addLayout(_line("Safety level", label(_SAFETY.get(desk.environment, _SAFETY["production"]), wrap=True)))
        column.addLayout(_section("Sign-in", self.out_button))
        column.addLayout(_line("Signed in", self.who))
        column.addLayout(_line("Kept", self.kept))
        column.addLayout(_section("Lock", *([] if preferences.minutes == 0 else [self.lock_button])))
        words = "The window is covered and acts are off; changes go on being read."
        if never:
            column.addLayout(_line("Without input", label(never, wrap=True)))
        else:
            column.addLayout(_line("Without input for", self.minutes))
            column.addLayout(_line("", label(words, "small", "secondary", wrap=True)))
        column.addWidget(self.trouble)
        column.addLayout(_section("Environments", *([] if preferences.given else [self.elsewhere_button])))
        column.addLayout(self._list)
        column.addLayout(_section("On this computer"))
        column.addLayout(_line("Browser for runs", self.browser))
        column.addLayout(_line("Captchas of runs", self.captchas))
        folder = label(str(desk.data_dir), "mono", selectable=True, wrap=True)
        column.addLayout(_line("Data folder", folder))
        most = f"At most {desk.runs.kept.most_bytes // 1_000_000:,} MB on this disk; the oldest runs go first."
        column.addLayout(_line("Pictures, logs, traces", label(most, wrap=True)))
        column.addStretch(1)
        ground = QWidget()
        row = QHBoxLayout(ground)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(inner, 1)
        row.addStretch(0)
        area = scrolled(ground, "Settings")
        self.setFocusProxy(area)  # no button: what Enter does here should be meant
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(PageHead("Settings"))
        whole.addWidget(area, 1)


class _Stripe(QWidget):
    """The colour of an environment."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._token = theme.environment_token(kind)
        self.setFixedSize(metrics.px(4), metrics.px(32))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.current().colour(self._token))
        painter.drawRoundedRect(self.rect(), 2, 2)
        painter.end()


def _section(title: str, *acts: Button) -> QVBoxLayout:
    """A heading with its acts at the right, a line below it."""
    row = QHBoxLayout()
    row.setContentsMargins(0, 0, metrics.px(4), 0)
    row.addWidget(label(title, "body", weight=600))
    row.addStretch(1)
    for act in acts:
        row.addWidget(act)
    column = QVBoxLayout()
    column.setContentsMargins(0, metrics.px(20), 0, metrics.px(4))
    column.setSpacing(metrics.px(6))
    column.addLayout(row)
    column.addWidget(Hairline())
    return column


def _line(name: str, part: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(0, metrics.px(6), 0, metrics.px(2))
    row.setSpacing(metrics.px(16))
    words = label(name, tone="secondary")
    words.setFixedWidth(metrics.px(140))
    row.addWidget(words, 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(part, 0 if isinstance(part, Segments) else 1, Qt.AlignmentFlag.AlignTop)
    if isinstance(part, Segments):
        row.addStretch(1)
    return row
