"""Waiting for what Qt does later, always for a condition."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget


def wait_for(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Run events until `condition()` holds; False when it doesn't in time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        QTest.qWait(5)
    return True


def focused() -> QWidget:
    """The widget that has the keyboard; fails when none has."""
    assert wait_for(lambda: QApplication.focusWidget() is not None)
    part = QApplication.focusWidget()
    assert part is not None
    return part


def under(part: QWidget, x: int, y: int) -> QWidget:
    """The child at a place."""
    child = part.childAt(x, y)
    assert child is not None
    return child


def in_front(part: QWidget) -> QWidget:
    """Show a window and wait until it is the active one."""
    part.show()
    part.activateWindow()
    assert wait_for(part.isActiveWindow)
    return part
