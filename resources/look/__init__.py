"""Where the colours, shapes, icons and fonts of the window lie."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent

TOKENS: Final = _HERE / "tokens.json"
GLYPHS: Final = _HERE / "glyphs.json"
MARK: Final = _HERE / "mark.svg"
ICONS: Final = _HERE / "icons"
FONTS: Final = _HERE / "fonts"


def icon_file(name: str) -> Path:
    """The SVG of a Lucide icon, by its name."""
    return ICONS / f"{name}.svg"


def font_files() -> list[Path]:
    """The fonts to register, in a stable order."""
    return sorted(FONTS.glob("*.woff2"))
