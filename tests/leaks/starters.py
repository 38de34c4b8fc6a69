"""Which lines started something."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path
from typing import Final

_HERE: Final = f"{Path(__file__).resolve().parents[2]}/"
_LIBRARIES: Final = (str(Path(__file__).resolve().parent), sysconfig.get_path("stdlib"), "<")
_DEEPEST: Final = 60
_SHOWN: Final = 4


def starter() -> str:
    """The innermost lines on the stack that are no library's, as "file:line function < file:line function"."""
    frame = sys._getframe(1)
    found: list[str] = []
    for _ in range(_DEEPEST):
        file = frame.f_code.co_filename
        if _is_ours(file):
            found.append(f"{file.removeprefix(_HERE)}:{frame.f_lineno} {frame.f_code.co_name}")
            if len(found) == _SHOWN:
                break
        if frame.f_back is None:
            break
        frame = frame.f_back
    return " < ".join(found) or "a library"


def _is_ours(file: str) -> bool:
    return not file.startswith(_LIBRARIES) and "site-packages" not in file
