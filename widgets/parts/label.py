"""Labels for text from anywhere: always plain text, one line cleaned, elided where it doesn't fit."""

from __future__ import annotations

import html
import re
from typing import Final

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from services.domain.redaction import redact
from services.domain.text import one_line, plain_lines
from widgets.look import fonts, theme

_LONGEST: Final = 4000
_RAW: Final = 20_000
_NARROW: Final = 96
"""Pixels that a sentence takes at least."""
_SHORT: Final = 12
"""Letters of a word that has room anywhere."""
_LONG_WORD: Final = re.compile(r"\S{16}(?=\S{16})")


def label(
    text: str = "",
    role: fonts.Role = "body",
    tone: str = "primary",
    weight: int | None = None,
    *,
    wrap: bool = False,
    selectable: bool = False,
    parent: QWidget | None = None,
) -> QLabel:
    """A plain text label. `tone` as in `Theme.tone`; `wrap` for sentences; `selectable` for ids to copy."""
    made = _Wrapped(parent, breaks=not selectable) if wrap else QLabel(parent)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setFont(fonts.font(role, weight))
    made.setProperty("tone", tone)
    made.setWordWrap(wrap)
    if selectable:
        made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        made.setCursor(Qt.CursorShape.IBeamCursor)
    say(made, text)
    return made


def say(shown: QLabel, text: str, tone: str | None = None) -> None:
    """Change the text of a label, and its tone if one is given; costs nothing when nothing changed."""
    cleaned = one_line(text, _LONGEST)
    if shown.text() != cleaned:
        shown.setText(cleaned)
    if tone is not None and shown.property("tone") != tone:
        shown.setProperty("tone", tone)
        shown.style().unpolish(shown)
        shown.style().polish(shown)


def name_window(window: QWidget, words: str) -> None:
    """Title a window of its own."""
    window.setWindowTitle(one_line(words, 120))


def tip(part: QWidget, text: str) -> None:
    """A tool tip of plain text."""
    part.setToolTip(tip_text(one_line(text, _LONGEST)))


def raw_words(text: str) -> str:
    """What a machine said, for an expert to read and copy: several lines, no secrets, no signs that nobody sees."""
    return redact(plain_lines(text[:_RAW]))


def tip_text(line: str) -> str:
    """One line of text as a tool tip shows it letter by letter: Qt takes it for markup only where there is a "<"."""
    return html.escape(line) if "<" in line else line


class _Wrapped(QLabel):
    """Sentences that are as narrow as their place: a long word in them must not push all else out of sight.

    It may break anywhere, unless it is there to be copied: then it is cut, and whole in the tool tip.
    """

    def __init__(self, parent: QWidget | None, *, breaks: bool) -> None:
        super().__init__(parent)
        self._breaks = breaks
        self._said = ""
        self._cut = False

    def setText(self, text: str) -> None:
        self._said = text
        super().setText(_LONG_WORD.sub("\\g<0>\u200b", text) if self._breaks else text)
        self._tell_cut()

    def text(self) -> str:
        return self._said

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        return QSize(min(hint.width(), _NARROW), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._tell_cut()

    def _tell_cut(self) -> None:
        if self._breaks:
            return
        advance, width = self.fontMetrics().horizontalAdvance, self.contentsRect().width()
        cut = any(len(word) > _SHORT and advance(word) > width for word in self._said.split())
        if cut or self._cut:
            self._cut = cut
            tip(self, self._said if cut else "")


class ElidedLabel(QWidget):
    """One line that takes the width it gets and ends in an ellipsis; the whole text is in its tool tip."""

    def __init__(
        self,
        text: str = "",
        role: fonts.Role = "body",
        tone: str = "primary",
        weight: int | None = None,
        *,
        middle: bool = False,
        right: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """`middle`: elide in the middle, for ids; `right`: numbers."""
        super().__init__(parent)
        self._own_role: fonts.Role = role
        self._weight = weight
        self._tone = tone
        self._middle = middle
        self._right = right
        self._text = ""
        self._whole = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.say(text)

    @property
    def _role(self) -> fonts.Role:
        """A dash says that there is nothing; in mono it would be a short one, unlike all others."""
        return "body" if self._text == "—" and self._own_role == "mono" else self._own_role

    def text(self) -> str:
        """The whole text."""
        return self._text

    def say(self, text: str, tone: str | None = None, *, whole: str = "") -> None:
        """Change the text, and the tone if one is given. `whole`: what the text is short for, for the tool tip."""
        cleaned, meant = one_line(text, _LONGEST), one_line(whole, _LONGEST)
        if (cleaned, meant) == (self._text, self._whole) and tone in (None, self._tone):
            return
        self._text = cleaned
        self._whole = meant
        self._tone = tone or self._tone
        self.setAccessibleName(cleaned)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metric = self._metric()
        return QSize(metric.horizontalAdvance(self._text) + 1, metric.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(16, self._metric().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        metric = self._metric()
        how = Qt.TextElideMode.ElideMiddle if self._middle else Qt.TextElideMode.ElideRight
        fits = metric.horizontalAdvance(self._text) <= self.width()
        shown = self._text if fits else metric.elidedText(self._text, how, self.width())
        self.setToolTip(tip_text(self._whole or ("" if fits else self._text)))
        painter = QPainter(self)
        painter.setFont(fonts.font(self._role, self._weight))
        painter.setPen(theme.current().tone(self._tone if self.isEnabled() else "disabled"))
        left = self.width() - metric.horizontalAdvance(shown) if self._right else 0
        painter.drawText(QPointF(left, (self.height() - metric.height()) / 2 + metric.ascent()), shown)
        painter.end()

    def _metric(self) -> QFontMetrics:
        return fonts.measure(self._role, self._weight)
