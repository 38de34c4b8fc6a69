"""Text that a spreadsheet must not take for a formula."""

from __future__ import annotations

import unicodedata
from typing import Final

_GUARD: Final = "'"
_SIGNS: Final = frozenset("=+-@|%")
_MINUS: Final = frozenset("\u2010\u2011\u2012\u2013\u2014\u2015\u2212")
"""Hyphens and dashes that a program may fold into the minus."""
_QUOTES: Final = frozenset("\"'`\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a")


def guarded(text: str) -> str:
    """`text` as a CSV cell may have it: an apostrophe before what could be read as a formula, alone or after spaces,
    signs nobody sees, or quotes, in any width."""
    return _GUARD + text if _is_risky(text) else text


def unguarded(cell: str) -> str:
    """The text of a cell that `guarded` made."""
    return cell[1:] if cell.startswith(_GUARD) and _is_risky(cell[1:]) else cell


def _is_risky(text: str) -> bool:
    if text[:1] in ("\t", "\r", "\n", "\0"):
        return True
    first = next((sign for sign in text if not _is_passed_over(sign)), "")
    folded = unicodedata.normalize("NFKC", first)[:1]
    return folded in _SIGNS or first in _MINUS


def _is_passed_over(sign: str) -> bool:
    """Spaces, quotes, and what a program drops without showing it."""
    return sign in _QUOTES or sign.isspace() or unicodedata.category(sign) in ("Cc", "Cf", "Zs", "Zl", "Zp", "Mn")
