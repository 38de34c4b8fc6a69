"""Whether captchas of runs may be given to 2Captcha."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from services.domain.times import parse_instant

ALLOW: Final = "allow_captchas"
FORBID: Final = "forbid_captchas"
"""What the audit calls the two acts that decide it."""


class CaptchaPermission(msgspec.Struct, frozen=True):
    """`by`: the admin who said so, "" while nobody has; `at`: when, in unix seconds."""

    allowed: bool = False
    by: str = ""
    at: float | None = None
    reason: str = ""

    @classmethod
    def from_act(cls, row: Mapping[str, Any]) -> CaptchaPermission:
        """From the newest such row of the audit."""
        after = row.get("after")
        by = after.get("by") if isinstance(after, Mapping) else None
        return cls(
            row.get("act") == ALLOW, str(by or "an admin"), parse_instant(row.get("created_at")),
            str(row.get("reason") or ""),
        )  # fmt: skip
