"""The trace of a run: whether the next one keeps one, and the one that is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.actions.run_state import RunState
from app.store.lines import DirectoryLine
from services.domain.errors import ConsoleError
from widgets.look import metrics
from widgets.pages.runs.words import size
from widgets.parts.button import Button
from widgets.parts.check_box import CheckBox
from widgets.parts.label import label, say, tip
from widgets.parts.link import open_page

PRIVATE: Final = (
    "Each step with the page before and after it. It holds what is typed, passwords too: it stays on this computer."
)


class TraceRow(QWidget):
    """`wanted` for the next run; `address_of` gives the page that shows the trace of a path, or raises ConsoleError."""

    def __init__(self, title_width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path = ""
        self._for = ("", "")
        self.address_of: Callable[[str], str] | None = None
        self.keep = CheckBox("Keep a trace of the next run")
        tip(self.keep, PRIVATE)
        self.words = label("—", tone="tertiary")
        self.open_button = Button("Open", "link", small=True, tip=f"Show it in the browser. {PRIVATE}")
        self.open_button.clicked.connect(self._open)
        self.problem = label("", "small", "failed", wrap=True)
        title = label("Trace", "small", "tertiary")
        title.setFixedWidth(title_width)
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(metrics.px(12))
        line.addWidget(title)
        line.addWidget(self.words)
        line.addWidget(self.open_button)
        line.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(metrics.px(6))
        column.addLayout(line)
        column.addWidget(self.problem)
        column.addWidget(self.keep)
        self._say_problem("")
        self.show_run(None)

    def suggest(self, job_id: str, line: DirectoryLine | None) -> None:
        """Tick the box where the last try failed; a person's own choice stays until another directory is chosen."""
        about = (job_id, line.host if line is not None else "")
        if about != self._for:
            self._for = about
            self.keep.setChecked(line is not None and line.outcome == "failed")

    def wanted(self) -> bool:
        """Whether the next run is to keep one."""
        return self.keep.isChecked()

    def show_run(self, state: RunState | None) -> None:
        """Show whether there is one; None while there is no run of what is chosen."""
        path = state.trace if state is not None else ""
        if path != self._path:
            self._say_problem("")
        self._path = path
        say(self.words, f"kept, {size(state.trace_bytes)}" if state is not None and path else "—")
        self.open_button.setVisible(bool(path))

    def _open(self) -> None:
        if self.address_of is None:
            return
        try:
            open_page(self.address_of(self._path))
        except ConsoleError as error:
            self._say_problem(str(error))
        else:
            self._say_problem("")

    def _say_problem(self, words: str) -> None:
        say(self.problem, words)
        self.problem.setVisible(bool(words))
