"""The cell of what waits for a person: the hand, and words."""

from __future__ import annotations

from widgets.parts.cell import Cell


def held(words: str = "Held", tip: str = "") -> Cell:
    """One word, or all that there is to say."""
    return Cell(words, "paused", icon="hand", tip=tip or words)
