"""One setting as the screen may show it."""

from __future__ import annotations

import msgspec


class SettingLine(msgspec.Struct, frozen=True):
    """`source`: local stack, environment, .env file or default. `value` holds no secret: "hidden" stands for one."""

    name: str
    is_set: bool
    source: str
    value: str
    why: str
