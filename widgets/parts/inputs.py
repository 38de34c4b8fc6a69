"""Tells that somebody uses a window: a key, the mouse, a touch.

inputs = Inputs(); inputs.used.connect(lock.used); inputs.watch(window)
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import QWidget

_USES: Final = frozenset(
    {
        QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove, QEvent.Type.Wheel,
        QEvent.Type.TouchBegin, QEvent.Type.TabletPress,
    }
)  # fmt: skip


class Inputs(QObject):
    """Listens at the system's window, where each input comes by once: at the widgets it would hear every repaint."""

    used = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._watched: QObject | None = None

    def watch(self, part: QWidget) -> None:
        """Listen at the window that `part` is in; call it when it is shown."""
        handle = part.window().windowHandle()
        if handle is not None and handle is not self._watched:
            self._watched = handle
            handle.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _USES:
            self.used.emit()
        return False
