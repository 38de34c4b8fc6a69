"""What covers the window while it is locked: nothing can be seen or pressed before the person is back."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.actions.idle_lock import IdleLock
from widgets.look import icons, metrics
from widgets.parts.button import Button
from widgets.parts.field import Field
from widgets.parts.label import label, say
from widgets.parts.surface import Surface


class LockPage(Surface):
    """Lies over the whole window while `lock` is locked; `frame` looks whether it still is."""

    signing_out = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__("surface.window", parent=parent)
        self._lock: IdleLock | None = None
        self._seen = -1
        self._who = label("", "body", "secondary", wrap=True)
        self.password = Field("Password", secret=True)
        self.open_button = Button("Unlock", "primary")
        self.out_button = Button("Sign out", "quiet")
        self.password.entered.connect(self._unlock)
        self.password.changed.connect(lambda _: self._edited())
        self.open_button.clicked.connect(self._unlock)
        self.out_button.clicked.connect(self.signing_out)
        self._lay_out()
        self.hide()

    def guard(self, lock: IdleLock, who: str) -> None:
        """Cover the window whenever this lock is locked from now on."""
        self._lock, self._seen = lock, -1
        say(self._who, f"{who} is signed in, and the lists stay up to date. Type your password to open the window.")
        self.frame()

    def leave(self) -> None:
        """Nobody is signed in: there is nothing to cover."""
        self._lock = None
        self._uncover()

    def frame(self) -> bool:
        """Cover or uncover; whether the window is covered."""
        lock = self._lock
        if lock is None:
            return False
        if lock.version != self._seen:
            self._seen = lock.version
            if lock.locked:
                self._cover(lock)
            else:
                self._uncover()
        return lock.locked

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.accept()  # nothing under the cover hears a key

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        size, at = metrics.px(24), self._card.geometry()
        icons.paint(painter, "lock", at.x(), at.y() - size - metrics.px(8), "text.secondary", size)
        painter.end()

    def _cover(self, lock: IdleLock) -> None:
        # What is asked again by itself keeps its words: they would flicker.
        state = "unsure" if lock.unsure else "asking" if lock.trying else "wrong" if lock.said else ""
        self.password.say(state, lock.said)
        self._show_acts()
        if self.isHidden():
            above = self.parentWidget()
            if above is not None:
                self.setGeometry(above.rect())
            self.show()
            self.raise_()
            self.password.box.setFocus(Qt.FocusReason.OtherFocusReason)
        elif state == "wrong":
            self.password.box.selectAll()

    def _uncover(self) -> None:
        self.password.put("")
        self.password.say("", "")
        self.hide()

    def _edited(self) -> None:
        if self._lock is not None:
            self._lock.give_up()
        self._show_acts()

    def _show_acts(self) -> None:
        trying = self._lock is not None and self._lock.trying
        self.open_button.set_off(
            "It is being tried." if trying else "" if self.password.text() else "Type your password."
        )

    def _unlock(self) -> None:
        if self._lock is not None and self.password.text():
            self._lock.unlock(self.password.text())

    def _lay_out(self) -> None:
        self._card = QWidget()
        self._card.setFixedWidth(metrics.px(360))
        column = QVBoxLayout(self._card)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(metrics.px(8))
        column.addWidget(label("This window is locked", "title"))
        column.addWidget(self._who)
        column.addSpacing(metrics.px(4))
        column.addWidget(self.password)
        acts = QHBoxLayout()
        acts.setContentsMargins(0, metrics.px(4), metrics.px(4), 0)
        acts.setSpacing(metrics.px(8))
        acts.addWidget(self.open_button)
        acts.addStretch(1)
        acts.addWidget(self.out_button)
        column.addLayout(acts)
        row = QHBoxLayout(self)
        row.addStretch(1)
        row.addWidget(self._card, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addStretch(1)
