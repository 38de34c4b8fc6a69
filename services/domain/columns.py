"""Values of columns as fields of records: whatever stands there, none of these raises."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final

import msgspec

Row = Mapping[str, Any]
_NOTHING: Final[dict[str, Any]] = {}
_SMALL: Final = tuple(range(1025))
"""Numbers that very many rows have, as sizes of packages: each is held once."""


def text(value: object) -> str:
    """The value as text; "" for none."""
    return "" if value is None else str(value)


def shared(value: object) -> str:
    """As `text`, for a text that many rows have: held once."""
    return sys.intern(str(value)) if value is not None else ""


def number(value: object) -> int:
    """The value as a whole number; 0 for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0
    try:
        whole = int(value)
    except (ValueError, OverflowError):
        return 0
    return _SMALL[whole] if 0 <= whole < len(_SMALL) else whole


def mapping(value: object) -> dict[str, Any]:
    """The value when it is an object; else an empty one that is not to be changed."""
    return dict(value) if isinstance(value, Mapping) and value else _NOTHING


def encoded(value: object) -> bytes:
    """An object as JSON text; that of an empty one for what is none, or can't be written."""
    if not isinstance(value, Mapping) or not value:
        return b"{}"
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError):
        return b"{}"


def decoded(body: bytes) -> dict[str, Any]:
    """What `encoded` or the wire wrote; {} for what isn't an object, or can't be read."""
    try:
        return mapping(msgspec.json.decode(body))
    except (ValueError, RecursionError):
        return _NOTHING
