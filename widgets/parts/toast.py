"""Short words at the bottom left about what just happened; never the only place of a failure.

window.toasts.say("18 replayed, 2 skipped")
window.toasts.say("Replaying 1 message in 5 s", shape="send", act="Undo", pressed=undo, seconds=5)
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QWidget

from widgets.look import metrics, theme
from widgets.parts.button import Button
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import ElidedLabel
from widgets.parts.surface import Surface

_STEP_MS = 100


class Toasts(QObject):
    """Stacks toasts over `body`, 12 px above `foot`, the newest lowest; at most three."""

    def __init__(self, body: Surface, foot: QWidget) -> None:
        super().__init__(body)
        self._body = body
        self._foot = foot
        self._shown: list[Toast] = []
        body.resized.connect(self._place)
        foot.installEventFilter(self)

    def say(
        self,
        words: str,
        *,
        shape: str = "ok",
        act: str = "",
        pressed: Callable[[], None] | None = None,
        seconds: float = 6.0,
    ) -> Toast:
        """Show a toast; `act` is its button's words, `pressed` is called when it is pressed in time."""
        toast = Toast(self._body, words, shape, act, seconds)
        toast.ended = self._drop
        if pressed is not None:
            toast.button.clicked.connect(pressed)
        self._shown.append(toast)
        for old in self._shown[:-3]:
            old.end()
        self._place()
        toast.show()
        toast.raise_()
        return toast

    def clear(self) -> None:
        """End all of them."""
        for toast in tuple(self._shown):
            toast.end()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Move, QEvent.Type.Resize):
            self._place()
        return super().eventFilter(watched, event)

    def _drop(self, toast: Toast) -> None:
        if toast in self._shown:
            self._shown.remove(toast)
            self._place()

    def _place(self) -> None:
        corner = self._foot.mapTo(self._body, self._foot.rect().topLeft())
        bottom = corner.y() - metrics.px(12)
        for toast in reversed(self._shown):
            toast.move(corner.x() + metrics.px(16), bottom - toast.height())
            bottom -= toast.height() + metrics.px(8)


class Toast(QWidget):
    """One toast; stays while the pointer or the focus is on it."""

    def __init__(self, body: QWidget, words: str, shape: str, act: str, seconds: float) -> None:
        super().__init__(body)
        self.ended: Callable[[Toast], None] = lambda _: None
        self._left = self._whole = max(0.1, seconds)
        self.setFixedSize(metrics.px(420), metrics.px(40))
        row = QHBoxLayout(self)
        row.setContentsMargins(metrics.px(14), 0, metrics.px(8), 0)
        row.setSpacing(metrics.px(12))
        row.addWidget(GlyphLabel(shape, under="surface.raised"))
        row.addWidget(ElidedLabel(words), 1)
        self.button = Button(act, "link")
        self.button.setVisible(bool(act))
        self.button.clicked.connect(self.end)
        row.addWidget(self.button)
        self._timer = QTimer(self)
        self._timer.setInterval(_STEP_MS)
        self._timer.timeout.connect(self._step)
        self._timer.start()

    def end(self) -> None:
        """Go away."""
        if self._timer.isActive():
            self._timer.stop()
            self.hide()
            self.ended(self)
            self.deleteLater()

    def paintEvent(self, event: QPaintEvent) -> None:
        shown = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(shown.colour("line.strong"), 1))
        painter.setBrush(shown.colour("surface.raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        if self.button.words():
            width = round((self.width() - 12) * self._left / self._whole)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.fillRect(6, self.height() - 2, width, 2, shown.colour("accent.text"))
        painter.end()

    def _step(self) -> None:
        if self.underMouse() or self.button.hasFocus():
            return
        self._left -= _STEP_MS / 1000
        if self._left <= 0:
            self.end()
        elif self.button.words():
            self.update(0, self.height() - 2, self.width(), 2)
