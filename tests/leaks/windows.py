"""Puts the windows away that a test leaves: each one that lives makes every later change of the theme slower.

Most would go by themselves, but what the program freezes for the garbage collector stays for ever.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


def living() -> dict[int, QWidget]:
    """The windows that nobody owns, by their address; none where there is no Qt."""
    if "PySide6.QtWidgets" not in sys.modules:
        return {}
    from PySide6.QtWidgets import QApplication
    from shiboken6 import getCppPointer

    return {getCppPointer(one)[0]: one for one in QApplication.topLevelWidgets() if one.parent() is None}


def put_away(but: set[int]) -> None:
    """End all that live except those at the addresses `but`."""
    for address, window in living().items():
        if address not in but:
            _end(window)


def _end(window: QWidget) -> None:
    from PySide6.QtCore import QCoreApplication, QEvent

    window.hide()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(window, QEvent.Type.DeferredDelete)
