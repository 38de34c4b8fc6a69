"""The program's icon for each system, drawn from resources/look/mark.svg."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from resources import look

WINDOWS_SIZES: Final = (16, 20, 24, 32, 40, 48, 64, 256)
MAC_KINDS: Final = {"ic04": 16, "ic11": 32, "ic12": 64, "ic07": 128, "ic13": 256, "ic14": 512, "ic10": 1024}
"""The kinds of picture in an ICNS file, with their pixels."""


def picture(size: int) -> bytes:
    """The mark as a PNG of `size` pixels."""
    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    QSvgRenderer(str(look.MARK)).render(painter)
    painter.end()
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stub wants bytes where str is right
    return bytes(content.data())


def ico(pictures: Mapping[int, bytes]) -> bytes:
    """A Windows icon of PNG pictures by their size, at most 256 pixels each."""
    place = 6 + 16 * len(pictures)
    head, body = [struct.pack("<HHH", 0, 1, len(pictures))], []
    for size, content in sorted(pictures.items()):
        # 256 is written as 0.
        head.append(struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(content), place))
        body.append(content)
        place += len(content)
    return b"".join([*head, *body])


def icns(pictures: Mapping[str, bytes]) -> bytes:
    """A macOS icon of PNG pictures by their kind."""
    parts = [kind.encode("ascii") + struct.pack(">I", 8 + len(content)) + content for kind, content in pictures.items()]
    body = b"".join(parts)
    return b"icns" + struct.pack(">I", 8 + len(body)) + body


def write(folder: Path, platform: str) -> Path:
    """Write the icon that `platform` (as sys.platform) wants; the file."""
    if platform == "win32":
        file, content = folder / "mark.ico", ico({size: picture(size) for size in WINDOWS_SIZES})
    elif platform == "darwin":
        file, content = folder / "mark.icns", icns({kind: picture(size) for kind, size in MAC_KINDS.items()})
    else:
        file, content = folder / "mark.png", picture(256)
    file.write_bytes(content)
    return file
