"""A search box that understands fields: what can be typed next, or what is wrong, stands below it.

box = QueryBox("Search, or filter: status:failed age:>2h", offers=lambda before: [...], over=page)
box.changed.connect(...)     # as of SearchBox
box.show_problem("status: “x” is not one of pending, failed.")   # "" when nothing is wrong
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from widgets.look import fonts, glyphs, metrics, theme
from widgets.parts.search_box import SearchBox

_ROW: Final = 24
_WIDE: Final = 420


class Offer(Protocol):
    """Taking it replaces what was typed from `start` to the cursor with `text`; `words` says what it is."""

    @property
    def start(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def words(self) -> str: ...


class QueryBox(SearchBox):
    """`offers` is asked with the text before the cursor; Tab or a click takes one of its answers."""

    def __init__(self, placeholder: str, offers: Callable[[str], Sequence[Offer]], over: QWidget) -> None:
        """`over`: the widget that the list below the box may cover."""
        super().__init__(placeholder)
        self._ask = offers
        self._over = over
        self._problem = ""
        self.hint = _Hint(over, self._take)
        self.typed.connect(self._show_hint)
        self.focus_moved.connect(self._show_hint)
        self.complete_with(self._take_first)

    def show_problem(self, sentence: str) -> None:
        """Say what is wrong with the text; "" when nothing is."""
        self._problem = sentence
        self.setAccessibleDescription(sentence)
        self._show_hint()

    def _show_hint(self) -> None:
        self.hint.offers = self._ask(self.before_cursor()) if self.has_cursor() else []
        # While there is more to type, what stands there isn't wrong yet.
        self.hint.problem = "" if self.hint.offers else self._problem
        self.hint.place(self.mapTo(self._over, QPoint(0, self.height() + metrics.px(2))), self.width())

    def _take_first(self) -> bool:
        if not self.hint.isVisible() or not self.hint.offers:
            return False
        self._take(self.hint.offers[0])
        return True

    def _take(self, offer: Offer) -> None:
        self.replace_before_cursor(offer.start, offer.text)


class _Hint(QWidget):
    """The list; hidden while it has nothing to say."""

    def __init__(self, over: QWidget, take: Callable[[Offer], None]) -> None:
        super().__init__(over)
        self.problem = ""
        self.offers: Sequence[Offer] = []
        self._take = take
        self._pointed = -1
        self.setMouseTracking(True)
        self.hide()

    def place(self, at: QPoint, wide: int) -> None:
        """Stand there, or hide."""
        rows = len(self.offers) + bool(self.problem)
        if not rows:
            self.hide()
            return
        metric = fonts.measure("small")
        needed = metric.horizontalAdvance(self.problem) + metrics.px(48) if self.problem else 0
        self.setGeometry(
            at.x(), at.y(), min(wide, max(metrics.px(_WIDE), needed)), rows * metrics.px(_ROW) + metrics.px(8)
        )
        self.show()
        self.raise_()
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointed = self._offer_at(event.position().toPoint())
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = self._offer_at(event.position().toPoint())
        if at >= 0:
            self._take(self.offers[at])

    def _offer_at(self, point: QPoint) -> int:
        row = (point.y() - metrics.px(4)) // metrics.px(_ROW) - bool(self.problem)
        return row if 0 <= row < len(self.offers) else -1

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(shown.colour("line.strong"), 1))
        painter.setBrush(shown.colour("surface.raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setFont(fonts.font("small"))
        edge, high = metrics.px(10), metrics.px(_ROW)
        row = QRect(edge, metrics.px(4), self.width() - 2 * edge, high)
        if self.problem:
            size = metrics.px(metrics.GLYPH)
            glyphs.paint(painter, "failed", edge, row.top() + (high - size) / 2, "surface.raised", size)
            self._say(painter, row.adjusted(size + metrics.px(6), 0, 0, 0), self.problem, "failed")
            row.translate(0, high)
        for number, offer in enumerate(self.offers):
            if number == self._pointed:
                painter.fillRect(row.adjusted(-edge + 1, 0, edge - 1, 0), shown.colour("surface.hover"))
            self._say(painter, row, offer.text, "primary")
            middle = row.adjusted(metrics.px(120), 0, 0, 0)
            self._say(painter, middle, offer.words, "tertiary")
            if number == 0:
                painter.setPen(shown.colour("text.tertiary"))
                painter.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, "Tab")
            row.translate(0, high)
        painter.end()

    def _say(self, painter: QPainter, room: QRect, words: str, tone: str) -> None:
        painter.setPen(theme.current().tone(tone))
        fitted = fonts.measure("small").elidedText(words, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, fitted)
