"""Whether changes flow, in one word with its own shape."""

from __future__ import annotations

from typing import Final

from PySide6.QtWidgets import QWidget

from widgets.look import fonts
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import tip

SHAPES: Final = {
    "starting": "catching",
    "joining": "catching",
    "catching_up": "catching",
    "live": "live",
    "reconnecting": "reconnecting",
    "polling": "polling",
    "offline": "offline",
    "signed_out": "signedout",
    "not_permitted": "notpermitted",
}
"""The shape of each state of the link."""


class LinkBadge(GlyphLabel):
    """The word is always in the primary colour; only the shape is coloured."""

    def __init__(
        self, role: fonts.Role = "small", *, under: str = "surface.page", parent: QWidget | None = None
    ) -> None:
        super().__init__(
            "catching", "Catching up", role, "primary", 400 if role == "micro" else 500, under=under, parent=parent
        )

    def show_state(self, phase: str, words: str, why: str = "") -> None:
        """`phase` is a key of SHAPES, `words` such as "Reconnecting since 14:02:11", `why` goes to the tool tip."""
        self.say(words, SHAPES.get(phase, "offline"))
        tip(self, why)
