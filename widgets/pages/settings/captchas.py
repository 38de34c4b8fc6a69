"""2Captcha on the Settings page: whether an admin allows it, where its key is, and changing both."""

from __future__ import annotations

from typing import Final

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.actions.captchas import CaptchaActs, start_allow, start_set_key, why_no_key
from app.actions.confirming import typed
from app.actions.registry import CAPTCHA_KEY
from services.domain.times import to_iso
from widgets.look import metrics
from widgets.parts.button import Button
from widgets.parts.field import Field
from widgets.parts.label import label, say, tip
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface, ground_of

_KEYS: Final = {
    "unknown": "Whether this computer has a key isn't known.",
    "": "No key on this computer: captchas of runs here are left to people.",
    "environment": "Key from TWO_CAPTCHA_API_KEY.",
    "keyring": "Key in this computer's keyring.",
    "memory": "Key in memory, until the program ends.",
}


class CaptchaLine(Surface):
    """`frame` shows what is so now."""

    def __init__(self, acts: CaptchaActs, environment: str, parent: QWidget | None = None) -> None:
        super().__init__("surface.page", parent=parent)
        self._acts = acts
        self._environment = environment
        self._seen: object = None
        self.words = label("", wrap=True)
        self.key_words = label("", "small", "secondary", wrap=True)
        self.trouble = label("", "small", "failed", wrap=True)
        self.allow_button = Button(acts.act().label + "…", small=True)
        self.allow_button.clicked.connect(self._ask_allow)
        self.key_button = Button("Set key…", small=True)
        self.key_button.clicked.connect(self._ask_key)
        self.forget_button = Button("Forget key", "link", small=True)
        self.forget_button.clicked.connect(lambda: start_set_key(acts, ""))
        row = QHBoxLayout()
        row.setSpacing(metrics.px(8))
        for button in (self.allow_button, self.key_button, self.forget_button):
            row.addWidget(button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(metrics.px(6))
        for part in (self.words, self.key_words, self.trouble):
            column.addWidget(part)
        column.addLayout(row)

    def frame(self) -> None:
        """Show what is so now."""
        acts = self._acts
        seen = (acts.version, acts.why_not(), acts.why_not_key())
        if seen == self._seen:
            return
        self._seen = seen
        say(self.words, _words(acts))
        say(self.key_words, _KEYS[acts.kept])
        say(self.trouble, acts.trouble)
        self.trouble.setVisible(bool(acts.trouble))
        self.allow_button.say(acts.act().label + "…")
        self.forget_button.setVisible(acts.kept in ("keyring", "memory"))
        for button, why, words in (
            (self.allow_button, acts.why_not(), acts.act().words),
            (self.key_button, acts.why_not_key(), CAPTCHA_KEY.words),
            (self.forget_button, acts.why_not_key(), ""),
        ):
            button.set_off(why)
            tip(button, why or words)

    def _ask_allow(self) -> None:
        acts = self._acts
        if acts.why_not():
            return
        allowed = not (acts.permission is not None and acts.permission.allowed)
        sheet = ConfirmSheet(
            ground_of(self),
            f"{acts.act().label} 2Captcha in {self._environment.upper()}",
            "Runs and workers that have a key then send captchas there: the picture, or the key of the widget and the "
            "address of the page, and no data of a customer. Each answer costs about $0.001 to $0.003."
            if allowed
            else "Captchas are left to people again, from the next run on.",
            acts.act().label,
            reason=True,
            typed=typed(1, self._environment),
            foot="Written to the audit",
        )
        sheet.confirmed.connect(lambda reason: start_allow(acts, allowed, reason))

    def _ask_key(self) -> None:
        if self._acts.why_not_key():
            return
        box = Field("Key", secret=True, help_words="It stands on 2captcha.com, in the dashboard, as API key.")
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(metrics.px(20), metrics.px(14), metrics.px(20), metrics.px(14))
        column.addWidget(box)
        sheet = ConfirmSheet(
            ground_of(self), "Key of the 2Captcha account", "For runs on this computer.", "Keep it",
            inside=inside, stops=(box.box,), foot="Kept in the keyring of this computer",
        )  # fmt: skip
        sheet.hold("Type or paste the key.")
        box.changed.connect(lambda text: sheet.hold(why_no_key(text) if text.strip() else "Type or paste the key."))
        sheet.confirmed.connect(lambda _: start_set_key(self._acts, box.text()))
        box.box.setFocus()


def _words(acts: CaptchaActs) -> str:
    permission = acts.permission
    if permission is None:
        return "Whether 2Captcha may be asked isn't known."
    if not permission.by:
        return "2Captcha is not allowed: no admin has said so."
    said = f"{permission.by} said so{f' on {to_iso(permission.at)[:10]}' if permission.at else ''}"
    reason = f", for: {permission.reason}" if permission.reason else ""
    return f"2Captcha is {'allowed' if permission.allowed else 'not allowed'}: {said}{reason}."
