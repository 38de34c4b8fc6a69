"""The form of a directory as the project keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import msgspec

from services.domain.forms import Form, form_of
from services.domain.times import parse_instant


class FormFingerprint(msgspec.Struct, frozen=True, gc=False):
    """A row of `form_fingerprints`. `form`: the one that the mapping is known to fit; `seen`: the one seen last.

    Times are unix seconds; `seen_at`: since when it looks so.
    """

    TABLE: ClassVar = "form_fingerprints"
    id: str
    """The directory's host."""
    form: Form | None = None
    seen: Form | None = None
    seen_at: float | None = None
    accepted_by: str = ""
    accepted_at: float | None = None
    version: int | None = None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Never raises: what can't be read becomes its default."""
        version = row.get("version")
        return cls(
            id=str(row.get("id") or ""),
            form=form_of(row.get("form")),
            seen=form_of(row.get("seen")),
            seen_at=parse_instant(row.get("seen_at")),
            accepted_by=str(row.get("accepted_by") or ""),
            accepted_at=parse_instant(row.get("accepted_at")),
            version=version if isinstance(version, int) and not isinstance(version, bool) else None,
        )
