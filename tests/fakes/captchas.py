"""What an admin says of 2Captcha, and where its key is kept, in memory."""

from __future__ import annotations

from typing import Any

from services.domain.captchas import CaptchaPermission
from services.domain.errors import ConsoleError


class FakePermissions:
    """`CaptchaPermissions`. `fault` is raised instead of an answer."""

    def __init__(self) -> None:
        self.said = CaptchaPermission()
        self.fault: ConsoleError | None = None
        self.acts: list[tuple[bool, str]] = []

    async def permission(self) -> CaptchaPermission:
        if self.fault is not None:
            raise self.fault
        return self.said

    async def allow(self, *, request_id: str, allowed: bool, reason: str) -> dict[str, Any]:
        if self.fault is not None:
            raise self.fault
        self.acts.append((allowed, reason))
        self.said = CaptchaPermission(allowed, "admin@example.com", 1_764_000_000.0, reason)
        return {"allowed": allowed, "by": "admin@example.com"}


class FakeShelf:
    """A keyring for one key; `fault` is raised by each call."""

    def __init__(self) -> None:
        self.key = ""
        self.fault: ConsoleError | None = None

    async def read(self) -> str:
        if self.fault is not None:
            raise self.fault
        return self.key

    async def keep(self, key: str) -> None:
        if self.fault is not None:
            raise self.fault
        self.key = key
