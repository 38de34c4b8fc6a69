"""The picture for forms that insist on one."""

from __future__ import annotations

import struct

from services.submission.placeholder import SIZE, placeholder_logo


def test_a_name_has_one_picture_of_its_own() -> None:
    names = ["Blue Door Bakery", "Café “Ö”", "", "\ud800", "Old Mill Pizza"]
    pictures = [placeholder_logo(name) for name in names]
    assert pictures == [placeholder_logo(name) for name in names]
    assert len(set(pictures)) == len(names)
    for picture in pictures:
        assert picture.startswith(b"\x89PNG")
        assert struct.unpack(">II", picture[16:24]) == (SIZE, SIZE)
        assert len(picture) < 20_000
