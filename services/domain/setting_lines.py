"""One setting as the screen may show it."""

from __future__ import annotations

from typing import NamedTuple


class SettingLine(NamedTuple):
    """`source`: local stack, sign-in, environment, .env file or default. `value`: "hidden" where it is a secret."""

    name: str
    is_set: bool
    source: str
    value: str
    why: str
