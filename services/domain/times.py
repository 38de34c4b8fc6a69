"""Instants as the database writes them, as unix seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 9998


def parse_instant(value: object) -> float | None:
    """Unix seconds of an ISO 8601 text, a datetime or None.

    Text without a zone is UTC (production writes some like that). Text that
    isn't an instant gives None: a time that can't be read is not known. Nor is one before
    1970 or after 9998, which clocks and calendars of a machine can't show.
    """
    if isinstance(value, str) and value:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None if value == value.strip() else parse_instant(value.strip())
    elif isinstance(value, datetime):
        moment = value
    else:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp() if _FIRST_YEAR <= moment.year <= _LAST_YEAR else None


def to_iso(seconds: float) -> str:
    """ISO 8601 text in UTC of unix seconds, with microseconds and a zone."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
