"""What is copied, for it may be pasted into a terminal or a ticket: plain text that reads as it is."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication

from services.domain.text import plain_lines


def copy(text: str) -> None:
    """Put text on the clipboard, without signs that nobody sees."""
    QGuiApplication.clipboard().setText(plain_lines(text))
