"""The program's icon for each system."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from tests.freeze import icon


@pytest.mark.parametrize("size", [16, 256])
def test_the_mark_is_drawn_in_its_colours(size: int) -> None:
    drawn = QImage.fromData(icon.picture(size))
    assert (drawn.width(), drawn.height()) == (size, size)
    assert drawn.pixelColor(0, 0).alpha() < 128  # round corners
    assert drawn.pixelColor(size // 2, size // 8).name() == "#4348c2"
    colours = {drawn.pixelColor(x, size // 2).lightness() for x in range(size)}
    assert max(colours) > 240  # the bolt


def test_the_windows_icon_holds_each_size(tmp_path: Path) -> None:
    content = icon.write(tmp_path, "win32").read_bytes()
    reserved, kind, count = struct.unpack_from("<HHH", content)
    assert (reserved, kind, count) == (0, 1, len(icon.WINDOWS_SIZES))
    sizes = []
    for number in range(count):
        width, _, _, _, _, bits, length, place = struct.unpack_from("<BBBBHHII", content, 6 + 16 * number)
        drawn = QImage.fromData(content[place : place + length])
        assert bits == 32
        assert drawn.width() == (width or 256)
        sizes.append(drawn.width())
    assert sizes == sorted(icon.WINDOWS_SIZES)


def test_the_mac_icon_holds_each_kind(tmp_path: Path) -> None:
    content = icon.write(tmp_path, "darwin").read_bytes()
    assert content[:4] == b"icns"
    assert struct.unpack_from(">I", content, 4) == (len(content),)
    place, found = 8, {}
    while place < len(content):
        (length,) = struct.unpack_from(">I", content, place + 4)
        found[content[place : place + 4].decode()] = QImage.fromData(content[place + 8 : place + length]).width()
        place += length
    assert found == icon.MAC_KINDS


def test_elsewhere_it_is_a_picture(tmp_path: Path) -> None:
    assert QImage(str(icon.write(tmp_path, "linux"))).width() == 256
