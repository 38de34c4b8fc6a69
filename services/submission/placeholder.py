"""A picture for forms that insist on one, made from the business's name."""

from __future__ import annotations

import hashlib
from typing import Final

from services.domain.png import encode_png

_CELLS: Final = 5
_CELL: Final = 48
_EDGE: Final = 24
SIZE: Final = _CELLS * _CELL + 2 * _EDGE


def placeholder_logo(business: str) -> bytes:
    """A PNG of 288 x 288 pixels: a pattern in one colour that is the same for the same name, and its own."""
    digest = hashlib.sha256(business.encode(errors="surrogatepass")).digest()
    colour = bytes(40 + byte % 120 for byte in digest[:3])
    paper = bytes((245, 245, 242))
    rows = []
    for row in range(_CELLS):
        # The left half decides: mirrored, a pattern looks meant.
        half = [digest[3 + row * 3 + column] % 2 == 0 for column in range(3)]
        cells = [*half, half[1], half[0]]
        line = b"".join((colour if filled else paper) * _CELL for filled in cells)
        rows.append((paper * _EDGE + line + paper * _EDGE) * _CELL)
    edge = paper * SIZE * _EDGE
    return encode_png(SIZE, SIZE, edge + b"".join(rows) + edge)
