"""A directory that staff keep out of new work lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import msgspec

from services.domain.times import parse_instant


class PausedDirectory(msgspec.Struct, frozen=True, gc=False):
    """A row of `paused_directories`: it is there as long as the directory is paused. Times are unix seconds."""

    TABLE: ClassVar = "paused_directories"
    directory_id: str
    reason: str = ""
    created_at: float | None = None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Never raises: what can't be read becomes its default."""
        return cls(
            directory_id=str(row.get("directory_id") or ""),
            reason=str(row.get("reason") or ""),
            created_at=parse_instant(row.get("created_at")),
        )
