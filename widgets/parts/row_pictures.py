"""Pictures of rows that were drawn, so that a row that only takes another place needn't be drawn again."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final

from PySide6.QtGui import QPixmap

_SPARE: Final = 16
"""Pictures kept beyond those on the screen: more than a turn draws, or rows that must wait would lose their last."""


class RowPictures:
    """Call `suit` before each drawing; pictures that were asked for longest ago go first."""

    def __init__(self) -> None:
        self._drawn: dict[Hashable, QPixmap] = {}
        self._suits: tuple[int, int, float, Any] = (0, 0, 1.0, None)
        self._most = 0

    def __len__(self) -> int:
        return len(self._drawn)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._drawn

    def suit(self, suits: tuple[int, int, float, Any], rows: int) -> None:
        """Width and height (px), device pixel ratio and theme that pictures must fit; for how many rows."""
        if suits != self._suits:
            self.clear()
            self._suits = suits
        self._most = rows + _SPARE

    def get(self, key: Hashable) -> QPixmap | None:
        """The picture of a row that looks like `key`."""
        picture = self._drawn.pop(key, None)
        if picture is not None:
            self._drawn[key] = picture
        return picture

    def turn(self, key: Hashable, other: Hashable) -> QPixmap | None:
        """The picture of a row that looks like `key`, to be made that of one that looks like `other`."""
        picture = self._drawn.pop(key, None)
        if picture is not None:
            self._drawn[other] = picture
        return picture

    def add(self, key: Hashable) -> QPixmap:
        """A new picture to draw that row on."""
        while len(self._drawn) >= self._most:
            del self._drawn[next(iter(self._drawn))]
        wide, height, ratio, _ = self._suits
        picture = QPixmap(round(wide * ratio), round(height * ratio))
        picture.setDevicePixelRatio(ratio)
        self._drawn[key] = picture
        return picture

    def clear(self) -> None:
        """Forget them all."""
        self._drawn.clear()
        self._most = 0
