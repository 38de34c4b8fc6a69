"""The head of a page, 44 px, and the head of a panel, 36 px: words left, acts and "as of" right."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from widgets.look import metrics
from widgets.parts.label import ElidedLabel, label, say
from widgets.parts.pill import Pill
from widgets.parts.surface import Surface


class PageHead(Surface):
    """Title at the left; `add(widget)` puts parts behind it, `add_stretch()` pushes the rest to the right."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        """The title gives way when there is no room."""
        super().__init__("surface.page", "b", parent)
        self.setFixedHeight(metrics.px(metrics.PAGE_HEAD))
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(metrics.px(16), 0, metrics.px(12), 1)
        self._row.setSpacing(metrics.px(12))
        self.title = ElidedLabel(title, "title")
        self.title.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._row.addWidget(self.title, alignment=Qt.AlignmentFlag.AlignLeft)

    def add(self, part: QWidget, stretch: int = 0) -> None:
        """Put a widget behind the others."""
        self._row.addWidget(part, stretch)

    def add_stretch(self) -> None:
        """What follows stands at the right."""
        self._row.addStretch(1)

    def add_first(self, part: QWidget) -> None:
        """Put a widget before the title, such as the way back."""
        self._row.insertWidget(0, part)


class AsOf(QWidget):
    """ "as of 14:03:22" in small grey, or the stale pill once it is too old."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self._words = label("", "micro", "tertiary")
        self._pill = Pill("stale", "", small=True)
        self._pill.hide()
        row.addWidget(self._words)
        row.addWidget(self._pill)

    def show_time(self, words: str, *, stale: bool = False) -> None:
        """`words` such as "as of 14:03:22" or "as of 13:58:02, 5 min old"."""
        say(self._words, words)
        self._pill.show_status("stale", words)
        self._words.setVisible(not stale)
        self._pill.setVisible(stale)


class PanelHead(QWidget):
    """Title, a grey note, then whatever is added, "as of" at the right end."""

    def __init__(self, title: str, note: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(metrics.px(metrics.BAR))
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(metrics.px(16), 0, metrics.px(16), 0)
        self._row.setSpacing(metrics.px(8))
        self.as_of = AsOf()
        self._note = label(note, "small", "tertiary")
        self._row.addWidget(label(title, "body", weight=600))
        self._row.addWidget(self._note)
        self._row.addStretch(1)
        self._row.addWidget(self.as_of)

    def say_note(self, note: str) -> None:
        """Change the grey words behind the title."""
        say(self._note, note)

    def add(self, part: QWidget) -> None:
        """Put a widget behind the note, such as a legend."""
        self._row.insertWidget(self._row.count() - 2, part)

    def add_right(self, part: QWidget) -> None:
        """Put a widget at the right, before "as of"."""
        self._row.insertWidget(self._row.count() - 1, part)
