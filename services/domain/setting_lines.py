"""One setting as the screen may show it."""

from __future__ import annotations

from typing import NamedTuple


class SettingLine(NamedTuple):
    """`source`: local stack, environment, .env file or default. `value` holds no secret: "hidden" stands for one."""

    name: str
    is_set: bool
    source: str
    value: str
    why: str
