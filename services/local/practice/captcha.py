"""Draws a few letters so that a person can read them and a reader of the page's markup can't."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from typing import Final

from services.domain.png import encode_png

WIDTH: Final = 240
HEIGHT: Final = 76
LENGTH: Final = 5

_Line = list[tuple[float, float]]
_Bend = Callable[[float, float], tuple[float, float]]

# Strokes on a field of 4 x 6; only characters that nobody takes for another.
_STROKES: Final[dict[str, list[_Line]]] = {
    "A": [[(0, 6), (2, 0), (4, 6)], [(0.8, 4), (3.2, 4)]],
    "C": [[(4, 1), (3, 0), (1.2, 0), (0, 1.5), (0, 4.5), (1.2, 6), (3, 6), (4, 5)]],
    "E": [[(4, 0), (0, 0), (0, 6), (4, 6)], [(0, 3), (3, 3)]],
    "F": [[(4, 0), (0, 0), (0, 6)], [(0, 3), (3, 3)]],
    "H": [[(0, 0), (0, 6)], [(4, 0), (4, 6)], [(0, 3), (4, 3)]],
    "K": [[(0, 0), (0, 6)], [(4, 0), (0, 3.6)], [(1.3, 2.5), (4, 6)]],
    "L": [[(0, 0), (0, 6), (4, 6)]],
    "M": [[(0, 6), (0, 0), (2, 3.5), (4, 0), (4, 6)]],
    "N": [[(0, 6), (0, 0), (4, 6), (4, 0)]],
    "P": [[(0, 6), (0, 0), (3, 0), (4, 1), (4, 2.2), (3, 3.2), (0, 3.2)]],
    "R": [[(0, 6), (0, 0), (3, 0), (4, 1), (4, 2.2), (3, 3.2), (0, 3.2)], [(1.8, 3.2), (4, 6)]],
    "T": [[(0, 0), (4, 0)], [(2, 0), (2, 6)]],
    "W": [[(0, 0), (1, 6), (2, 2), (3, 6), (4, 0)]],
    "X": [[(0, 0), (4, 6)], [(4, 0), (0, 6)]],
    "3": [[(0, 0.6), (1.2, 0), (3, 0), (4, 1), (4, 2), (3, 2.9), (1.5, 2.9)],
          [(3, 2.9), (4, 3.9), (4, 5), (3, 6), (1.2, 6), (0, 5.3)]],
    "4": [[(3, 6), (3, 0), (0, 4), (4, 4)]],
    "7": [[(0, 0), (4, 0), (1.5, 6)]],
}  # fmt: skip


def new_text(chance: random.Random) -> str:
    """Characters to copy."""
    return "".join(chance.choices(sorted(_STROKES), k=LENGTH))


def draw(text: str, chance: random.Random) -> bytes:
    """`text` as a PNG of 240 x 76 grey pixels: turned, bent, crossed by lines, on a grainy ground.

    The same text and chance give the same picture. Raises KeyError for a character without strokes.
    """
    canvas = _Canvas(chance)
    phase, slope = chance.uniform(0, 2 * math.pi), chance.uniform(12, 18)
    for index, letter in enumerate(text):
        turn, size = chance.uniform(-0.32, 0.32), chance.uniform(5.2, 6.6)
        x, y = 32 + index * 44 + chance.uniform(-4, 4), HEIGHT / 2 + chance.uniform(-7, 7)
        for stroke in _STROKES[letter]:
            points = []
            for column, row in stroke:
                across, down = (column - 2) * size, (row - 3) * size
                points.append(
                    (
                        x + across * math.cos(turn) - down * math.sin(turn),
                        y + across * math.sin(turn) + down * math.cos(turn),
                    )
                )
            canvas.line(points, 2.1, 175, lambda px, py: (px, py + 3 * math.sin(px / slope + phase)))
    for _ in range(3):
        start, end = chance.uniform(8, HEIGHT - 8), chance.uniform(8, HEIGHT - 8)
        bend = chance.uniform(-22, 22)
        arc = [
            (at * WIDTH, start + (end - start) * at + bend * math.sin(math.pi * at))
            for at in (step / 24 for step in range(25))
        ]
        canvas.line(arc, 1.0, 130, lambda px, py: (px, py))
    return encode_png(WIDTH, HEIGHT, bytes(canvas.pixels))


class _Canvas:
    def __init__(self, chance: random.Random) -> None:
        self.pixels = bytearray(chance.randint(206, 244) for _ in range(WIDTH * HEIGHT))

    def line(self, points: _Line, radius: float, ink: int, bend: _Bend) -> None:
        """A stroke with soft edges through the points; `bend` moves each of its places."""
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            steps = max(1, math.ceil(math.hypot(x1 - x0, y1 - y0)))
            for step in range(steps + 1):
                x, y = bend(x0 + (x1 - x0) * step / steps, y0 + (y1 - y0) * step / steps)
                self._dab(x, y, radius, ink)

    def _dab(self, x: float, y: float, radius: float, ink: int) -> None:
        for py in range(max(0, math.floor(y - radius)), min(HEIGHT, math.ceil(y + radius) + 1)):
            for px in range(max(0, math.floor(x - radius)), min(WIDTH, math.ceil(x + radius) + 1)):
                cover = min(1.0, max(0.0, radius + 0.5 - math.hypot(px - x, py - y)))
                at = py * WIDTH + px
                self.pixels[at] = min(self.pixels[at], round(235 - ink * cover))
