"""One line of a form: its name, the box to type in, and what is known of it underneath.

field = Field("Project address", placeholder="https://abcd.supabase.co")
field.changed.connect(...)     # whenever another text stands in it
field.left.connect(...)        # the cursor went elsewhere, or Enter was pressed
field.say("wrong", "It is no web address.")
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from widgets.look import fonts, metrics
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import label, say

_SHAPES: Final = {"asking": "running", "ok": "ok", "wrong": "failed", "unsure": "stale"}
_TONES: Final = {"wrong": "failed", "unsure": "stale"}


class Field(QWidget):
    """`help_words` stand underneath as long as nothing else is said."""

    changed = Signal(str)
    left = Signal()
    entered = Signal()

    def __init__(
        self,
        name: str,
        *,
        placeholder: str = "",
        help_words: str = "",
        secret: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._help = help_words
        self._name = name
        self.box = _Box()
        self.box.setFont(fonts.font("body"))
        self.box.setMaxLength(2000)
        self.box.setPlaceholderText(placeholder)
        self.box.setAccessibleName(name)
        if secret:
            self.box.setEchoMode(QLineEdit.EchoMode.Password)
        self.box.textChanged.connect(self.changed)
        self.box.left.connect(self.left)
        self.box.returnPressed.connect(self.entered)
        self._mark = GlyphLabel("", "", "small")
        self._words = label("", "small", "secondary", wrap=True)
        under = QHBoxLayout()
        under.setContentsMargins(0, 0, 0, 0)
        under.setSpacing(metrics.px(6))
        under.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        under.addWidget(self._words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(metrics.px(4))
        column.addWidget(label(name, "small", "secondary", 500))
        column.addWidget(self.box)
        column.addLayout(under)
        self.setFocusProxy(self.box)
        self.say("", "")

    def text(self) -> str:
        """What is typed."""
        return self.box.text()

    def put(self, text: str) -> None:
        """Let another text stand in it without telling anybody."""
        if text != self.box.text():
            self.box.blockSignals(True)
            self.box.setText(text)
            self.box.blockSignals(False)

    def fix(self, why: str) -> None:
        """Switch the box off with the reason; "" switches it on."""
        self.box.setReadOnly(bool(why))
        self.box.setEnabled(not why)
        if why:
            self._help = why
            self.say("", "")

    def say(self, state: str, words: str) -> None:
        """What is known: "" nothing, asking, ok, wrong or unsure, with a sentence."""
        if state == "asking" and not words:
            words = "Asking…"
        self._mark.say("", _SHAPES.get(state, ""), None)
        self._mark.setVisible(bool(state))
        say(self._words, words or self._help, _TONES.get(state, "secondary"))
        self._words.setVisible(bool(words or self._help))
        wrong = "true" if state == "wrong" else "false"
        if self.box.property("wrong") != wrong:
            self.box.setProperty("wrong", wrong)
            self.box.style().unpolish(self.box)
            self.box.style().polish(self.box)
        self.box.setAccessibleDescription(words or self._help)

    def said(self) -> str:
        """The words underneath."""
        return self._words.text() if not self._words.isHidden() else ""


class _Box(QLineEdit):
    left = Signal()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason):
            self.left.emit()
