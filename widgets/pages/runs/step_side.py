"""The column of a run's steps: how far it is, the steps, and what stands there while there are none."""

from __future__ import annotations

import time

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.actions.run_state import RunState
from widgets.look import metrics
from widgets.pages.runs import words
from widgets.pages.runs.steps import StepList
from widgets.parts.faces import Faces
from widgets.parts.label import label, say
from widgets.parts.surface import Surface


class StepSide(Surface):
    """`list` shows the steps, `note` how far the run is; `add` puts a button at the right end of its head."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("surface.page", "r", parent)
        self.note = label("", "small", "tertiary")
        self.list = StepList()
        self.faces = Faces(self.list)
        head = Surface("surface.page", "b")
        head.setFixedHeight(metrics.px(metrics.BAR))
        self._head = QHBoxLayout(head)
        self._head.setContentsMargins(metrics.px(16), 0, metrics.px(16), 1)
        self._head.setSpacing(metrics.px(8))
        self._head.addWidget(label("Steps", weight=600))
        self._head.addWidget(self.note)
        self._head.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 1, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addWidget(self.faces, 1)

    def add(self, part: QWidget) -> None:
        """Put a widget at the right end of the head."""
        self._head.addWidget(part)

    def show_run(self, state: RunState | None) -> None:
        """Show the steps of a run; None while there is no run of what is chosen."""
        held = state.held.index if state is not None and state.held is not None else -1
        self.list.show_steps(state.steps if state is not None else (), held)
        self._show_face(state)
        self.show_note(state)

    def show_note(self, state: RunState | None) -> None:
        """Say how far it is; times move on even when nothing happens."""
        say(self.note, words.progress(state, time.time()) if state is not None else "")

    def _show_face(self, state: RunState | None) -> None:
        if state is None:
            self.faces.show_face("No run yet.", "Choose a job and a directory, then press Run.")
        elif state.steps:
            self.faces.show_content()
        elif state.going_on:
            self.faces.show_face("Brain is making the plan.", shape="running")
        else:
            self.faces.show_face("It ended before the first step.", state.words, shape="failed")
