"""Finds what a person reaches by the keyboard and a reader of the screen has no name for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


def nameless(window: QWidget) -> list[str]:
    """What in a window takes the keyboard and has no name, by where it is.

    A button without words counts only where it is shown: it gets them when it is. Left out are labels, Qt's own dialogs
    and lists of choices, and the window itself, which may be a part that a test shows alone.
    """
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QAccessible
    from PySide6.QtWidgets import QAbstractButton, QComboBox, QFileDialog, QLabel, QWidget

    found = set()
    for part in window.findChildren(QWidget):
        if part.focusPolicy() == Qt.FocusPolicy.NoFocus or part.focusProxy() is not None or isinstance(part, QLabel):
            continue
        if part.accessibleName() or (isinstance(part, QAbstractButton) and part.text()):
            continue
        inside = _around(part)
        if any(isinstance(one, QFileDialog | QComboBox) for one in inside):
            continue
        gets_words = isinstance(part, QAbstractButton) or type(part).__name__ == "PersonCell"
        spoken = None if gets_words and not part.isVisibleTo(window) else QAccessible.queryAccessibleInterface(part)
        if spoken is not None and not spoken.text(QAccessible.Text.Name).strip():
            found.add(" in ".join(type(one).__name__ for one in [part, *inside][:5]))
    return sorted(found)


class Sheets:
    """Looks at each sheet when the keyboard gets into it: most are gone by the end of a test."""

    def __init__(self) -> None:
        self._found: set[str] = set()
        self._watched: object = None
        self._seen: QWidget | None = None

    def watch(self) -> None:
        """Begin, once there is a Qt application."""
        if "PySide6.QtWidgets" not in sys.modules:
            return
        from PySide6.QtWidgets import QApplication

        app = QApplication.instance()
        if isinstance(app, QApplication) and app is not self._watched:
            self._watched = app
            app.focusChanged.connect(self._moved)

    def take(self) -> list[str]:
        """What had no name since it was asked before."""
        found, self._found, self._seen = sorted(self._found), set(), None
        return found

    def _moved(self, _: QWidget | None, now: QWidget | None) -> None:
        for part in _around(now) if now is not None else []:
            if type(part).__name__.endswith("Sheet") and part is not self._seen:
                self._seen = part
                self._found.update(nameless(part))


def _around(part: QWidget) -> list[QWidget]:
    """The widgets that it lies in, the nearest first."""
    found = []
    while (around := part.parentWidget()) is not None:
        found.append(around)
        part = around
    return found
