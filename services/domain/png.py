"""Writes a picture as PNG."""

from __future__ import annotations

import struct
import zlib


def encode_png(width: int, height: int, pixels: bytes) -> bytes:
    """A PNG of `width` x `height` pixels. `pixels`: rows from the top, 1 byte a pixel (grey) or 3 (RGB).

    Raises ValueError when their number fits neither.
    """
    if not pixels or len(pixels) not in (width * height, width * height * 3):
        raise ValueError(f"{len(pixels)} bytes are no picture of {width} x {height}")
    step = len(pixels) // height
    rows = b"".join(b"\0" + pixels[start : start + step] for start in range(0, len(pixels), step))
    colour = 0 if step == width else 2
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
