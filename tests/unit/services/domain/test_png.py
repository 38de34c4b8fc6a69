"""A written picture can be read again."""

from __future__ import annotations

import struct
import zlib

import pytest

from services.domain.png import encode_png


@pytest.mark.parametrize(("channels", "colour"), [(1, 0), (3, 2)])
def test_pixels_come_back_out(channels: int, colour: int) -> None:
    pixels = bytes(range(3 * 2 * channels))
    png = encode_png(3, 2, pixels)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, chunks = 8, {}
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        chunks[kind] = png[at + 8 : at + 8 + size]
        assert struct.unpack(">I", png[at + 8 + size : at + 12 + size])[0] == zlib.crc32(png[at + 4 : at + 8 + size])
        at += 12 + size
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    assert struct.unpack(">IIBBBBB", chunks[b"IHDR"]) == (3, 2, 8, colour, 0, 0, 0)
    raw, step = zlib.decompress(chunks[b"IDAT"]), 3 * channels
    assert b"".join(raw[row + 1 : row + 1 + step] for row in range(0, len(raw), step + 1)) == pixels


@pytest.mark.parametrize("pixels", [b"", b"1234", bytes(13)])
def test_pixels_that_fit_no_picture_are_refused(pixels: bytes) -> None:
    with pytest.raises(ValueError, match="no picture of 3 x 2"):
        encode_png(3, 2, pixels)
