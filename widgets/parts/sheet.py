"""A sheet that asks before something is done: verb, number, target and environment in its title.

sheet = ConfirmSheet(window.body, "Retry 12 directories in LOCAL", "Kestrel Roofing", "Retry 12",
                     facts=[("send", "12 will submit"), ("ok", "2 already live")], reason=True)
sheet.confirmed.connect(...)   # with the reason, "" if none was asked for
sheet.cancelled.connect(...)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from time import monotonic

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from widgets.look import fonts, metrics, theme
from widgets.parts.button import Button
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import label
from widgets.parts.surface import Hairline, Surface


class ConfirmSheet(QWidget):
    """Covers `body` with a scrim and shows the sheet at once; it deletes itself afterwards. Cancel has the focus."""

    confirmed = Signal(str)
    cancelled = Signal()

    def __init__(
        self,
        body: Surface,
        title: str,
        sentence: str,
        confirm: str,
        *,
        facts: Sequence[tuple[str, str]] = (),
        reason: bool = False,
        typed: str = "",
        danger: bool = False,
        wait: float = 0.0,
        foot: str = "",
        inside: QWidget | None = None,
        width: int = 560,
        stops: Sequence[QWidget] = (),
        beside: QWidget | None = None,
    ) -> None:
        """`inside`: what is looked at before it is confirmed, in a card of `width` pixels; `stops`: where the keyboard
        gets to in it. `beside`: what else can be pressed, before Cancel.

        `facts`: shapes with words; `reason`: one has to be given; `typed`: the name that has to be typed;
        `wait`: seconds before it can be confirmed."""
        super().__init__(body)
        self._before = body.window().focusWidget()
        self._inside: _Inside | None = None
        self._typed_wanted = typed
        self._reason_wanted = reason
        self._done = False
        self._held = ""
        self._stops = tuple(stops)
        self._beside = beside
        self._verb = confirm
        self._may_at = monotonic() + wait
        self._reason = QLineEdit()
        self._reason.setFont(fonts.font("body"))
        self._reason.setMaxLength(300)
        self._reason.setAccessibleName("Reason")
        self._name = QLineEdit()
        self._name.setFont(fonts.font("body"))
        self._name.setAccessibleName(f"Type {typed}")
        self._cancel = Button("Cancel")
        self._confirm = Button(confirm, "danger" if danger else "primary")
        self._cancel.clicked.connect(self.cancel)
        self._confirm.clicked.connect(self._accept)
        self._card = _Card(self)
        self._card.setFixedWidth(metrics.px(width))
        self._fill(title, sentence, facts, foot, inside)
        self._reason.textChanged.connect(self._check)
        self._name.textChanged.connect(self._check)
        self._waiting = QTimer(self)
        self._waiting.setInterval(250)
        self._waiting.timeout.connect(self._check)
        if wait:
            self._waiting.start()
        self._check()
        body.resized.connect(self._place)
        self._place()
        self.show()
        self.raise_()
        self._cancel.setFocus(Qt.FocusReason.PopupFocusReason)

    def cancel(self) -> None:
        """Do nothing, as Esc does."""
        self._end()
        self.cancelled.emit()

    def hold(self, why: str) -> None:
        """It can't be confirmed for this reason; "": it can."""
        self._held = why
        self._check()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.cancel()
        event.accept()  # nothing behind the scrim hears a key

    def focusNextPrevChild(self, forward: bool) -> bool:
        if self._done:
            return super().focusNextPrevChild(forward)
        stops = [
            part
            for part in (*self._stops, self._reason, self._name, self._beside, self._cancel, self._confirm)
            if part is not None and _reachable(part)
        ]
        held = next((index for index, part in enumerate(stops) if part.hasFocus()), -1)
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        stop = stops[(held + (1 if forward else -1)) % len(stops)]
        stop.setFocus(reason)
        if self._inside is not None and self._inside.isAncestorOf(stop):
            self._inside.ensureWidgetVisible(stop)
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.current().colour("scrim"))
        painter.end()

    def _fill(
        self, title: str, sentence: str, facts: Sequence[tuple[str, str]], foot: str, inside: QWidget | None
    ) -> None:
        column = QVBoxLayout(self._card)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        head = QVBoxLayout()
        head.setContentsMargins(metrics.px(20), metrics.px(16), metrics.px(20), metrics.px(14))
        head.setSpacing(metrics.px(2))
        head.addWidget(label(title, "title", wrap=True))
        if sentence:
            head.addWidget(label(sentence, tone="secondary", wrap=True))
        column.addLayout(head)
        column.addWidget(Hairline())
        if facts:
            row = QHBoxLayout()
            row.setContentsMargins(metrics.px(20), metrics.px(10), metrics.px(20), metrics.px(10))
            row.setSpacing(metrics.px(20))
            for shape, words in facts:
                tone = "tertiary" if words.startswith("0 ") else _fact_tone(shape)
                row.addWidget(GlyphLabel(shape, words, "body", tone, under="surface.raised"))
            row.addStretch(1)
            column.addLayout(row)
            column.addWidget(Hairline())
        if inside is not None:
            self._inside = _Inside(inside)
            self._inside.grown.connect(self._place)
            column.addWidget(self._inside)
            column.addWidget(Hairline())
        if self._reason_wanted or self._typed_wanted:
            grid = QGridLayout()
            grid.setContentsMargins(metrics.px(20), metrics.px(14), metrics.px(20), metrics.px(14))
            grid.setVerticalSpacing(metrics.px(8))
            grid.setColumnMinimumWidth(0, metrics.px(132))
            if self._reason_wanted:
                grid.addWidget(label("Reason", tone="secondary"), 0, 0)
                grid.addWidget(self._reason, 0, 1)
            if self._typed_wanted:
                grid.addWidget(label(f"Type {self._typed_wanted}", tone="secondary"), 1, 0)
                grid.addWidget(self._name, 1, 1)
            column.addLayout(grid)
            column.addWidget(Hairline())
        acts = QHBoxLayout()
        acts.setContentsMargins(metrics.px(20), metrics.px(12), metrics.px(20), metrics.px(12))
        acts.setSpacing(metrics.px(8))
        acts.addWidget(label(foot, "small", "tertiary", wrap=True), 1)
        if self._beside is not None:
            acts.addWidget(self._beside)
        acts.addWidget(self._cancel)
        acts.addWidget(self._confirm)
        column.addLayout(acts)

    def _check(self) -> None:
        left = math.ceil(self._may_at - monotonic())
        self._confirm.say(f"{self._verb} ({left} s)" if left > 0 else self._verb)
        if left <= 0:
            self._waiting.stop()
        if self._held:
            self._confirm.set_off(self._held)
        elif left > 0:
            self._confirm.set_off("Take a moment to be sure")
        elif self._reason_wanted and not self._reason.text().strip():
            self._confirm.set_off("A reason is needed")
        elif self._typed_wanted and self._name.text() != self._typed_wanted:
            self._confirm.set_off(f"Type {self._typed_wanted} first")
        else:
            self._confirm.set_off("")

    def _accept(self) -> None:
        reason = self._reason.text().strip()
        self._end()
        self.confirmed.emit(reason)

    def _end(self) -> None:
        if not self._done:
            self._done = True
            # First the focus goes back: hiding would give it to whatever is next.
            if self._before is not None and isValid(self._before):
                self._before.setFocus(Qt.FocusReason.PopupFocusReason)
            self.hide()
            self.deleteLater()

    def _place(self) -> None:
        body = self.parentWidget()
        if body is not None:
            self.setGeometry(body.rect())
        # Not `adjustSize`: it knows nothing of words that take a second line at this width.
        width, edge = self._card.maximumWidth(), metrics.px(16)
        self._card.resize(width, min(self._card.heightForWidth(width), self.height() - 2 * edge))
        left = (self.width() - self._card.width()) // 2
        self._card.move(left, max(edge, (self.height() - self._card.height()) // 3))


def _reachable(part: QWidget) -> bool:
    return part.isVisible() and part.isEnabled()


def _fact_tone(shape: str) -> str:
    return "secondary" if shape in ("ok", "waiting", "skipped", "running") else shape


class _Inside(QScrollArea):
    """As high as what is in it; in a low window it scrolls, so that what confirms and cancels is always there.
    `grown`: its content asks for another height."""

    grown = Signal()

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self._content = content
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidgetResizable(True)
        self.setWidget(content)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(content.hasHeightForWidth())
        self.setSizePolicy(policy)

    def sizeHint(self) -> QSize:
        hint = self._content.sizeHint()
        return QSize(hint.width(), self.heightForWidth(hint.width()))

    def eventFilter(self, content: QObject, event: QEvent) -> bool:
        if content is self._content and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()  # a scroll area keeps to itself that its content grew
            self.grown.emit()
        return super().eventFilter(content, event)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, min(metrics.px(96), self.sizeHint().height()))

    def heightForWidth(self, width: int) -> int:
        content = self._content
        high = content.heightForWidth(width) if content.hasHeightForWidth() else content.sizeHint().height()
        least = max(content.minimumSizeHint().height(), content.minimumHeight())
        return min(max(high, least), content.maximumHeight())


class _Card(QWidget):
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.current().colour("line.strong"), 1))
        painter.setBrush(theme.current().colour("surface.raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        painter.end()
