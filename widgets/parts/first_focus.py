"""What of a page the keyboard is for: a page names it as its `first`, which may name one in turn.

No focus proxy: with Tab, Qt goes from a page to its proxy past all that stands before it, and where that is hidden it
goes nowhere.
"""

from __future__ import annotations

from PySide6.QtWidgets import QWidget


def first_of(page: QWidget) -> QWidget:
    """The part that gets the keyboard when the page comes to the front; the page itself where it names none."""
    while isinstance(inner := getattr(page, "first", None) or page.focusProxy(), QWidget):
        page = inner
    return page
