"""Why the console can't open, and what to do: a row for each setting that is missing or wrong.

page = ProblemPage(); page.show_problem("The sign-in was refused.", "", "AuthApiError: ...", rows)
page.try_again.connect(...)
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from services.domain.errors import SettingProblem
from widgets.look import fonts, metrics
from widgets.parts.button import Button
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import label, raw_words, say
from widgets.parts.scrolled import scrolled
from widgets.parts.surface import Hairline, Surface


class ProblemPage(Surface):
    """One sentence, what to do, a row for each setting, and a button that reads the settings again."""

    try_again = Signal()
    elsewhere = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("surface.page", parent=parent)
        self._shape = GlyphLabel("failed")
        self._title = label("", "title")
        self._hint = label("", "body", "secondary", wrap=True)
        self.rows: list[SettingProblem] = []
        """The settings that are shown."""
        self._list = QVBoxLayout()
        self._list.setContentsMargins(0, metrics.px(12), 0, 0)
        self._list.setSpacing(0)
        self.button = Button("Try again", "primary", icon="refresh-cw")
        self.button.clicked.connect(self.try_again)
        self.elsewhere_button = Button("")
        self.elsewhere_button.clicked.connect(self.elsewhere)
        self._reads = label("The settings are read anew each time.", "small")
        self._raw_button = Button("Raw text", "quiet", icon="chevron-right", small=True)
        self._raw = QPlainTextEdit()
        self._raw.setAccessibleName("Raw text")
        self._raw.setReadOnly(True)
        self._raw.setFont(fonts.font("mono"))
        self._raw.setFixedHeight(metrics.px(120))
        self._raw_button.clicked.connect(lambda: self._raw.setVisible(self._raw.isHidden()))
        self._lay_out()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFocusProxy(self.button)

    def show_problem(
        self, sentence: str, hint: str, raw: str, settings: Sequence[SettingProblem], elsewhere: str = ""
    ) -> None:
        """Show a problem in place of the one before; `elsewhere`: words of a second button, "" for none."""
        self.elsewhere_button.say(elsewhere)
        self.elsewhere_button.setVisible(bool(elsewhere))
        say(self._title, sentence)
        say(self._hint, hint)
        self._hint.setVisible(bool(hint))
        self._raw_button.setVisible(bool(raw))
        self._raw.setPlainText(raw_words(raw))
        self._raw.hide()
        self._reads.setVisible(bool(settings))
        if list(settings) != self.rows:
            self.rows = list(settings)
            self._show_rows()

    def words(self) -> str:
        """All that the page says, raw text left out."""
        rows = [" ".join(row) for row in self.rows]
        return " ".join(part for part in (self._title.text(), self._hint.text(), *rows) if part)

    def _show_rows(self) -> None:
        while self._list.count():
            taken = self._list.takeAt(0)
            gone = taken.widget() if taken is not None else None
            if gone is not None:
                gone.hide()
                gone.deleteLater()
        for row in self.rows:
            self._list.addWidget(Hairline())
            self._list.addWidget(_Row(row))
        if self.rows:
            self._list.addWidget(Hairline())

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(metrics.px(8))
        head.addWidget(self._shape)
        head.addWidget(self._title, 1)
        acts = QHBoxLayout()
        acts.setContentsMargins(0, metrics.px(16), 0, 0)
        acts.setSpacing(metrics.px(12))
        acts.addWidget(self.button)
        acts.addWidget(self.elsewhere_button)
        acts.addWidget(self._reads)
        acts.addStretch(1)
        acts.addWidget(self._raw_button)
        self._reads.setProperty("tone", "tertiary")
        inner = QWidget()
        inner.setMaximumWidth(metrics.px(880))
        column = QVBoxLayout(inner)
        column.setContentsMargins(metrics.px(32), metrics.px(32), metrics.px(32), metrics.px(32))
        column.setSpacing(metrics.px(4))
        column.addLayout(head)
        column.addWidget(self._hint)
        column.addLayout(self._list)
        column.addLayout(acts)
        column.addWidget(self._raw)
        column.addStretch(1)
        ground = QWidget()
        row = QHBoxLayout(ground)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(inner, 1)
        row.addStretch(0)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scrolled(ground, "What is wrong", by_tab=False))


class _Row(QWidget):
    """Name on the left; what is wrong, why it is needed and how to set it on the right."""

    def __init__(self, problem: SettingProblem) -> None:
        super().__init__()
        self.setAccessibleName(f"{problem.name}: {problem.wrong}")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, metrics.px(10), 0, metrics.px(10))
        grid.setHorizontalSpacing(metrics.px(16))
        grid.setVerticalSpacing(metrics.px(2))
        grid.setColumnMinimumWidth(0, metrics.px(232))
        grid.setColumnStretch(1, 1)
        grid.addWidget(label(problem.name, "mono", selectable=True), 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(label(problem.wrong, "body", "failed", 500, wrap=True), 0, 1)
        grid.addWidget(label(problem.why, "small", "secondary", wrap=True), 1, 1)
        grid.addWidget(label(problem.how, "small", "primary", wrap=True, selectable=True), 2, 1)
