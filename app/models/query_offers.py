"""What can be typed next in a query: names of fields, and their values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from app.models.query import Field

MOST: Final = 8
_BEFORE: Final = re.compile(
    r'(?:^|[\s(])-?(?:(?P<field>[A-Za-z_]+):(?P<value>"[^"]*|[^\s()":]*)|(?P<name>[A-Za-z_]+))$'
)


class Offer(msgspec.Struct, frozen=True):
    """Taking it replaces what was typed from `start` to the cursor with `text`; `words` says what it is."""

    start: int
    text: str
    words: str = ""


def offers(before: str, fields: Mapping[str, Field]) -> list[Offer]:
    """At most MOST of them for the text `before` the cursor; [] where nothing fits or all is typed already."""
    found = _BEFORE.search(before)
    if found is None or (before.count('"') % 2 and not (found["value"] or "").startswith('"')):
        return []
    if found["name"] is not None:
        typed = found["name"].lower()
        named = [
            Offer(found.start("name"), f"{name}:", field.words)
            for name, field in fields.items()
            if name.startswith(typed)
        ]
        return named[:MOST]
    field = fields.get(found["field"].lower())
    typed = found["value"].strip('"').lower()
    if field is None:
        return []
    values = [value for value in field.values() if typed in value and value != typed]
    values.sort(key=lambda value: not value.startswith(typed))
    return [Offer(found.start("value"), f'"{value}" ' if " " in value else f"{value} ") for value in values[:MOST]]
