"""Paths that were made of, or are, text from outside."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from services.domain.text import slug

_PLAIN: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_RESERVED: Final = re.compile(r"con|prn|aux|nul|(?:com|lpt)[0-9]")
"""Names that Windows gives to no file."""


def path_part(name: str) -> str:
    """A name of a file or folder for any text: the text itself where every system takes it, as it does an id."""
    return name if _PLAIN.fullmatch(name) and not _RESERVED.fullmatch(name) else slug(name)


def inside(folder: Path, name: str) -> Path | None:
    """The path that `name` is when it lies in `folder`, links followed; None for any other.

    Another path isn't even looked at: one to somebody else's machine would tell that machine who asks.
    """
    if "\0" in name:
        return None
    written = Path(os.path.normpath(name))
    homes = {Path(os.path.abspath(folder)), folder.resolve()}
    if not any(written.is_relative_to(home) for home in homes):
        return None
    try:
        found = written.resolve()
    except (OSError, RuntimeError):
        # Links that lead in a circle.
        return None
    return found if found.is_relative_to(folder.resolve()) else None
