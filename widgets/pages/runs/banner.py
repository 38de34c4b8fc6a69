"""The line under the head of a run: whether it is a dry or a real one, or that another one is going on."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.actions.run_state import RunState
from app.store.store import Store
from widgets.look import metrics
from widgets.pages.runs import words
from widgets.pages.runs.check_button import CheckButton
from widgets.parts.button import Button
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import ElidedLabel, label, say
from widgets.parts.surface import Surface

_GROUND = "surface.window"


class Banner(Surface):
    """`show_button` leads to the run that goes on, `check_button` to what is to be checked."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(_GROUND, "b", parent)
        self.setFixedHeight(metrics.px(28))
        self._kind = GlyphLabel("blocked", "", "small", "primary", 600, under=_GROUND)
        self.words = ElidedLabel("", "small", "secondary")
        self.show_button = Button("Show it", "link", small=True)
        self.browser = label("", "small", "tertiary")
        self.check_button = CheckButton(store)
        line = QHBoxLayout(self)
        line.setContentsMargins(metrics.px(16), 0, metrics.px(16), 1)
        line.setSpacing(metrics.px(8))
        line.addWidget(self._kind)
        line.addWidget(self.words, 1)
        line.addWidget(self.show_button)
        line.addWidget(self.browser)
        line.addWidget(self.check_button)

    def show_browser(self, state: RunState | None) -> None:
        """Name the browser of the run that is shown; None for none."""
        say(self.browser, words.browser_words(state) if state is not None else "")

    def show_kind(self, run: RunState, *, shown: bool, dry: bool) -> None:
        """`run`: what goes on, or ended last; `shown`: it is that of what is chosen; `dry`: the next one would be."""
        elsewhere = run.going_on and not shown
        self.show_button.setVisible(elsewhere)
        if elsewhere:
            self._kind.say("A run is going on.", "running", "primary")
            self.words.say(f"{run.directory} for {run.business}")
        elif run.dry if run.going_on else dry:
            self._kind.say("Dry run.", "blocked", "primary")
            self.words.say(words.DRY_WORDS)
        else:
            self._kind.say("Real run.", "send", "primary")
            self.words.say(words.REAL_WORDS)
