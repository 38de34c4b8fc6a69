"""The browser that runs here are made with: which it is, and fetching one with its progress."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.actions.browser_fetch import BrowserActs, Fetching, amount, start_fetch
from app.actions.registry import FETCH_BROWSER
from widgets.look import metrics
from widgets.parts.bar import BarView
from widgets.parts.button import Button
from widgets.parts.cell import Bar
from widgets.parts.label import label, say, tip

_NONE = "No Chrome, Edge or Chromium is on this computer: runs here need one."


class BrowserLine(QWidget):
    """`frame` shows what is so now."""

    def __init__(self, acts: BrowserActs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._acts = acts
        self._seen = (-1, "")
        self.path = label("", "mono", selectable=True, wrap=True)
        self.none = label("", tone="secondary", wrap=True)
        self.words = label("", "small", "failed", wrap=True)
        self.fetch_button = Button(FETCH_BROWSER.label, icon=FETCH_BROWSER.icon, small=True)
        self.fetch_button.clicked.connect(lambda: start_fetch(acts))
        self.cancel_button = Button("Cancel", small=True)
        self.cancel_button.clicked.connect(acts.cancel)
        self.bar = BarView()
        self.bar.setFixedWidth(metrics.px(160))
        self.amount = label("", "small", "secondary")
        self._going = QWidget()
        row = QHBoxLayout(self._going)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(metrics.px(8))
        for part in (self.bar, self.amount, self.cancel_button):
            row.addWidget(part)
        row.addStretch(1)
        offer = QHBoxLayout()
        offer.addWidget(self.fetch_button)
        offer.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(metrics.px(6))
        column.addWidget(self.path)
        column.addWidget(self.none)
        column.addWidget(self.words)
        column.addWidget(self._going)
        column.addLayout(offer)

    def frame(self) -> None:
        """Show what is so now."""
        acts, why = self._acts, self._acts.why_not()
        if (acts.version, why) == self._seen:
            return
        self._seen = (acts.version, why)
        state, path = acts.state, acts.path
        going = state.phase == "fetching"
        say(self.path, path or "")
        say(self.none, _NONE if acts.looked else "Looking")
        self.path.setVisible(path is not None)
        self.none.setVisible(path is None)
        say(self.words, state.words)
        self.words.setVisible(state.phase == "failed")
        self._going.setVisible(going)
        if going:
            self._show_progress(state)
        # What is installed, or named in BROWSER_PATH, comes first: a fetched one would not be used.
        self.fetch_button.setVisible(acts.looked and path is None and not going)
        self.fetch_button.set_off(why)
        if not why:
            tip(self.fetch_button, FETCH_BROWSER.words)

    def _show_progress(self, state: Fetching) -> None:
        self.bar.show_bar(Bar((("send", state.done),) if state.total else (), max(state.total, 1)))
        say(self.amount, amount(state))
