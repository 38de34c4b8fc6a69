"""What a panel shows while it has no rows to show, each face saying which kind of nothing it is.

faces = Faces(table)
faces.show_content()
faces.show_face("No dead letters.", "The queue was scanned twice and gave nothing.")
faces.show_face("The database did not answer within 10 s.", "Lists show what was read at 14:01.",
                shape="failed", act="Try again", raw="...")
faces.show_loading()      # grey bars, after 200 ms
faces.show_unread("not_permitted", "This sign-in may not read it.", "")   # bars, or why nothing was read yet
faces.pressed.connect(...)  # the act's button
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QPlainTextEdit, QStackedWidget, QVBoxLayout, QWidget

from widgets.look import fonts, metrics, theme
from widgets.parts.button import Button
from widgets.parts.first_focus import first_of
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import label, raw_words, say
from widgets.parts.surface import Surface

_BARS: Final = ((14, 120, 60), (14, 150, 44), (14, 104, 52), (14, 136, 60), (14, 92, 40))


class Faces(QStackedWidget):
    """The content, or a face in its place."""

    pressed = Signal()

    def __init__(self, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._content = content
        self._face: _Face | None = None  # most panels never show one, and making one takes a millisecond or two
        self._loading = _Loading()
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(200)
        self._wait.timeout.connect(lambda: self.setCurrentWidget(self._loading))
        for part in (content, self._loading):
            self.addWidget(part)

    def show_content(self) -> None:
        """Show what the panel is for."""
        self._wait.stop()
        waits = QApplication.focusWidget()
        self.setCurrentWidget(self._content)
        if isinstance(waits, QStackedWidget) and waits.isAncestorOf(self):
            # What the page wants to have the keyboard couldn't have it before.
            page = waits.currentWidget()
            wanted = first_of(page) if page is not None else self._content
            if wanted.isVisible() and (wanted is self._content or self._content.isAncestorOf(wanted)):
                wanted.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_face(self, title: str, sentence: str = "", *, shape: str = "", act: str = "", raw: str = "") -> None:
        """`title`: one sentence; `sentence`: what to do or how it is; `act`: a button's words; `raw`: folded text."""
        self._wait.stop()
        if self._face is None:
            self._face = _Face()
            self._face.act.clicked.connect(self.pressed)
            self.addWidget(self._face)
        self._face.show_words(title, sentence, shape, act, raw)
        self.setCurrentWidget(self._face)

    def show_loading(self) -> None:
        """Grey bars in the shape of rows, once it takes longer than 200 ms."""
        if self.currentWidget() is not self._loading and not self._wait.isActive():
            self._wait.start()

    def show_unread(self, kind: str, problem: str, hint: str) -> None:
        """Nothing was read yet: what stands in the way, in the words of the table's state; bars while `kind` is ""."""
        if kind:
            self.show_face(problem, hint, shape="blocked" if kind == "not_permitted" else "failed")
        else:
            self.show_loading()

    def face_words(self) -> str:
        """The title of the face that is shown, "" while content or bars are."""
        face = self._face
        return face.title.text() if face is not None and self.currentWidget() is face else ""


class _Face(Surface):
    def __init__(self) -> None:
        super().__init__("surface.page")
        self._glyph = GlyphLabel("failed")
        self.title = label("", "body", weight=600, wrap=True)
        self._sentence = label("", "small", "secondary", wrap=True)
        self.act = Button("", small=True)
        self._raw_button = Button("Raw text", "quiet", icon="chevron-right", small=True)
        self._raw = QPlainTextEdit()
        self._raw.setAccessibleName("Raw text")
        self._raw.setReadOnly(True)
        self._raw.setFont(fonts.font("mono"))
        self._raw.setFixedHeight(metrics.px(120))
        self._raw_button.clicked.connect(lambda: self._raw.setVisible(self._raw.isHidden()))
        head = QHBoxLayout()
        head.setSpacing(metrics.px(8))
        head.addWidget(self._glyph)
        head.addWidget(self.title, 1)
        acts = QHBoxLayout()
        acts.setContentsMargins(0, metrics.px(8), 0, 0)
        acts.setSpacing(metrics.px(8))
        acts.addWidget(self.act)
        acts.addWidget(self._raw_button)
        acts.addStretch(1)
        inner = QWidget()
        inner.setMaximumWidth(metrics.px(560))
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(metrics.px(4))
        column.addStretch(1)
        column.addLayout(head)
        column.addWidget(self._sentence)
        column.addLayout(acts)
        column.addWidget(self._raw)
        column.addStretch(1)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(metrics.px(16), metrics.px(16), metrics.px(16), metrics.px(16))
        outer.addWidget(inner, 1)
        outer.addStretch(0)

    def show_words(self, title: str, sentence: str, shape: str, act: str, raw: str) -> None:
        say(self.title, title)
        say(self._sentence, sentence)
        self._sentence.setVisible(bool(sentence))
        self._glyph.setVisible(bool(shape))
        if shape:
            self._glyph.say("", shape)
        self.act.say(act)
        self.act.setVisible(bool(act))
        self._raw_button.setVisible(bool(raw))
        self._raw.setPlainText(raw_words(raw))
        self._raw.hide()


class _Loading(Surface):
    def __init__(self) -> None:
        super().__init__("surface.page")
        self.setAccessibleName("Reading")

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = theme.current().colour("line.normal")
        painter.setPen(colour)
        painter.setBrush(colour)
        row = metrics.px(metrics.ROW)
        left, right = metrics.px(16), self.width() - metrics.px(16)
        for number in range(min(len(_BARS) * 2, self.height() // row)):
            first, second, third = (metrics.px(width) for width in _BARS[number % len(_BARS)])
            y = number * row + (row - metrics.px(8)) / 2
            for x, width in ((left, first), (left + first + metrics.px(12), second), (right - third, third)):
                painter.drawRoundedRect(QRectF(QPointF(x, y), QPointF(x + width, y + metrics.px(8))), 2, 2)
        painter.end()
