"""Sizes in pixels at 100 %, grown by the zoom of the settings."""

from __future__ import annotations

from typing import Final

ROW: Final = 28
HEAD: Final = 28
PAGE_HEAD: Final = 44
BAR: Final = 36
CONTROL: Final = 28
CONTROL_SMALL: Final = 24
STATUS_BAR: Final = 24
DRAWER: Final = 32
DRAWER_ROW: Final = 36
RAIL_OPEN: Final = 168
RAIL_CLOSED: Final = 56
INSPECTOR: Final = 360
PAGE_PADDING: Final = 16
COLUMN_GAP: Final = 12
FRAME: Final = 2
GLYPH: Final = 14
ICON: Final = 16

_zoom = 1.0


def set_zoom(percent: int) -> None:
    """Grow every size: 100, 125, 150 or 200."""
    global _zoom
    _zoom = percent / 100


def px(size: float) -> int:
    """A size at 100 % as whole pixels at the current zoom."""
    return round(size * _zoom)
